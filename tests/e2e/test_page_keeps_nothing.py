"""What the browser keeps of somebody: how their devices are set, and not a word. Nothing works after signing out."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.chat_browser import ChatBrowser, windows_of
from tests.support.running_site import RunningSite

pytestmark = pytest.mark.e2e

CANARY = "zeppelin custard"
"""Words that are nowhere in the project, and that the built-in responder repeats when it is told to say them."""
KEPT = """async () => JSON.stringify([
    {...localStorage}, {...sessionStorage}, document.cookie,
    await indexedDB.databases(), await caches.keys(),
    (await navigator.serviceWorker?.getRegistrations() ?? []).length,
])"""


@pytest.fixture
def browser(chromium_browser: Browser) -> Iterator[Browser]:
    with windows_of(chromium_browser) as own:
        yield own


def test_no_word_no_ticket_and_no_session_is_kept(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site)
    with chat.page.expect_response("**/realtime-session") as asked:
        chat.write(f"say {CANARY}")
    ticket = asked.value.json()["api_key"]
    chat.wait_for_line("assistant", "final")
    assert CANARY in chat.lines[1]["text"], "the canary was alive"
    assert ticket
    local, session, cookies, databases, caches, workers = json.loads(chat.page.evaluate(KEPT))
    assert set(local) <= {"voiceassist.devices", "voiceassist.debug"}
    assert (session, databases, caches, workers) == ({}, [], [], 0)
    assert "sessionid" not in cookies, "scripts do not see who is signed in"
    for secret in (CANARY, ticket):
        assert secret not in json.dumps([local, cookies])
    assert not any("ek_" in address or "api_key" in address for address in chat.sockets)


def test_after_signing_out_going_back_shows_nothing(browser: Browser, site: RunningSite) -> None:
    chat = ChatBrowser(browser, site)
    chat.write(f"say {CANARY}")
    chat.wait_for_line("assistant", "final")
    chat.page.evaluate("() => document.querySelector('form[action=\"/logout\"]').requestSubmit()")
    chat.page.wait_for_url("**/login*")
    chat.page.go_back()
    chat.page.wait_for_load_state()
    assert CANARY not in chat.page.content()
    chat.page.wait_for_url(re.compile(r"/login\b"))
