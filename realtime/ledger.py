"""Where a session's turns and figures are kept, as the relay sees it. Framework-free."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from realtime.errors import EndReason
from realtime.outbox import Outbox
from realtime.protocol.effects import FirstAudio, Turn
from realtime.protocol.events import Event
from realtime.rounds import until_beat
from realtime.stalls import StallTimer
from realtime.telemetry import Event as Happening
from realtime.telemetry import Span, Telemetry

log = logging.getLogger(__name__)

LEDGER_CHARACTERS = 4 * 1024 * 1024
"""What may wait to be stored, while the database is away, before the client is read no further."""


@dataclass(frozen=True, slots=True)
class ClientAway:
    """The client was lost at `at`, in seconds of the relay's clock, and may come back."""

    at: float


@dataclass(frozen=True, slots=True)
class ClientBack:
    """It is there again."""


Entry = Turn | Event | FirstAudio | ClientAway | ClientBack
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

    async def park(self, seconds_ago: float) -> None:
        """Say that the client was lost so long ago and may come back. Harmless if it cannot be said."""

    async def take_back(self) -> bool:
        """Say that it is back. False when the session is no longer ours."""

    async def renew(self) -> EndReason | None:
        """Say that the session is alive. The reason to end it now, or None."""

    async def surely_left(self) -> float | None:
        """For how many seconds the person may surely go on talking, whatever else they open; None without a limit."""


class Bookkeeper:
    """Puts entries down one after another. Adding never waits; whoever adds waits for room afterwards."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Callable[[], float],
        telemetry: Telemetry,
        *,
        saved: Callable[[Turn, Saved], None],
        gone: Callable[[EndReason], None],
        behind: Callable[[bool], None],
        behind_after: float,
    ) -> None:
        """`gone` is told why the session cannot go on; `behind` that storing something takes longer than `behind_after`
        seconds, and later that everything is stored again."""
        self._ledger, self._clock, self._telemetry = ledger, clock, telemetry
        self._saved, self._gone = saved, gone
        self._tell_behind, self._behind_after = behind, behind_after
        self._is_behind = False
        self.waiting: Outbox[Entry | None] = Outbox(LEDGER_CHARACTERS, weight)
        """To be put down; whoever adds waits for its `room`."""
        self._is_closed = False

    def put(self, entry: Entry) -> None:
        """Add an entry."""
        self.waiting.put(entry)

    def close(self) -> None:
        """Nothing more will come."""
        self._is_closed = True
        self.waiting.put(None)

    async def write(self, guarded: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]) -> None:
        """Put everything down until the end; each entry for itself, through `guarded`."""
        waits = StallTimer(self._behind_after, self._fell_behind)
        try:
            while (entry := await self.waiting.get()) is not None:
                waits.begins()
                await guarded(partial(self._store, entry))
                waits.ends()
                if self._is_behind and not self.waiting:
                    self._is_behind = False
                    self._tell_behind(False)
        finally:
            waits.close()

    def _fell_behind(self) -> None:
        if not self._is_behind:
            self._is_behind = True
            self._tell_behind(True)

    async def renew(self, lease: float, limit: float) -> None:
        """Ask again and again whether the session may go on: every `lease` seconds, together with all others of the
        process, and sooner as the day's minutes run out, though not within `limit`."""
        while True:
            left = await self._ledger.surely_left()
            beat = until_beat(lease)
            await asyncio.sleep(beat if left is None else min(beat, max(limit, left)))
            await self._ask_to_go_on()

    async def _ask_to_go_on(self) -> None:
        if not self._is_closed:
            reason = await self._ledger.renew()
            if reason is not None:
                self._gone(reason)

    async def _store(self, entry: Entry) -> None:
        match entry:
            case Turn():
                await self._store_turn(entry)
            case FirstAudio(seconds):
                await self._ledger.record_first_audio(round(seconds * 1000))
            case ClientAway(at):
                await self._ledger.park(self._clock() - at)
            case ClientBack():
                if not await self._ledger.take_back():
                    await self._ask_to_go_on()
            case _:
                await self._ledger.record_usage(entry)

    async def _store_turn(self, turn: Turn) -> None:
        try:
            saved = await self._ledger.record_turn(turn, self._clock() - turn.at)
        except Exception:
            self._telemetry.count(Happening.TURN_FAILED)
            raise
        if saved is None:
            self._telemetry.count(Happening.TURN_REFUSED)
            log.warning("a turn came too late to be stored: its session is another's by now, or over")
            await self._ask_to_go_on()
        else:
            self._telemetry.count(Happening.TURN_SAVED)
            self._telemetry.time(Span.TURN_SAVING, max(0.0, self._clock() - turn.at))
            self._saved(turn, saved)
