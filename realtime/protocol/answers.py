"""Answers: what came of each, and how much of it was heard."""

from typing import Literal

from realtime.protocol.entries import Entry
from realtime.protocol.spoken_order import SpokenOrder

TRUNCATE_SECONDS = 2.0
"""How long an interrupted answer waits for the player to say how much of it was heard."""
ACK_SECONDS = 1.0
"""How long a truncation waits for upstream, which may know the heard words better than we do."""
REACTION_SECONDS = 0.3
"""How late upstream tells that somebody speaks. A whole answer that ends so soon was heard out, unless the player says
otherwise."""
Outcome = Literal["completed", "cancelled", "failed"]
"""How upstream was done with an answer: in full, or because it was stopped, or because it broke off."""


class Answers:
    """Follows the answers among the entries of an order. All times are seconds of one monotonic clock."""

    def __init__(self, order: SpokenOrder) -> None:
        self._order = order
        self._sounding: list[Entry] = []
        """Answers that may not have been heard to the end yet."""
        self._over_at: float | None = None
        """When the last listener left."""
        self._away_at: float | None = None
        """Since when the listener gets no more sound, and may come back; None while it is there."""

    def words(self, entry: Entry, part: int, delta: str, *, spoken: bool) -> None:
        """More words; `spoken` when they are the transcript of its sound."""
        if entry.status == "open":
            entry.parts[part] = entry.parts.get(part, "") + delta
            if spoken:
                entry.modality = "audio"

    def sounds(self, entry: Entry, now: float) -> None:
        """Its first sound goes to the client."""
        # Sound comes faster than it is spoken, and one item is heard after the other.
        entry.plays_from = max(now, self.play_until)
        entry.modality = "audio"
        entry.at = now
        if self._over_at is not None:
            entry.stopped_at = self._over_at
        heard_by = now if self._away_at is None else self._away_at
        self._sounding = [each for each in self._sounding if each.plays_until > heard_by]
        self._sounding.append(entry)

    @property
    def play_until(self) -> float:
        """When all sound that came will have been heard, if nobody cuts it short; 0 when there was none."""
        return max((entry.plays_until for entry in self._sounding), default=0.0)

    def may_sound(self, entry: Entry) -> bool:
        """Whether somebody may still be hearing it."""
        return entry in self._sounding

    def nobody_listens(self, now: float) -> None:
        """The listener left, and hears no more of it."""
        self.interrupted(now)
        self._over_at = now

    def listener_away(self, now: float) -> None:
        """The listener was lost. It may come back, and hear the rest then."""
        self._away_at = now

    def listener_back(self, item_id: str | None, in_hand_ms: float, now: float) -> None:
        """It is back, with so much of that answer in hand; what it has not got is heard from now on."""
        free_at, away_at = now, now if self._away_at is None else self._away_at
        self._away_at = None
        for entry in self._sounding:
            if entry.plays_from is None or entry.was_cut or entry.plays_until <= away_at:
                continue
            in_hand = in_hand_ms / 1000 if entry.item_id == item_id else 0.0
            if entry.plays_from + in_hand < min(free_at, entry.plays_until):
                entry.plays_from = free_at - in_hand
            free_at = max(free_at, entry.plays_until)

    def heard_out(self) -> None:
        """Whoever listens has all of what is complete, and hears it to the end wherever it goes on."""
        self._sounding = [each for each in self._sounding if not each.is_complete]

    def interrupted(self, now: float) -> None:
        """Whatever was being played falls silent."""
        sounding, self._sounding = self._sounding, []
        for entry in sounding:
            heard_by = now + REACTION_SECONDS if entry.is_complete else now
            if (
                entry.was_cut
                or entry.is_heard_out
                or (entry.status != "open" and entry.plays_until <= heard_by)
            ):
                continue
            entry.stopped_at = now
            if entry.status != "open":
                entry.status = "interrupted"
                self._order.wait(entry, now + TRUNCATE_SECONDS)

    def done(self, entry: Entry, outcome: Outcome, now: float) -> None:
        """Upstream is done with it."""
        if entry.status != "open":
            return
        if outcome == "cancelled" and entry.stopped_at is None:
            entry.stopped_at = now
        entry.is_complete = outcome == "completed"
        if not entry.words and not entry.received_bytes:
            self._drop(entry, now)
        elif entry.is_complete and not entry.was_cut:
            entry.status = "final"
            self._order.settle(entry, now)
        else:
            entry.status = "interrupted"
            self._await_report(entry, now)

    def cut(self, entry: Entry, heard_ms: int, now: float) -> None:
        """The player says how much of it was heard."""
        if entry.modality != "audio":
            return
        self._sounding = [each for each in self._sounding if each is not entry]
        is_told_as_cut = entry.told is not None and entry.told.status == "interrupted"
        if (
            entry.is_complete
            and not is_told_as_cut
            and entry.heard_ms is None
            and heard_ms >= entry.received_ms
        ):
            entry.is_heard_out = True
            entry.status = "final"
            entry.stopped_at = None
            self._order.settle(entry, now)
            return
        entry.heard_ms = heard_ms if entry.heard_ms is None else min(heard_ms, entry.heard_ms)
        entry.cut_confirmed = False
        if entry.status != "open":
            entry.status = "interrupted"
            self._order.wait(entry, now + ACK_SECONDS)

    def cut_confirmed(self, entry: Entry, heard_text: str | None, now: float) -> None:
        """Upstream cut it where the player said; it may know the words that were heard."""
        if entry.heard_ms is None:
            return
        entry.heard_text = heard_text
        entry.cut_confirmed = True
        if entry.status == "interrupted":
            self._order.settle(entry, now)

    def _await_report(self, entry: Entry, now: float) -> None:
        """Hold an interrupted answer until it is known what was heard of it."""
        if entry.modality == "text" or entry.cut_confirmed:
            self._order.settle(entry, now)
        elif entry.was_cut:
            self._order.wait(entry, now + (TRUNCATE_SECONDS if entry.heard_ms is None else ACK_SECONDS))
        elif entry.plays_until > now:  # upstream broke off; what came of it can still be cut short
            self._order.wait(entry, entry.plays_until)
        else:
            self._order.settle(entry, now)

    def _drop(self, entry: Entry, now: float) -> None:
        """No words and no sound: it was no turn, but others may still name it, and a place once told stays taken."""
        if entry.told is None:
            entry.is_turn = False
        else:
            entry.status = "final"
            self._order.settle(entry, now)
