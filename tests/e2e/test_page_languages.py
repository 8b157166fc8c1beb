"""In the browser: a page in German with its scripts, the choice of a language, and an app that can be installed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect

from tests.support.accessibility import violations
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e
NARROW: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def signed_in(chromium_browser: Browser, site: RunningSite) -> StorageState:
    """The cookies of somebody who has signed in; once, since a password is slow to check on purpose."""
    context = chromium_browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/login")
    page.fill("#id_username", site.username)
    page.fill("#id_password", site.password)
    page.click(".form button")
    page.wait_for_url("**/chat")
    cookies = context.storage_state()
    context.close()
    return cookies


@contextmanager
def german(
    chromium_browser: Browser, site: RunningSite, cookies: StorageState | None = None
) -> Iterator[Page]:
    """A narrow window whose browser asks for German, and which complained of nothing in the end."""
    context = chromium_browser.new_context(
        base_url=site.url, locale="de-DE", viewport=NARROW, storage_state=cookies
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type != "log" else None)
    yield page
    context.close()
    # The one complaint is Chromium's own, of the status of a page that is not there.
    assert [each for each in complaints if "404" not in each] == []


def sideways(page: Page) -> int:
    """How many pixels of the page lie beyond the window's right edge."""
    beyond: int = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return beyond


def test_what_scripts_say_is_german_on_a_german_page(
    chromium_browser: Browser, site: RunningSite, signed_in: StorageState
) -> None:
    with german(chromium_browser, site, signed_in) as page:
        page.goto("/chat")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        page.fill("#composer-field", "what time is it")
        page.press("#composer-field", "Enter")
        # Written by a script, not by the server: the mark of a line that has just been typed.
        page.wait_for_selector(".line--user >> text=getippt")
        expect(page.locator(".line--user >> text=typed")).to_have_count(0)


def test_the_choice_of_a_language_holds_from_page_to_page(
    chromium_browser: Browser, site: RunningSite
) -> None:
    with german(chromium_browser, site) as page:
        page.goto("/login")
        expect(page.locator("h1")).to_have_text("Anmelden", use_inner_text=True)
        page.click("text=English")
        page.wait_for_selector("h1 >> text=Sign in")
        expect(page.locator("[name=language][value=en]")).to_have_attribute("aria-current", "true")
        page.goto("/nothing")
        expect(page.locator("h1")).to_have_text("There is nothing here", use_inner_text=True)


def test_a_mistake_is_where_the_cursor_is(chromium_browser: Browser, site: RunningSite) -> None:
    with german(chromium_browser, site) as page:
        page.goto("/login")
        page.fill("#id_username", "nobody")
        page.fill("#id_password", "nothing")
        page.click(".form button")
        page.wait_for_selector(".form__error")
        expect(page).to_have_title(re.compile("^Nicht angemeldet"))
        field = page.locator("#id_password")
        expect(field).to_be_focused()
        told = page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text()
        assert told.startswith("Benutzername und Passwort gehören nicht zusammen.")


def test_the_pages_of_one_card_are_fit_for_everybody_in_light_and_dark(
    chromium_browser: Browser, site: RunningSite
) -> None:
    with german(chromium_browser, site) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for path in ("/login", "/nothing"):
                page.goto(path)
                assert violations(page) == [], (path, scheme)


def test_long_words_push_no_page_out_of_a_phone(
    chromium_browser: Browser, site: RunningSite, signed_in: StorageState
) -> None:
    with german(chromium_browser, site) as page:
        page.set_viewport_size({"width": 320, "height": 640})
        for path in ("/login", "/nothing"):
            page.goto(path)
            assert sideways(page) == 0, path
    with german(chromium_browser, site, signed_in) as page:
        for path in ("/chat", "/settings", "/voice-test"):
            page.goto(path)
            assert sideways(page) == 0, path


def test_nothing_stands_in_the_way_of_installing(
    chromium_browser: Browser, site: RunningSite, signed_in: StorageState
) -> None:
    with german(chromium_browser, site, signed_in) as page:
        page.goto("/chat")
        devtools = page.context.new_cdp_session(page)
        errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
        # The windows that tests open are private ones, and from those nothing is installed.
        assert [each["errorId"] for each in errors if each["errorId"] != "in-incognito"] == []
        manifest = devtools.send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert '"lang": "de"' in manifest["data"]
        workers = "() => navigator.serviceWorker.getRegistrations().then(all => all.length)"
        wait_for_value(page, workers, 0)
