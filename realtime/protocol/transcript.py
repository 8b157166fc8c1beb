"""TranscriptLog: each turn once, in spoken order, with what was heard of it, through all upstreams of a session.

A turn is a user item that was committed or created by our client, or an assistant item that a response announced.
Turns are told in order. One whose words are missing holds back those behind it for a bounded time; then its place is
told as pending and filled when the words land. Item ids count within one upstream: another may use them again.
"""

from typing import Literal

from realtime.protocol.answers import Answers, Outcome
from realtime.protocol.creates import Creates
from realtime.protocol.effects import Turn
from realtime.protocol.entries import Entry, as_heard
from realtime.protocol.events import Event, text_of
from realtime.protocol.spoken_order import SpokenOrder

TRANSCRIPT_SECONDS = 30.0
"""How long the words of a spoken turn are waited for. They are still taken when they come later."""


class TranscriptLog:
    """Events in, turns out. All times are seconds of one monotonic clock that the caller passes in."""

    def __init__(self, epoch: int = 1) -> None:
        """`epoch` counts how often the session was taken up."""
        self._epoch, self._life = epoch, 1
        self._order = SpokenOrder()
        self._answers = Answers(self._order)
        self._entries: dict[str, Entry] = {}
        """The items of the upstream that is there, by its ids."""
        self._past: dict[str, Entry] = {}
        """The items of earlier upstreams, by the ids that the client knows; of two the newer one."""
        self._creates = Creates()
        self._again: list[Entry] = []
        """Spoken turns that an upstream took with it and that were said again; to be committed in this order."""
        self._early_words: dict[str, tuple[Literal["final", "failed"], str]] = {}
        """Transcripts that came before their turn, by item id."""
        self._not_speech: set[str] = set()

    # --- the user's side ----------------------------------------------------------------------------------------

    def create_forwarded(self, item_id: str, text: str, now: float) -> None:
        """A typed turn was passed upstream; its place is known when upstream announces it."""
        entry = Entry(item_id, "user", now)
        entry.parts[0] = text
        self._creates.sent(item_id, entry)

    def create_refused(self, item_id: str) -> None:
        """Upstream did not take that item."""
        self._creates.refused(item_id)

    def knows(self, item_id: str) -> bool:
        """Whether an item of that id is in this log or on its way into it."""
        return item_id in self._entries or item_id in self._past or item_id in self._creates

    def nudged(self, item_id: str) -> None:
        """The idle timeout made this item; nobody said anything."""
        self._not_speech.add(item_id)

    def is_turn(self, item_id: str) -> bool:
        """Whether an item of this upstream's is a turn already."""
        entry = self._entries.get(item_id)
        return entry is not None and entry.is_turn

    def is_speech(self, item_id: str) -> bool:
        """Whether a committed item is something that was said."""
        return item_id not in self._not_speech

    def committed(self, item_id: str, previous_id: str, now: float) -> None:
        """A spoken turn was closed; its words are still to come."""
        known = self._entries.get(item_id)
        if item_id in self._not_speech or (known and known.is_turn):
            return
        if self._again:
            entry = self._rename(self._again.pop(0), item_id)
            if known is not None:
                self._order.remove(known)
        else:
            entry = Entry(item_id, "user", now, modality="audio", key=self._scoped(item_id))
            self._insert(entry, previous_id, instead_of=known)
        self._entries[item_id] = entry
        self._order.wait(entry, now + TRANSCRIPT_SECONDS)
        if item_id in self._early_words:
            self._hear(entry, *self._early_words.pop(item_id), now=now)

    def _rename(self, entry: Entry, item_id: str) -> Entry:
        """Another upstream has the turn now, under an id of its own; a place that was told stays the same place."""
        entry.key = self._scoped(item_id) if entry.told is None else entry.key or entry.item_id
        entry.item_id = item_id
        return entry

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
        words = text.strip()
        if entry.status == "final" and not _goes_on(entry.words, words):
            return  # a repetition
        entry.parts[0] = words
        entry.status = status
        self._order.settle(entry, now)

    # --- items --------------------------------------------------------------------------------------------------

    def item_added(self, item: Event, previous_id: str, now: float) -> None:
        """Upstream announced an item and its place."""
        item_id = text_of(item.get("id"))
        known = self._entries.get(item_id)
        if known is not None:
            self._move(known, previous_id)
            return
        if item.get("role") == "user" and item_id not in self._not_speech:
            created = self._creates.answered_by(item_id, item)
            if created:
                self._announced(created, item_id, previous_id, now)
                return
        # No turn of this session, yet others may name it as the one before them.
        other = Entry(item_id, "user", now, is_turn=False)
        other.is_promised = item.get("status") == "in_progress" and item.get("role") == "user"
        self._insert(other, previous_id)

    def _announced(self, created: Entry, item_id: str, previous_id: str, now: float) -> None:
        self._entries[item_id] = created
        # Told to an earlier upstream, it is known to the client under that one's id; and what is told is told.
        if not created.keeps_place and created.told is None:
            created.item_id = item_id
            created.key = "" if created.has_own_id else self._scoped(item_id)
        if created.is_placed:  # it may have been taken for an old item with the same words
            self._move(created, previous_id)
            return
        created.status = "final"
        self._order.settle(created, now)
        self._insert(created, previous_id)

    def _move(self, entry: Entry, previous_id: str) -> None:
        before = self._entries.get(previous_id)
        if before is not None and before is not entry and not entry.keeps_place:
            self._order.move(entry, before)

    def _insert(self, entry: Entry, previous_id: str, *, instead_of: Entry | None = None) -> None:
        """Place an entry behind `previous_id`, or where `instead_of` stood, or last."""
        if instead_of is not None:
            self._order.replace(instead_of, entry)
        else:
            self._order.insert(entry, self._entries.get(previous_id))
        self._entries[entry.item_id] = entry

    def _scoped(self, item_id: str) -> str:
        """The key of an item whose id an upstream chose: that of another upstream may choose the same."""
        is_first = self._epoch == self._life == 1
        return "" if is_first else f"{item_id}~{self._epoch}.{self._life}"

    # --- the assistant's side -----------------------------------------------------------------------------------

    def answer_announced(self, item_id: str, now: float, began_at: float | None = None) -> None:
        """A response of this session, which began at `began_at`, began this item."""
        known = self._entries.get(item_id)
        if known is None or not known.is_turn:
            began_at = now if began_at is None else began_at
            entry = Entry(item_id, "assistant", now, began_at=began_at, key=self._scoped(item_id))
            self._insert(entry, "", instead_of=known)

    def answer_words(self, item_id: str, part: int, delta: str, *, spoken: bool) -> None:
        """More words of an answer; `spoken` when they are the transcript of its sound."""
        if entry := self._answer(item_id):
            self._answers.words(entry, part, delta, spoken=spoken)

    def answer_part(self, item_id: str, part: int, text: str, *, spoken: bool) -> None:
        """All words of one part of an answer."""
        entry = self._answer(item_id)
        if entry and entry.status == "open" and text:
            entry.parts[part] = ""
            self._answers.words(entry, part, text, spoken=spoken)

    def answer_audio(self, item_id: str, pcm_bytes: int, now: float) -> None:
        """More sound of an answer went to the client."""
        entry = self._entries.get(item_id)
        if entry is None or entry.role != "assistant" or not entry.is_turn:
            return
        if entry.plays_from is None:
            self._answers.sounds(entry, now)
        entry.received_bytes += pcm_bytes

    @property
    def plays_until(self) -> float:
        """When all sound that came will have been heard, if nobody cuts it short; 0 when there was none."""
        return self._answers.play_until

    def listener_away(self, now: float) -> None:
        """The client was lost, and may come back."""
        self._answers.listener_away(now)

    def listener_back(self, item_id: str | None, in_hand_ms: float, now: float) -> None:
        """It is back, with so much of that answer in hand."""
        self._answers.listener_back(item_id, in_hand_ms, now)

    def heard_out(self) -> None:
        """The client has all of the answers that are complete, and plays them to the end."""
        self._answers.heard_out()

    def nobody_listens(self, now: float) -> None:
        """The client is gone: it heard nothing of what is being played, or comes, after that."""
        self._answers.nobody_listens(now)

    def interrupted(self, now: float) -> None:
        """The user began to speak, and whatever was being played falls silent."""
        self._answers.interrupted(now)

    def answer_done(self, item_id: str, outcome: Outcome, now: float) -> None:
        """Upstream is done with the item: in full, or because it was stopped, or because it broke off."""
        if entry := self._answer(item_id):
            self._answers.done(entry, outcome, now)

    def truncated_by_client(self, item_id: str, heard_ms: int, now: float) -> None:
        """The player says how much of an answer was heard."""
        if entry := self._answer(item_id) or self._former_answer(item_id):
            self._answers.cut(entry, heard_ms, now)

    def truncated(self, item_id: str, heard_text: str | None, now: float) -> None:
        """Upstream cut the answer where the player said; it may know the words that were heard."""
        if entry := self._answer(item_id) or self._former_answer(item_id):
            self._answers.cut_confirmed(entry, heard_text, now)

    def received_ms(self, item_id: str) -> int | None:
        """How much sound of an answer the client was given; None when it is no answer of this session."""
        entry = self._answer(item_id) or self._former_answer(item_id)
        return None if entry is None else entry.received_ms

    def _answer(self, item_id: str) -> Entry | None:
        return _as_answer(self._entries.get(item_id))

    def _former_answer(self, item_id: str) -> Entry | None:
        return _as_answer(self._past.get(item_id))

    # --- further upstreams --------------------------------------------------------------------------------------

    def unanswered(self) -> list[Entry]:
        """The user's turns of whose answer nothing came, in spoken order: those at the end, and those that were typed
        into an answer that had begun before them."""
        found: list[Entry] = []
        began_at: float | None = None
        for entry in reversed(self._order):
            if entry.is_turn and entry.role == "user":
                if began_at is None or entry.at > began_at:
                    found.append(entry)
            elif entry.is_turn and (entry.words or entry.received_bytes):
                began_at = max(entry.began_at, entry.began_at if began_at is None else began_at)
        return found[::-1]

    def unannounced(self) -> list[Entry]:
        """Typed turns that went up and were not announced yet."""
        return [entry for entry in self._creates if not entry.is_placed]

    def upstream_left(self, to_say_again: list[Entry], now: float) -> None:
        """Upstream is gone with all that it knew. Its answers broke off; words it owes will not come any more, but for
        the turns that the next upstream is to hear again."""
        for entry in self._order:
            entry.is_promised = False
            if entry.role == "assistant":
                self._answers.done(entry, "failed", now)
            elif entry.is_turn and entry.status == "open":
                self._order.wait(entry, None)
                if entry not in to_say_again:
                    self._fail(entry, now)
        for entry in self._creates:
            if entry.is_placed:
                self._creates.drop(entry)
        self._creates.upstream_left()
        self._order.upstream_left()
        self._past |= {entry.item_id: entry for entry in self._entries.values()}
        self._entries = {}
        self._early_words.clear()
        self._not_speech.clear()
        self._again.clear()
        self._life += 1

    def said_again(self, entry: Entry, now: float) -> bool:
        """The sound of a turn went up once more, and will be another item. Whether the client knows the one it was."""
        entry.keeps_place = True
        entry.status = "open"
        self._again.append(entry)
        self._order.wait(entry, now + TRANSCRIPT_SECONDS)
        is_known = self._past.get(entry.item_id) is entry
        if is_known:
            del self._past[entry.item_id]
        return is_known

    def sent_again(self, entry: Entry, item_id: str) -> None:
        """The words of a turn went up once more, under that id."""
        entry.keeps_place = entry.is_placed
        self._creates.sent(item_id, entry)

    def not_heard_again(self, now: float) -> None:
        """Upstream found no turn in what was said again."""
        while self._again:
            self._fail(self._again[0], now)

    def history(self, leaving_out: list[Entry]) -> list[Turn]:
        """What a further upstream is to remember: what was said and heard, in spoken order."""
        turns = (
            as_heard(entry)
            for entry in self._order
            if entry.is_turn and not entry.is_deleted and entry not in leaving_out
        )
        return [turn for turn in turns if turn.text]

    def repeats(self, item_id: str) -> bool:
        """Whether an item of this upstream's is one that the client knows from an earlier one."""
        entry = self._entries.get(item_id)
        return entry is not None and self._past.get(entry.item_id) is entry

    def is_of_old(self, item_id: str) -> bool:
        """Whether it can be an item of an earlier upstream's under a new id: nobody asked this one for it."""
        entry = self._entries.get(item_id)
        return self._life > 1 and entry is not None and not entry.is_turn

    def shown_as(self, item_id: str) -> str:
        """The id under which the client knows an item of this upstream's."""
        return self._entries[item_id].item_id if self.repeats(item_id) else item_id

    def entry(self, item_id: str) -> Entry | None:
        """What is known of an item, by the id that the client knows or the one that upstream gave it."""
        return self._entries.get(item_id) or self._past.get(item_id)

    def former(self, item_id: str) -> Entry | None:
        """What is known of an item that only an earlier upstream has."""
        if item_id in self._entries or item_id in self._creates:
            # Ids may be used again: whoever cuts back an answer means the one that it was given.
            answer = self._former_answer(item_id) if self._answer(item_id) is None else None
            return answer if answer and self._answers.may_sound(answer) else None
        entry = self._past.get(item_id)
        return entry if entry and entry.is_turn and not entry.is_deleted else None

    def deleted(self, item_id: str) -> None:
        """The client had an item deleted."""
        entry = self.entry(item_id)
        if entry is not None:
            entry.is_deleted = True

    # --- telling ------------------------------------------------------------------------------------------------

    @property
    def awaits_transcripts(self) -> bool:
        """Whether words of the user are still to come."""
        return bool(self.unannounced()) or any(
            entry.role == "user" and entry.is_turn and not entry.settled for entry in self._order
        )

    def deadline(self) -> float | None:
        """When `take` should be called again although nothing happened."""
        return self._order.deadline()

    def take(self, now: float) -> list[Turn]:
        """The turns that are due: new ones in order, then earlier ones of which more is known."""
        for entry in self._order.overdue(now):
            if entry.role == "user":
                self._fail(entry, now)
            else:
                self._order.settle(entry, now)
        return self._order.take(now)

    def finish(self, now: float) -> list[Turn]:
        """Everything that is left, at the end: partial answers as interrupted, words that never came as failed."""
        for entry in self.unannounced():
            self._creates.drop(entry)
            entry.status = "final"
            self._insert(entry, "")
        self.interrupted(now)
        for entry in self._order:
            entry.is_promised = False
            if entry.role == "assistant":
                self._answers.done(entry, "cancelled", now)
            if entry.role == "user" and entry.status == "open":
                self._fail(entry, now)
            elif not entry.settled:
                self._order.settle(entry, now)
        return self._order.take(now)

    def _fail(self, entry: Entry, now: float) -> None:
        """Nobody could make out what was said, or it is lost."""
        if entry in self._again:
            self._again.remove(entry)
        entry.status = "failed"
        self._order.settle(entry, now)


def _as_answer(entry: Entry | None) -> Entry | None:
    return entry if entry and entry.role == "assistant" and entry.is_turn else None


def _goes_on(words: str, more: str) -> bool:
    """Whether somebody said another sentence after a pause: some servers then tell both, for the same item."""
    return words.endswith((".", "!", "?", "…")) and more.startswith(f"{words} ")
