"""RealtimeProtocol: the only state machine of a session. Frames in, effects out; time is passed in."""

from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Any

from realtime.errors import EndReason, RealtimeError
from realtime.protocol import audio, policy, session, wire
from realtime.protocol.effects import (
    AudioToClient,
    AudioToUpstream,
    Effect,
    End,
    FrameToClient,
    PurgeAudio,
    Ready,
    RecordTurn,
    RecordUsage,
    ToClient,
    ToUpstream,
    Turn,
)
from realtime.protocol.endings import ENDINGS
from realtime.protocol.events import Event, error_event, mapping_of, text_of
from realtime.protocol.pace import PaceMeter
from realtime.protocol.refusals import Consequence, Refusal, refusal_of_close, refusal_of_error
from realtime.protocol.responses import ResponseGate
from realtime.protocol.session import SessionSetup
from realtime.protocol.stenographer import Stenographer
from realtime.protocol.transcript import TranscriptLog

SETUP_SECONDS = 10.0
"""How long upstream may take to greet and to accept our configuration."""
MAX_MALFORMED = 10
_REMEMBERED_EVENTS = 256
_OURS = "va_"
"""How ids of events begin that we sent upstream on our own account."""


class Phase(Enum):
    GREETING = "greeting"
    """Waiting for upstream's `session.created`."""
    CONFIGURING = "configuring"
    """Waiting for upstream to accept our `session.update`."""
    READY = "ready"
    ENDED = "ended"


