"""Speaking on the chat page: recorded people through Chromium's fake microphone, the real engine, real playback."""

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.support.chat_browser import SESSION, ChatBrowser, Clip, browser_with, microphone_file
from tests.support.running_site import RunningSite
from tests.support.speech_clips import CARDS, recording, word_errors

pytestmark = pytest.mark.e2e
PLAYED_TWO_SECONDS = f"() => {SESSION}.player.stats.samplesPlayed > 48000"


def test_a_spoken_turn_is_heard_answered_aloud_and_remembered(
    playwright: Playwright, chromium: Path, site: RunningSite, tmp_path: Path
) -> None:
    microphone = microphone_file(tmp_path / "microphone.wav", [1.5, "goforward.wav", 60.0])
    with browser_with(playwright, chromium, microphone) as browser:
        chat = ChatBrowser(browser, site)
        chat.start_voice()
        chat.wait_for_line("user", "final")
        chat.wait_for_line("assistant", "final")
        chat.page.wait_for_function(PLAYED_TWO_SECONDS)
        heard, answer = chat.lines
        assert heard == {
            "role": "user",
            "status": "final",
            "modality": "audio",
            "text": "go forward ten meters",
            "unheard": "",
        }
        assert (answer["role"], answer["modality"], answer["status"]) == ("assistant", "audio", "final")
        stats = chat.session("player.stats")
        # At the device's rate, which is at least that of the speech: most of what was played is no silence.
        assert stats["audibleSamples"] > stats["samplesPlayed"] / 2
        assert stats["underruns"] == 0
        chat.page.click("[data-part=end]")
        assert "Voice mode ended after" in chat.page.inner_text(".notice")
        # The end cut the answer off; both rows are stored, and the page learns of what was heard.
        chat.page.wait_for_selector(".line--assistant [data-part=unheard]:not([hidden])")
        shown = chat.lines
        assert shown[0] == heard
        assert f"{shown[1]['text']} {shown[1]['unheard']}" == answer["text"]

        chat.page.reload()
        assert chat.lines == shown
        chat.write("what did I say")
        chat.wait_for_line("assistant", "final")
        assert "go forward ten meters" in chat.lines[-1]["text"]
        assert chat.lines[-1]["modality"] == "text"
        assert chat.complaints == []


def test_people_who_speak_into_the_answers_stop_them_at_once_and_are_understood(
    playwright: Playwright, chromium: Path, site: RunningSite, tmp_path: Path
) -> None:
    """Each of five clips cuts off the answer to the one before it; at most 35 words of a hundred are wrong."""
    clips: list[Clip] = [1.5]
    for name in CARDS:
        clips += [name, 1.9]
    microphone = microphone_file(tmp_path / "microphone.wav", [*clips, 60.0])
    with browser_with(playwright, chromium, microphone) as browser:
        chat = ChatBrowser(browser, site)
        chat.start_voice()
        chat.wait_for_line("user", "final", len(CARDS))
        chat.wait_for_line("assistant", "interrupted", len(CARDS) - 1)
        lines = chat.lines
        heard = [line["text"] for line in lines if line["role"] == "user"]
        spoken = [recording(name).words for name in CARDS]
        errors = sum(word_errors(words, text) for words, text in zip(spoken, heard, strict=True))
        assert errors / len(" ".join(spoken).split()) <= 0.35
        assert [line["role"] for line in lines][:9] == ["user", "assistant"] * 4 + ["user"]
        assert 0 < chat.session("player.stats.lastClearToSilenceMs") <= 50
        cut = lines[1]
        assert cut["text"]
        assert cut["unheard"]
        assert not cut["unheard"].startswith(cut["text"])

        chat.page.reload()
        assert chat.lines[:9] == lines[:9]


