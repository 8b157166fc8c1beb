"""The list of conversations on the chat page: searched, renamed, deleted, taken out, and the same in every window."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.known_visitor import KnownVisitor
from tests.support.accessibility import violations
from tests.support.chat_browser import ChatBrowser, windows_of
from tests.support.live_site import entrance_to
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e


@pytest.fixture
def browser(chromium_browser: Browser) -> Iterator[Browser]:
    with windows_of(chromium_browser) as own:
        yield own


@pytest.fixture(scope="module")
def chat_with_one(chromium_browser: Browser, site: RunningSite) -> Iterator[ChatBrowser]:
    """A window in which one conversation is open, for all tests that only look."""
    chat = KnownVisitor(chromium_browser, site)
    talk_about(chat, "sage")
    yield chat
    chat.page.context.close()


def talk_about(chat: ChatBrowser, *subjects: str) -> None:
    """One conversation for each subject; the last stays open."""
    for subject in subjects:
        chat.page.goto("/chat")
        chat.write(f"say {subject}")
        chat.wait_for_line("assistant", "final")
        chat.wait_until_saved()
        chat.page.wait_for_selector(f"a.entry[aria-current] >> text={subject}")


def another_tab(chat: ChatBrowser) -> Page:
    """The same conversation in a second tab. The first one stays in front: the other gets a frame a second."""
    other = chat.page.context.new_page()
    other.goto(chat.page.url)
    chat.page.bring_to_front()
    return other


def titles(page: Page) -> list[str]:
    return page.locator(".entry__title").all_inner_texts()


def choose(page: Page, title: str, choice: str) -> None:
    """Pick from the menu of an entry."""
    page.hover(f".entry-row:has-text('{title}')")
    page.click(f".entry-row:has-text('{title}') .entry__more")
    page.click(f"[data-part=conversation-menu] [data-choice={choice}]")


def test_what_was_said_is_found_again(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    talk_about(chat, "lavender tea")
    chat.write("say chamomile flowers calm people down")
    chat.wait_for_line("assistant", "final", 2)
    chat.wait_until_saved()
    talk_about(chat, "rosemary bread")
    page = chat.page
    page.fill("#search-field", "LAVENDER tea")
    page.wait_for_selector("text=1 conversation found")
    wait_for_value(page, lambda: titles(page), ["say lavender tea"])
    page.fill("#search-field", "Chamomile")
    page.wait_for_selector(".entry__excerpt >> text=flowers calm people down")
    wait_for_value(page, page.locator(".entry__excerpt mark").all_inner_texts, ["chamomile"])
    page.fill("#search-field", "lavender tea nobody spoke of")
    page.wait_for_selector("text=Nothing was found for")
    wait_for_value(page, lambda: titles(page), [])
    expect(page.locator("[data-part=found]")).to_have_attribute("role", "status")
    page.press("#search-field", "Escape")
    page.wait_for_selector("text=rosemary bread")
    expect(page.locator("#search-field")).to_have_value("")
    expect(page.locator("[data-part=found]")).to_have_text("", use_inner_text=True)
    expect(page.locator(".entry__excerpt:visible")).to_have_count(0)
    assert chat.complaints == []


def test_a_new_title_is_seen_everywhere_and_the_focus_stays(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    talk_about(chat, "the old name")
    other = another_tab(chat)
    choose(chat.page, "the old name", "rename")
    field = chat.page.locator(".title-field")
    expect(field).to_have_value("say the old name")
    field.fill("Not this one")
    field.press("Escape")
    expect(chat.page.locator(".entry__title >> text=/^say the old name$/")).to_be_visible()
    choose(chat.page, "the old name", "rename")
    field.fill("Knees and stairs")
    field.press("Enter")
    for page in (chat.page, other):
        page.wait_for_function("() => document.querySelector('h1').textContent === 'Knees and stairs'")
        page.wait_for_selector(".entry-item:first-child .entry__title >> text=/^Knees and stairs$/")
        page.wait_for_function("() => document.title === 'Knees and stairs · VoiceAssist'")
    focused = "name => document.activeElement.getAttribute('aria-label') === name"
    chat.page.wait_for_function(focused, arg="Options for Knees and stairs")
    chat.page.click(".header__more")
    chat.page.click("[data-part=conversation-menu] [data-choice=rename]")
    chat.page.fill(".title-field", "Stairs")
    chat.page.press(".title-field", "Enter")
    other.wait_for_selector(".entry__title >> text=/^Stairs$/")
    chat.page.wait_for_function(focused, arg="Options for this conversation")
    assert chat.complaints == []


def test_what_is_deleted_is_asked_about_first_and_gone_in_every_window(
    browser: Browser, site: RunningSite
) -> None:
    chat = KnownVisitor(browser, site)
    talk_about(chat, "a first thing to forget", "a second thing to forget")
    page = chat.page
    other = another_tab(chat)
    choose(page, "a first thing", "delete")
    page.wait_for_selector("[role=alertdialog] >> text=a first thing to forget")
    wait_for_value(page, "() => document.activeElement.textContent", "Keep it")
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.closest('[role=alertdialog]') !== null")
    page.keyboard.press("Escape")
    expect(page.locator("[role=alertdialog]")).to_be_hidden()
    expect(page.locator(".entry__title >> text=/^say a first thing to forget$/")).to_be_visible()
    choose(page, "a first thing", "delete")
    page.click("[role=alertdialog] [data-part=confirm]")
    for each in (page, other):
        each.wait_for_selector(".entry__title >> text=a first thing to forget", state="detached")
    assert page.url.endswith(other.url.rpartition("/")[2]), "the open one stays open"

    choose(page, "a second thing", "delete")
    page.click("[role=alertdialog] [data-part=confirm]")
    page.wait_for_url(re.compile(r"/chat$"))
    wait_for_value(page, lambda: [title for title in titles(page) if "thing to forget" in title], [])
    other.wait_for_selector(".notice >> text=This conversation was deleted.")
    expect(other.locator("h1")).to_have_text("Deleted conversation", use_inner_text=True)
    expect(other.locator("#composer-field")).to_be_disabled()
    expect(other.locator("[data-part=actions]")).to_be_hidden()
    other.click(".notice >> text=New conversation")
    other.wait_for_url(re.compile(r"/chat$"))
    assert chat.complaints == []


def test_a_conversation_is_taken_out_in_four_forms(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    talk_about(chat, "chamomile")
    page = chat.page
    for form, begins in (("txt", ""), ("md", "#"), ("json", "{"), ("vtt", "WEBVTT")):
        page.click("[data-part=export]")
        with page.expect_download() as taken:
            page.click(f"[data-part=export-menu] [data-choice={form}]")
        assert taken.value.suggested_filename.endswith(f".{form}")
        written = taken.value.path().read_text(encoding="utf-8")
        assert written.lstrip("\ufeff").startswith(begins)
        assert "chamomile" in written
        expect(page.locator("[data-part=export-menu]")).to_be_hidden()
    assert chat.complaints == []


def test_a_long_list_is_shown_page_by_page(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    talk_about(chat, "one", "two", "three", "four", "five")
    page = chat.page
    # The same server, asked for smaller pages: nobody has to speak a hundred times.
    page.route(
        "**/api/conversations/?page_size=100*",
        lambda route: route.continue_(url=route.request.url.replace("page_size=100", "page_size=2")),
    )
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    page.wait_for_selector("[data-part=more-button]:not([hidden])")
    wait_for_value(page, lambda: titles(page), ["say five", "say four"])
    page.focus("[data-part=more-button]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".entry__title >> text=say two")
    wait_for_value(page, lambda: titles(page), ["say five", "say four", "say three", "say two"])
    # One goes on with what came.
    page.wait_for_function("() => document.activeElement.textContent.includes('say three')")
    page.focus("[data-part=more-button]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".entry__title >> text=say one")
    page.wait_for_function("() => document.activeElement.textContent.includes('say one')")


@pytest.mark.parametrize(
    "opened", [".header__more", "[data-part=export]", "a.entry[aria-current] ~ .entry__more"]
)
def test_an_open_menu_stands_where_it_is_found(chat_with_one: ChatBrowser, opened: str) -> None:
    page = chat_with_one.page
    page.focus(opened)
    page.keyboard.press("Enter")
    page.wait_for_selector("pop-menu:not([hidden])")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(opened)).to_be_focused()


def test_another_device_learns_when_it_is_looked_at_and_unchanged_lists_cost_nothing(
    browser: Browser, site: RunningSite
) -> None:
    chat = KnownVisitor(browser, site)
    talk_about(chat, "peppermint")
    elsewhere = KnownVisitor(browser, site)
    look = "() => window.dispatchEvent(new Event('focus'))"
    listed = re.compile(r"/api/conversations/\?page_size=100$")
    statuses = []
    # A window that has just been opened looks by itself, too.
    for _ in range(3):
        with elsewhere.page.expect_response(listed) as answered:
            elsewhere.page.evaluate(look)
        statuses.append(answered.value.status)
    assert statuses[-1] == 304
    token = entrance_to(site).access_token()
    address = f"{site.url}/api/conversations/{chat.page.url.rpartition('/')[2]}/"
    changed = httpx.patch(address, json={"title": "Mint"}, headers={"Authorization": f"Bearer {token}"})
    changed.raise_for_status()
    elsewhere.page.evaluate(look)
    elsewhere.page.wait_for_selector(".entry__title >> text=/^Mint$/")


def test_what_cannot_be_done_is_told_in_the_list(browser: Browser, site: RunningSite) -> None:
    chat = KnownVisitor(browser, site)
    talk_about(chat, "thyme")
    chat.page.route("**/api/conversations/*/", lambda route: route.abort())
    choose(chat.page, "thyme", "rename")
    chat.page.fill(".title-field", "Never")
    chat.page.press(".title-field", "Enter")
    chat.page.wait_for_selector(".conversations__trouble >> text=could not be reached")
    chat.page.wait_for_selector(".entry__title >> text=say thyme")