class RealtimeProtocol:
    """One session between a client and an upstream. All times are seconds of one monotonic clock."""

    def __init__(self, setup: SessionSetup, now: float) -> None:
        self.setup = setup
        self.phase = Phase.GREETING
        self.pace = PaceMeter()
        self._log = TranscriptLog()
        self._minutes = Stenographer(self._log)
        self._gate = ResponseGate()
        self._out: list[Effect] = []
        self._serial = 0
        self._setup_by = now + SETUP_SECONDS
        self._active_at = now
        self._malformed = 0
        self._speech_is_open = False
        self._commit_is_due = False
        self._session: Event = {}
        """Upstream's session, as it last told us."""
        self._sent: dict[str, Event] = {}
        """Events that went upstream and may be refused, by id; the oldest are forgotten."""
        self._hushed: set[str] = set()
        """Responses that were interrupted; their late audio is dropped."""

    # --- what the relay tells us --------------------------------------------------------------------------------

    def upstream_frame(self, frame: str, now: float) -> list[Effect]:
        """A frame came from upstream."""
        try:
            event = wire.decode(frame)
        except wire.MalformedFrame:
            return []  # a server that stutters is not the caller's concern
        if self.phase in (Phase.READY, Phase.ENDED):
            self._minutes.take_down(event, now)
            if event["type"] in ("input_audio_buffer.committed", "error"):
                self._commit_is_due = False
        if self.phase is Phase.READY:
            handler = _FROM_UPSTREAM.get(event["type"])
            if handler is None or handler(self, event, now):
                self._out.append(FrameToClient(frame))
            if not event["type"].endswith(".delta"):
                self._record(self._log.take(now))
        elif self.phase is not Phase.ENDED:
            self._greet(event, now)
        return self._taken()

    def upstream_closed(self, closed_with: int, reason: str, now: float) -> list[Effect]:
        """The connection to upstream ended without our asking."""
        self._fail(refusal_of_close(closed_with, reason))
        return self._taken()

    def failed(self, error: RealtimeError, now: float) -> list[Effect]:
        """Upstream could not be had, or something of ours went wrong."""
        self._end(error.end_reason, error.close_code, code=error.code, detail=error.detail)
        return self._taken()

    def client_frame(self, frame: str | bytes, now: float) -> list[Effect]:
        """A frame came from the client: JSON in text, PCM16 in bytes. Only once READY."""
        if self.phase is Phase.ENDED:
            return []
        if len(frame) > (wire.MAX_BINARY_BYTES if isinstance(frame, bytes) else wire.MAX_TEXT_BYTES):
            detail = "That message is too large. Audio comes in frames of at most 64 KiB, text of at most 2 MiB."
            self._end("protocol_error", 1009, code="frame_too_large", detail=detail)
            return self._taken()
        event: Event = {}
        try:
            if isinstance(frame, bytes):
                wire.check_pcm(frame)
                self._hear(frame, now)
            else:
                event = wire.decode(frame)
                self._client_event(event, now)
        except wire.MalformedFrame as error:
            self._tell_error(error.code, str(error), caused_by=event.get("event_id"))
            self._malformed += 1
            if self._malformed >= MAX_MALFORMED:
                self.end("protocol_error", now)
        except policy.NotAllowed as error:
            self._tell_error(error.code, str(error), param=error.param, caused_by=event.get("event_id"))
        return self._taken()

    def tick(self, now: float) -> list[Effect]:
        """Time has passed; due at `deadline` at the latest."""
        if self.phase in (Phase.GREETING, Phase.CONFIGURING) and now >= self._setup_by:
            self._end("provider_silent")
        elif self.phase is Phase.READY and now >= self._active_at + self.setup.idle_seconds:
            self._end("idle")
        if self.phase is Phase.READY:
            self._record(self._log.take(now))
        return self._taken()

    def deadline(self) -> float | None:
        """When `tick` is due; None when only events matter."""
        if self.phase is Phase.ENDED:
            return None
        if self.phase is not Phase.READY:
            return self._setup_by
        idle = self._active_at + self.setup.idle_seconds
        turns = self._log.deadline()
        return idle if turns is None else min(idle, turns)

    def end(self, reason: EndReason, now: float) -> list[Effect]:
        """Somebody asked for the end."""
        self._end(reason)
        return self._taken()

    def client_left(self) -> list[Effect]:
        """Nobody listens any more; upstream is heard a little longer for words that are on their way."""
        if self.phase is Phase.READY and self._speech_is_open:
            # Hung up in the middle of a word: what was said of it is still worth writing down.
            self._commit_is_due = True
            self._out.append(ToUpstream({"type": "input_audio_buffer.commit", "event_id": self._event_id()}))
        self.phase = Phase.ENDED
        return self._taken()

    def finish(self, now: float) -> list[Effect]:
        """The session is over: what is left of the transcript."""
        self.phase = Phase.ENDED
        self._record(self._log.finish(now))
        return self._taken()

    def turn_saved(self, turn: Turn, message_id: str, position: int) -> list[Effect]:
        """A turn is stored."""
        self._announce(
            "voiceassist.message.saved",
            item_id=turn.item_id,
            message_id=message_id,
            position=position,
            role=turn.role,
            status=turn.status,
            text=turn.text,
            unheard_text=turn.unheard_text,
        )
        return self._taken()

    @property
    def awaits_transcripts(self) -> bool:
        """Whether words of the user are still to come from upstream."""
        return self._commit_is_due or self._log.awaits_transcripts

    # --- the beginning ------------------------------------------------------------------------------------------

    def _greet(self, event: Event, now: float) -> None:
        if event["type"] == "error":
            self._fail(refusal_of_error(mapping_of(event.get("error")), in_setup=True))
        elif event["type"] == "session.created" and self.phase is Phase.GREETING:
            self.phase = Phase.CONFIGURING
            self._out.append(ToUpstream(session.configuration(self.setup, self._event_id())))
        elif event["type"] == "session.updated" and self.phase is Phase.CONFIGURING:
            self.phase = Phase.READY
            self._active_at = now
            self._session = mapping_of(event.get("session"))
            self._tell("session.created", session=session.shown(self._session, self.setup))
            self._introduce()
            self._out.append(Ready())

    def _introduce(self) -> None:
        setup = self.setup
        self._announce(
            "voiceassist.session",
            session_id=setup.session_id,
            conversation_id=setup.conversation_id,
            provider={
                "name": setup.provider_name,
                "label": setup.provider_label,
                "is_language_model": setup.is_language_model,
            },
            limits={"idle_seconds": setup.idle_seconds, "binary_frame_bytes": wire.MAX_BINARY_BYTES},
            save=setup.save,
            voice_problem=setup.voice_problem,
        )

    # --- from the client ----------------------------------------------------------------------------------------

    def _client_event(self, event: Event, now: float) -> None:
        if event["type"] == "session.update":
            self._update(event)
            return
        if event["type"] == "input_audio_buffer.append":
            self._hear(policy.microphone_audio(event), now)
            return
        admitted = policy.admit(event)
        kind = admitted["type"]
        if kind == "conversation.item.create":
            self._create(admitted, now)
        elif kind == "response.create":
            self._ask_for_answer(admitted, now)
            return
        elif kind == "conversation.item.truncate":
            self._truncate(admitted, now)
        self._send(admitted)

    def _hear(self, pcm: bytes, now: float) -> None:
        self.pace.received(len(pcm), now)
        if self.pace.is_exhausted(now):
            detail = "More audio came than can be listened to. Send it no faster than it is spoken."
            self._end("protocol_error", 4429, code="pace_exceeded", detail=detail)
        else:
            self._out.append(AudioToUpstream(pcm))

    def _create(self, event: Event, now: float) -> None:
        self._active_at = now
        item = event["item"]
        if item.setdefault("id", f"item_{self._number():08d}") and self._log.knows(item["id"]):
            raise policy.NotAllowed("duplicate_item_id", "There is an item with that id already.", "item.id")
        self._log.create_forwarded(item["id"], " ".join(part["text"] for part in item["content"]), now)

    def _ask_for_answer(self, event: Event, now: float) -> None:
        self._active_at = now
        try:
            due = self._gate.ask(event)
        except OverflowError as error:
            raise policy.NotAllowed(
                "too_many_responses", "Too many answers are waiting. Wait for the one that is being given."
            ) from error
        if due is not None:
            self._send(due)

    def _truncate(self, event: Event, now: float) -> None:
        received = self._log.received_ms(event["item_id"])
        if received is not None:
            event["audio_end_ms"] = min(event["audio_end_ms"], received)
            self._log.truncated_by_client(event["item_id"], event["audio_end_ms"], now)

    def _update(self, event: Event) -> None:
        change = policy.session_change(event)
        asked_as = event.get("event_id")
        if change.is_empty:
            self._tell("session.updated", session=session.shown(self._session, self.setup))
            return
        own_id = asked_as if isinstance(asked_as, str) else self._event_id()
        self._send(session.update(change, self.setup, own_id))

    def _send(self, event: Event) -> None:
        """Pass an event upstream under an id by which a refusal can be told from others."""
        event_id = event.setdefault("event_id", self._event_id())
        self._sent[event_id] = event
        if len(self._sent) > _REMEMBERED_EVENTS:
            self._sent.pop(next(iter(self._sent)))
        self._out.append(ToUpstream(event))

    # --- from upstream: each handler says whether the frame is passed on as it came -------------------------------

    def _swallow(self, event: Event, now: float) -> bool:
        return False

    def _session_updated(self, event: Event, now: float) -> bool:
        self._session = mapping_of(event.get("session"))
        self._tell("session.updated", session=session.shown(self._session, self.setup))
        return False

    def _speech_started(self, event: Event, now: float) -> bool:
        self._active_at = now
        self._speech_is_open = True
        if self.setup.binary_audio and session.interrupts(self._session):
            self._out.append(PurgeAudio())
            if self._gate.active_id is not None:
                self._hushed.add(self._gate.active_id)
        return True

    def _speech_stopped(self, event: Event, now: float) -> bool:
        self._speech_is_open = False
        return True

    def _audio(self, event: Event, now: float) -> bool:
        if not self.setup.binary_audio:
            return True
        if event.get("response_id") not in self._hushed:
            with suppress(ValueError):  # what is not base64 cannot be played
                self._out.append(AudioToClient(audio.decode(text_of(event.get("delta")))))
        return False

    def _response_created(self, event: Event, now: float) -> bool:
        self._active_at = now
        self._gate.created(text_of(mapping_of(event.get("response")).get("id")))
        return True

    def _response_done(self, event: Event, now: float) -> bool:
        response = mapping_of(event.get("response"))
        self._active_at = now
        response_id = text_of(response.get("id"))
        self._hushed.discard(response_id)
        if mapping_of(response.get("usage")):
            self._out.append(RecordUsage(response["usage"]))
        following = self._gate.done(response_id)
        if following is not None:
            self._send(following)
        if response.get("status") != "failed":
            return True
        details = mapping_of(response.get("status_details"))
        refusal = refusal_of_error(mapping_of(details.get("error")))
        told = details | {"error": {"type": "server_error", "code": refusal.code, "message": refusal.detail}}
        self._tell("response.done", response=response | {"status_details": told})
        self._consequences(refusal)
        return False

    def _transcription_failed(self, event: Event, now: float) -> bool:
        error = {
            "type": "server_error",
            "code": "transcription_failed",
            "message": "That turn could not be understood.",
        }
        self._out.append(ToClient(event | {"error": error}))
        return False

    def _error(self, event: Event, now: float) -> bool:
        error = mapping_of(event.get("error"))
        event_id = text_of(error.get("event_id"))
        refused = self._sent.pop(event_id, {})
        refusal = refusal_of_error(error, answering=text_of(refused.get("type")))
        if refused.get("type") == "response.create":
            if refusal.code == "conversation_already_has_active_response":
                self._gate.lost_the_race()
                return False
            following = self._gate.refused()
            if following is not None:
                self._send(following)
        elif refused.get("type") == "conversation.item.create":
            self._log.create_refused(refused["item"]["id"])
        asked_by_client = bool(event_id) and not event_id.startswith(_OURS)
        if not refusal.is_benign or asked_by_client:
            caused_by = event_id if asked_by_client else None
            self._tell_error(refusal.code, refusal.detail, param=refusal.param or None, caused_by=caused_by)
        self._consequences(refusal)
        return False

    def _consequences(self, refusal: Refusal) -> None:
        if refusal.consequence in (Consequence.END, Consequence.RECONNECT):
            self._fail(refusal)

    # --- telling ------------------------------------------------------------------------------------------------

    def _tell(self, kind: str, **fields: Any) -> None:
        self._out.append(ToClient({"type": kind, "event_id": f"event_{self._number():08d}"} | fields))

    def _announce(self, kind: str, **fields: Any) -> None:
        if self.setup.announces:
            self._tell(kind, **fields)

    def _tell_error(self, code: str, detail: str, *, param: str | None = None, caused_by: Any = None) -> None:
        caused_by = caused_by if isinstance(caused_by, str) else None
        event_id = f"event_{self._number():08d}"
        self._out.append(ToClient(error_event(event_id, code, detail, param=param, caused_by=caused_by)))

    def _fail(self, refusal: Refusal) -> None:
        self._end(refusal.end_reason, code=refusal.code, detail=refusal.detail)

    def _end(self, reason: EndReason, close_code: int | None = None, *, code: str = "", detail: str = "") -> None:
        """The one way a session ends from this side: the client is told why, then closed."""
        if self.phase is Phase.ENDED:
            return
        self.phase = Phase.ENDED
        ending = ENDINGS[reason]
        code, detail = code or reason, detail or ending.detail
        if ending.is_fault:
            self._tell_error(code, detail)
        self._announce("voiceassist.ended", reason=reason, code=code, detail=detail, retryable=ending.retryable)
        self._out.append(End(reason, close_code or ending.close_code))

    def _record(self, turns: list[Turn]) -> None:
        if self.setup.save:
            self._out.extend(RecordTurn(turn) for turn in turns)

    def _event_id(self) -> str:
        return f"{_OURS}{self._number():08d}"

    def _number(self) -> int:
        self._serial += 1
        return self._serial

    def _taken(self) -> list[Effect]:
        effects, self._out = self._out, []
        return effects


_Handler = Callable[[RealtimeProtocol, Event, float], bool]
_core = RealtimeProtocol

_FROM_UPSTREAM: dict[str, _Handler] = {
    "error": _core._error,
    "session.created": _core._swallow,
    "session.updated": _core._session_updated,
    "rate_limits.updated": _core._swallow,
    "input_audio_buffer.speech_started": _core._speech_started,
    "input_audio_buffer.speech_stopped": _core._speech_stopped,
    "conversation.item.input_audio_transcription.failed": _core._transcription_failed,
    "response.created": _core._response_created,
    "response.output_audio.delta": _core._audio,
    "response.done": _core._response_done,
}
"""Who acts on which event; everything else passes through untouched."""
