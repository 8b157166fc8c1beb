"""One item of a conversation as far as it is known, and how it reads as a turn: what was said, heard and not heard."""

from dataclasses import dataclass, field
from typing import Literal

from realtime.protocol import audio
from realtime.protocol.effects import Turn


@dataclass(slots=True)
class Entry:
    """What is known of one item so far."""

    item_id: str
    role: Literal["user", "assistant"]
    at: float
    modality: Literal["text", "audio"] = "text"
    status: Literal["open", "final", "interrupted", "failed"] = "open"
    settle_by: float | None = None
    """An interrupted answer is told at this time even if nobody says what was heard."""
    settled_at: float | None = None
    parts: dict[int, str] = field(default_factory=dict)
    received_bytes: int = 0
    first_audio_at: float | None = None
    heard_ms: int | None = None
    """As the player reported it; None when it did not."""
    heard_text: str | None = None
    """As upstream reported it; None when it did not."""
    told: Turn | None = None
    is_turn: bool = True

    @property
    def words(self) -> str:
        return " ".join(part for _, part in sorted(self.parts.items()) if part).strip()

    @property
    def settled(self) -> bool:
        return self.settled_at is not None

    def settle(self, now: float) -> None:
        if self.settled_at is None:
            self.settled_at = now
        self.settle_by = None


def turn_of(entry: Entry) -> Turn:
    if not entry.settled:
        return Turn(entry.item_id, entry.role, entry.modality, "pending", "", at=entry.at)
    if entry.status == "interrupted":
        return _interrupted(entry)
    status: Literal["final", "failed"] = "failed" if entry.status == "failed" else "final"
    nothing_said = status == "final" and not entry.words
    return Turn(entry.item_id, entry.role, entry.modality, status, entry.words, hidden=nothing_said, at=entry.at)


def _interrupted(entry: Entry) -> Turn:
    words = entry.words
    estimated = False
    if entry.modality == "text":
        heard = words
    elif entry.heard_text is not None:
        heard = heard_prefix(words, entry.heard_text)
    else:
        received_ms = audio.milliseconds(entry.received_bytes)
        heard_ms = entry.heard_ms
        if heard_ms is None:
            estimated = True
            heard_ms = played_ms(entry, entry.settled_at or entry.at)
        heard = heard_share(words, received_ms if heard_ms is None else heard_ms, received_ms)
    unheard = words[len(heard) :].strip()
    return Turn(
        entry.item_id,
        "assistant",
        entry.modality,
        "interrupted",
        heard.strip(),
        unheard,
        estimated,
        at=entry.at,
    )


def played_ms(entry: Entry, now: float) -> int | None:
    """What the clock lets us believe was heard; None when it is all that was sent."""
    if entry.first_audio_at is None:
        return None
    elapsed = int((now - entry.first_audio_at) * 1000)
    return elapsed if elapsed < audio.milliseconds(entry.received_bytes) else None


def heard_share(text: str, heard_ms: int, received_ms: int) -> str:
    """The part of `text` that `heard_ms` of `received_ms` of its sound hold, cut back to a whole word."""
    if received_ms <= 0 or heard_ms <= 0:
        return ""
    if heard_ms >= received_ms:
        return text
    end = len(text) * heard_ms // received_ms
    if end < len(text) and not text[end].isspace():
        end = max(text.rfind(" ", 0, end), 0)
    return text[:end]


def heard_prefix(text: str, heard: str) -> str:
    """`heard` as a prefix of `text`; when upstream worded it otherwise, its length cut back to a whole word."""
    heard = heard.strip()
    if text.startswith(heard):
        return text[: len(heard)]
    return heard_share(text, min(len(heard), len(text)), len(text))
