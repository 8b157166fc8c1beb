"""Visitors of a running site who are not its own page: sockets with any credential, and a browser of cookies alone."""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

OWN = "voiceassist.v1"
KEY = "openai-insecure-api-key."
PATIENCE = 10.0
_TOKEN = "t" * 32
"""A token against forged requests is good when cookie and form show the same one; anybody may make one up for
themselves."""


@dataclass(frozen=True, slots=True)
class Reception:
    """How a socket was received."""

    told: tuple[str, ...]
    """The types of the events that came."""
    error: str = ""
    """The code of the error that was told."""
    words: str = ""
    close: int = 0
    """The code with which it was closed; 0 of one that was let in."""

    @property
    def is_in(self) -> bool:
        return self.close == 0


@dataclass(slots=True)
class Knock:
    """One try to open the socket at `url` (ws)."""

    url: str
    credential: str = ""
    bearer: str = ""
    origin: str | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    socket: ClientConnection | None = None
    """Open while whoever knocked was let in and has not left."""

    async def reception(self) -> Reception:
        """Knock, and stay in if one is let in."""
        headers = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        protocols = [Subprotocol(OWN)] + ([Subprotocol(f"{KEY}{self.credential}")] if self.credential else [])
        self.socket = await connect(
            self.url,
            subprotocols=protocols,
            additional_headers=headers,
            origin=None if self.origin is None else Origin(self.origin),
            proxy=None,
            compression=None,
            open_timeout=PATIENCE,
        )
        return await self._received(self.socket)

    async def leave(self) -> None:
        if self.socket is not None:
            await self.socket.close()

    async def closed(self, seconds: float = PATIENCE) -> tuple[int, str]:
        """Wait for the server to close it; code and reason."""
        assert self.socket is not None
        async with asyncio.timeout(seconds):
            await self.socket.wait_closed()
        return self.socket.close_code or 1006, self.socket.close_reason or ""

    @staticmethod
    async def _received(socket: ClientConnection) -> Reception:
        told: list[str] = []
        error: dict[str, Any] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while "session.created" not in told:
                    event = json.loads(await socket.recv())
                    told.append(event["type"])
                    error = event.get("error", error)
        except ConnectionClosed as end:
            code = end.rcvd.code if end.rcvd else 1006
            return Reception(tuple(told), error.get("code", ""), error.get("message", ""), code)
        return Reception(tuple(told))


class Browser:
    """Cookies and forms at a running site, without its pages."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE)
        self.http.cookies.set("csrftoken", _TOKEN, domain="127.0.0.1")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, path: str, **form: str) -> httpx.Response:
        """Send a form."""
        return self.http.post(path, data={"csrfmiddlewaretoken": self._token} | form)

    def ask(self, path: str, **wanted: Any) -> httpx.Response:
        """Ask the API as a page does, with the cookie."""
        return self.http.post(path, json=wanted, headers={"X-CSRFToken": self._token})

    def sign_in(self, username: str, password: str) -> None:
        answer = self.post("/login", username=username, password=password)
        assert answer.status_code == 302, answer.text[:300]

    @property
    def _token(self) -> str:
        # Signing in gives the browser another one.
        return str(self.http.cookies.get("csrftoken"))


def rewrite(var: Path, statement: str, *values: Any) -> int:
    """Change the SQLite database of a home past everything of ours; how many rows it met."""
    with closing(sqlite3.connect(var / "voiceassist.sqlite3", timeout=PATIENCE)) as database, database:
        return database.execute(statement, values).rowcount


def read(var: Path, question: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask the SQLite database of a home past everything of ours."""
    with closing(sqlite3.connect(var / "voiceassist.sqlite3", timeout=PATIENCE)) as database:
        return database.execute(question, values).fetchall()