def test_voice_is_listening_within_a_second_and_typing_shares_its_socket(
    playwright: Playwright, chromium: Path, site: RunningSite, tmp_path: Path
) -> None:
    microphone = microphone_file(tmp_path / "microphone.wav", [60.0])
    with browser_with(playwright, chromium, microphone) as browser:
        chat = ChatBrowser(browser, site)
        chat.page.evaluate(
            """() => new Promise(resolve => {
                const session = document.querySelector('voice-mode-panel').session;
                const began = performance.now();
                session.addEventListener('statechange', () => {
                    if (session.phase === 'listening' && !window.took) { window.took = performance.now() - began; }
                });
                document.querySelector('[data-part=voice]').click();
                resolve();
            })"""
        )
        chat.wait_for_phase("listening")
        assert chat.page.evaluate("() => window.took") <= 1000
        chat.write("say good morning")
        chat.wait_for_line("assistant", "final")
        assert [line["modality"] for line in chat.lines] == ["text", "audio"], (
            "with voice on it is answered aloud"
        )
        chat.wait_for_phase("speaking")
        chat.wait_for_phase("listening")
        assert chat.lines[1]["status"] == "final", "it was heard to its end"
        assert chat.session("player.stats")["underruns"] == 0
        assert len(chat.sockets) == 1


def test_space_mutes_and_escape_ends_but_never_out_of_a_field(
    playwright: Playwright, chromium: Path, site: RunningSite, tmp_path: Path
) -> None:
    microphone = microphone_file(tmp_path / "microphone.wav", [60.0])
    with browser_with(playwright, chromium, microphone) as browser:
        chat = ChatBrowser(browser, site)
        chat.start_voice()
        chat.wait_for_phase("listening")
        chat.page.locator("#composer-field").press_sequentially("a b")
        assert chat.page.input_value("#composer-field") == "a b"
        assert chat.session("muted") is False
        chat.page.focus("[data-part=help-button]")
        chat.page.keyboard.press("Space")
        assert chat.session("muted") is False
        assert chat.page.is_visible("#voice-help")
        chat.page.focus("[data-part=log]")
        chat.page.keyboard.press("Space")
        chat.wait_for_phase("muted")
        assert chat.page.get_attribute("[data-part=mute]", "aria-pressed") == "true"
        chat.page.keyboard.press("Space")
        chat.wait_for_phase("listening")
        chat.page.keyboard.press("Escape")
        chat.wait_for_phase("ended")
        assert chat.page.is_hidden("voice-mode-panel")


def test_a_denied_microphone_is_told_in_words_and_typing_goes_on(
    playwright: Playwright, chromium: Path, site: RunningSite
) -> None:
    with browser_with(playwright, chromium, allowed=False) as browser:
        chat = ChatBrowser(browser, site)
        chat.start_voice()
        chat.page.wait_for_selector("[data-part=reason]")
        assert "does not let this page use the microphone" in chat.page.inner_text("[data-part=reason]")
        assert chat.page.inner_text("[data-part=state]") == "Not started"
        assert chat.sockets == []
        chat.write("hello")
        chat.wait_for_line("assistant", "final")
        assert chat.page.is_hidden("voice-mode-panel")


def test_a_page_that_is_left_in_the_middle_of_an_answer_tells_what_was_heard(
    playwright: Playwright, chromium: Path, site: RunningSite, tmp_path: Path
) -> None:
    microphone = microphone_file(tmp_path / "microphone.wav", [1.5, "goforward.wav", 60.0])
    with browser_with(playwright, chromium, microphone) as browser:
        chat = ChatBrowser(browser, site)
        chat.start_voice()
        chat.wait_for_phase("speaking")
        chat.page.wait_for_function(PLAYED_TWO_SECONDS)
        address = chat.page.url
        chat.page.goto("/chat")
        chat.page.goto(address)
        chat.page.wait_for_selector(".line--assistant")
        assert chat.lines[1]["status"] == "interrupted"
        assert chat.lines[1]["text"]
        assert chat.lines[1]["unheard"]
