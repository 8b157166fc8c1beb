"""TranscriptLog: each turn once, in spoken order, with what was heard of it.

A turn is a user item that was committed or created by our client, or an assistant item that a response announced.
Turns are told in order. One whose words are missing holds back those behind it for a bounded time; then its place is
told as pending and filled when the words land.
"""

from collections import deque

from realtime.protocol import audio
from realtime.protocol.effects import Turn
from realtime.protocol.entries import Entry, played_ms, turn_of
from realtime.protocol.events import Event, item_text, text_of

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
        self._early_words: dict[str, tuple[str, str]] = {}
        """Transcripts that came before their item: item id → (status, words)."""
        self._not_speech: set[str] = set()

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

    def committed(self, item_id: str, previous_id: str | None, now: float) -> None:
        """A spoken turn was closed; its words are still to come."""
        known = self._entries.get(item_id)
        if item_id in self._not_speech or (known and known.is_turn):
            return
        entry = Entry(item_id, "user", now, modality="audio")
        self._insert(entry, previous_id, instead_of=known)
        early = self._early_words.pop(item_id, None)
        if early:
            self._hear(entry, *early, now=now)

    def transcribed(self, item_id: str, text: str, now: float) -> None:
        """The words of a spoken turn. May come before the item, or long after the answer."""
        self._transcription(item_id, "final", text, now)

    def transcription_failed(self, item_id: str, now: float) -> None:
        """Upstream could not make out the words."""
        self._transcription(item_id, "failed", "", now)

    def _transcription(self, item_id: str, status: str, text: str, now: float) -> None:
        entry = self._entries.get(item_id)
        if entry is None:
            if item_id not in self._not_speech:
                self._early_words[item_id] = (status, text)
        elif entry.role == "user" and entry.modality == "audio":
            self._hear(entry, status, text, now=now)

    def _hear(self, entry: Entry, status: str, text: str, *, now: float) -> None:
        if entry.status == "final":
            return
        entry.parts[0] = text.strip()
        entry.status = "failed" if status == "failed" else "final"
        entry.settle(now)

    # --- items --------------------------------------------------------------------------------------------------

    def item_added(self, item: Event, previous_id: str | None, now: float) -> None:
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
                created.settle(now)
                self._insert(created, previous_id)
                return
        # No turn of this session, yet others may name it as the one before them.
        self._insert(Entry(item_id, "user", now, is_turn=False), previous_id)

    def _matching_create(self, item_id: str, item: Event) -> Entry | None:
        """The forwarded create that this item answers: by id, else the oldest with the same words."""
        for entry in self._awaited_creates:
            if entry.item_id == item_id:
                self._awaited_creates.remove(entry)
                return entry
        # Some servers give items ids of their own; what we sent is answered in the order in which we sent it.
        return self._awaited_creates.popleft() if self._awaited_creates and item_text(item) else None

    def deleted(self, item_id: str) -> None:
        """Upstream forgot the item. What was said stays said: the log keeps it."""

    # --- the assistant's side -----------------------------------------------------------------------------------

    def answer_announced(self, item_id: str, now: float) -> None:
        """A response of this session began this item."""
        known = self._entries.get(item_id)
        if known is None or not known.is_turn:
            self._insert(Entry(item_id, "assistant", now), None, instead_of=known)

    def answer_words(self, item_id: str, part: int, delta: str) -> None:
        """More words of an answer."""
        entry = self._answer(item_id)
        if entry and entry.status == "open":
            entry.parts[part] = entry.parts.get(part, "") + delta

    def answer_part(self, item_id: str, part: int, text: str) -> None:
        """All words of one part of an answer."""
        entry = self._answer(item_id)
        if entry and entry.status == "open" and text:
            entry.parts[part] = text

    def answer_audio(self, item_id: str, pcm_bytes: int, now: float) -> None:
        """More sound of an answer went to the client."""
        entry = self._answer(item_id)
        if entry:
            entry.modality = "audio"
            entry.received_bytes += pcm_bytes
            if entry.first_audio_at is None:
                entry.first_audio_at = now
                entry.at = now

    def answer_done(self, item_id: str, *, completed: bool, now: float) -> None:
        """Upstream is done with the item, in full or cut short."""
        entry = self._answer(item_id)
        if entry is None or entry.status != "open":
            return
        if not entry.words and not entry.received_bytes:
            self._drop(entry, now)
        elif completed:
            entry.status = "final" if entry.heard_ms is None else "interrupted"
            entry.settle(now)
        else:
            entry.status = "interrupted"
            if entry.modality == "text" or entry.heard_ms is not None:
                entry.settle(now)
            else:
                entry.settle_by = now + TRUNCATE_SECONDS

    def truncated_by_client(self, item_id: str, heard_ms: int, now: float) -> None:
        """The player says how much of an answer was heard."""
        entry = self._answer(item_id)
        if entry is None or entry.modality != "audio":
            return
        if entry.status == "final" and heard_ms >= audio.milliseconds(entry.received_bytes):
            return  # heard to the end
        entry.heard_ms = heard_ms
        if entry.status != "open":
            entry.status = "interrupted"
            entry.settled_at = None
            entry.settle_by = now + ACK_SECONDS

    def truncated(self, item_id: str, heard_text: str | None, now: float) -> None:
        """Upstream cut the answer where the player said; it may know the words that were heard."""
        entry = self._answer(item_id)
        if entry is None or entry.heard_ms is None:
            return
        entry.heard_text = heard_text
        if entry.status == "interrupted":
            entry.settle(now)

    def received_ms(self, item_id: str) -> int | None:
        """How much sound of an answer the client was given; None when it is no answer of this session."""
        entry = self._answer(item_id)
        return None if entry is None else audio.milliseconds(entry.received_bytes)

    def _answer(self, item_id: str) -> Entry | None:
        entry = self._entries.get(item_id)
        return entry if entry and entry.role == "assistant" and entry.is_turn else None

    # --- order --------------------------------------------------------------------------------------------------

    def _insert(self, entry: Entry, previous_id: str | None, *, instead_of: Entry | None = None) -> None:
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

    def _move(self, entry: Entry, previous_id: str | None) -> None:
        if previous_id not in self._entries or previous_id == entry.item_id:
            return
        index = self._order.index(entry.item_id)
        if index < self._placed or (index and self._order[index - 1] == previous_id):
            return
        self._order.pop(index)
        self._order.insert(max(self._order.index(previous_id) + 1, self._placed), entry.item_id)

    @staticmethod
    def _drop(entry: Entry, now: float) -> None:
        """No words and no sound: it was no turn, but others may still name it, and a place once told stays taken."""
        if entry.told is None:
            entry.is_turn = False
        else:
            entry.status = "final"
            entry.settle(now)

    # --- telling ------------------------------------------------------------------------------------------------

    @property
    def awaits_transcripts(self) -> bool:
        """Whether words of the user are still to come."""
        return any(
            entry.role == "user" and entry.is_turn and not entry.settled for entry in self._entries.values()
        ) or bool(self._awaited_creates)

    def deadline(self) -> float | None:
        """When `take` should be called again although nothing happened."""
        times = [entry.settle_by for entry in self._entries.values() if entry.settle_by is not None]
        waiting = self._longest_waiting()
        if waiting is not None:
            times.append(waiting + HOLD_SECONDS)
        return min(times, default=None)

    def take(self, now: float) -> list[Turn]:
        """The turns that are due: new ones in order, then earlier ones of which more is known."""
        for entry in self._entries.values():
            if entry.settle_by is not None and now >= entry.settle_by:
                entry.settle(now)
        waiting = self._longest_waiting()
        overdue = waiting is not None and now >= waiting + HOLD_SECONDS
        return self._place(self._last_settled() if overdue else -1) + self._changed()

    def finish(self, now: float) -> list[Turn]:
        """Everything that is left, at the end: partial answers as interrupted, words that never came as failed."""
        while self._awaited_creates:
            entry = self._awaited_creates.popleft()
            entry.status = "final"
            self._insert(entry, None)
        for entry in self._entries.values():
            self._finish(entry, now)
        return self._place(-1) + self._changed()

    def _finish(self, entry: Entry, now: float) -> None:
        if entry.role == "user" and entry.status == "open":
            entry.status = "failed"
        elif entry.role == "assistant" and entry.status == "open":
            self.answer_done(entry.item_id, completed=False, now=now)
        elif entry.status == "final" and entry.first_audio_at is not None and played_ms(entry, now) is not None:
            entry.status = "interrupted"
            entry.settled_at = None
        entry.settle(now)

    def _longest_waiting(self) -> float | None:
        """Since when the first settled turn has been held back by one before it."""
        held = (self._entries[item_id] for item_id in self._order[self._placed :])
        return min(
            (entry.settled_at for entry in held if entry.is_turn and entry.settled_at is not None),
            default=None,
        )

    def _last_settled(self) -> int:
        settled = (index for index, item_id in enumerate(self._order) if self._entries[item_id].settled)
        return max(settled, default=-1)

    def _place(self, force_until: int) -> list[Turn]:
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
        changed = []
        for entry in self._entries.values():
            if entry.told is not None and entry.settled:
                turn = turn_of(entry)
                if turn != entry.told:
                    entry.told = turn
                    changed.append(turn)
        return changed
