"""The assistant goes away and comes back: seen from the page, whose own socket stays."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import site_beside
from tests.e2e.known_visitor import KnownVisitor
from tests.support.chat_browser import SESSION, windows_of
from tests.support.running_site import RunningSite
from tests.support.scripted_steps import Drop, Gate
from tests.support.scripted_turns import answer_begun, set_up, typed_turn
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e


@pytest.fixture
def browser(chromium_browser: Browser) -> Iterator[Browser]:
    with windows_of(chromium_browser) as own:
        yield own


def test_an_answer_that_breaks_off_is_told_and_the_talk_goes_on_in_the_same_socket(
    browser: Browser, site: RunningSite
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
    with ScriptedUpstream(first, second) as upstream:
        provider = {
            "REALTIME_PROVIDER": "openai",
            "OPENAI_API_KEY": "a-key-of-this-test",
            "REALTIME_BASE_URL": upstream.url,
        }
        with site_beside(site, provider) as paid:
            chat = KnownVisitor(browser, paid)
            chat.write("good morning")
            chat.wait_for_line("assistant", "final")
            chat.write("what helps against a cold")
            chat.page.wait_for_function(
                "() => document.querySelector('.stage').innerText.includes('It is best to rest')"
            )
            upstream.open_gate("lost")
            chat.wait_for_line("assistant", "interrupted")
            chat.page.wait_for_selector(".notice >> text=Reconnecting to the assistant…")
            wait_for_value(chat.page, lambda: chat.session("phase"), "reconnecting")
            chat.write("and what else")
            wait_for_value(chat.page, lambda: chat.lines[-1]["text"], "and what else")
            upstream.open_gate("back")
            chat.wait_for_line("assistant", "final", 2)
            assert chat.page.locator(".notice").count() == 0, "it went before the answer came"
            wait_for_value(chat.page, lambda: len(chat.sockets), 1)
            spoken = [(line["role"], line["status"], line["text"]) for line in chat.lines]
            assert spoken == [
                ("user", "final", "good morning"),
                ("assistant", "final", "Good morning to you."),
                ("user", "final", "what helps against a cold"),
                ("assistant", "interrupted", "It is best to rest"),
                ("user", "final", "and what else"),
                ("assistant", "final", "Rest and water."),
            ]
            expect(chat.page.locator("[data-part=figures-button]")).to_have_text(
                re.compile(r"(\$|tokens).* so far"), use_inner_text=True
            )
            chat.page.wait_for_function(f"() => {SESSION}.usage.tokens > 0")
            shown = chat.lines
            chat.wait_until_saved()
            chat.page.reload()
            wait_for_value(chat.page, lambda: chat.lines, shown)
            assert chat.complaints == []
