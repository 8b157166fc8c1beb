"""WebKitGTK, which stands for Safari: its own MiniBrowser on a screen in memory, steered by W3C WebDriver over HTTP.

Selenium would be one more package for the seven commands that are needed.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.browser_window import PATIENCE, BrowserWindow
from tests.support.manage_program import free_port
from tests.support.sound_server import PATH, SoundServer

_OPTIONS = {"args": ["--automation", "--enable-media-stream=true"]}
_WENT_ON = "before the unload event"
_ENTER = "\ue007"
_PATIENCE = 20.0
_PROCESSORS = {
    "LIBGL_ALWAYS_SOFTWARE": "1",
    # A screen in memory has no graphics card to hand pictures over with.
    "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
    "NO_AT_BRIDGE": "1",
}


class WebKitWindow(BrowserWindow):
    """The window of a WebDriver session. Errors of its console are not told by this remote control."""

    def __init__(self, client: httpx.Client) -> None:
        super().__init__()
        self._client = client
        wanted = {"webkitgtk:browserOptions": _OPTIONS, "timeouts": {"script": 60_000}}
        session = self._post("/session", capabilities={"alwaysMatch": wanted})
        self._place = f"/session/{session['sessionId']}"

    def goto(self, url: str) -> None:
        self._post(f"{self._place}/url", url=url)

    def reload(self) -> None:
        self._post(f"{self._place}/refresh")

    def click(self, selector: str) -> None:
        self._post(f"{self._element(selector)}/click")

    def write(self, selector: str, text: str) -> None:
        self._post(f"{self._element(selector)}/value", text=text.replace("\n", _ENTER))

    def wait_for(self, expression: str, seconds: float = PATIENCE) -> None:
        """Wait until an expression is true in the page, or in the one that it leads to meanwhile."""
        try:
            super().wait_for(expression, seconds)
        except AssertionError as error:
            if _WENT_ON not in str(error):
                raise
            super().wait_for(expression, seconds)

    def close(self) -> None:
        self._client.delete(self._place)

    def _element(self, selector: str) -> str:
        found = self._post(f"{self._place}/element", using="css selector", value=selector)
        return f"{self._place}/element/{next(iter(found.values()))}"

    def _ask(self, expression: str) -> str:
        told = "const [tell] = arguments; const fail = (error) => tell({error: String(error)});"
        script = (
            f"{told} try {{ {expression}.then((value) => tell({{value}}), fail); }} catch (e) {{ fail(e); }}"
        )
        answer = self._post(f"{self._place}/execute/async", script=script, args=[])
        assert "error" not in answer, answer["error"]
        return str(answer["value"])

    def _post(self, path: str, **body: Any) -> Any:
        answer = self._client.post(path, json=body)
        value = answer.json()["value"]
        assert answer.is_success, f"{path}: {value.get('error')}: {value.get('message')}"
        return value


@contextmanager
def webkit_window(driver: Path, folder: Path, sound: SoundServer) -> Iterator[WebKitWindow]:
    """A WebKit that keeps its things in `folder`; pages get the microphone they ask for."""
    port = free_port()
    with ExitStack() as stack:
        display = stack.enter_context(_screen())
        environment = sound.environment | _PROCESSORS | {"HOME": str(folder), "DISPLAY": display}
        stack.enter_context(_running([str(driver), f"--port={port}"], environment))
        client = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        )
        _wait_for(client)
        window = WebKitWindow(client)
        stack.callback(window.close)
        yield window


@contextmanager
def _screen() -> Iterator[str]:
    """A screen in memory, under the first number that is free."""
    reading, writing = os.pipe()
    program = shutil.which("Xvfb", path=PATH)
    assert program, "Xvfb is not installed"
    command = [program, "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    with _running(command, {"PATH": PATH}, pass_fds=(writing,)), open(reading) as told:
        os.close(writing)
        number = told.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], pass_fds: tuple[int, ...] = ()
) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(client: httpx.Client) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            assert client.get("/status").json()["value"]["ready"]
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline, "WebKitWebDriver does not answer"
            time.sleep(0.02)
