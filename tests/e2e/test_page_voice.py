"""Speaking on the chat page: recorded people through Chromium's fake microphone, the real engine, real playback."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.e2e.known_visitor import KnownVisitor
from tests.support.chat_browser import SESSION, ChatBrowser, browser_with, microphone_file, windows_of
from tests.support.mouth import give_mouth, hear_mouth_alone
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value
from tests.support.speech_clips import CARDS, recording, word_errors

pytestmark = pytest.mark.e2e
PLAYED_TWO_SECONDS = f"() => {SESSION}.player && {SESSION}.player.stats.samplesPlayed > 48000"
PLAYED_TO_THE_END = (
    f"() => {SESSION}.phase === 'listening' && {SESSION}.player.stats.samplesPlayed > 0"
    f" && !{SESSION}.player.isAudible"
)
SAID = CARDS[:4]
"""Short words; what is said at length is in other tests."""
OF_VOICE = re.compile(r"/js/voice/(sound/(voice-io|player|microphone)|worklets)|/js/elements/voice-")
"""Addresses of what is there for speaking alone."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("microphones")


@pytest.fixture(scope="module")
def speaker(playwright: Playwright, chromium: Path, folder: Path) -> Iterator[Browser]:
    microphone = microphone_file(folder / "speaker.wav", [1.5, "cards-001.wav", 60.0])
    with browser_with(playwright, chromium, microphone) as running:
        yield running


@pytest.fixture(scope="module")
def listener(playwright: Playwright, chromium: Path, folder: Path) -> Iterator[Browser]:
    with browser_with(playwright, chromium, microphone_file(folder / "listener.wav", [60.0])) as running:
        yield running


@pytest.fixture
def speaking(speaker: Browser) -> Iterator[Browser]:
    """Somebody says that one sentence a moment after the microphone was opened."""
    with windows_of(speaker) as own:
        yield own


@pytest.fixture
def silent(listener: Browser) -> Iterator[Browser]:
    """Somebody says nothing."""
    with windows_of(listener) as own:
        yield own


def test_what_is_there_for_speaking_is_fetched_when_somebody_is_about_to_speak(
    silent: Browser, site: RunningSite
) -> None:
    chat = KnownVisitor(silent, site)
    fetched: list[str] = []
    chat.page.on("request", lambda request: fetched.append(request.url))
    chat.page.reload()
    chat.write("hello")
    chat.wait_for_line("assistant", "final")
    assert any("/js/pages/chat" in url for url in fetched), "or nothing is seen here at all"
    assert [url for url in fetched if OF_VOICE.search(url)] == []
    with chat.page.expect_request(re.compile("voice-mode-panel")):
        chat.page.hover("[data-part=voice]")
    expect(chat.page.locator("voice-mode-panel")).to_be_hidden()
    chat.start_voice()
    chat.wait_for_microphone()
    assert any("/js/voice/sound/voice-io" in url for url in fetched)
    assert chat.complaints == []


