"""Every page against WCAG 2.2 AA with axe-core, light and dark."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.known_visitor import KnownVisitor
from tests.support.accessibility import violations
from tests.support.chat_browser import ChatBrowser
from tests.support.running_site import RunningSite
from tests.support.site_with_a_past import Past, past_of

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def past(site: RunningSite) -> Past:
    return past_of(site)


@pytest.fixture(scope="module")
def chat(chromium_browser: Browser, site: RunningSite, past: Past) -> ChatBrowser:
    """One window for all pages, signed in as somebody who may see the admin."""
    return KnownVisitor(chromium_browser, site)


@pytest.fixture(scope="module")
def stranger(chromium_browser: Browser, site: RunningSite) -> Page:
    return chromium_browser.new_context(base_url=site.url).new_page()


@pytest.mark.parametrize("path", ["/login", "/signup"])
def test_pages_for_strangers(stranger: Page, path: str) -> None:
    stranger.goto(path)
    assert violations(stranger) == []


def test_a_refused_sign_in(stranger: Page) -> None:
    stranger.goto("/login")
    stranger.fill("#id_username", "nobody")
    stranger.fill("#id_password", "wrong")
    stranger.press("#id_password", "Enter")
    stranger.wait_for_selector("[role=alert]")
    assert violations(stranger) == []


@pytest.mark.parametrize("path", ["/chat", "/settings", "/voice-test", "/nowhere"])
def test_pages_of_a_person(chat: ChatBrowser, path: str) -> None:
    chat.page.goto(path)
    assert violations(chat.page) == []


def test_a_conversation_with_lines_of_every_kind(chat: ChatBrowser, past: Past) -> None:
    chat.page.goto(f"/chat/{past.conversation}")
    kinds = {(line["role"], line["modality"], line["status"]) for line in chat.lines}
    assert {status for _, _, status in kinds} == {"final", "interrupted", "failed", "pending"}
    assert violations(chat.page) == []


def test_the_voice_panel_and_how_it_ends(chat: ChatBrowser) -> None:
    chat.page.goto("/chat")
    chat.start_voice()
    chat.wait_for_phase("listening")
    assert violations(chat.page) == []
    chat.page.click("[data-part=options-button]")
    expect(chat.page.locator("#voice-options")).to_be_visible()
    assert violations(chat.page) == []
    chat.page.click("[data-part=end]")
    chat.wait_for_phase("ended")
    expect(chat.page.locator("voice-mode-panel")).to_be_hidden()
    assert violations(chat.page) == []


ADMIN = (
    "/admin/",
    "/admin/conversations/conversation/",
    "/admin/conversations/conversation/{reviewed}/change/",
    "/admin/realtime/voicesession/",
    "/admin/realtime/voicesession/{session}/change/",
    "/admin/realtime/voicesession/usage/",
)


@pytest.mark.parametrize("path", ADMIN)
def test_pages_of_the_admin(chat: ChatBrowser, past: Past, path: str) -> None:
    chat.page.goto(path.format(reviewed=past.reviewed, session=past.session.replace("_", "_5F")))
    # Django's own field for searching, whose label is a picture of a lens.
    assert violations(chat.page, leave_out=["#searchbar"]) == []


def test_the_papers_of_the_api(chat: ChatBrowser) -> None:
    chat.page.goto("/api/docs/")
    chat.page.get_by_text("/api/conversations/", exact=True).first.wait_for()
    # What Swagger UI draws is not ours: its colours, its buttons within buttons.
    assert violations(chat.page, leave_out=["#swagger-ui"]) == []
