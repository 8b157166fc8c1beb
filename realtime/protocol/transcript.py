"""TranscriptLog: each turn once, in spoken order, with what was heard of it.

A turn is a user item that was committed or created by our client, or an assistant item that a response announced.
Turns are told in order. One whose words are missing holds back those behind it for a bounded time; then its place is
told as pending and filled when the words land.
"""

from collections import deque
from typing import Literal

from realtime.protocol.effects import Turn
from realtime.protocol.entries import Entry, turn_of
from realtime.protocol.events import Event, item_text, list_of, mapping_of, text_of

HOLD_SECONDS = 5.0
"""How long a turn waits for those before it."""
TRUNCATE_SECONDS = 2.0
"""How long an interrupted answer waits for the player to say how much of it was heard."""
ACK_SECONDS = 1.0
"""How long a truncation waits for upstream, which may know the heard words better than we do."""


class TranscriptLog:
    """Events in, turns out. All times are seconds of one monotonic clock that the caller passes in."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._order: list[str] = []
        self._placed = 0
        """How many of `_order`, from the front, have been told; nothing is inserted before them."""
        self._awaited_creates: deque[Entry] = deque()
        self._early_words: dict[str, tuple[Literal["final", "failed"], str]] = {}
        """Transcripts that came before their turn, by item id."""
        self._not_speech: set[str] = set()
        self._due: dict[str, Entry] = {}
        """Entries that will be settled at a time."""
        self._filled: list[Entry] = []
        """Entries of which more became known after they were told."""
        self._sounding: list[Entry] = []
        """Answers that may not have been heard to the end yet."""

    # --- the user's side ----------------------------------------------------------------------------------------

    def create_forwarded(self, item_id: str, text: str, now: float) -> None:
        """A typed turn was passed upstream; its place is known when upstream announces it."""
        entry = Entry(item_id, "user", now)
        entry.parts[0] = text
        self._awaited_creates.append(entry)

    def create_refused(self, item_id: str) -> None:
        """Upstream did not take that item."""
        self._awaited_creates = deque(entry for entry in self._awaited_creates if entry.item_id != item_id)

    def knows(self, item_id: str) -> bool:
        """Whether an item of that id is in this log or on its way into it."""
        return item_id in self._entries or any(entry.item_id == item_id for entry in self._awaited_creates)

    def nudged(self, item_id: str) -> None:
        """The idle timeout made this item; nobody said anything."""
        self._not_speech.add(item_id)

    def committed(self, item_id: str, previous_id: str, now: float) -> None:
        """A spoken turn was closed; its words are still to come."""
        known = self._entries.get(item_id)
        if item_id in self._not_speech or (known and known.is_turn):
            return
        entry = Entry(item_id, "user", now, modality="audio")
        self._insert(entry, previous_id, instead_of=known)
        if item_id in self._early_words:
            self._hear(entry, *self._early_words.pop(item_id), now=now)

    def transcribed(self, item_id: str, text: str, now: float) -> None:
        """The words of a spoken turn. May come before the item, or long after the answer."""
        self._transcription(item_id, "final", text, now)

    def transcription_failed(self, item_id: str, now: float) -> None:
        """Upstream could not make out the words."""
        self._transcription(item_id, "failed", "", now)

    def _transcription(self, item_id: str, status: Literal["final", "failed"], text: str, now: float) -> None:
        entry = self._entries.get(item_id)
        if entry is None or not entry.is_turn:
            if item_id not in self._not_speech and self._early_words.get(item_id, ("",))[0] != "final":
                self._early_words[item_id] = (status, text)
        elif entry.role == "user" and entry.modality == "audio":
            self._hear(entry, status, text, now=now)

    def _hear(self, entry: Entry, status: Literal["final", "failed"], text: str, *, now: float) -> None:
        if entry.status == "final":
            return
        entry.parts[0] = text.strip()
        entry.status = status
        self._settle(entry, now)

    # --- items --------------------------------------------------------------------------------------------------

    def item_added(self, item: Event, previous_id: str, now: float) -> None:
        """Upstream announced an item and its place."""
        item_id = text_of(item.get("id"))
        known = self._entries.get(item_id)
        if known is not None:
            self._move(known, previous_id)
            return
        if item.get("role") == "user" and item_id not in self._not_speech:
            created = self._matching_create(item_id, item)
            if created:
                created.item_id = item_id
                created.status = "final"
                self._settle(created, now)
                self._insert(created, previous_id)
                return
        # No turn of this session, yet others may name it as the one before them.
        self._insert(Entry(item_id, "user", now, is_turn=False), previous_id)

    def _matching_create(self, item_id: str, item: Event) -> Entry | None:
        """The forwarded create that this item answers: by id, else the oldest with its words.

        Some servers give items ids of their own, and after a drop some announce old items again under new ids. What
        an item without words answers can only be told from the order in which creates were sent.
        """
        content = [mapping_of(part) for part in list_of(item.get("content"))]
        spoken = any(part.get("type") == "input_audio" for part in content)
        words = _normal(item_text(item))
        for entry in self._awaited_creates:
            if entry.item_id == item_id or (words and not spoken and _normal(entry.words) == words):
                self._awaited_creates.remove(entry)
                return entry
        return self._awaited_creates.popleft() if self._awaited_creates and not content else None

    # --- the assistant's side -----------------------------------------------------------------------------------

    def answer_announced(self, item_id: str, now: float) -> None:
        """A response of this session began this item."""
        known = self._entries.get(item_id)
        if known is None or not known.is_turn:
            self._insert(Entry(item_id, "assistant", now), "", instead_of=known)

    def answer_words(self, item_id: str, part: int, delta: str, *, spoken: bool) -> None:
        """More words of an answer; `spoken` when they are the transcript of its sound."""
        entry = self._answer(item_id)
        if entry and entry.status == "open":
            entry.parts[part] = entry.parts.get(part, "") + delta
            if spoken:
                entry.modality = "audio"

    def answer_part(self, item_id: str, part: int, text: str, *, spoken: bool) -> None:
        """All words of one part of an answer."""
        entry = self._answer(item_id)
        if entry and entry.status == "open" and text:
            entry.parts[part] = ""
            self.answer_words(item_id, part, text, spoken=spoken)

    def answer_audio(self, item_id: str, pcm_bytes: int, now: float) -> None:
        """More sound of an answer went to the client."""
        entry = self._answer(item_id)
        if entry is None:
            return
        if entry.plays_from is None:
            # Sound comes faster than it is spoken, and one item is heard after the other.
            entry.plays_from = max(now, self.plays_until)
            entry.modality = "audio"
            entry.at = now
            self._sounding = [each for each in self._sounding if each.plays_until > now]
            self._sounding.append(entry)
        entry.received_bytes += pcm_bytes

    @property
    def plays_until(self) -> float:
        """When all sound that came will have been heard, if nobody cuts it short; 0 when there was none."""
        return max((entry.plays_until for entry in self._sounding), default=0.0)

    def interrupted(self, now: float) -> None:
        """The user began to speak, and whatever was being played falls silent."""
        sounding, self._sounding = self._sounding, []
        for entry in sounding:
            if entry.was_cut or entry.is_heard_out or (entry.status != "open" and entry.plays_until <= now):
                continue
            entry.stopped_at = now
            if entry.status != "open":
                entry.status = "interrupted"
                self._await(entry, now + TRUNCATE_SECONDS)

    def answer_done(
        self, item_id: str, outcome: Literal["completed", "cancelled", "failed"], now: float
    ) -> None:
        """Upstream is done with the item: in full, or because it was stopped, or because it broke off."""
        entry = self._answer(item_id)
        if entry is None or entry.status != "open":
            return
        if outcome == "cancelled" and entry.stopped_at is None:
            entry.stopped_at = now
        entry.is_complete = outcome == "completed"
        if not entry.words and not entry.received_bytes:
            self._drop(entry, now)
        elif entry.is_complete and not entry.was_cut:
            entry.status = "final"
            self._settle(entry, now)
        else:
            entry.status = "interrupted"
            self._await_report(entry, now)

    def _await_report(self, entry: Entry, now: float) -> None:
        """Hold an interrupted answer until it is known what was heard of it."""
        if entry.modality == "text" or entry.cut_confirmed or not entry.was_cut:
            self._settle(entry, now)
        else:
            self._await(entry, now + (TRUNCATE_SECONDS if entry.heard_ms is None else ACK_SECONDS))

    def truncated_by_client(self, item_id: str, heard_ms: int, now: float) -> None:
        """The player says how much of an answer was heard."""
        entry = self._answer(item_id)
        if entry is None or entry.modality != "audio":
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
            self._settle(entry, now)
            return
        entry.heard_ms = heard_ms if entry.heard_ms is None else min(heard_ms, entry.heard_ms)
        entry.cut_confirmed = False
        if entry.status != "open":
            entry.status = "interrupted"
            self._await(entry, now + ACK_SECONDS)

    def truncated(self, item_id: str, heard_text: str | None, now: float) -> None:
        """Upstream cut the answer where the player said; it may know the words that were heard."""
        entry = self._answer(item_id)
        if entry is None or entry.heard_ms is None:
            return
        entry.heard_text = heard_text
        entry.cut_confirmed = True
        if entry.status == "interrupted":
            self._settle(entry, now)

    def received_ms(self, item_id: str) -> int | None:
        """How much sound of an answer the client was given; None when it is no answer of this session."""
        entry = self._answer(item_id)
        return None if entry is None else entry.received_ms

    def _answer(self, item_id: str) -> Entry | None:
        entry = self._entries.get(item_id)
        return entry if entry and entry.role == "assistant" and entry.is_turn else None

    # --- order --------------------------------------------------------------------------------------------------

    def _insert(self, entry: Entry, previous_id: str, *, instead_of: Entry | None = None) -> None:
        """Place an entry behind `previous_id`, or where `instead_of` stood, or last; never before a told one."""
        place = len(self._order)
        if instead_of is not None:
            place = self._take_out(entry.item_id)
        elif previous_id in self._entries:
            place = self._order.index(previous_id) + 1
        self._order.insert(max(place, self._placed), entry.item_id)
        self._entries[entry.item_id] = entry

    def _take_out(self, item_id: str) -> int:
        index = self._order.index(item_id)
        self._order.pop(index)
        if index < self._placed:
            self._placed -= 1
        return index

    def _move(self, entry: Entry, previous_id: str) -> None:
        if previous_id not in self._entries or previous_id == entry.item_id:
            return
        index = self._order.index(entry.item_id)
        if index < self._placed or (index and self._order[index - 1] == previous_id):
            return
        self._order.pop(index)
        self._order.insert(max(self._order.index(previous_id) + 1, self._placed), entry.item_id)

    def _drop(self, entry: Entry, now: float) -> None:
        """No words and no sound: it was no turn, but others may still name it, and a place once told stays taken."""
        if entry.told is None:
            entry.is_turn = False
        else:
            entry.status = "final"
            self._settle(entry, now)

    # --- telling ------------------------------------------------------------------------------------------------

    def _settle(self, entry: Entry, now: float) -> None:
        """All is known of the entry that will be known soon."""
        if entry.settled_at is None:
            entry.settled_at = now
        entry.settle_by = None
        self._due.pop(entry.item_id, None)
        if entry.told is not None:
            self._filled.append(entry)

    def _await(self, entry: Entry, until: float) -> None:
        entry.settled_at = None
        entry.settle_by = until
        self._due[entry.item_id] = entry

    @property
    def awaits_transcripts(self) -> bool:
        """Whether words of the user are still to come."""
        return bool(self._awaited_creates) or any(
            entry.role == "user" and entry.is_turn and not entry.settled for entry in self._entries.values()
        )

    def deadline(self) -> float | None:
        """When `take` should be called again although nothing happened."""
        times = [entry.settle_by for entry in self._due.values() if entry.settle_by is not None]
        times += [settled_at + HOLD_SECONDS for _, settled_at in self._held_back()]
        return min(times, default=None)

    def take(self, now: float) -> list[Turn]:
        """The turns that are due: new ones in order, then earlier ones of which more is known."""
        for entry in list(self._due.values()):
            if entry.settle_by is not None and now >= entry.settle_by:
                self._settle(entry, now)
        overdue = (index for index, settled_at in self._held_back() if now >= settled_at + HOLD_SECONDS)
        return self._place(force_until=max(overdue, default=-1)) + self._changed()

    def finish(self, now: float) -> list[Turn]:
        """Everything that is left, at the end: partial answers as interrupted, words that never came as failed."""
        while self._awaited_creates:
            entry = self._awaited_creates.popleft()
            entry.status = "final"
            self._insert(entry, "")
        self.interrupted(now)
        for entry in self._entries.values():
            self._finish(entry, now)
        return self._place(force_until=-1) + self._changed()

    def _finish(self, entry: Entry, now: float) -> None:
        if entry.role == "user" and entry.status == "open":
            entry.status = "failed"
        elif entry.role == "assistant":
            self.answer_done(entry.item_id, "cancelled", now)
        if not entry.settled:
            self._settle(entry, now)

    def _held_back(self) -> list[tuple[int, float]]:
        """The turns that are settled and wait for others before them: their index and since when."""
        held = ((index, self._entries[self._order[index]]) for index in range(self._placed, len(self._order)))
        return [
            (index, each.settled_at) for index, each in held if each.is_turn and each.settled_at is not None
        ]

    def _place(self, *, force_until: int) -> list[Turn]:
        """Tell turns from the front while they are settled; up to the index `force_until` also those that are not."""
        told = []
        while self._placed < len(self._order):
            entry = self._entries[self._order[self._placed]]
            if entry.is_turn:
                if not entry.settled and self._placed > force_until:
                    break
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
    return turn != told


def _normal(words: str) -> str:
    return " ".join(words.split())
