"""One item of a conversation as far as it is known, and how it reads as a turn: what was said, heard and not heard."""

import re
from dataclasses import dataclass, field
from typing import Literal
from unicodedata import east_asian_width

from realtime.protocol import audio
from realtime.protocol.effects import Turn

_WORD = re.compile(r"\S+")


@dataclass(slots=True, eq=False)
class Entry:
    """What is known of one item so far. Times are seconds of the log's clock."""

    item_id: str
    """As the client knows it."""
    role: Literal["user", "assistant"]
    at: float
    modality: Literal["text", "audio"] = "text"
    status: Literal["open", "final", "interrupted", "failed"] = "open"
    is_complete: bool = False
    """Upstream said all that it meant to say."""
    settled_at: float | None = None
    parts: dict[int, str] = field(default_factory=dict)
    received_bytes: int = 0
    plays_from: float | None = None
    """When its sound can be heard at the earliest."""
    began_at: float = 0.0
    """When the response began that it is of: what the user said later is not what it answers."""
    stopped_at: float | None = None
    """When somebody cut it short; None while nobody did."""
    heard_ms: int | None = None
    """As the player reported it; None when it did not."""
    heard_text: str | None = None
    """As upstream reported it; None when it did not."""
    cut_confirmed: bool = False
    """Upstream has answered the player's report."""
    is_heard_out: bool = False
    """The player reported that it played everything."""
    told: Turn | None = None
    is_turn: bool = True
    is_promised: bool = False
    """It will be a turn once it is committed: somebody speaks, and upstream has announced the item already."""
    key: str = ""
    """Under which it is stored; empty: under its item id."""
    sent_as: str = ""
    """The id under which it last went up; empty when it is upstream's own."""
    is_placed: bool = False
    """It has a place in the conversation."""
    keeps_place: bool = False
    """It was said again: where a further upstream puts it says nothing about when it was said."""
    is_deleted: bool = False
    """The client had it deleted: no upstream is told of it again. What was said stays written down."""

    @property
    def has_own_id(self) -> bool:
        """Whether its id is a client's, or ours: no upstream will choose the same."""
        return self.item_id == self.sent_as

    @property
    def words(self) -> str:
        return " ".join(part for _, part in sorted(self.parts.items()) if part).strip()

    @property
    def settled(self) -> bool:
        return self.settled_at is not None

    @property
    def was_cut(self) -> bool:
        return self.heard_ms is not None or self.stopped_at is not None

    @property
    def received_ms(self) -> int:
        return audio.milliseconds(self.received_bytes)

    @property
    def plays_until(self) -> float:
        """When its sound will have been heard, if nobody cuts it short."""
        return 0.0 if self.plays_from is None else self.plays_from + self.received_ms / 1000

    def heard_by(self, now: float) -> int:
        """How many milliseconds can have been heard by `now`: the smaller of what came and what time allowed."""
        if self.plays_from is None:
            return 0
        return max(0, min(int((now - self.plays_from) * 1000), self.received_ms))


def turn_of(entry: Entry) -> Turn:
    """The entry as it is to be stored by now."""
    if not entry.settled:
        return Turn(entry.item_id, entry.role, entry.modality, "pending", "", at=entry.at, key=entry.key)
    if entry.status == "interrupted":
        return _interrupted(entry)
    status: Literal["final", "failed"] = "failed" if entry.status == "failed" else "final"
    nothing_said = status == "final" and not entry.words
    return Turn(
        item_id=entry.item_id,
        role=entry.role,
        modality=entry.modality,
        status=status,
        text=entry.words,
        hidden=nothing_said,
        at=entry.at,
        key=entry.key,
    )


def as_heard(entry: Entry) -> Turn:
    """The turn as if nothing more came of it."""
    return turn_of(entry) if entry.settled or entry.role == "user" else _interrupted(entry)


def _interrupted(entry: Entry) -> Turn:
    words, heard = entry.words, _heard(entry)
    return Turn(
        item_id=entry.item_id,
        role="assistant",
        modality=entry.modality,
        status="interrupted",
        text=heard.strip(),
        unheard_text=words[len(heard) :].strip(),
        heard_is_estimated=entry.modality == "audio" and entry.heard_text is None and entry.heard_ms is None,
        at=entry.at,
        key=entry.key,
    )


def _heard(entry: Entry) -> str:
    words = entry.words
    if entry.modality == "text":
        return words
    if entry.heard_text is not None:
        return heard_prefix(words, entry.heard_text)
    if entry.heard_ms is not None:
        return heard_share(words, entry.heard_ms, entry.received_ms)
    if entry.stopped_at is not None:
        return heard_share(words, entry.heard_by(entry.stopped_at), entry.received_ms)
    return words  # upstream broke off; nobody kept the listener from hearing what had come


def heard_share(text: str, heard_ms: int, received_ms: int) -> str:
    """The part of `text` that `heard_ms` of `received_ms` of its sound hold, cut back to a whole word."""
    if received_ms <= 0 or heard_ms <= 0:
        return ""
    if heard_ms >= received_ms:
        return text
    end = len(text) * heard_ms // received_ms
    while end > 0 and not _parts_words(text, end):
        end -= 1
    return text[:end]


def heard_prefix(text: str, heard: str) -> str:
    """The beginning of `text` that holds the words of `heard`; where upstream worded them otherwise, as much of it."""
    words, said = list(_WORD.finditer(text)), _WORD.findall(heard)
    if not said:
        return ""
    if [_bare(word.group()) for word in words[: len(said)]] == [_bare(word) for word in said]:
        return text[: words[len(said) - 1].end()]
    return heard_share(text, min(len(heard.strip()), len(text)), len(text))


def _bare(word: str) -> str:
    """A word without its punctuation, which is not heard."""
    return "".join(letter for letter in word if letter.isalnum()).casefold() or word


def _parts_words(text: str, index: int) -> bool:
    """Whether a word ends at `index`. Chinese and Japanese put no blanks between theirs."""
    before, after = text[index - 1], text[index]
    return before.isspace() or after.isspace() or (_is_wide(before) and _is_wide(after))


def _is_wide(letter: str) -> bool:
    return east_asian_width(letter) in "WF"
