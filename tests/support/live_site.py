"""A running site as programs meet it: tokens, sessions, messages, and the stock SDK pointed at it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from openai import AsyncOpenAI

from tests.support.project_files import ROOT
from tests.support.running_site import RunningSite
from tests.support.site_home import SiteHome

PATIENCE = 60.0
"""Seconds until a server has to answer. It takes three on a quiet machine."""

SAVING_SECONDS = 5.0
"""Within this time the last words of a talk are saved."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LiveSite:
    """The address of a site and an account on it."""

    url: str
    username: str
    password: str = field(repr=False)

    def access_token(self) -> str:
        """A fresh token, as a program signs in."""
        credentials = {"username": self.username, "password": self.password}
        return str(self._post("/api/token/", credentials, "")["access"])

    def new_conversation(self, token: str) -> str:
        return str(self._post("/api/conversations/", {}, token)["id"])

    def session(self, token: str, **wanted: Any) -> Json:
        """The answer of the session API."""
        return self._post("/api/voice/realtime-session", wanted, token)

    def messages(self, conversation_id: str, token: str, *, count: int) -> list[Json]:
        """What is kept of a conversation, in spoken order, once it is `count` messages.

        Words are saved beside the talk, and after its last frame; a client that hangs up is not kept waiting for that.
        """
        deadline = time.monotonic() + SAVING_SECONDS
        while len(kept := self._messages(conversation_id, token)) < count:
            assert time.monotonic() < deadline, kept
            time.sleep(0.02)
        return kept

    def _messages(self, conversation_id: str, token: str) -> list[Json]:
        path = f"/api/conversations/{conversation_id}/messages/"
        answer = httpx.get(self.url + path, headers=_bearer(token)).raise_for_status().json()
        kept: list[Json] = answer["results"]
        return kept

    def sdk(self, key: str) -> AsyncOpenAI:
        """The stock SDK, unmodified, pointed at this site."""
        return sdk(f"{self.url}/v1", key)

    def _post(self, path: str, body: Json, token: str) -> Json:
        answer = httpx.post(self.url + path, json=body, headers=_bearer(token)).raise_for_status()
        told: Json = answer.json()
        return told


def sdk(base_url: str, key: str) -> AsyncOpenAI:
    """The stock SDK for a Realtime server at `base_url` (http)."""
    return AsyncOpenAI(api_key=key, base_url=base_url, websocket_base_url=base_url.replace("http", "ws", 1))


def entrance_to(site: RunningSite) -> LiveSite:
    """A site of `manage.py serve`, for programs."""
    return LiveSite(site.url, site.username, site.password)


@contextmanager
def daphne_site(home: SiteHome, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """`manage.py runserver` (Daphne) in a home that is prepared already; its address. What it prints goes to `log`."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    own = {"PUBLIC_URL": url, "PORT": str(port)}
    command = ["runserver", "--noreload", f"127.0.0.1:{port}"]
    with _manage(command, log, environment_in(home) | own | dict(environment or {})) as process:
        _wait_until(lambda: _answers(f"{url}/health"), process, log)
        yield url


@contextmanager
def engine_server(log: Path) -> Iterator[str]:
    """`manage.py voiceassist_engine`; its base URL (http), as the SDK wants it."""
    port = _free_port()
    with _manage(["voiceassist_engine", "--port", str(port)], log, {"VAR_DIR": str(log.parent)}) as process:
        _wait_until(lambda: "Ctrl-C ends it." in log.read_text(encoding="utf-8"), process, log)
        yield f"http://127.0.0.1:{port}/v1"


def environment_in(home: SiteHome) -> dict[str, str]:
    """The variables that make a program of the project live in `home`."""
    return {"VAR_DIR": str(home.var)} | home.environment


@contextmanager
def _manage(
    command: list[str], log: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    machine = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=machine | {"PYTHONUNBUFFERED": "1"} | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until(is_so: Any, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the server did not start:\n{log.read_text(encoding='utf-8')}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
