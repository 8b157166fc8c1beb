"""Somebody who has just started the site for the first time: reads what is printed, waits, signs in, looks around."""

import http.client
import json
import re
import socket
import subprocess
import time
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from obstacle import Obstacle, tell


class Newcomer:
    """A plain HTTP client with a jar of cookies: no browser, so Secure cookies over http would be noticed."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._cookies: dict[str, str] = {}
        self._printed = ""

    def waits_for_health(self, make: "subprocess.Popen[bytes]", *, patience: float) -> None:
        """Return once /health answers as promised; raise Obstacle when make ends before, or patience does."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if make.poll() is not None:
                raise Obstacle(f"make run ended by itself with status {make.returncode}.")
            try:
                status, body = self._request("GET", "/health")
            except OSError:
                time.sleep(0.05)
                continue
            if status != 200 or json.loads(body).get("status") != "healthy":
                raise Obstacle(f"/health answered {status}: {body[:200]}")
            return
        raise Obstacle(f"/health did not answer within {patience:.0f} s.")

    def reads(self, output: Path) -> None:
        """Read the screen, where the address has to stand by the time the server answers."""
        address = f"http://127.0.0.1:{self.port}"
        deadline = time.monotonic() + 5
        while address not in self._printed:
            if time.monotonic() > deadline:
                raise Obstacle(f"make run did not print its address, {address}.")
            time.sleep(0.05)
            self._printed = output.read_text(encoding="utf-8", errors="replace")

    def signs_in(self) -> None:
        """Sign in with the account that was printed, see the chat page and its style, ask for a session."""
        account = re.search(r"Sign in as (\S+) with the password (\S+)", self._printed)
        if account is None:
            raise Obstacle("make run did not print how to sign in.")
        self._expect(200, "GET", "/login")
        credentials = {"username": account[1], "password": account[2], "csrfmiddlewaretoken": self._token}
        self._expect(302, "POST", "/login", urlencode(credentials), "application/x-www-form-urlencoded")
        page = self._expect(200, "GET", "/chat")
        style = re.search(r'href="(/static/[^"]+\.css)"', page)
        if style is None:
            raise Obstacle("The chat page names no style sheet.")
        self._expect(200, "GET", style[1])
        answer = self._expect(
            200, "POST", "/api/voice/realtime-session", '{"conversation_id": null}', "application/json"
        )
        if not json.loads(answer)["api_key"].startswith("ek" + "_"):
            raise Obstacle("The session that was issued holds no ticket of ours.")
        tell(f"signed in as {account[1]}, saw the chat page and got a session")

    @property
    def _token(self) -> str:
        return self._cookies.get("csrftoken", "")

    def _expect(self, status: int, method: str, path: str, body: str = "", kind: str = "") -> str:
        answered, text = self._request(method, path, body, kind)
        if answered != status:
            raise Obstacle(f"{method} {path} was answered {answered} instead of {status}: {text[:300]}")
        return text

    def _request(self, method: str, path: str, body: str = "", kind: str = "") -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if kind:
            headers |= {"Content-Type": kind, "X-CSRFToken": self._token}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie") or []:
                for name, morsel in SimpleCookie(line).items():
                    if not morsel["secure"]:  # over plain http a Secure cookie is not kept
                        self._cookies[name] = morsel.value
            return response.status, response.read().decode(errors="replace")
        finally:
            connection.close()
