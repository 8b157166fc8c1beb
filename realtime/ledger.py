"""Where a session's turns and figures are kept, as the relay sees it. Framework-free."""

from dataclasses import dataclass
from typing import Protocol

from realtime.errors import EndReason
from realtime.protocol.effects import FirstAudio, Turn
from realtime.protocol.events import Event

Entry = Turn | Event | FirstAudio
"""What is put down of a session; an event is the usage of a response."""
ENTRY_CHARACTERS = 1024
"""What an entry weighs beside its words."""


def weight(entry: Entry | None) -> int:
    """What an entry weighs, in characters."""
    return ENTRY_CHARACTERS + (len(entry.text) + len(entry.unheard_text) if isinstance(entry, Turn) else 0)


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a turn was stored."""

    message_id: str
    position: int


class Ledger(Protocol):
    """Keeps the entries of one session, and is asked whether it may go on."""

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        """Store a turn that was said `seconds_ago`. None when the session is no longer ours to write."""

    async def record_usage(self, usage: Event) -> None:
        """Add the usage of one response."""

    async def record_first_audio(self, milliseconds: int) -> None:
        """Add how long the person waited for one answer to sound."""

    async def renew(self) -> EndReason | None:
        """Say that the session is alive. The reason to end it now, or None."""

    async def surely_left(self) -> float | None:
        """For how many seconds the person may surely go on talking, whatever else they open; None without a limit."""
