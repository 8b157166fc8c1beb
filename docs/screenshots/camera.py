"""Takes a window's picture, in the light and in the dark, once nothing on it is on its way."""

from tests.support.chat_browser import SESSION, ChatBrowser
from tests.support.project_files import ROOT

IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1280, "height": 800}
WELL_INTO_THE_ANSWER = f"() => {SESSION}.player && {SESSION}.player.stats.audibleSamples > 80000"
"""Less than two seconds: the waveform then still shows the question, below the answer."""
SETTLED = "() => !document.getAnimations().some(each => each instanceof CSSTransition)"
"""The waveform's own movement is no transition, and goes on."""


class Camera:
    def __init__(self, chat: ChatBrowser) -> None:
        self._chat = chat

    def wait_for_the_answer(self) -> None:
        """Until something of an answer was heard."""
        self._chat.page.wait_for_function(WELL_INTO_THE_ANSWER)

    def take(self, name: str) -> None:
        """The window as it is, as `name`.png among the papers' pictures."""
        self._chat.page.wait_for_function(SETTLED)
        self._chat.page.screenshot(path=IMAGES / f"{name}.png")

    def take_in_both_themes(self, name: str) -> None:
        """`name`.png in the light, `name`-dark.png in the dark; it is light afterwards."""
        self.take(name)
        self._chat.page.emulate_media(color_scheme="dark")
        self.take(f"{name}-dark")
        self._chat.page.emulate_media(color_scheme="light")
