"""What a part of the examination found."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Condition = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one thing; `advice` says what to do where something is not as it should be."""

    condition: Condition
    told: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is examined, in a thread of its own."""

    name: str
    examine: Callable[[], Iterable[Finding]]
    silence: str
    """What to do when it does not answer."""


def ok(told: str) -> Finding:
    return Finding("ok", told)


def warning(told: str, advice: str) -> Finding:
    return Finding("warning", told, advice)


def problem(told: str, advice: str) -> Finding:
    return Finding("problem", told, advice)
