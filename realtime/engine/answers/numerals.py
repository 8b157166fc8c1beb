"""Numbers as people say and write them: "one hundred and five", "three point one four", "12.5"."""

import re
from collections.abc import Sequence
from fractions import Fraction

_UNITS = {
    "zero": 0, "oh": 0, "nought": 0, "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_DIGITS = re.compile(r"\d{1,15}(?:\.\d{1,15})?|\.\d{1,15}")


def read_number(words: Sequence[str], start: int) -> tuple[Fraction, int] | None:
    """The number that begins at `words[start]` and the index behind it; None when none begins there."""
    if start < len(words) and _DIGITS.fullmatch(words[start]):
        return _scaled(Fraction(words[start]), words, start + 1)
    whole, index = _read_whole(words, start)
    if index == start:
        return None
    if index < len(words) and words[index] == "point":
        return _read_decimals(whole, words, index)
    return Fraction(whole), index


def _scaled(value: Fraction, words: Sequence[str], index: int) -> tuple[Fraction, int]:
    """ "3 million" """
    if index < len(words) and words[index] in _SCALES:
        return value * _SCALES[words[index]], index + 1
    return value, index


def _read_whole(words: Sequence[str], start: int) -> tuple[int, int]:
    total = group = 0
    index = start
    previous = ""
    while index < len(words):
        word = words[index]
        if word in _UNITS and previous in {"", "tens", "hundred", "scale"}:
            if word == "a" and not _is_scale(words, index + 1):
                break
            if previous == "tens" and not 0 < _UNITS[word] < 10:
                break
            group, previous = group + _UNITS[word], "unit"
        elif word in _TENS and previous in {"", "hundred", "scale"}:
            group, previous = group + _TENS[word], "tens"
        elif word == "hundred" and previous == "unit":
            group, previous = group * 100, "hundred"
        elif word in _SCALES and previous in {"unit", "tens", "hundred"}:
            total, group, previous = total + group * _SCALES[word], 0, "scale"
        elif word == "and" and previous in {"hundred", "scale"} and _continues(words, index + 1):
            pass
        else:
            break
        index += 1
    return total + group, index


def _is_scale(words: Sequence[str], index: int) -> bool:
    return index < len(words) and (words[index] == "hundred" or words[index] in _SCALES)


def _continues(words: Sequence[str], index: int) -> bool:
    return index < len(words) and (words[index] in _UNITS or words[index] in _TENS)


def _read_decimals(whole: int, words: Sequence[str], point: int) -> tuple[Fraction, int]:
    digits = ""
    index = point + 1
    while index < len(words) and _UNITS.get(words[index], 10) < 10 and words[index] != "a":
        digits += str(_UNITS[words[index]])
        index += 1
    if not digits:
        return Fraction(whole), point
    return Fraction(f"{whole}.{digits}"), index


def write_number(value: Fraction) -> str:
    """The number in digits; what has no short decimal form is rounded to four places and said to be."""
    if value < 0:
        return f"minus {write_number(-value)}"
    if value.denominator == 1:
        return str(value.numerator)
    rounded = f"{float(value):.4f}".rstrip("0").rstrip(".")
    return rounded if Fraction(rounded) == value else f"about {rounded}"
