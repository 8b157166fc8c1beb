"""The assistant goes away and comes back: seen from the page, whose own socket stays."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.support.chat_browser import ChatBrowser, browser_with
from tests.support.running_site import running_site
from tests.support.scripted_steps import Drop, Gate
from tests.support.scripted_turns import answer_begun, set_up, typed_turn
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.site_home import site_home

pytestmark = pytest.mark.e2e


@pytest.fixture
def browser(playwright: Playwright, chromium: Path) -> Iterator[Browser]:
    with browser_with(playwright, chromium) as running:
        yield running


def test_an_answer_that_breaks_off_is_told_and_the_talk_goes_on_in_the_same_socket(
    browser: Browser, tmp_path: Path
) -> None:
    asked = typed_turn("")[:-1]
    first = [
        *set_up(),
        *typed_turn("Good morning to you."),
        *asked,
        answer_begun("It is best to rest and drink enough", words=5),
        Gate("lost"),
        Drop(),
    ]
    second = [Gate("back"), *set_up(), *typed_turn("Rest and water.")]
    with ScriptedUpstream(first, second) as upstream, site_home(tmp_path) as home:
        provider = {
            "REALTIME_PROVIDER": "openai",
            "OPENAI_API_KEY": "a-key-of-this-test",
            "REALTIME_BASE_URL": upstream.url,
        }
        with running_site(home, provider) as site:
            chat = ChatBrowser(browser, site)
            chat.write("good morning")
            chat.wait_for_line("assistant", "final")
            chat.write("what helps against a cold")
            chat.page.wait_for_function(
                "() => document.querySelector('.stage').innerText.includes('It is best to rest')"
            )
            upstream.open_gate("lost")
            chat.wait_for_line("assistant", "interrupted")
            chat.page.wait_for_selector(".notice >> text=Reconnecting to the assistant…")
            assert chat.session("phase") == "reconnecting"
            chat.write("and what else")
            assert chat.lines[-1]["text"] == "and what else"
            upstream.open_gate("back")
            chat.wait_for_line("assistant", "final", 2)
            assert chat.page.locator(".notice").count() == 0
            assert len(chat.sockets) == 1
            spoken = [(line["role"], line["status"], line["text"]) for line in chat.lines]
            assert spoken == [
                ("user", "final", "good morning"),
                ("assistant", "final", "Good morning to you."),
                ("user", "final", "what helps against a cold"),
                ("assistant", "interrupted", "It is best to rest"),
                ("user", "final", "and what else"),
                ("assistant", "final", "Rest and water."),
            ]
            assert re.search(r"(\$|tokens).* so far", chat.page.inner_text("[data-part=figures-button]"))
            assert chat.session("usage.tokens") > 0
            shown = chat.lines
            chat.wait_until_saved()
            chat.page.reload()
            assert chat.lines == shown
            assert chat.complaints == []
