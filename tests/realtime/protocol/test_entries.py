"""How much of an answer was heard, by time, by share and by upstream's words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.protocol.entries import Entry, heard_prefix, heard_share, turn_of

SENTENCES = st.text(st.sampled_from("abcÄé,.'! \n\t"), max_size=60)
ANY_TEXT = st.text(max_size=60)
MILLISECONDS = st.integers(min_value=-10, max_value=5000)


@given(ANY_TEXT, MILLISECONDS, MILLISECONDS)
def test_what_was_heard_is_a_beginning_of_what_was_said(text: str, heard_ms: int, received_ms: int) -> None:
    assert text.startswith(heard_share(text, heard_ms, received_ms))


@given(SENTENCES, MILLISECONDS, MILLISECONDS)
def test_what_was_heard_ends_where_a_word_ends(text: str, heard_ms: int, received_ms: int) -> None:
    heard = heard_share(text, heard_ms, received_ms)
    assert (
        re.split(r"\s+", heard.strip()) == re.split(r"\s+", text.strip())[: len(heard.split())]
        or not heard.strip()
    )


@given(SENTENCES, st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 2000))
def test_who_listened_longer_heard_no_less(text: str, one: int, other: int, received_ms: int) -> None:
    shorter, longer = sorted((one, other))
    assert heard_share(text, longer, received_ms).startswith(heard_share(text, shorter, received_ms))


@pytest.mark.parametrize(
    ("heard_ms", "heard"),
    [
        (-1, ""),
        (0, ""),
        (240, ""),
        (250, "Good"),
        (749, "Good"),
        (750, "Good morning"),
        (999, "Good morning"),
        (1000, "Good morning Ana"),
        (2000, "Good morning Ana"),
    ],
)
def test_a_share_of_the_sound_is_the_same_share_of_the_words(heard_ms: int, heard: str) -> None:
    assert heard_share("Good morning Ana", heard_ms, 1000).strip() == heard


def test_nothing_was_heard_of_an_answer_without_sound() -> None:
    assert heard_share("never played", 0, 0) == ""
    assert heard_share("never played", 700, 0) == ""


def test_a_line_break_parts_words_as_a_blank_does() -> None:
    assert heard_share("First line\nsecond", 13, 17).strip() == "First line"


def test_words_without_blanks_between_them_are_not_all_taken_for_unheard() -> None:
    assert heard_share("今日はとても良い天気です", 6, 12) == "今日はとても"


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("", ""),
        ("Hello", "Hello,"),
        ("Hello, Marcelo!", "Hello, Marcelo!"),
        ("hello marcelo", "Hello, Marcelo!"),
        ("Hello,  Marcelo!\nGreat", "Hello, Marcelo! Great"),
        ("Hello, Marcelo! Great to meet you. And more than was said", "Hello, Marcelo! Great to meet you."),
    ],
)
def test_upstreams_heard_words_are_found_in_the_answer(heard: str, expected: str) -> None:
    assert heard_prefix("Hello, Marcelo! Great to meet you.", heard) == expected


def test_heard_words_that_upstream_worded_otherwise_count_by_their_length() -> None:
    assert heard_prefix("one two three four", "1 2 three").strip() == "one two"


@given(ANY_TEXT, ANY_TEXT)
def test_upstreams_heard_words_always_give_a_beginning_of_the_answer(text: str, heard: str) -> None:
    assert text.startswith(heard_prefix(text, heard))


@given(st.lists(st.from_regex(r"[a-z]{1,8}[,.]?", fullmatch=True), max_size=8), st.data())
def test_whole_words_that_upstream_heard_are_kept_exactly(words: list[str], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(words)))
    assert heard_prefix(" ".join(words), "  ".join(words[:count])).split() == words[:count]


def test_parts_of_an_answer_are_read_in_their_order() -> None:
    entry = Entry(
        "item_1", "assistant", 0.0, status="final", settled_at=1.0, parts={1: "world", 0: "Hello", 2: ""}
    )
    assert turn_of(entry).text == "Hello world"


def test_what_is_not_settled_reads_as_pending_without_words() -> None:
    entry = Entry("item_1", "user", 3.0, modality="audio", parts={0: "half a wo"})
    turn = turn_of(entry)
    assert (turn.status, turn.text, turn.at) == ("pending", "", 3.0)


def test_heard_and_unheard_together_are_all_words() -> None:
    entry = Entry("item_1", "assistant", 0.0, modality="audio", status="interrupted", settled_at=9.0)
    entry.parts[0] = "one two three four"
    entry.received_bytes, entry.plays_from, entry.heard_ms = 48_000, 0.0, 500
    turn = turn_of(entry)
    assert f"{turn.text} {turn.unheard_text}" == "one two three four"
    assert not turn.heard_is_estimated
