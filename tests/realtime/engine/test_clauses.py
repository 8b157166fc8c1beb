import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.engine.speech.clauses import FIRST_LIMIT, LIMIT, UNBROKEN_LIMIT, ClauseSplitter


def split(*deltas: str) -> list[str]:
    splitter = ClauseSplitter()
    return [clause for delta in deltas for clause in splitter.feed(delta)] + splitter.flush()


@given(st.lists(st.text(alphabet="ab1 .,;!?\n…。“”—'é", max_size=60), max_size=30))
def test_the_clauses_of_any_text_are_that_text_to_the_letter(deltas: list[str]) -> None:
    assert "".join(split(*deltas)) == "".join(deltas)


@given(st.text(alphabet="ab1 .,;!?\n…。“”—'é", max_size=400))
def test_how_the_text_is_cut_does_not_depend_on_how_it_arrives(text: str) -> None:
    assert split(*text) == split(text)


@given(st.text(alphabet="abc ,", max_size=3000))
def test_no_clause_grows_without_bound(text: str) -> None:
    assert all(len(clause) <= UNBROKEN_LIMIT for clause in split(text))


def test_the_first_clause_is_given_before_the_sentence_ends() -> None:
    assert ClauseSplitter().feed("Hello, I am the ") == ["Hello, "]


def test_a_long_beginning_without_any_pause_is_cut_between_words() -> None:
    first, *_ = split("the answer goes on and on without a single comma or full stop in sight for very long")
    assert len(first) <= FIRST_LIMIT
    assert first.endswith(" ")


def test_later_clauses_are_not_chopped_at_every_comma() -> None:
    assert split("Yes. One, two, three, and so on it goes until the end.") == [
        "Yes. ",
        "One, two, three, and so on it goes until the end.",
    ]


def test_a_sentence_ends_only_when_a_blank_follows() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("It is 3.") == []
    assert splitter.feed("5 degrees. ") == ["It is 3.5 degrees. "]


@pytest.mark.parametrize("text", ["Ask Dr. Smith about it. ", "Take it e.g. Monday. ", "See J. Doe. "])
def test_an_abbreviation_ends_no_sentence(text: str) -> None:
    assert split(text) == [text]


def test_closing_quotes_stay_with_their_sentence() -> None:
    assert split("You said: “Go on.” And then you left. ") == [
        "You said: ",
        "“Go on.” ",
        "And then you left. ",
    ]


def test_punctuation_alone_is_no_clause() -> None:
    assert split("... yes. ") == ["... yes. "]


def test_a_language_without_blanks_is_cut_at_its_full_stops() -> None:
    assert split("你好。再见。") == ["你好。", "再见。"]


def test_a_long_sentence_is_cut_at_the_last_word_within_the_limit() -> None:
    first, second, *_ = split("Yes. " + "word " * 100)
    assert first == "Yes. "
    assert LIMIT - 5 <= len(second) <= LIMIT


def test_a_splitter_serves_the_next_answer_after_a_flush() -> None:
    splitter = ClauseSplitter()
    splitter.feed("One. Two")
    assert splitter.flush() == ["Two"]
    assert splitter.flush() == []
    assert splitter.feed("So, ") == ["So, "]
