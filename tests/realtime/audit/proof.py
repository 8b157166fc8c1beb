"""The books in memory, proven: a ledger that writes every turn to the real database as well, and compares."""

from dataclasses import dataclass, field

from realtime.errors import EndReason
from realtime.history import DatabaseLedger
from realtime.ledger import Saved
from realtime.protocol.effects import Turn
from tests.realtime.audit.books import BookKeeper


@dataclass(slots=True)
class ProvenKeeper(BookKeeper):
    """Keeps books and a database at once."""

    database: DatabaseLedger = field(kw_only=True)
    differences: list[str] = field(default_factory=list)

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        # The books first: they look at the clock, which stands still while the database writes.
        in_books = await BookKeeper.record_turn(self, turn, seconds_ago)
        in_database = await self.database.record_turn(turn, seconds_ago)
        if _place(in_books) != _place(in_database):
            self.differences.append(f"{turn}: {in_books}, in the database {in_database}")
        return in_database

    async def end(self, reason: EndReason) -> None:
        await BookKeeper.end(self, reason)
        await self.database.end(reason)


def _place(saved: Saved | None) -> int | None:
    return None if saved is None else saved.position
