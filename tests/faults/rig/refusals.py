"""What a caller is told who does not get what was asked for."""

from typing import Any

import httpx


class Refused(Exception):
    """The answer to a request was no."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"{answer.status_code}: {answer.text[:300]}")
        self.status = answer.status_code
        self.headers = answer.headers
        try:
            self.body: dict[str, Any] = answer.json()
        except ValueError:
            self.body = {}

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


class NotLetIn(ConnectionError):
    """The socket was closed before the greeting was over."""
