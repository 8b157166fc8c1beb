"""What a session used: the usage objects of its responses added up, and read by modality. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

MODALITIES = ("text", "audio", "image")
_MOST = 2**53
"""No honest count is larger; beyond it floats no longer count one by one."""


def added(total: dict[str, Any], usage: dict[str, Any]) -> dict[str, Any]:
    """Two usage objects, field by field; what is no number, or fits nothing before it, is left out."""
    result = dict(total)
    for name, value in usage.items():
        if isinstance(value, dict):
            before = result.get(name, {})
            if isinstance(before, dict):
                result[name] = added(before, value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            before = result.get(name, 0)
            if isinstance(before, int | float):
                result[name] = before + value
    return result


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens by modality. A count that cannot be one (negative, a word, endless) is NaN, and so are sums with it."""

    text: float = 0
    audio: float = 0
    image: float = 0
    untold: float = 0
    """Counted in the total, but nobody said as what."""

    @property
    def total(self) -> float:
        return self.text + self.audio + self.image + self.untold


@dataclass(frozen=True, slots=True)
class Spent:
    """The tokens of answers, or of a transcriber. `cached` is a part of `read`, not beside it."""

    read: Tokens
    cached: Tokens
    written: Tokens

    @property
    def total(self) -> float:
        return self.read.total + self.written.total


def tokens(usage: Mapping[str, Any]) -> Spent:
    """The tokens of a usage object, by modality."""
    read = _mapping(usage, "input_token_details")
    return Spent(
        read=_told(read, usage.get("input_tokens")),
        cached=_told(_mapping(read, "cached_tokens_details"), read.get("cached_tokens")),
        written=_told(_mapping(usage, "output_token_details"), usage.get("output_tokens")),
    )


def transcribed(usage: Mapping[str, Any]) -> tuple[Spent, float]:
    """What writing down the user's speech took: tokens, and seconds of speech where a transcriber counts those."""
    transcription = _mapping(usage, "transcription")
    spent = tokens(transcription)
    # A transcriber writes text, whether it says so or not.
    written = replace(spent.written, text=spent.written.text + spent.written.untold, untold=0)
    return replace(spent, written=written), _count(transcription.get("seconds"))


def by_modality(usage: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """The tokens of a session's answers for people: `{"audio": {"input": 73, "cached": 64, "output": 147}}`.

    Modalities that were not used are left out. `unknown` stands for tokens of which nobody said what they were.
    """
    spent = tokens(usage)
    table = {}
    for name, field in (("text", "text"), ("audio", "audio"), ("image", "image"), ("unknown", "untold")):
        counts = (getattr(part, field) for part in (spent.read, spent.cached, spent.written))
        row = dict(zip(("input", "cached", "output"), map(_whole, counts), strict=True))
        if any(row.values()):
            table[name] = row
    return table


def _told(details: Mapping[str, Any], total: Any) -> Tokens:
    text, audio, image = (_count(details.get(f"{name}_tokens")) for name in MODALITIES)
    # Where the details come to more than the total, the details are believed.
    rest = _count(total) - (text + audio + image)
    return Tokens(text, audio, image, 0 if rest <= 0 else rest)


def _count(value: Any) -> float:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
        return math.nan
    return value


def _mapping(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = usage.get(name)
    return value if isinstance(value, Mapping) else {}


def _whole(count: float) -> int:
    return 0 if math.isnan(count) else round(count)
