"""One life of a server: a Realtime session as a faithful server holds it, with the habits of the less faithful ones."""

import base64
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.realtime.audit.answering import Response
from tests.realtime.audit.facts import Answer, Fact, UserTurn
from tests.realtime.audit.line import Event, Line
from tests.realtime.audit.plans import Drop
from tests.realtime.audit.voice import BLOCK_BYTES, blocks, code_of, sound, words_in

if TYPE_CHECKING:
    from tests.realtime.audit.server import Server

NUDGE_AFTER = 6.0
_TRANSCRIPTION = "conversation.item.input_audio_transcription"


class Life(Line):
    """A connection and the conversation on its other side."""

    def __init__(self, server: "Server", number: int, drop: Drop | None, ids: "count[int]") -> None:
        super().__init__(drop)
        self.server = server
        self.number = number
        self.habits = server.plan.habits
        self.conversation: list[Fact] = []
        self.instructions = ""
        self.began_at = self._loop.time()
        self.is_set_up = False
        self.set_up_at = 0.0
        self.nudged = False
        self.session: Event = {}
        self._ids = ids
        self._items: dict[str, Fact | None] = {}
        self._last_item: str | None = None
        self.response: Response | None = None
        self._owed = 0
        """Answers that voice detection wants and that wait for the running one."""
        self._rest = b""
        self._turn: list[int] = []
        """The sound of the turn so far, by tens of milliseconds."""
        self._appended = 0
        self._silence = 0
        self._speech_id: str | None = None
        self._early: UserTurn | None = None
        """The turn that was announced when it began."""

    def greet(self) -> None:
        self.session = {"type": "realtime", "object": "realtime.session", "id": f"sess_{self.number}"}
        if (expires_at := self.server.expires_at) is not None:
            self.session["expires_at"] = int(expires_at)
            self._loop.call_later(self.server.plan.expires_in or 0.0, self.expire)
        self.say("session.created", session=self.session)

    def stop(self) -> None:
        if self.response is not None:
            self.response.drop()

    # --- what it is sent --------------------------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        handler = _HANDLERS.get(event["type"])
        if handler is None:
            self.refuse(event, "invalid_value")
        else:
            handler(self, event)

    def refuse(self, event: Event, code: str | None, message: str = "") -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message, "param": None}
        self.say("error", error=error | {"event_id": event.get("event_id")})

    def _update(self, event: Event) -> None:
        wanted = event["session"]
        self.instructions = wanted.get("instructions", self.instructions)
        self.session |= {name: value for name, value in wanted.items() if name != "audio"}
        audio = self.session.setdefault("audio", {})
        for side, part in wanted.get("audio", {}).items():
            audio[side] = audio.get(side, {}) | part
        is_first, self.is_set_up = not self.is_set_up, True
        self.set_up_at = self.set_up_at or self._loop.time()
        self.say("session.updated", session=self.session)
        if is_first and self.habits.announces_again and self.number > 1:
            self._announce_again()

    @property
    def detection(self) -> Event | None:
        """How it tells turns; None when only the client does."""
        found: Event | None = self.session.get("audio", {}).get("input", {}).get("turn_detection")
        return found

    @property
    def speaks(self) -> bool:
        """Whether it answers with sound."""
        return bool(self.session.get("output_modalities") == ["audio"])

    # --- the conversation -------------------------------------------------------------------------------------------

    def new_id(self) -> str:
        return f"item_{next(self._ids)}"

    def add(self, item: Event, fact: Fact | None, received: Callable[[], None] | None = None) -> None:
        """Put an item at the end of the conversation, and say so."""
        self._items[item["id"]] = fact
        self.say("conversation.item.added", received, previous_item_id=self._last_item, item=item)
        self._last_item = item["id"]

    def _announce_again(self) -> None:
        for life in self.server.lives[: self.number - 1]:
            for fact in life.conversation:
                role = "user" if isinstance(fact, UserTurn) else "assistant"
                kind = "input_text" if role == "user" else "output_text"
                content = [{"type": kind, "text": " ".join(fact.words)}]
                item = {"id": self.new_id(), "type": "message", "role": role, "content": content}
                self.add(item | {"status": "completed"}, None)

    def _create(self, event: Event) -> None:
        item = event["item"] | {"status": "completed"}
        if self.habits.renames_items or "id" not in item:
            item["id"] = self.new_id()
        words = tuple(" ".join(part["text"] for part in item["content"]).split())
        turn = UserTurn(self.number, words, is_spoken=False, is_closed=True)
        turn.sounds = frozenset(code_of(word.strip(".")) for word in words)
        turn.is_told_again = self._was_known(turn.sounds)
        self.conversation.append(turn)
        self.add(item, turn, lambda: self._closed(turn))
        self.say("conversation.item.done", previous_item_id=None, item=item)

    def _closed(self, turn: UserTurn) -> None:
        turn.closed_at = self._loop.time()

    def _was_known(self, sounds: frozenset[int]) -> bool:
        """Whether an earlier life knew something of this."""
        return any(
            isinstance(fact, UserTurn) and fact.sounds & sounds
            for life in self.server.lives[: self.number - 1]
            for fact in life.conversation
        )

    # --- hearing ----------------------------------------------------------------------------------------------------

    def _append(self, event: Event) -> None:
        pcm = self._rest + base64.b64decode(event["audio"])
        whole = len(pcm) - len(pcm) % BLOCK_BYTES
        self._rest = pcm[whole:]
        for code in blocks(pcm[:whole]):
            self._appended += 10
            self._turn.append(code)
            if self.detection is not None:
                self._detect(code)

    def _detect(self, code: int) -> None:
        detection = self.detection or {}
        if self._speech_id is None:
            if code:
                self._begin_speech(detection)
            else:
                self._turn = self._turn[-1:]
        elif code:
            self._silence = 0
        else:
            self._silence += 10
            if self._silence >= detection.get("silence_duration_ms", 500):
                self.say(
                    "input_audio_buffer.speech_stopped", audio_end_ms=self._appended, item_id=self._speech_id
                )
                self._close_turn(asks=detection.get("create_response") is not False)

    def _begin_speech(self, detection: Event) -> None:
        self._speech_id, self._silence = self.new_id(), 0
        start = max(0, self._appended - 10 - int(detection.get("prefix_padding_ms", 300)))
        which: Event = {} if self.habits.careless_ids else {"item_id": self._speech_id}
        self.say("input_audio_buffer.speech_started", audio_start_ms=start, **which)
        if self.habits.announces_early:
            self._early = UserTurn(self.number, (), is_spoken=True)
            self.conversation.append(self._early)
            self.add(self._spoken_item(self._speech_id, "in_progress"), self._early)
        if detection.get("interrupt_response") is not False and self.response is not None:
            self.response.cut("turn_detected")

    @staticmethod
    def _spoken_item(item_id: str, status: str = "completed") -> Event:
        content = [{"type": "input_audio", "transcript": None}]
        return {"id": item_id, "type": "message", "role": "user", "status": status, "content": content}

    def _commit(self, event: Event) -> None:
        if len(self._turn) < 10:
            self.refuse(event, "input_audio_buffer_commit_empty")
        else:
            self._close_turn(asks=False)

    def _close_turn(self, *, asks: bool) -> None:
        codes, self._turn = [*self._turn, *blocks(self._rest.ljust(BLOCK_BYTES, b"\0"))], []
        self._rest = b""
        item_id, self._speech_id = self._speech_id or self.new_id(), None
        turn, self._early = self._early or UserTurn(self.number, (), is_spoken=True), None
        was_announced = turn in self.conversation
        turn.sounds = frozenset(codes) - {0}
        turn.words, turn.asks = words_in(b"".join(sound(code, 10) for code in codes)), asks
        turn.is_told_again, turn.is_closed = self._was_known(turn.sounds), True
        if not was_announced:
            self.conversation.append(turn)
        plan = self.server.next_transcript()
        if plan.kind == "early":
            self._transcribed(item_id, turn, turn.words)
        before = self._last_item
        self.say(
            "input_audio_buffer.committed",
            lambda: self._closed(turn),
            item_id=item_id,
            previous_item_id="TODO" if self.habits.careless_ids else None if was_announced else before,
        )
        if not was_announced:
            self.add(self._spoken_item(item_id), turn)
            self.say("conversation.item.done", previous_item_id=before, item=self._spoken_item(item_id))
        self._transcribe(item_id, turn, plan.kind, plan.delay)
        if asks:
            self._owed = 0  # what was asked for meanwhile is answered together with it
            self.answer()

    def _clear(self, event: Event) -> None:
        self._turn, self._rest, self._speech_id, self._early = [], b"", None, None
        self.say("input_audio_buffer.cleared")

    # --- transcription ----------------------------------------------------------------------------------------------

    def _transcribe(self, item_id: str, turn: UserTurn, kind: str, delay: float) -> None:
        words = () if kind == "empty" else turn.words
        if self.habits.snapshots and kind in ("words", "twice"):
            for share in range(1, len(words)):
                self._later(delay * share / len(words), self._snapshot, item_id, words[:share])
        if kind in ("words", "empty", "twice"):
            self._later(delay, self._transcribed, item_id, turn, words)
        if kind in ("failed", "recovers"):
            self._later(delay, self._not_transcribed, item_id, turn)
        if kind == "grows":
            self._later(delay, self._transcribed, item_id, turn, words[:1], ".")
            self._later(delay + 1.0, self._transcribed, item_id, turn, words, ".")
        if kind in ("recovers", "twice"):
            self._later(delay + 1.0, self._transcribed, item_id, turn, words)

    def _later(self, delay: float, call: Callable[..., None], *arguments: Any) -> None:
        self._loop.call_later(delay, call, *arguments)

    def _snapshot(self, item_id: str, words: tuple[str, ...]) -> None:
        self.say(
            f"{_TRANSCRIPTION}.completed",
            item_id=item_id,
            content_index=0,
            status="in_progress",
            transcript=" ".join(words),
        )

    def _transcribed(self, item_id: str, turn: UserTurn, words: tuple[str, ...], stop: str = "") -> None:
        """All words; `stop` ends the sentence that the first word is then."""

        def received() -> None:
            turn.transcripts.append(words)
            self.server.seconds += 1

        self.say(
            f"{_TRANSCRIPTION}.completed",
            received,
            item_id=item_id,
            content_index=0,
            transcript=" ".join([f"{word}{stop}" for word in words[:1]] + list(words[1:])),
            usage={"type": "duration", "seconds": 1},
            **({"status": "completed"} if self.habits.snapshots else {}),
        )

    def _not_transcribed(self, item_id: str, turn: UserTurn) -> None:
        error = {
            "type": "server_error",
            "code": "audio_unintelligible",
            "message": "the upstream's own words",
        }
        self.say(
            f"{_TRANSCRIPTION}.failed",
            lambda: turn.transcripts.append(None),
            item_id=item_id,
            content_index=0,
            error=error,
        )

    # --- answering --------------------------------------------------------------------------------------------------

    def _ask(self, event: Event) -> None:
        if self._early is not None:
            self._owed += 1  # one that announces so early also waits for the end of what is being said
        elif self.response is not None:
            self.refuse(event, "conversation_already_has_active_response")
        else:
            self.answer()

    def answer(self) -> None:
        """Begin a response, or do so when the running one is done."""
        if self.response is not None:
            self._owed += 1
            return
        self.response = Response(self, self.server.next_answer(), self._unanswered())
        self.response.begin()

    def _unanswered(self) -> list[UserTurn]:
        """What the person said last: all since the last answer, or that before which an answer pushed itself."""
        said = [fact for fact in self.conversation if isinstance(fact, UserTurn) and fact.is_closed]
        said = [turn for turn in said if not turn.is_nudge]
        last = max((n for n, fact in enumerate(self.conversation) if isinstance(fact, Answer)), default=-1)
        asked = [turn for turn in said if self.conversation.index(turn) > last] or said[-1:]
        for turn in asked:
            turn.asks = True
        return asked

    def answered(self) -> None:
        """A response is over."""
        self.response = None
        if self._owed and not self.is_over and self._early is None:
            self._owed -= 1
            self.answer()
        elif self.habits.nudges and not self.nudged and self.detection is not None:
            self._later(NUDGE_AFTER, self._nudge, len(self.conversation))

    def _nudge(self, items: int) -> None:
        if self.nudged or self.response or self._speech_id or len(self.conversation) != items or self.is_over:
            return
        self.nudged = True
        turn = UserTurn(self.number, (), is_spoken=True, is_nudge=True)
        system, item_id = self.new_id(), self.new_id()
        self.say("input_audio_buffer.timeout_triggered", audio_start_ms=0, audio_end_ms=5000, item_id=item_id)
        content = [{"type": "input_text", "text": "No user speech was detected for a while."}]
        self.add({"id": system, "type": "message", "role": "system", "content": content}, None)
        self.say("input_audio_buffer.committed", item_id=item_id, previous_item_id=system)
        self.add(self._spoken_item(item_id), turn)
        self._later(0.5, self._transcribed, item_id, turn, ())
        self.answer()

    def _cancel(self, event: Event) -> None:
        if self.response is None:
            self.refuse(event, "response_cancel_not_active")
        else:
            self.response.cut("client_cancelled")

    def _truncate(self, event: Event) -> None:
        answer, end = self._items.get(event["item_id"]), event["audio_end_ms"]
        if self.habits.truncation == "refused":
            self.refuse(event, "unknown_event", "This server does not know that.")
        elif not isinstance(answer, Answer):
            self.refuse(event, "item_truncate_invalid_item_id")
        elif self.habits.truncation != "ignored":
            Response.truncate(self, event["item_id"], answer, end)


_HANDLERS: dict[str, Callable[[Life, Event], None]] = {
    "session.update": Life._update,
    "input_audio_buffer.append": Life._append,
    "input_audio_buffer.commit": Life._commit,
    "input_audio_buffer.clear": Life._clear,
    "conversation.item.create": Life._create,
    "conversation.item.truncate": Life._truncate,
    "response.create": Life._ask,
    "response.cancel": Life._cancel,
}
