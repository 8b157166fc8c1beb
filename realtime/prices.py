"""What models cost, and what a session's usage comes to: an estimate, never a bill. Pure.

Prices are US dollars per million tokens, and per minute for transcribers that are paid by time, as the providers list
them (OpenAI, autumn 2026). A model that the table does not name has no estimate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CURRENCY = "USD"


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
"""Hashable, since it is part of a configuration."""

PRICES: PriceTable = ()


def estimate(
    usage: Mapping[str, Any], prices: PriceTable, *, model: str, transcription_model: str
) -> float | None:
    """What the summed `usage` of a session comes to in `CURRENCY`; None when the table does not name `model`."""
    raise NotImplementedError
