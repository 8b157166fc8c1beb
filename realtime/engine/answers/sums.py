"""Sums, typed or spoken: "12.5 * 4", "what is twelve plus thirty". A small parser; nothing is evaluated as code."""

import re
from collections.abc import Sequence
from fractions import Fraction

from realtime.engine.answers.numerals import read_number, write_number

_LONGEST = 200
_GREATEST = Fraction(10**30)
_ASKED_AS = re.compile(
    r"^(?:(?:can|could|would) you )?(?:please )?(?:tell me )?"
    r"(?:what is|what's|whats|what are|what does|how much is|how much are|how much|calculate|compute|work out|solve)? ?"
)
_ENDED_AS = re.compile(r"(?: equal(?:s| to)?| make| makes| is| please| =|=)*\??$")
_PHRASES = (
    ("multiplied by", "*"),
    ("divided by", "/"),
    ("to the power of", "^"),
    ("take away", "-"),
    ("added to", "+"),
    ("percent of", "%"),
    ("per cent of", "%"),
    ("% of", "%"),
)
_OPERATORS = {
    "plus": "+", "and": "+", "minus": "-", "less": "-", "times": "*", "x": "*", "×": "*", "·": "*",
    "over": "/", "÷": "/", ":": "/", "**": "^", "squared": "²", "cubed": "³", "negative": "-", "−": "-",
}  # fmt: skip
_SOUNDS_LIKE = {
    "to": "two",
    "too": "two",
    "for": "four",
    "won": "one",
    "ate": "eight",
    "tree": "three",
    "fore": "four",
}
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|\*\*|[-+*/^%²³()×÷·:−]|[a-z]+")
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 4}


class _NotASum(Exception):
    pass


class _NoResult(Exception):
    """A sum that has no answer, with the reason in words."""


def answer_sum(said: str) -> str | None:
    """The answer in a sentence, or None when what was said is not a sum."""
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", said.lower().strip()).rstrip(".!")
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    if len(text) > _LONGEST:
        return None
    text = _ENDED_AS.sub("", _ASKED_AS.sub("", text)).strip()
    for phrase, operator in _PHRASES:
        text = text.replace(phrase, f" {operator} ")
    # Speech may arrive with a wrong word in the question ("one is twelve plus thirty"); the sum is what follows "is".
    for sum_text in dict.fromkeys((text, text.rpartition(" is ")[2])):
        answer = _answer_words(sum_text)
        if answer is not None:
            return answer
    return None


def _answer_words(text: str) -> str | None:
    words = _TOKEN.findall(text)
    if _TOKEN.sub("", text).strip():
        return None
    for candidate in (words, [_SOUNDS_LIKE.get(word, word) for word in words]):
        try:
            return f"That makes {write_number(_Parser(candidate).result())}."
        except _NotASum:
            continue
        except _NoResult as reason:
            return str(reason)
    return None


class _Parser:
    """Precedence climbing over words and signs, in exact fractions."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._index = 0
        self._operations = 0

    def result(self) -> Fraction:
        value = self._expression(1)
        if self._index != len(self._words) or not self._operations:
            raise _NotASum
        return value

    def _peek(self) -> str:
        word = self._words[self._index] if self._index < len(self._words) else ""
        return _OPERATORS.get(word, word)

    def _expression(self, binding: int) -> Fraction:
        value = self._factor()
        while (operator := self._peek()) in _BINDING and _BINDING[operator] >= binding:
            self._index += 1
            self._operations += 1
            # Powers group to the right, everything else to the left.
            right = self._expression(_BINDING[operator] + (operator != "^"))
            value = _applied(operator, value, right)
        return value

    def _factor(self) -> Fraction:
        sign = self._peek()
        if sign in {"-", "+"} and self._words[self._index] != "and":
            self._index += 1
            # A sign binds less than a power and more than a product: -2^2 is minus four.
            value = self._expression(3)
            return -value if sign == "-" else value
        return self._raised(self._atom())

    def _atom(self) -> Fraction:
        if self._peek() == "(":
            self._index += 1
            value = self._expression(1)
            if self._peek() != ")":
                raise _NotASum
            self._index += 1
            return value
        number = read_number(self._words, self._index)
        if number is None:
            raise _NotASum
        value, self._index = number
        return value

    def _raised(self, value: Fraction) -> Fraction:
        while (mark := self._peek()) in {"²", "³"}:
            self._index += 1
            self._operations += 1
            value = _applied("^", value, Fraction(2 if mark == "²" else 3))
        return value


def _applied(operator: str, left: Fraction, right: Fraction) -> Fraction:
    match operator:
        case "+":
            value = left + right
        case "-":
            value = left - right
        case "*":
            value = left * right
        case "%":
            value = left * right / 100
        case "/":
            if right == 0:
                raise _NoResult("That has no answer: nothing can be divided by zero.")
            value = left / right
        case _:
            value = _power(left, right)
    if abs(value) > _GREATEST:
        raise _NoResult("That number is too big for me.")
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > 100 or base.denominator > 10**6:
        raise _NoResult("I can only do powers with small whole numbers.")
    if base == 0 and exponent < 0:
        raise _NoResult("That has no answer: nothing can be divided by zero.")
    return Fraction(base ** int(exponent))
