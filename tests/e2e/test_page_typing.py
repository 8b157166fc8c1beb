"""Typing on the chat page, and what it tells when something goes wrong."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Playwright

from tests.support.chat_browser import ChatBrowser, browser_with
from tests.support.live_site import entrance_to
from tests.support.running_site import RunningSite, running_site
from tests.support.site_home import site_home

pytestmark = pytest.mark.e2e


@pytest.fixture
def browser(playwright: Playwright, chromium: Path) -> "Browser":  # type: ignore[misc]  # a generator
    with browser_with(playwright, chromium) as running:
        yield running


def test_a_typed_turn_shows_at_once_and_is_answered_in_writing(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site)
    chat.write("what is twelve plus thirty")
    assert chat.lines[0]["text"] == "what is twelve plus thirty"
    chat.wait_for_line("assistant", "final")
    assert "42" in chat.lines[1]["text"]
    assert chat.lines[1]["modality"] == "text"
    assert re.search(r"/chat/[0-9a-f-]{36}$", chat.page.url)
    chat.page.wait_for_selector("a.entry[aria-current]")
    assert "what is twelve plus thirty" in chat.page.inner_text("a.entry[aria-current]")
    assert chat.page.inner_text("h1") == "what is twelve plus thirty"
    assert chat.complaints == []


def test_enter_sends_and_shift_enter_begins_a_new_line(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site)
    field = chat.page.locator("#composer-field")
    field.press_sequentially("one")
    field.press("Shift+Enter")
    field.press_sequentially("two")
    assert chat.lines == []
    field.press("Enter")
    assert chat.lines[0]["text"] == "one\ntwo"
    assert field.input_value() == ""
    field.press("Enter")
    assert len([line for line in chat.lines if line["role"] == "user"]) == 1, "an empty message is none"


def test_what_is_written_is_never_markup(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site)
    attack = 'say <img src=x onerror="window.hit=1"></p><script>window.hit=1</script>'
    chat.write(attack)
    chat.wait_for_line("assistant", "final")
    assert chat.lines[0]["text"] == attack
    chat.wait_until_saved()
    chat.page.reload()
    assert chat.lines[0]["text"] == attack
    assert chat.page.evaluate("() => window.hit") is None
    assert chat.page.locator(".line img").count() == 0


def test_several_turns_use_one_socket_and_stand_in_order(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site)
    for number, text in enumerate(("hello", "what is 2 + 2", "what did I say"), start=1):
        chat.write(text)
        chat.wait_for_line("assistant", "final", number)
    assert len(chat.sockets) == 1
    assert [line["role"] for line in chat.lines] == ["user", "assistant"] * 3
    written = chat.lines
    chat.wait_until_saved()
    chat.page.reload()
    assert chat.lines == written


def test_going_on_elsewhere_is_told_here_and_one_can_come_back(browser: Browser, site: RunningSite) -> None:
    here = ChatBrowser(browser, site)
    here.write("hello")
    here.wait_for_line("assistant", "final")
    elsewhere = ChatBrowser(browser, site)
    elsewhere.page.goto(here.page.url)
    elsewhere.write("what did I say")
    elsewhere.wait_for_line("assistant", "final", 2)
    here.page.wait_for_selector(".notice")
    assert "goes on in another window" in here.page.inner_text(".notice")
    here.write("hello again")
    here.wait_for_line("assistant", "final", 2)
    assert here.page.locator(".notice").count() == 0


def test_another_tab_of_the_browser_learns_of_a_new_conversation(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site)
    other = chat.page.context.new_page()
    other.goto("/chat")
    chat.write("say the tab in the corner")
    other.wait_for_selector("text=the tab in the corner")


def test_a_conversation_deleted_elsewhere_is_told_at_once(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site)
    chat.write("hello")
    chat.wait_for_line("assistant", "final")
    program = entrance_to(site)
    conversation = chat.page.url.rpartition("/")[2]
    headers = {"Authorization": f"Bearer {program.access_token()}"}
    httpx.delete(f"{site.url}/api/conversations/{conversation}/", headers=headers).raise_for_status()
    chat.page.wait_for_selector("text=This conversation was deleted.", timeout=3_000)
    assert chat.page.is_hidden("text=Try again")


def test_a_server_that_stops_is_told_and_what_was_said_stays(browser: Browser, tmp_path: Path) -> None:
    with site_home(tmp_path) as home, running_site(home) as site:
        chat = ChatBrowser(browser, site)
        chat.write("hello")
        chat.wait_for_line("assistant", "final")
        site.stop()
        chat.page.wait_for_selector(".notice")
        assert chat.page.locator(".notice").count() == 1
        assert chat.page.is_visible("text=Try again")
        assert len(chat.lines) == 2
        chat.write("are you there")
        chat.page.wait_for_selector("text=The server could not be reached.")
        assert chat.lines[-1]["status"] == "unsent"


def test_a_drawer_holds_the_conversations_on_a_phone(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site, viewport={"width": 390, "height": 800})
    assert chat.page.is_hidden("a.sidebar__new")
    chat.page.click("[data-part=drawer-button]")
    chat.page.wait_for_selector("a.sidebar__new")
    chat.page.keyboard.press("Escape")
    chat.page.wait_for_selector("a.sidebar__new", state="hidden")
    width = chat.page.evaluate("() => document.documentElement.scrollWidth")
    assert width == 390, "the page is wider than the phone"


def test_finals_are_announced_once_and_partial_words_are_not(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site)
    chat.write("what is 2 + 2")
    chat.wait_for_line("assistant", "final")
    announcer = chat.page.locator("[data-part=announcer]")
    assert announcer.get_attribute("aria-live") == "polite"
    told = announcer.locator("p").all_inner_texts()
    assert told == ["You: what is 2 + 2", f"Assistant: {chat.lines[1]['text']}"]
    assert chat.page.get_attribute("[data-part=log]", "aria-live") == "off"
