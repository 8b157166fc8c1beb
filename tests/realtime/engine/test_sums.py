"""Sums, typed and spoken."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.engine.answers.sums import answer_sum


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("12.5 * 4", "50"),
        ("what is twelve plus thirty", "42"),
        ("What's 12+30?", "42"),
        ("what is twelve plus thirty equal to", "42"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("two plus three times four", "14"),
        ("10 - 3 - 2", "5"),
        ("100 / 10 / 5", "2"),
        ("2 ^ 3 ^ 2", "512"),
        ("-2 ^ 2", "minus 4"),
        ("5 - -3", "8"),
        ("seven minus ten", "minus 3"),
        ("10 / 3", "about 3.3333"),
        ("one divided by eight", "0.125"),
        ("three point five times two", "7"),
        ("three squared", "9"),
        ("two to the power of ten", "1024"),
        ("how much is 10 percent of 50", "5"),
        ("one hundred and five minus five", "100"),
        ("two thousand three hundred and four plus one", "2305"),
        ("twenty-one + 1", "22"),
        ("1,000,000 + 1", "1000001"),
        ("three million times two", "6000000"),
        ("please calculate seven times eight", "56"),
        ("can you tell me what is seven times eight please", "56"),
        ("what is five and seven", "12"),
        ("what is to plus for", "6"),
        ("one is twelve plus thirty", "42"),
    ],
)
def test_a_sum_is_answered(said: str, result: str) -> None:
    assert answer_sum(said) == f"That makes {result}."


@pytest.mark.parametrize("said", ["10 / 0", "what is ten divided by zero", "0 ^ -1", "1 / (2 - 2)"])
def test_dividing_by_zero_is_answered_in_words(said: str) -> None:
    assert answer_sum(said) == "That has no answer: nothing can be divided by zero."


@pytest.mark.parametrize("said", ["9 ^ 9 ^ 9", "2 ^ 0.5", "999999999999999 ^ 99", "9**9**9**9"])
def test_a_sum_that_is_too_much_is_answered_in_words_and_at_once(said: str) -> None:
    answer = answer_sum(said)
    assert answer is not None
    assert "makes" not in answer


@pytest.mark.parametrize(
    "said",
    [
        "",
        "hello",
        "what time is it",
        "go forward ten meters",
        "five",
        "what is five",
        "twelve plus",
        "plus twelve",
        "(2 + 3",
        "2 + 3)",
        "one two three",
        "__import__('os').getcwd() + 1",
        "1 + x",
        "2 + " * 100 + "2",
    ],
)
def test_what_is_no_sum_is_left_to_others(said: str) -> None:
    assert answer_sum(said) is None


@settings(deadline=None)
@given(st.integers(-999, 999), st.sampled_from("+-*/"), st.integers(-999, 999))
def test_every_small_sum_comes_out_right(left: int, operator: str, right: int) -> None:
    answer = answer_sum(f"{left} {operator} {right}")
    assert answer is not None
    if operator == "/" and right == 0:
        assert "divided by zero" in answer
        return
    a, b = Fraction(left), Fraction(right)
    expected = {"+": a + b, "-": a - b, "*": a * b, "/": a / (b or 1)}[operator]
    told = Fraction(
        answer.removeprefix("That makes ")
        .removeprefix("about ")
        .removesuffix(".")
        .replace("minus ", "-")
        .replace("about ", "")
    )
    assert abs(told - expected) <= Fraction(1, 20_000)


@settings(deadline=None)
@given(st.text(alphabet="0123456789.+-*/^%()x two plus hundred point", max_size=60))
def test_nothing_that_looks_like_a_sum_can_break_it(said: str) -> None:
    answer = answer_sum(said)
    assert answer is None or answer.endswith(".")
