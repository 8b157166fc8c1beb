"""Somebody on the chat page in whatever browser: signs in, types, speaks, and reads what the page shows and plays."""

from typing import Any, cast

from tests.support.browser_window import BrowserWindow
from tests.support.chat_browser import LINES, SESSION
from tests.support.running_site import RunningSite
from tests.support.sound_server import SoundServer
from tests.support.speech_clips import recording


class SpeakingVisitor:
    """One signed-in person in front of `window`, with `sound` as microphone and speaker."""

    def __init__(self, window: BrowserWindow, site: RunningSite, sound: SoundServer) -> None:
        self.window = window
        self.sound = sound
        self._site = site

    def sign_in(self) -> None:
        """Come to a new conversation, through the login page when nobody is signed in yet."""
        self.window.goto(f"{self._site.url}/chat")
        if self.window.evaluate("location.pathname") != "/chat":
            self.window.write("#id_username", self._site.username)
            self.window.write("#id_password", f"{self._site.password}\n")
            self.window.wait_for("location.pathname === '/chat'")
        self.window.wait_for("!document.querySelector('#composer-field').disabled")

    def write(self, text: str) -> None:
        """Type a message and send it."""
        self.window.write("#composer-field", f"{text}\n")

    def start_voice(self) -> None:
        self.window.click("[data-part=voice]")

    def say(self, clip: str) -> None:
        """Begin to speak a recording into the microphone."""
        self.sound.speak(recording(clip).pcm)

    def session(self, path: str) -> Any:
        """A member of the page's session, such as `figures`."""
        return self.window.evaluate(f"{SESSION}.{path}")

    def wait_for_phase(self, phase: str) -> None:
        self.window.wait_for(f"{SESSION}.phase === '{phase}'")

    def wait_for_microphone(self) -> None:
        """Wait until what the microphone hears is on its way to the server; a session listens before it has one."""
        self.window.wait_for(
            f"{SESSION}.phase === 'listening' && {SESSION}.state.microphone && {SESSION}.figures.framesSent > 3"
        )

    def wait_for_line(self, role: str, status: str, count: int = 1) -> None:
        """Wait for the `count`-th line of that role and status."""
        lines = f".line--{role}[data-status={status}]"
        self.window.wait_for(f"document.querySelectorAll('{lines}').length >= {count}")

    def wait_until_saved(self) -> None:
        """Wait until the server has said of every line that it is stored."""
        self.window.wait_for("!document.querySelector('.line[data-message=\"\"]')")

    def wait_for(self, expression: str) -> None:
        self.window.wait_for(expression)

    @property
    def lines(self) -> list[dict[str, str]]:
        """Every line of the thread: role, status, modality, text, unheard."""
        read = f"({LINES})(Array.from(document.querySelectorAll('.line')))"
        return cast("list[dict[str, str]]", self.window.evaluate(read))
