"""The settings page with its scripts: choices are saved as they are made, voices can be heard, sessions heed both."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.known_visitor import KnownVisitor
from tests.support.chat_browser import ChatBrowser
from tests.support.mouth import give_mouth, hear_mouth_alone
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e
CONFIG = """() => fetch("/api/voice/realtime-session", {
    method: "POST",
    headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value,
    },
    body: "{}",
}).then(response => response.json())"""
AUDIBLE = """() => {
    const start = AudioBufferSourceNode.prototype.start;
    window.heard = [];
    AudioBufferSourceNode.prototype.start = function (...when) {
        const samples = this.buffer.getChannelData(0);
        window.heard.push({
            seconds: this.buffer.duration,
            loudest: samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0),
        });
        return start.apply(this, when);
    };
}"""


@pytest.fixture(scope="module")
def chat(chromium_browser: Browser, site: RunningSite) -> ChatBrowser:
    """One signed-in window for all of them."""
    return KnownVisitor(chromium_browser, site)


@pytest.fixture
def page(chat: ChatBrowser) -> Page:
    """The settings page, opened anew."""
    chat.complaints.clear()
    chat.page.goto("/settings")
    expect(chat.page.locator("[data-part=save]")).to_be_hidden()
    return chat.page


def _status(page: Page, says: str) -> None:
    expect(page.locator("[data-part=status]")).to_have_text(says)


def test_a_choice_is_saved_as_it_is_made_and_the_next_session_heeds_it(chat: ChatBrowser, page: Page) -> None:
    page.check("input[name=voice][value=rms]")
    _status(page, "Saved.")
    page.locator("#speed").press("ArrowLeft")
    expect(page.locator("[data-part=speed-value]")).to_have_text("0.95×")
    page.check("#turn_detection-push_to_talk")
    page.check("#output-text")
    _status(page, "Saved.")
    page.reload()
    expect(page.locator("input[name=voice][value=rms]")).to_be_checked()
    expect(page.locator("#speed")).to_have_value("0.95")
    told = page.evaluate(CONFIG)["voice_config"]
    assert (told["voice"], told["modalities"], told["turn_detection"]) == ("rms", ["text"], None)
    page.check("input[name=voice][value='']")
    page.check("#turn_detection-server_vad")
    page.check("#output-audio")
    _status(page, "Saved.")
    told = page.evaluate(CONFIG)["voice_config"]
    assert (told["voice"], told["modalities"]) == ("slt", ["text", "audio"])
    assert chat.complaints == []


def test_what_could_not_be_saved_says_so_and_can_be_tried_again(page: Page) -> None:
    page.route("**/api/me/preferences", lambda route: route.abort())
    page.check("#output-text")
    _status(
        page, "Not saved. The server could not be reached. Check your connection, then try again. Try again"
    )
    page.unroute("**/api/me/preferences")
    page.click("[data-part=status] button")
    _status(page, "Saved.")
    # The focus is not lost with the button.
    wait_for_value(page, "() => document.activeElement.id", "output-text")
    page.reload()
    expect(page.locator("#output-text")).to_be_checked()
    page.check("#output-audio")
    _status(page, "Saved.")


def test_what_is_refused_is_not_left_standing_and_keeps_nothing_else_from_being_saved(page: Page) -> None:
    refusal = {"code": "invalid", "detail": "Not valid: voice.", "fields": {"voice": ["Not a valid choice."]}}
    page.route("**/api/me/preferences", lambda route: route.fulfill(status=400, json=refusal), times=1)
    # Not `check`: it wants to see the choice made, which may be taken back before it looks.
    page.click("input[name=voice][value=awb]")
    expect(page.locator("[data-part=status]")).to_contain_text("cannot be chosen here any more")
    expect(page.locator("input[name=voice][value='']")).to_be_checked()
    page.check("#output-text")
    _status(page, "Saved.")
    page.reload()
    expect(page.locator("input[name=voice][value='']")).to_be_checked()
    expect(page.locator("#output-text")).to_be_checked()
    page.check("#output-audio")
    _status(page, "Saved.")


def test_a_voice_is_heard_and_its_session_leaves_nothing(chat: ChatBrowser, page: Page) -> None:
    page.evaluate(AUDIBLE)
    chat.sockets.clear()
    listen = page.locator("voice-preview[voice=rms]")
    listen.locator("button").click()
    expect(listen).to_have_attribute("state", "playing")
    expect(listen.get_by_text("Stop")).to_be_visible()
    [heard] = page.evaluate("() => window.heard")
    assert 2 < heard["seconds"] < 12
    assert heard["loudest"] > 0.05, "it is no silence"
    listen.locator("button").click()
    expect(listen).to_have_attribute("state", "idle")
    wait_for_value(chat.page, lambda: len(chat.sockets), 1)
    latest = page.evaluate("() => fetch('/api/voice/sessions/').then(response => response.json())")[
        "results"
    ][0]
    assert (latest["voice"], latest["saved"], latest["output"]) == ("rms", False, "audio")
    assert chat.complaints == []


def test_a_voice_that_cannot_be_heard_says_why(page: Page) -> None:
    page.route("**/api/voice/realtime-session", lambda route: route.abort())
    listen = page.locator("voice-preview[voice=slt]")
    listen.locator("button").click()
    _status(
        page,
        "The voice cannot be heard. The server could not be reached. Check your connection, then try again.",
    )
    expect(listen).to_have_attribute("state", "idle")
    page.unroute("**/api/voice/realtime-session")


def test_a_keyboard_reaches_everything_and_nothing_is_wider_than_a_phone(page: Page) -> None:
    for width in (320, 390):
        page.set_viewport_size({"width": width, "height": 800})
        wait_for_value(page, "() => document.documentElement.scrollWidth", width)
    page.focus("summary >> nth=1")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    wait_for_value(page, "() => document.activeElement.id", "erase-account-password")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    expect(page.locator("#erase-account-error")).to_contain_text("this is not your password")
    wait_for_value(page, "() => document.activeElement.id", "erase-account-password")


def test_who_prefers_written_answers_speaks_and_reads(chat: ChatBrowser, page: Page) -> None:
    page.check("#output-text")
    _status(page, "Saved.")
    page.goto("/chat")
    give_mouth(page, ["goforward.wav"])
    hear_mouth_alone(page)
    chat.start_voice()
    chat.wait_for_microphone()
    page.evaluate("() => mouth.say()")
    chat.wait_for_line("user", "final")
    chat.wait_for_line("assistant", "final")
    question, answer = chat.lines
    assert (question["modality"], question["text"]) == ("audio", "go forward ten meters")
    assert (answer["modality"], answer["unheard"]) == ("text", "")
    assert answer["text"]
    chat.wait_until_saved()
    assert chat.session("player.stats.samplesPlayed") == 0
    # All tests sign in as one person.
    page.goto("/settings")
    page.check("#output-audio")
    _status(page, "Saved.")
