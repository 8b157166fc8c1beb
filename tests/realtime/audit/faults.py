"""Book-keepers that do what must never happen, each in its own way: the audit has to notice every one of them."""

from dataclasses import dataclass, field, replace

from realtime.ledger import Saved
from realtime.protocol.effects import Turn
from tests.realtime.audit.books import BookKeeper


@dataclass(slots=True)
class LosesATurn(BookKeeper):
    """Forgets the second turn that it is told of."""

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        items = list(dict.fromkeys([*(each.item_id for _, each in self.told), turn.item_id]))
        if len(items) > 1 and turn.item_id == items[1]:
            self.told.append((0.0, turn))
            return Saved("nowhere", 0)
        return await BookKeeper.record_turn(self, turn, seconds_ago)


@dataclass(slots=True)
class SwapsTurns(BookKeeper):
    """Writes the first turn after the second."""

    _kept: Turn | None = None

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        if not self.told and self._kept is None:
            self._kept = turn
            return Saved("later", 0)
        saved = await BookKeeper.record_turn(self, turn, seconds_ago)
        if self._kept is not None and turn.item_id != self._kept.item_id:
            kept, self._kept = self._kept, None
            await BookKeeper.record_turn(self, kept, seconds_ago)
        return saved


@dataclass(slots=True)
class DoublesATurn(BookKeeper):
    """Writes what it is told under one key under another one, too."""

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        saved = await BookKeeper.record_turn(self, turn, seconds_ago)
        if len(self.told) == 1:
            await BookKeeper.record_turn(self, replace(turn, key="another key"), seconds_ago)
        return saved


@dataclass(slots=True)
class KeepsNoLateWords(BookKeeper):
    """Writes each turn once and never again."""

    _known: set[str] = field(default_factory=set)

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        if turn.item_id in self._known:
            return Saved("as it was", 0)
        self._known.add(turn.item_id)
        return await BookKeeper.record_turn(self, turn, seconds_ago)


@dataclass(slots=True)
class BelievesAllWasHeard(BookKeeper):
    """Takes an interrupted answer for a whole one."""

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        if turn.status == "interrupted":
            text = f"{turn.text} {turn.unheard_text}".strip()
            turn = replace(turn, status="final", text=text, unheard_text="")
        return await BookKeeper.record_turn(self, turn, seconds_ago)


@dataclass(slots=True)
class ForgetsTheUnheard(BookKeeper):
    """Throws away what an interrupted answer would have said."""

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        if turn.role == "assistant" and turn.unheard_text:
            turn = replace(turn, unheard_text="")
        return await BookKeeper.record_turn(self, turn, seconds_ago)


@dataclass(slots=True)
class WritesOnAfterTheTakeover(BookKeeper):
    """Has never heard of epochs."""

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        self.epoch = self.books.epoch
        return await BookKeeper.record_turn(self, turn, seconds_ago)


@dataclass(slots=True)
class MistakesWhoSpoke(BookKeeper):
    """Writes the assistant's words down as the user's."""

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        return await BookKeeper.record_turn(self, replace(turn, role="user"), seconds_ago)


@dataclass(slots=True)
class CountsNothing(BookKeeper):
    """Forgets what an answer cost."""

    async def record_usage(self, usage: dict[str, object]) -> None:
        return None
