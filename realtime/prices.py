"""What models cost, and what a session's usage comes to: an estimate, never a bill. Pure.

Prices are US dollars per million tokens, and per minute for transcribers that are paid by time, as the providers list
them (OpenAI, autumn 2026). A model that the table does not name has no estimate.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime.usage import Spent, tokens, transcribed

CURRENCY = "USD"
_MILLION = 1_000_000
_SNAPSHOT = re.compile(r"(.+)-\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs. A modality it does not have costs 0."""

    model: str
    """A model's name; its dated snapshots cost the same."""
    text_in: float = 0.0
    text_cached: float = 0.0
    text_out: float = 0.0
    audio_in: float = 0.0
    audio_cached: float = 0.0
    audio_out: float = 0.0
    image_in: float = 0.0
    image_cached: float = 0.0
    minute: float = 0.0
    """For one minute of speech, where a transcriber is paid by time."""


PriceTable = tuple[Price, ...]
"""Hashable, since it is part of a configuration. Of two prices for one model the first counts."""

_FULL = {"text_in": 4.0, "text_cached": 0.4, "audio_in": 32.0, "audio_cached": 0.4, "audio_out": 64.0}
_MINI = {"text_in": 0.6, "text_cached": 0.06, "text_out": 2.4}
_MINI_AUDIO = {"audio_in": 10.0, "audio_cached": 0.3, "audio_out": 20.0}
_IMAGES = {"image_in": 5.0, "image_cached": 0.5}
_MINI_IMAGES = {"image_in": 0.8, "image_cached": 0.08}

PRICES: PriceTable = (
    Price("gpt-realtime-2.1", text_out=24.0, **_FULL, **_IMAGES),
    Price("gpt-realtime-2.1-mini", **_MINI, **_MINI_AUDIO, **_MINI_IMAGES),
    Price("gpt-realtime-2", text_out=24.0, **_FULL, **_IMAGES),
    Price("gpt-realtime-1.5", text_out=16.0, **_FULL, **_IMAGES),
    Price("gpt-realtime", text_out=16.0, **_FULL, **_IMAGES),
    Price("gpt-realtime-mini", **_MINI, **_MINI_AUDIO, **_MINI_IMAGES),
    # What writes down the user's speech.
    Price("gpt-transcribe", minute=0.0045),
    Price("gpt-realtime-whisper", minute=0.017),
    Price("gpt-live-transcribe", minute=0.017),
    Price("whisper-1", minute=0.006),
    Price("gpt-4o-transcribe", text_in=2.5, text_out=10.0, audio_in=6.0),
    Price("gpt-4o-mini-transcribe", text_in=1.25, text_out=5.0, audio_in=3.0),
)


def estimate(
    usage: Mapping[str, Any], prices: PriceTable, *, model: str, transcription_model: str
) -> float | None:
    """What the summed `usage` of a session comes to in `CURRENCY`.

    None when it cannot be said: the table does not name `model`, or not the transcriber that was used; tokens were
    counted of which nobody said whether they were text or audio, which differ eightfold; or a count is no count.
    """
    parts = (_answers(usage, price_of(model, prices)), _speech(usage, price_of(transcription_model, prices)))
    cost = sum(math.nan if part is None else part for part in parts)
    return cost if math.isfinite(cost) else None


def price_of(model: str, prices: PriceTable) -> Price | None:
    """The price of a model by its name, or by the name it is a dated snapshot of."""
    snapshot = _SNAPSHOT.fullmatch(model)
    names = (model, snapshot[1]) if snapshot else (model,)
    return next((price for name in names for price in prices if price.model == name), None)


def _answers(usage: Mapping[str, Any], price: Price | None) -> float | None:
    return _cost(tokens(usage), price) if price else None


def _speech(usage: Mapping[str, Any], price: Price | None) -> float | None:
    spent, seconds = transcribed(usage)
    if spent.total == 0 and seconds == 0:
        return 0.0
    if price is None:
        return None
    # Paid by time or by tokens: a count of the other kind says nothing.
    if price.minute:
        return None if spent.total else seconds / 60 * price.minute
    return None if seconds else _cost(spent, price)


def _cost(spent: Spent, price: Price) -> float | None:
    """What tokens cost. The cached ones were read too: they are paid at their own price instead."""
    read, cached, written = spent.read, spent.cached, spent.written
    if read.untold or cached.untold or written.untold:
        return None
    if cached.text > read.text or cached.audio > read.audio or cached.image > read.image:
        return None
    millionths = (
        (read.text - cached.text) * price.text_in
        + (read.audio - cached.audio) * price.audio_in
        + (read.image - cached.image) * price.image_in
        + cached.text * price.text_cached
        + cached.audio * price.audio_cached
        + cached.image * price.image_cached
        + written.text * price.text_out
        + written.audio * price.audio_out
    )
    return millionths / _MILLION
