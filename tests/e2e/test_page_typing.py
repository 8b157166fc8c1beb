"""Typing on the chat page, and what it tells when something goes wrong."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.known_visitor import KnownVisitor
from tests.support.chat_browser import windows_of
from tests.support.live_site import entrance_to
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e


@pytest.fixture
def browser(chromium_browser: Browser) -> Iterator[Browser]:
    with windows_of(chromium_browser) as own:
        yield own


def test_a_typed_turn_shows_at_once_and_is_answered_in_writing(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    chat.write("what is twelve plus thirty")
    wait_for_value(chat.page, lambda: chat.lines[0]["text"], "what is twelve plus thirty")
    chat.wait_for_line("assistant", "final")
    assert "42" in chat.lines[1]["text"]
    wait_for_value(chat.page, lambda: chat.lines[1]["modality"], "text")
    chat.page.wait_for_url(re.compile(r"/chat/[0-9a-f-]{36}$"))
    chat.page.wait_for_selector("a.entry[aria-current]")
    expect(chat.page.locator("a.entry[aria-current]")).to_contain_text(
        "what is twelve plus thirty", use_inner_text=True
    )
    expect(chat.page.locator("h1")).to_have_text("what is twelve plus thirty", use_inner_text=True)
    assert chat.complaints == []


def test_enter_sends_and_shift_enter_begins_a_new_line(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    field = chat.page.locator("#composer-field")
    field.press_sequentially("one")
    field.press("Shift+Enter")
    field.press_sequentially("two")
    assert chat.lines == []
    field.press("Enter")
    wait_for_value(chat.page, lambda: chat.lines[0]["text"], "one\ntwo")
    expect(field).to_have_value("")
    field.press("Enter")
    assert len([line for line in chat.lines if line["role"] == "user"]) == 1, "an empty message is none"


def test_what_is_written_is_never_markup(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    attack = 'say <img src=x onerror="window.hit=1"></p><script>window.hit=1</script>'
    chat.write(attack)
    chat.wait_for_line("assistant", "final")
    wait_for_value(chat.page, lambda: chat.lines[0]["text"], attack)
    chat.wait_until_saved()
    chat.page.reload()
    wait_for_value(chat.page, lambda: chat.lines[0]["text"], attack)
    assert chat.page.evaluate("() => window.hit") is None
    expect(chat.page.locator(".line img")).to_have_count(0)


def test_several_turns_use_one_socket_and_stand_in_order(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    for number, text in enumerate(("hello", "what is 2 + 2", "what did I say"), start=1):
        chat.write(text)
        chat.wait_for_line("assistant", "final", number)
    wait_for_value(chat.page, lambda: len(chat.sockets), 1)
    wait_for_value(chat.page, lambda: [line["role"] for line in chat.lines], ["user", "assistant"] * 3)
    written = chat.lines
    chat.wait_until_saved()
    chat.page.reload()
    wait_for_value(chat.page, lambda: chat.lines, written)


def test_going_on_elsewhere_is_told_here_and_one_can_come_back(browser: Browser, site: RunningSite) -> None:
    here = KnownVisitor(browser, site)
    here.write("hello")
    here.wait_for_line("assistant", "final")
    elsewhere = KnownVisitor(browser, site)
    elsewhere.page.goto(here.page.url)
    elsewhere.write("what did I say")
    elsewhere.wait_for_line("assistant", "final", 2)
    here.page.wait_for_selector(".notice")
    expect(here.page.locator(".notice")).to_contain_text("goes on in another window", use_inner_text=True)
    here.write("hello again")
    here.wait_for_line("assistant", "final", 2)
    expect(here.page.locator(".notice")).to_have_count(0)


def test_another_tab_of_the_browser_learns_of_a_new_conversation(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    other = chat.page.context.new_page()
    other.goto("/chat")
    chat.write("say the tab in the corner")
    other.wait_for_selector("text=the tab in the corner")


def test_a_conversation_deleted_elsewhere_is_told_at_once(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    chat.write("hello")
    chat.wait_for_line("assistant", "final")
    program = entrance_to(site)
    conversation = chat.page.url.rpartition("/")[2]
    headers = {"Authorization": f"Bearer {program.access_token()}"}
    httpx.delete(f"{site.url}/api/conversations/{conversation}/", headers=headers).raise_for_status()
    chat.page.wait_for_selector("text=This conversation was deleted.", timeout=3_000)
    chat.page.wait_for_selector("#composer-field[disabled]")
    expect(chat.page.get_by_role("button", name="Try again")).to_have_count(0)
    expect(chat.page.locator("[data-part=voice]")).to_be_hidden()
    expect(chat.page.locator("record-switch")).to_be_hidden()
    expect(chat.page.locator("[data-part=actions]")).to_be_hidden()
    wait_for_value(chat.page, "() => document.activeElement.textContent", "New conversation")
    chat.page.keyboard.press("Enter")
    chat.page.wait_for_url(re.compile(r"/chat$"))
    expect(chat.page.locator("#composer-field")).to_be_enabled()
    assert chat.complaints == []


def test_whoever_signed_out_elsewhere_is_led_to_the_sign_in_and_back(
    browser: Browser, site: RunningSite
) -> None:
    chat = KnownVisitor(browser, site)
    chat.write("hello")
    chat.wait_for_line("assistant", "final")
    conversation = chat.page.url
    other = chat.page.context.new_page()
    other.goto("/chat")
    other.click("summary")
    other.click("text=Sign out")
    other.wait_for_url("**/login*")
    chat.page.wait_for_selector(".notice >> text=Sign in again")
    expect(chat.page.locator("#composer-field")).to_be_disabled()
    chat.page.click(".notice >> role=link[name='Sign in']")
    chat.page.fill("#id_username", site.username)
    chat.page.fill("#id_password", site.password)
    chat.page.press("#id_password", "Enter")
    chat.page.wait_for_url(conversation)


def test_a_panel_that_cannot_be_fetched_is_told_where_it_was_asked_for(
    browser: Browser, site: RunningSite
) -> None:
    chat = KnownVisitor(browser, site)
    panel = re.compile(r"voice-mode-panel[.\w]*\.js")
    chat.page.route(panel, lambda route: route.abort())
    for _ in range(2):
        chat.page.click("[data-part=voice]")
        chat.page.wait_for_selector("dock-notice >> text=Connecting…")
        chat.page.wait_for_selector("dock-notice >> text=The server could not be reached.")
        expect(chat.page.locator("[data-part=voice]"), "or one cannot press it again").to_be_visible()
    wait_for_value(chat.page, "() => document.activeElement.textContent", "Start again")
    expect(chat.page.locator(".notice")).to_have_count(0)
    chat.page.unroute(panel)
    chat.page.keyboard.press("Enter")
    chat.page.wait_for_selector("voice-mode-panel:not([hidden])")
    expect(chat.page.locator("dock-notice p:visible")).to_have_count(0)


def test_a_drawer_holds_the_conversations_on_a_phone(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site, viewport={"width": 390, "height": 800})
    expect(chat.page.locator("a.sidebar__new")).to_be_hidden()
    chat.page.click("[data-part=drawer-button]")
    chat.page.wait_for_selector("a.sidebar__new")
    chat.page.keyboard.press("Escape")
    chat.page.wait_for_selector("a.sidebar__new", state="hidden")
    width = chat.page.evaluate("() => document.documentElement.scrollWidth")
    assert width == 390, "the page is wider than the phone"


def test_finals_are_announced_once_and_partial_words_are_not(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    chat.write("what is 2 + 2")
    chat.wait_for_line("assistant", "final")
    announcer = chat.page.locator("[data-part=announcer]")
    expect(announcer).to_have_attribute("aria-live", "polite")
    told = ["You: what is 2 + 2", f"Assistant: {chat.lines[1]['text']}"]
    wait_for_value(chat.page, announcer.locator("p").all_inner_texts, told)
    expect(chat.page.locator("[data-part=log]")).to_have_attribute("aria-live", "off")
