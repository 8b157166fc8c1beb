"""Chromium on the chat page: signs in, types, speaks from a file, and reads what the page shows and plays."""

import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Browser, Page, Playwright

from realtime.engine.speech.resampling import HEARING_RATE
from tests.support.running_site import RunningSite
from tests.support.speech_clips import recording

SESSION = "document.querySelector('voice-mode-panel').session"
LINES = """lines => lines.map(line => ({
    role: line.dataset.role, status: line.dataset.status, modality: line.dataset.modality,
    text: line.querySelector('[data-part=heard]').textContent,
    unheard: line.querySelector('[data-part=unheard]').textContent,
}))"""

Clip = str | float
"""The name of a recording, or seconds of silence."""


def microphone_file(path: Path, clips: Sequence[Clip]) -> Path:
    """A file for the fake microphone: recordings and silences one after another."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HEARING_RATE)
        for clip in clips:
            file.writeframes(recording(clip).pcm if isinstance(clip, str) else _silence(clip))
    return path


def _silence(seconds: float) -> bytes:
    return bytes(round(seconds * HEARING_RATE) * 2)


@contextmanager
def browser_with(
    playwright: Playwright, chromium: Path, microphone: Path | None = None, *, allowed: bool = True
) -> Iterator[Browser]:
    """A Chromium that hears `microphone` once it is opened; `allowed` is the answer to its permission prompt."""
    arguments = ["--no-sandbox", "--use-fake-device-for-media-stream"]
    arguments.append("--use-fake-ui-for-media-stream" if allowed else "--deny-permission-prompts")
    if microphone:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def windows_of(browser: Browser) -> Iterator[Browser]:
    """A browser that several tests share, for one of them: whatever it opens is closed, and its sessions end."""
    try:
        yield browser
    finally:
        for context in browser.contexts:
            context.close()


class ChatBrowser:
    """One signed-in window. `complaints` collects errors of the console, and `sockets` every socket it opens.

    With `sign_in=False` it is at no page yet.
    """

    def __init__(self, browser: Browser, site: RunningSite, *, sign_in: bool = True, **context: Any) -> None:
        self.page: Page = browser.new_context(base_url=site.url, **context).new_page()
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.sockets: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )
        self.page.on("websocket", lambda socket: self.sockets.append(socket.url))
        if sign_in:
            self._sign_in(site)

    def _sign_in(self, site: RunningSite) -> None:
        self.page.goto("/login")
        self.page.fill("#id_username", site.username)
        self.page.fill("#id_password", site.password)
        self.page.click("text=Sign in >> nth=-1")
        self.page.wait_for_url("**/chat")

    def write(self, text: str) -> None:
        """Type a message and send it."""
        self.page.fill("#composer-field", text)
        self.page.press("#composer-field", "Enter")

    def start_voice(self) -> None:
        self.page.click("[data-part=voice]")
        self.page.wait_for_selector("voice-mode-panel:not([hidden])")

    def session(self, path: str) -> Any:
        """A member of the page's session, such as `player.stats`."""
        return self.page.evaluate(f"() => {SESSION}.{path}")

    def wait_for_phase(self, phase: str) -> None:
        self.page.wait_for_function(f"() => {SESSION}.phase === '{phase}'")

    def wait_for_microphone(self) -> None:
        """Wait until the session hears the microphone; a typed session is listening before there is one."""
        self.page.wait_for_function(f"() => {SESSION}.state.microphone && {SESSION}.phase === 'listening'")

    def wait_for_line(self, role: str, status: str, count: int = 1) -> None:
        """Wait for the `count`-th line of that role and status."""
        lines = f".line--{role}[data-status={status}]"
        self.page.wait_for_function(f"() => document.querySelectorAll('{lines}').length >= {count}")

    def wait_until_saved(self) -> None:
        """Wait until the server has said of every line on the record that it is stored."""
        unsaved = ".line[data-message='']:not(.line--off-record)"
        self.page.wait_for_function(f'() => !document.querySelector("{unsaved}")')

    @property
    def lines(self) -> list[dict[str, str]]:
        """Every line of the thread: role, status, modality, text, unheard."""
        return cast("list[dict[str, str]]", self.page.eval_on_selector_all(".line", LINES))
