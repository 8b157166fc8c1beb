"""The chat page without a mouse, from the sign-in to the sign-out; and its drawer on a phone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chat_browser import ChatBrowser, windows_of
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e

FOCUS_IS_SEEN = """() => {
    const focused = document.activeElement;
    const style = getComputedStyle(focused);
    if (parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== "none") {
        return true;
    }
    return focused.id === "composer-field" && getComputedStyle(focused.closest("form")).boxShadow !== "none";
}"""
"""The field is the one that has its ring around the whole form."""


@pytest.fixture
def browser(chromium_browser: Browser) -> Iterator[Browser]:
    with windows_of(chromium_browser) as own:
        yield own


def tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """Press Tab until the focus is there, and see on the way that it is always somewhere and always shown."""
    for _ in range(60):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
        assert page.evaluate(FOCUS_IS_SEEN), page.evaluate("() => document.activeElement.outerHTML")
    pytest.fail(f"Tab never comes to {selector}")


def test_everything_can_be_done_with_the_keyboard(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site, sign_in=False)
    page, keys = chat.page, chat.page.keyboard
    page.goto("/login")
    tab_to(page, "#id_username")
    keys.type(site.username)
    tab_to(page, "#id_password")
    keys.type(site.password)
    keys.press("Enter")
    page.wait_for_url("**/chat")

    page.wait_for_selector("#composer-field:not([disabled])")
    tab_to(page, ".skip")
    keys.press("Enter")
    tab_to(page, "#composer-field")
    keys.type("say basil and mint")
    keys.press("Enter")
    chat.wait_for_line("assistant", "final")
    chat.wait_until_saved()

    tab_to(page, "[data-part=voice]")
    keys.press("Enter")
    page.wait_for_selector("voice-mode-panel:not([hidden])")
    wait_for_value(page, "() => document.activeElement.localName", "voice-mode-panel")
    wait_for_value(page, FOCUS_IS_SEEN, True)
    chat.wait_for_phase("listening")
    keys.press("Escape")
    page.wait_for_selector(".notice >> text=Voice mode ended after")
    tab_to(page, "[data-part=voice]")

    page.wait_for_selector("a.entry[aria-current]")
    tab_to(page, ".header__more", back=True)
    keys.press("Enter")
    wait_for_value(page, "() => document.activeElement.dataset.choice", "rename")
    keys.press("Enter")
    keys.type("Herbs")
    keys.press("Enter")
    page.wait_for_function("() => document.querySelector('h1').textContent === 'Herbs'")
    page.wait_for_selector(".entry__title >> text=/^Herbs$/")

    wait_for_value(page, "() => document.activeElement.matches('.header__more')", True)
    tab_to(page, ".header__export", back=True)
    keys.press("ArrowDown")
    wait_for_value(page, "() => document.activeElement.dataset.choice", "txt")
    keys.press("ArrowDown")
    wait_for_value(page, "() => document.activeElement.dataset.choice", "md")
    with page.expect_download() as taken:
        keys.press("Enter")
    assert "basil and mint" in taken.value.path().read_text(encoding="utf-8")
    wait_for_value(page, "() => document.activeElement.matches('.header__export')", True)

    tab_to(page, "a.entry[aria-current] ~ .entry__more", back=True)
    keys.press("Enter")
    keys.press("ArrowUp")
    wait_for_value(page, "() => document.activeElement.dataset.choice", "delete")
    keys.press("Enter")
    page.wait_for_selector("[role=alertdialog]")
    tab_to(page, "[data-part=confirm]")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/chat$"))
    page.wait_for_selector("#search-field:not([disabled])")
    expect(page.locator(".entry__title >> text=/^Herbs$/")).to_have_count(0)

    tab_to(page, "summary")
    keys.press("Enter")
    tab_to(page, ".account button")
    keys.press("Enter")
    page.wait_for_url("**/login*")
    assert chat.complaints == []


def test_what_is_behind_the_drawer_cannot_be_reached(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site, viewport={"width": 390, "height": 800}, has_touch=True)
    page = chat.page
    page.click("[data-part=drawer-button]")
    page.wait_for_selector("a.sidebar__new")
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.closest('side-drawer') !== null")
    expect(page.locator("main")).to_have_attribute("aria-hidden", "true")
    page.keyboard.press("Escape")
    page.wait_for_selector("a.sidebar__new", state="hidden")
    expect(page.locator("main")).not_to_have_attribute("aria-hidden", re.compile(".*"))
    wait_for_value(page, "() => document.activeElement.dataset.part", "drawer-button")
    page.click("[data-part=drawer-button]")
    page.mouse.click(380, 400)
    page.wait_for_selector("a.sidebar__new", state="hidden")


def test_on_a_phone_everything_is_on_the_screen_and_large_enough(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site, viewport={"width": 360, "height": 740}, has_touch=True)
    page = chat.page
    chat.write("say " + "a long word: " + "m" * 90)
    chat.wait_for_line("assistant", "final")
    page.wait_for_selector("a.entry[aria-current]", state="attached")
    wait_for_value(page, "() => document.documentElement.scrollWidth", 360)
    page.click("[data-part=drawer-button]")
    page.wait_for_selector("a.sidebar__new")
    small = page.evaluate(
        """() => Array.from(document.querySelectorAll("a, button, input, textarea, summary"))
            .map(element => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
            .filter(([, box]) => box.width > 0 && box.bottom > 0 && (box.width < 24 || box.height < 24))
            .map(([markup]) => markup)"""
    )
    assert small == []
