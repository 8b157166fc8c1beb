"""Off the record on the chat page: it says so all the time, and nothing that was said is found anywhere afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.e2e.known_visitor import KnownVisitor
from tests.support.chat_browser import SESSION, ChatBrowser, browser_with, microphone_file, windows_of
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value
from tests.support.stored_words import places_that_hold, rows_of

pytestmark = pytest.mark.e2e

CANARY = "xylophone marmalade"
"""Words that are nowhere in the project, and that the built-in responder repeats when it is told to say them."""
PANELS_MARK = "voice-mode-panel [data-part=record]"
KEPT_BY_THE_BROWSER = """async () => JSON.stringify([
    {...localStorage}, {...sessionStorage}, document.cookie, document.title, location.href, history.state,
    await indexedDB.databases(), await caches.keys(),
])"""


@pytest.fixture(scope="module")
def speaker(
    playwright: Playwright, chromium: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("microphone")
    microphone = microphone_file(folder / "microphone.wav", [1.5, "goforward.wav", 60.0])
    with browser_with(playwright, chromium, microphone) as running:
        yield running


@pytest.fixture
def browser(speaker: Browser) -> Iterator[Browser]:
    with windows_of(speaker) as own:
        yield own


def switch_record(chat: ChatBrowser) -> None:
    chat.page.click("[data-part=switch]")


def wait_until_it_sends(chat: ChatBrowser) -> None:
    chat.page.wait_for_function(f"() => {SESSION}.canSend")


def marks_of(chat: ChatBrowser) -> list[bool]:
    """For each line of the thread whether it says that it was said off the record."""
    marks = chat.page.eval_on_selector_all(
        ".line [data-part=record]", "marks => marks.map(m => m.textContent)"
    )
    return [mark == "off the record" for mark in marks]


def test_what_is_written_off_the_record_is_answered_marked_and_kept_nowhere(
    browser: Browser, site: RunningSite
) -> None:
    chat = KnownVisitor(browser, site)
    chat.write("say the weather is fine")
    chat.wait_for_line("assistant", "final")
    switch_record(chat)
    expect(chat.page.locator("[data-part=record-banner]")).to_be_visible()
    expect(chat.page.locator(".notice")).to_contain_text(
        "Whoever answers still hears you", use_inner_text=True
    )
    chat.write(f"say {CANARY}")
    chat.wait_for_line("assistant", "final", 2)
    assert CANARY in chat.lines[3]["text"]
    wait_for_value(chat.page, lambda: marks_of(chat), [False, False, True, True])
    expect(chat.page.locator("[data-part=switch]")).to_have_attribute("aria-checked", "true")
    expect(chat.page.locator("#composer-field")).to_have_attribute("aria-describedby", "record-banner")
    wait_for_value(chat.page, lambda: len(chat.sockets), 2)  # one session for each
    assert CANARY not in chat.page.evaluate(KEPT_BY_THE_BROWSER)
    assert CANARY not in chat.page.inner_text("conversation-list") + chat.page.inner_text("h1")

    switch_record(chat)
    expect(chat.page.locator("[data-part=record-banner]")).to_be_hidden()
    chat.write("what did I say")
    chat.wait_for_line("assistant", "final", 3)
    assert CANARY not in chat.lines[5]["text"], "what was off the record is not remembered on it"
    wait_for_value(chat.page, lambda: marks_of(chat)[4:], [False, False])

    chat.wait_until_saved()
    chat.page.reload()
    chat.page.wait_for_selector("[data-part=switch]:not([disabled])")
    expect(chat.page.locator("[data-part=switch]")).to_have_attribute("aria-checked", "false")
    wait_for_value(
        chat.page,
        lambda: [line["text"] for line in chat.lines][::2],
        ["say the weather is fine", "what did I say"],
    )
    assert CANARY not in chat.page.content()
    assert chat.complaints == []
    assert places_that_hold(CANARY, site) == []
    assert places_that_hold("the weather is fine", site) != [], "or the search finds nothing at all"
    here = chat.page.url.rpartition("/")[2].replace("-", "")
    sessions = rows_of("realtime_voicesession", site.home)
    ours = [row for row in sessions if str(row["conversation_id"]).replace("-", "") == here]
    [usage] = [row["usage"] for row in ours if not row["save_transcript"]]
    assert (json.loads(usage) if isinstance(usage, str) else usage)["total_tokens"] > 0, (
        "it is counted all the same"
    )


def test_voice_goes_on_off_the_record_without_being_started_again(
    browser: Browser, site: RunningSite
) -> None:
    chat = KnownVisitor(browser, site)
    switch_record(chat)
    chat.start_voice()
    chat.page.wait_for_selector(".line--user[data-status=partial] >> text=Transcribing…")
    chat.wait_for_line("user", "final")
    chat.wait_for_line("assistant", "final")
    expect(chat.page.locator(PANELS_MARK)).to_be_visible()
    wait_for_value(chat.page, lambda: marks_of(chat), [True, True])
    heard = chat.lines[0]["text"]
    assert heard == "go forward ten meters"

    switch_record(chat)
    wait_until_it_sends(chat)
    chat.wait_for_phase("listening")
    expect(chat.page.locator(PANELS_MARK)).to_be_hidden()
    assert chat.session("state.microphone") is True, "it stays open"
    wait_for_value(chat.page, lambda: len(chat.sockets), 2)
    chat.write("hello")
    chat.page.wait_for_selector(".line--assistant[data-status=final]:not(.line--off-record)")
    chat.wait_until_saved()
    conversation = chat.page.url
    chat.page.goto("/chat")
    chat.page.goto(conversation)
    wait_for_value(
        chat.page, lambda: [line["text"] for line in chat.lines if line["role"] == "user"], ["hello"]
    )
    assert heard not in chat.page.inner_text("main")


def test_a_sentence_cut_off_by_the_switch_is_asked_for_again(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    chat.start_voice()
    chat.page.wait_for_selector(".line--user[data-status=partial] >> text=Transcribing…")
    switch_record(chat)
    chat.page.wait_for_selector(".notice >> text=cut off by the switch")
    expect(chat.page.locator(".notice")).to_contain_text(
        "Whoever answers still hears you", use_inner_text=True
    )
    assert chat.complaints == []


def test_the_way_back_shows_nothing_of_it(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    switch_record(chat)
    chat.write(f"say {CANARY}")
    chat.wait_for_line("assistant", "final")
    chat.page.fill("#composer-field", CANARY)
    chat.page.click("a.sidebar__new")
    chat.page.go_back()
    chat.page.wait_for_selector("[data-part=switch]:not([disabled])")
    assert CANARY not in chat.page.content()
    assert CANARY not in chat.page.input_value("#composer-field")
    assert chat.complaints == []
