"""What a database does with turns, in memory: places without gaps, each key once, forwards, for the holder.

Written down from `conversations.services.append_message` and `realtime.services`, and proven against them row by row.
"""

import asyncio
from dataclasses import dataclass, field

from django.db import OperationalError

from realtime.errors import EndReason
from realtime.history import Patience
from realtime.ledger import Saved
from realtime.protocol.effects import Turn
from realtime.protocol.events import Event
from realtime.usage import added
from tests.realtime.audit.plans import Outage
from tests.realtime.audit.virtual_time import START, virtual_loop

BECOMES = {
    ("pending", "final"),
    ("pending", "interrupted"),
    ("pending", "failed"),
    ("failed", "final"),
    ("final", "interrupted"),
}


@dataclass(slots=True)
class Row:
    """A stored turn."""

    key: str
    role: str
    modality: str
    status: str
    text: str
    unheard_text: str
    is_estimated: bool
    hidden: bool
    visit: int
    """Who wrote it first."""


def says_more(known: Row | Turn, turn: Turn) -> bool:
    """Whether somebody who was taken down went on: some recognisers tell a turn again with all of its words."""
    is_speech = (known.role, known.modality, known.status, turn.status) == ("user", "audio", "final", "final")
    return is_speech and bool(known.text) and turn.text != known.text and turn.text.startswith(known.text)


@dataclass(slots=True)
class Books:
    """The rows of one conversation, and which visit holds its session."""

    rows: list[Row] = field(default_factory=list)
    epoch: int = 1
    is_over: bool = False
    refused: int = 0
    """Writes of somebody who did not hold the session any more."""

    def take_over(self) -> None:
        """Somebody else has the session now; one whose client was lost goes on."""
        self.epoch += 1
        self.is_over = False

    def write(self, turn: Turn, epoch: int) -> int | None:
        """The position of the turn; None when the session is not this epoch's to write.

        A session that is over writes no further turn, but one that has its place may still get its words.
        """
        key = self._key(turn)
        known = next((row for row in self.rows if row.key == key), None)
        if epoch != self.epoch or (self.is_over and known is None):
            self.refused += 1
            return None
        if known is None:
            known = Row(key, turn.role, turn.modality, "", "", "", False, False, epoch)
            self.rows.append(known)
        elif not self._may_become(known, turn):
            return self.rows.index(known)
        known.status, known.text, known.unheard_text = turn.status, turn.text, turn.unheard_text
        known.is_estimated, known.hidden = turn.heard_is_estimated, turn.hidden
        return self.rows.index(known)

    def _key(self, turn: Turn) -> str:
        """A typed turn whose key holds other words already is another turn."""
        key = turn.key or turn.item_id
        if turn.role == "user" and turn.modality == "text":
            taken = next((row for row in self.rows if row.key == key), None)
            if taken is not None and taken.text != turn.text:
                return f"{key}~{turn.text}"
        return key

    @staticmethod
    def _may_become(known: Row, turn: Turn) -> bool:
        if known.status == turn.status == "interrupted":
            return known.is_estimated and not turn.heard_is_estimated
        return says_more(known, turn) or (known.status, turn.status) in BECOMES

    def close(self, epoch: int) -> None:
        """The session is over, if it is this epoch's to end: what is pending now never comes."""
        if epoch == self.epoch:
            self.is_over = True
            for row in self.rows:
                if row.status == "pending":
                    row.status = "failed"


@dataclass(slots=True)
class BookKeeper:
    """The ledger of one visit (see `realtime.ledger`): the books, behind a database that may be away."""

    books: Books
    epoch: int
    outages: tuple[Outage, ...] = ()
    usage: Event = field(default_factory=dict)
    told: list[tuple[float, Turn]] = field(default_factory=list)
    """Every turn that was to be stored, and when."""
    waits: list[int] = field(default_factory=list)
    """How many milliseconds each answer took to sound."""
    _patience: Patience = field(default_factory=Patience)

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        self.told.append((virtual_loop().time(), turn))
        place = await self._patience.write(lambda: self._write(turn))
        return None if place is None else Saved(f"message {place}", place)

    async def _write(self, turn: Turn) -> int | None:
        await asyncio.sleep(0.004)
        away = next((each for each in self.outages if self._is_away(each)), None)
        if away is None or away.though_written:
            place = self.books.write(turn, self.epoch)
        if away is not None:
            raise OperationalError("the database is away")
        return place

    @staticmethod
    def _is_away(outage: Outage) -> bool:
        return outage.at <= virtual_loop().time() - START <= outage.at + outage.seconds

    async def record_usage(self, usage: Event) -> None:
        await asyncio.sleep(0.004)
        if self.epoch == self.books.epoch:
            self.usage = added(self.usage, usage)

    async def record_first_audio(self, milliseconds: int) -> None:
        await asyncio.sleep(0.004)
        self.waits.append(milliseconds)

    async def park(self, seconds_ago: float) -> None:
        await asyncio.sleep(0.004)

    async def take_back(self) -> bool:
        await asyncio.sleep(0.004)
        return self.epoch == self.books.epoch

    async def renew(self) -> EndReason | None:
        await asyncio.sleep(0.004)
        return "replaced" if self.epoch != self.books.epoch else None

    async def surely_left(self) -> float | None:
        return None

    async def end(self, reason: EndReason) -> None:
        self.books.close(self.epoch)
