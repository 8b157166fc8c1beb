"""The first socket of a session is turned away, since the server is full: the page tries again and loses no word."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.e2e.conftest import site_beside
from tests.e2e.known_visitor import KnownVisitor
from tests.support.chat_browser import SESSION, browser_with, microphone_file
from tests.support.running_site import RunningSite

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def full(site: RunningSite) -> Iterator[RunningSite]:
    """A site that takes one socket at a time."""
    with site_beside(site, {"REALTIME_SOCKETS": "1"}) as small:
        yield small


@pytest.fixture
def browser(playwright: Playwright, chromium: Path, tmp_path: Path) -> Iterator[Browser]:
    """A Chromium whose microphone hears somebody half a second after it was opened."""
    microphone = microphone_file(tmp_path / "microphone.wav", [0.5, "goforward.wav", 60.0])
    with browser_with(playwright, chromium, microphone) as running:
        yield running


def test_what_is_said_while_a_full_server_turns_the_page_away_is_heard_once_there_is_room(
    browser: Browser, full: RunningSite
) -> None:
    first = KnownVisitor(browser, full)
    first.write("good morning")
    first.wait_for_line("assistant", "final")
    assert len(first.sockets) == 1

    second = KnownVisitor(browser, full)
    second.start_voice()
    second.page.wait_for_function(f"() => {SESSION}.status === 'connecting' && {SESSION}.levels.user > 0.05")
    second.page.wait_for_selector("voice-mode-panel >> text=Connecting…")
    assert second.page.locator(".notice").count() == 0
    first.page.context.close()

    second.wait_for_phase("listening")
    second.wait_for_line("user", "final")
    second.wait_for_line("assistant", "final")
    assert [line["text"] for line in second.lines if line["role"] == "user"] == ["go forward ten meters"]
    assert second.session("figures.reconnects") == 0
    assert len(second.sockets) > 1
    second.wait_until_saved()
    asked = [said for said in second.complaints if "503" not in said]
    assert asked == [], (
        "the browser itself tells of each handshake that was turned away, and there is nothing else"
    )
