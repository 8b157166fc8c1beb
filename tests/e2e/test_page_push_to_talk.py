"""Push-to-talk on the chat page: a recorded person, the real engine, and nobody heard while nothing is held."""

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.e2e.known_visitor import KnownVisitor
from tests.support.chat_browser import SESSION, browser_with, microphone_file
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e

FRAMES_OF_THE_CLIP = 95
"""The silence and what is said after it, in frames of 40 ms."""

TAPPED = """() => {
    for (const type of ["keydown", "keyup"]) {
        const init = {key: " ", bubbles: true, cancelable: true};
        document.querySelector("voice-mode-panel").dispatchEvent(new KeyboardEvent(type, init));
    }
}"""
"""Space, down and up at once: a busy machine must not make a hold of it."""


def test_what_is_said_while_it_is_held_is_a_turn_and_holding_it_again_stops_the_answer(
    playwright: Playwright, chromium: Path, site: RunningSite, tmp_path: Path
) -> None:
    microphone = microphone_file(tmp_path / "microphone.wav", [1.1, "goforward.wav", 60.0])
    with browser_with(playwright, chromium, microphone) as browser:
        chat = KnownVisitor(browser, site)
        hints = f"""() => {{
            window.hints = [];
            {SESSION}.addEventListener('hint', (event) => window.hints.push(event.detail.code));
        }}"""
        chat.page.evaluate(hints)
        chat.session("setTurnDetection('push_to_talk')")
        chat.start_voice()
        # As soon as it can be: somebody who holds it does not wait for the session.
        talk = chat.page.wait_for_selector("[data-part=talk]:not(:disabled)")
        assert talk
        talk.hover()
        chat.page.mouse.down()
        chat.page.wait_for_function(f"() => {SESSION}.figures.framesSent >= {FRAMES_OF_THE_CLIP}")
        wait_for_value(chat.page, lambda: chat.session("phase"), "hearing")
        chat.page.mouse.up()
        chat.wait_for_line("user", "final")
        assert (chat.lines[0]["modality"], chat.lines[0]["text"]) == ("audio", "go forward ten meters")
        chat.wait_for_phase("speaking")
        sent = chat.session("figures.framesSent")
        chat.page.wait_for_function(f"() => {SESSION}.player.stats.samplesPlayed > 24000")
        assert chat.session("figures.framesSent") == sent, "nobody is heard while nothing is held"

        chat.page.evaluate(TAPPED)
        chat.wait_for_line("assistant", "interrupted")
        chat.wait_for_phase("ready")
        wait_for_value(chat.page, "() => window.hints", ["held_too_short"])
        wait_for_value(chat.page, lambda: [line["role"] for line in chat.lines], ["user", "assistant"])
        unheard = "document.querySelector('.line--assistant [data-part=unheard]')"
        chat.page.wait_for_function(f"() => {unheard}.textContent !== ''")
        assert chat.complaints == []
