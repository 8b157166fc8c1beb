"""The thread of the chat page: partial words cost one change a frame and move nothing, and reading is not disturbed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.known_visitor import KnownVisitor
from tests.support.chat_browser import SESSION, ChatBrowser, windows_of
from tests.support.running_site import RunningSite
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e

TELL = f"""line => {SESSION}.dispatchEvent(new CustomEvent("line", {{detail: {{line, before: ""}}}}))"""
CHANGES_OF_FIFTY = f"""async line => {{
    const heard = document.querySelector(`[data-item="${{line.item_id}}"] [data-part=heard]`);
    let changes = 0;
    const watcher = new MutationObserver(records => {{ changes += records.length; }});
    watcher.observe(heard, {{childList: true, characterData: true, subtree: true}});
    for (let words = 1; words <= 50; words += 1) {{
        const text = Array(words).fill("word").join(" ");
        {SESSION}.dispatchEvent(new CustomEvent("line", {{detail: {{line: {{...line, text}}, before: ""}}}}));
    }}
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return changes;
}}"""
BOXES = """() => Array.from(document.querySelectorAll(".line__text, .line__meta"), element => {
    const {left, top, width, height} = element.getBoundingClientRect();
    return [left, top, width, height];
})"""


def a_line(item: str, **fields: Any) -> dict[str, Any]:
    """A line as the session tells it: of an answer that is still coming, unless said otherwise."""
    return {
        "item_id": item,
        "role": "assistant",
        "modality": "audio",
        "status": "partial",
        "text": "One",
        "unheard_text": "",
        "is_final": False,
        "off_record": False,
        "message_id": "",
        "spoken_at": "2026-11-20T10:42:00Z",
    } | fields


@pytest.fixture
def chat(chromium_browser: Browser, site: RunningSite) -> Iterator[ChatBrowser]:
    with windows_of(chromium_browser) as own:
        yield KnownVisitor(own, site)


def test_fifty_partial_words_in_one_frame_are_one_change_and_a_final_is_shown_at_once(
    chat: ChatBrowser,
) -> None:
    chat.page.evaluate(TELL, a_line("a"))
    assert chat.page.evaluate(CHANGES_OF_FIFTY, a_line("a")) == 1
    assert chat.lines[0]["text"].split() == ["word"] * 50
    final = a_line("a", text="All of it.", status="final", is_final=True)
    shown = f"line => {{ ({TELL})(line); return document.querySelector('[data-part=heard]').textContent; }}"
    assert chat.page.evaluate(shown, final) == "All of it."


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_line_that_becomes_final_moves_nothing(chat: ChatBrowser, role: str) -> None:
    said = "It helps to rest, to drink enough, and to wait for two days before anything else is tried. " * 2
    chat.page.evaluate(TELL, a_line("a", role=role, text=said))
    chat.page.evaluate(TELL, a_line("b", role="user", text="And then"))
    before = chat.page.evaluate(BOXES)
    chat.page.evaluate(TELL, a_line("a", role=role, text=said, status="final", is_final=True))
    chat.page.eval_on_selector("message-thread", "thread => thread.replayable('a', true)")
    expect(chat.page.locator("[data-item=a] [data-part=replay]")).to_be_visible()
    assert chat.page.evaluate(BOXES) == before


def test_whoever_reads_further_up_is_told_of_news_and_not_taken_there(chat: ChatBrowser) -> None:
    page = chat.page
    for number in range(30):
        page.evaluate(TELL, a_line(f"line {number}", text=f"Line {number}.", status="final", is_final=True))
    at = "() => document.querySelector('.stage').scrollTop"
    end = """() => {
        const {scrollHeight, scrollTop, clientHeight} = document.querySelector(".stage");
        return scrollHeight - scrollTop - clientHeight;
    }"""
    assert page.evaluate(end) <= 1
    page.evaluate("() => { document.querySelector('.stage').scrollTop = 0; }")
    page.wait_for_function("() => document.querySelector('message-thread')._following === false")
    expect(page.locator("[data-part=latest]"), "nothing new was said yet").to_be_hidden()
    page.evaluate(TELL, a_line("news", text="News.", status="final", is_final=True))
    page.wait_for_selector("[data-part=latest]")
    assert page.evaluate(at) == 0
    page.click("[data-part=latest]")
    assert page.evaluate(end) <= 1
    expect(page.locator("[data-part=latest]")).to_be_hidden()
    wait_for_value(page, "() => document.activeElement.dataset.part", "log")


def test_an_empty_thread_is_read_from_its_beginning(chromium_browser: Browser, site: RunningSite) -> None:
    with windows_of(chromium_browser) as own:
        page = KnownVisitor(own, site, viewport={"width": 360, "height": 480}).page
        page.wait_for_selector("#composer-field:not([disabled])")
        overflow = (
            "() => { const s = document.querySelector('.stage'); return s.scrollHeight - s.clientHeight; }"
        )
        assert page.evaluate(overflow) > 0, "or there is nothing to scroll"
        at = "() => document.querySelector('.stage').scrollTop"
        page.set_viewport_size({"width": 360, "height": 460})
        # Whoever watches the size is told after the layout, before the next frame is over.
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate(at) == 0
        expect(page.locator("[data-part=log]")).not_to_have_attribute("tabindex", re.compile(".*"))
        page.evaluate("() => { document.querySelector('.stage').scrollTop = 40; }")
        page.evaluate(TELL, a_line("a", text="First. " * 200, status="final", is_final=True))
        assert page.evaluate(at) > 40, "from the first line on what is said is followed"
        expect(page.locator("[data-part=log]")).to_have_attribute("tabindex", "0")


def test_an_example_is_sent_as_if_it_had_been_written(chat: ChatBrowser) -> None:
    chat.page.click("text=What is twelve plus thirty?")
    chat.wait_for_line("assistant", "final")
    wait_for_value(chat.page, lambda: chat.lines[0]["text"], "What is twelve plus thirty?")
    assert "42" in chat.lines[1]["text"]
    expect(chat.page.locator("[data-part=empty]")).to_be_hidden()


TOLD = "() => Array.from(document.querySelectorAll('[data-part=announcer] p'), told => told.textContent)"
SETTLE = "lines => document.querySelector('message-thread').settle(lines)"


def test_an_interrupted_answer_is_read_out_once_and_then_only_what_became_of_it(chat: ChatBrowser) -> None:
    chat.page.evaluate(TELL, a_line("a", text="One two three.", status="final", is_final=True))
    cut = a_line("a", text="One", unheard_text="two three.", status="interrupted", is_final=True)
    chat.page.evaluate(TELL, cut)
    told = ["Assistant: One two three.", "Assistant: interrupted; the rest was not heard"]
    wait_for_value(chat.page, TOLD, told)


def test_words_that_only_the_server_has_are_put_where_they_were_said(chat: ChatBrowser) -> None:
    """As after a cut in the middle of a sentence; once the session tells of one itself, it is still one line."""
    first = a_line("a", role="user", text="Hello", status="final", is_final=True, message_id="1")
    chat.page.evaluate(TELL, first)
    chat.page.evaluate(TELL, a_line("b", role="user", text="ten"))
    lost = a_line("", role="user", text="Go forward", status="final", is_final=True, message_id="2")
    for _ in range(2):
        chat.page.evaluate(SETTLE, [first | {"item_id": ""}, lost])
        wait_for_value(
            chat.page, lambda: [line["text"] for line in chat.lines], ["Hello", "Go forward", "ten"]
        )
    chat.page.evaluate(TELL, lost | {"item_id": "c"})
    assert [line["text"] for line in chat.lines].count("Go forward") == 1