def test_a_spoken_turn_is_heard_answered_aloud_and_remembered(speaking: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(speaking, site)
    chat.start_voice()
    chat.wait_for_line("user", "final")
    chat.wait_for_line("assistant", "final")
    chat.page.wait_for_function(PLAYED_TWO_SECONDS)
    heard, answer = chat.lines
    assert heard == {
        "role": "user",
        "status": "final",
        "modality": "audio",
        "text": "ten of clubs",
        "unheard": "",
    }
    assert (answer["role"], answer["modality"], answer["status"]) == ("assistant", "audio", "final")
    stats = chat.session("player.stats")
    # At the device's rate, which is at least that of the speech: most of what was played is no silence.
    assert stats["audibleSamples"] > stats["samplesPlayed"] / 2
    assert stats["underruns"] == 0
    with chat.page.expect_response(re.compile("/messages/")) as settled:
        chat.page.click("[data-part=end]")
        expect(chat.page.locator(".notice")).to_contain_text("Voice mode ended after", use_inner_text=True)
    # The end cut the answer off; both rows are stored, and the page, which reckoned, learns of what was heard.
    settled.value.finished()
    chat.page.wait_for_selector(".line--assistant [data-part=unheard]:not([hidden])")
    shown = chat.lines
    assert shown[0] == heard
    assert f"{shown[1]['text']} {shown[1]['unheard']}" == answer["text"]

    chat.page.reload()
    wait_for_value(chat.page, lambda: chat.lines, shown)
    chat.write("what did I say")
    chat.wait_for_line("assistant", "final")
    assert "ten of clubs" in chat.lines[-1]["text"]
    wait_for_value(chat.page, lambda: chat.lines[-1]["modality"], "text")
    assert chat.complaints == []


def test_a_conversation_with_a_past_is_asked_about_it_aloud(silent: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(silent, site)
    chat.write("my name is Ada")
    chat.wait_for_line("assistant", "final")
    chat.wait_until_saved()
    # The page is opened anew: what was said before is known from the server alone.
    chat.page.reload()
    give_mouth(chat.page, ["slt-what-did-i-say.wav"])
    hear_mouth_alone(chat.page)
    chat.start_voice()
    chat.wait_for_microphone()
    chat.page.evaluate("() => mouth.say()")
    chat.wait_for_line("user", "final", 2)
    chat.wait_for_line("assistant", "final", 2)
    question, answer = chat.lines[2:]
    assert (question["text"], question["modality"]) == ("what did i say", "audio")
    assert answer["modality"] == "audio"
    assert "my name is Ada" in answer["text"], "the assistant remembers what was typed before"


def test_people_who_speak_into_the_answers_stop_them_at_once_and_are_understood(
    silent: Browser, site: RunningSite
) -> None:
    """Each of four clips cuts off the answer to the one before it; at most 35 words of a hundred are wrong."""
    chat = KnownVisitor(silent, site)
    give_mouth(chat.page, SAID)
    hear_mouth_alone(chat.page)
    chat.start_voice()
    chat.wait_for_microphone()
    for number in range(len(SAID)):
        played = chat.session("player.stats.samplesPlayed")
        chat.page.evaluate("number => mouth.say(number)", number)
        chat.wait_for_line("user", "final", number + 1)
        chat.wait_for_line("assistant", "interrupted", number)
        # A second of the answer is heard before somebody speaks into it.
        chat.page.wait_for_function(f"() => {SESSION}.player.stats.samplesPlayed > {played} + 24000")
    lines = chat.lines
    heard = [line["text"] for line in lines if line["role"] == "user"]
    spoken = [recording(name).words for name in SAID]
    errors = sum(word_errors(words, text) for words, text in zip(spoken, heard, strict=True))
    assert errors / len(" ".join(spoken).split()) <= 0.35
    assert [line["role"] for line in lines][:7] == ["user", "assistant"] * 3 + ["user"]
    assert 0 < chat.session("player.stats.lastClearToSilenceMs") <= 50
    cut = lines[1]
    assert cut["text"]
    assert cut["unheard"]
    assert not cut["unheard"].startswith(cut["text"])

    chat.page.reload()
    wait_for_value(chat.page, lambda: chat.lines[:7], lines[:7])


def test_voice_is_listening_within_a_second_and_typing_shares_its_socket(
    silent: Browser, site: RunningSite
) -> None:
    chat = KnownVisitor(silent, site)
    # Nobody presses a button without reaching for it.
    chat.page.hover("[data-part=voice]")
    chat.page.wait_for_load_state("networkidle")
    if seconds_to_listening(chat) > 1:
        # Something else may have had the machine for a moment; twice in a row it is the page.
        chat.page.click("[data-part=end]")
        chat.wait_for_phase("ended")
        chat.sockets.clear()
        assert seconds_to_listening(chat) <= 1
    chat.write("say good morning")
    chat.wait_for_line("assistant", "final")
    assert [line["modality"] for line in chat.lines] == ["text", "audio"], (
        "with voice on it is answered aloud"
    )
    chat.page.wait_for_function(PLAYED_TO_THE_END)
    wait_for_value(chat.page, lambda: chat.lines[1]["status"], "final")  # it was heard to its end
    assert chat.session("player.stats")["underruns"] == 0
    wait_for_value(chat.page, lambda: len(chat.sockets), 1)


def seconds_to_listening(chat: ChatBrowser) -> float:
    """From the press of the button until the session hears the microphone."""
    took: float = chat.page.evaluate(
        """() => new Promise(resolve => {
            const session = document.querySelector('voice-mode-panel').session;
            const began = performance.now();
            session.addEventListener('statechange', () => {
                if (session.phase === 'listening' && session.state.microphone) {
                    resolve((performance.now() - began) / 1000);
                }
            });
            document.querySelector('[data-part=voice]').click();
        })"""
    )
    return took


def test_space_mutes_and_escape_ends_but_never_out_of_a_field(silent: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(silent, site)
    chat.start_voice()
    chat.wait_for_microphone()
    chat.page.locator("#composer-field").press_sequentially("a b")
    expect(chat.page.locator("#composer-field")).to_have_value("a b")
    assert chat.session("muted") is False
    chat.page.focus("[data-part=options-button]")
    chat.page.keyboard.press("Space")
    assert chat.session("muted") is False
    expect(chat.page.locator("#voice-options")).to_be_visible()
    chat.page.keyboard.press("Space")
    expect(chat.page.locator("#voice-options")).to_be_hidden()
    chat.page.focus("voice-mode-panel")
    chat.page.keyboard.press("Space")
    chat.wait_for_phase("muted")
    expect(chat.page.locator("[data-part=mute]")).to_have_attribute("aria-pressed", "true")
    chat.page.keyboard.press("Space")
    chat.wait_for_phase("listening")
    chat.page.keyboard.press("Escape")
    chat.wait_for_phase("ended")
    expect(chat.page.locator("voice-mode-panel")).to_be_hidden()
    with chat.page.expect_response(re.compile("/api/voice/sessions/rtc_")) as rated:
        chat.page.click(".notice button >> text=/^Good$/")
    assert rated.value.json()["rating"] == "good"


def test_a_denied_microphone_is_told_in_words_and_typing_goes_on(
    playwright: Playwright, chromium: Path, site: RunningSite
) -> None:
    with browser_with(playwright, chromium, allowed=False) as browser:
        chat = KnownVisitor(browser, site)
        chat.start_voice()
        chat.page.wait_for_selector("[data-part=reason]")
        expect(chat.page.locator("[data-part=reason]")).to_contain_text(
            "does not let this page use the microphone", use_inner_text=True
        )
        expect(chat.page.locator("[data-part=state]")).to_have_text("Not started", use_inner_text=True)
        assert chat.sockets == []
        chat.write("hello")
        chat.wait_for_line("assistant", "final")
        expect(chat.page.locator("voice-mode-panel")).to_be_hidden()


def test_a_page_that_is_left_in_the_middle_of_an_answer_tells_what_was_heard(
    speaking: Browser, site: RunningSite
) -> None:
    chat = KnownVisitor(speaking, site)
    chat.start_voice()
    chat.wait_for_phase("speaking")
    chat.page.wait_for_function(PLAYED_TWO_SECONDS)
    address = chat.page.url
    chat.page.goto("/chat")

    def kept() -> list[str]:
        chat.page.goto(address)
        return [line["status"] for line in chat.lines]

    # A page shows what is stored when it is asked for, and nobody waited for that.
    wait_for_value(chat.page, kept, ["final", "interrupted"])
    assert chat.lines[1]["text"]
    assert chat.lines[1]["unheard"]
