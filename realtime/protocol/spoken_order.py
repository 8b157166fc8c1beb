"""SpokenOrder: entries in the order in which they were spoken, and which of them are to be told by now.

Turns are told from the front. One of which something is still to come holds back those behind it for a bounded time;
then its place is told as pending and filled later.
"""

from collections.abc import Iterator
from dataclasses import replace

from realtime.protocol.effects import Turn
from realtime.protocol.entries import Entry, turn_of

HOLD_SECONDS = 5.0
"""How long a turn waits for those before it."""


class SpokenOrder:
    """A list that grows at its end and is told from its front. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._placed = 0
        """How many, from the front, have been told; nothing is inserted before them."""
        self._floor = 0
        """How many are of earlier upstreams; nothing that another one says is inserted before them."""
        self._due: dict[Entry, float] = {}
        """Entries that will be settled at a time."""
        self._filled: list[Entry] = []
        """Entries of which more became known after they were told."""

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __reversed__(self) -> Iterator[Entry]:
        return reversed(self._entries)

    # --- places -------------------------------------------------------------------------------------------------

    def insert(self, entry: Entry, after: Entry | None = None) -> None:
        """Place an entry behind another, or last; never before one that was told."""
        place = len(self._entries) if after is None else self._entries.index(after) + 1
        self._put(entry, place)

    def replace(self, known: Entry, entry: Entry) -> None:
        """Place an entry where another stood."""
        self._put(entry, self._take_out(known))

    def remove(self, entry: Entry) -> None:
        """Take an entry out that turned out to be another's."""
        self._take_out(entry)

    def move(self, entry: Entry, after: Entry) -> None:
        """Place an entry that was not told yet behind another."""
        index = self._entries.index(entry)
        if index < max(self._placed, self._floor) or (index and self._entries[index - 1] is after):
            return
        self._entries.pop(index)
        self._put(entry, self._entries.index(after) + 1)

    def upstream_left(self) -> None:
        """What is inserted from now on is said later than all that is here."""
        self._floor = len(self._entries)

    def _put(self, entry: Entry, place: int) -> None:
        self._entries.insert(max(place, self._placed, self._floor), entry)
        entry.is_placed = True

    def _take_out(self, entry: Entry) -> int:
        index = self._entries.index(entry)
        self._entries.pop(index)
        self._placed -= index < self._placed
        self._floor -= index < self._floor
        return index

    # --- telling ------------------------------------------------------------------------------------------------

    def settle(self, entry: Entry, now: float) -> None:
        """All is known of the entry that will be known soon."""
        if entry.settled_at is None:
            entry.settled_at = now
        self._due.pop(entry, None)
        if entry.told is not None:
            self._filled.append(entry)

    def wait(self, entry: Entry, until: float | None) -> None:
        """More will be known of the entry, by `until` at the latest; None: nobody can say when."""
        entry.settled_at = None
        self._due.pop(entry, None)
        if until is not None:
            self._due[entry] = until

    def deadline(self) -> float | None:
        """When `take` should be called again although nothing happened."""
        times = [*self._due.values(), *(settled_at + HOLD_SECONDS for _, settled_at in self._held_back())]
        return min(times, default=None)

    def overdue(self, now: float) -> list[Entry]:
        """The entries of which more should have been known by now."""
        return [entry for entry, until in self._due.items() if now >= until]

    def take(self, now: float) -> list[Turn]:
        """The turns that are due: new ones in order, then earlier ones of which more is known."""
        overdue = (index for index, settled_at in self._held_back() if now >= settled_at + HOLD_SECONDS)
        return self._tell(force_until=max(overdue, default=-1)) + self._changed()

    def _held_back(self) -> list[tuple[int, float]]:
        """The turns that are settled and wait for others before them: their index and since when."""
        held = ((index, self._entries[index]) for index in range(self._placed, len(self._entries)))
        return [
            (index, each.settled_at) for index, each in held if each.is_turn and each.settled_at is not None
        ]

    def _tell(self, *, force_until: int) -> list[Turn]:
        """Tell turns from the front while they are settled; up to the index `force_until` also those that are not."""
        told = []
        while self._placed < len(self._entries):
            entry = self._entries[self._placed]
            is_open = entry.is_promised or (entry.is_turn and not entry.settled)
            if is_open and self._placed > force_until:
                break
            if entry.is_turn:
                entry.told = turn_of(entry)
                told.append(entry.told)
            self._placed += 1
        return told

    def _changed(self) -> list[Turn]:
        filled, self._filled = self._filled, []
        changed = []
        for entry in filled:
            turn = turn_of(entry)
            if entry.settled and entry.told is not None and _says_more(turn, entry.told):
                entry.told = turn
                changed.append(turn)
        return changed


def _says_more(turn: Turn, told: Turn) -> bool:
    """Whether `turn` is to be told after `told`. What was heard is settled once; only an estimate gives way."""
    if told.status == "interrupted":
        return told.heard_is_estimated and turn.status == "interrupted" and not turn.heard_is_estimated
    return replace(turn, item_id=told.item_id) != told  # another id says nothing about what was said
