"""RealtimeProtocol: the only state machine of a session. Frames in, effects out; time is passed in."""

from collections.abc import Callable
from enum import Enum

from realtime.errors import EndReason, RealtimeError
from realtime.protocol import policy, session, wire
from realtime.protocol.effects import (
    AudioToUpstream,
    Effect,
    End,
    FrameToClient,
    Ready,
    RecordTurn,
    RecordUsage,
    ToUpstream,
    Turn,
)
from realtime.protocol.endings import ENDINGS, OVERSIZE, TOO_FAST, Ending, ending_of_error, ending_of_refusal
from realtime.protocol.events import Event, mapping_of, text_of
from realtime.protocol.microphone import Microphone
from realtime.protocol.notices import Notices
from realtime.protocol.playback import Playback
from realtime.protocol.refusals import Consequence, refusal_of_close, refusal_of_error
from realtime.protocol.requests import Request, Requests
from realtime.protocol.responses import ResponseGate
from realtime.protocol.session import SessionSetup
from realtime.protocol.stenographer import Stenographer
from realtime.protocol.transcript import TranscriptLog

SETUP_SECONDS = 10.0
"""How long upstream may take to greet and to accept our configuration."""
MAX_MALFORMED = 10
_LAST_WORDS = (Consequence.END, Consequence.RECONNECT)
"""An upstream that says so has nothing more to give in this session."""


class Phase(Enum):
    """How far a session is."""

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
        self._notices = Notices(setup)
        self._log = TranscriptLog()
        self._minutes = Stenographer(self._log)
        self._gate = ResponseGate()
        self._requests = Requests(setup.epoch)
        self._microphone = Microphone()
        self.pace = self._microphone.pace
        self._playback = Playback()
        self._out: list[Effect] = []
        self._setup_by = now + SETUP_SECONDS
        self._active_at = now
        self._over_at: float | None = None
        """When the client left or was told to; it has heard nothing since."""
        self._malformed = 0
        self._session: Event = {}
        """Upstream's session, as it last told us."""

    # --- what the relay tells us --------------------------------------------------------------------------------

    def upstream_frame(self, frame: str, now: float) -> list[Effect]:
        """A frame came from upstream."""
        try:
            event = wire.decode(frame)
        except wire.MalformedFrame:
            return []  # a server that stutters is not the caller's concern
        if self.phase is Phase.READY:
            self._minutes.take_down(event, now)
            handler = _FROM_UPSTREAM.get(event["type"])
            if handler is None or handler(self, event, now):
                self._out.append(FrameToClient(frame))
            if not event["type"].endswith(".delta"):
                self._record(self._log.take(now))
        elif self.phase is Phase.ENDED:
            self._minutes.take_down(event, now)
            self._hear_out(event)
        else:
            self._greet(event, now)
        return self._taken()

    def upstream_closed(self, closed_with: int, reason: str, now: float) -> list[Effect]:
        """The connection to upstream ended without our asking."""
        self._end(ending_of_refusal(refusal_of_close(closed_with, reason)), now)
        return self._taken()

    def failed(self, error: RealtimeError, now: float) -> list[Effect]:
        """Upstream could not be had, or something of ours went wrong."""
        self._end(ending_of_error(error), now)
        return self._taken()

    def client_frame(self, frame: str | bytes, now: float) -> list[Effect]:
        """A frame came from the client: JSON in text, PCM16 in bytes. Only once READY."""
        if self.phase is Phase.ENDED:
            return []
        if wire.is_oversize(frame):
            self._end(OVERSIZE, now)
            return self._taken()
        event: Event = {}
        try:
            if isinstance(frame, bytes):
                wire.check_pcm(frame)
                self._hear(frame, now)
            else:
                event = wire.decode(frame)
                self._client_event(event, now)
        except (wire.MalformedFrame, policy.NotAllowed) as error:
            self._out.extend(self._notices.refused(error, event))
            self._malformed += isinstance(error, wire.MalformedFrame)
            if self._malformed >= MAX_MALFORMED:
                self._end(ENDINGS["protocol_error"], now)
        return self._taken()

    def tick(self, now: float) -> list[Effect]:
        """Time has passed; due at `deadline` at the latest."""
        idle_at = self._idle_at()
        if self.phase in (Phase.GREETING, Phase.CONFIGURING) and now >= self._setup_by:
            self._end(ENDINGS["provider_silent"], now)
        elif self.phase is Phase.READY and idle_at is not None and now >= idle_at:
            self._end(ENDINGS["idle"], now)
        if self.phase is Phase.READY:
            self._record(self._log.take(now))
        return self._taken()

    def deadline(self) -> float | None:
        """When `tick` is due; None when only events matter."""
        if self.phase is Phase.ENDED:
            return None
        if self.phase is not Phase.READY:
            return self._setup_by
        due = (self._idle_at(), self._log.deadline())
        return min((at for at in due if at is not None), default=None)

    def end(self, reason: EndReason, now: float) -> list[Effect]:
        """Somebody asked for the end."""
        self._end(ENDINGS[reason], now)
        return self._taken()

    def client_left(self, now: float) -> list[Effect]:
        """Nobody listens any more; upstream is heard a little longer for words that are on their way."""
        if self.phase is Phase.READY and self._microphone.left():
            # Hung up in the middle of a word: what was said of it is still worth writing down.
            self._send({"type": "input_audio_buffer.commit"})
        self._leave(now)
        return self._taken()

    def finish(self, now: float) -> list[Effect]:
        """The session is over: what is left of the transcript."""
        self._leave(now)
        self._record(self._log.finish(now if self._over_at is None else self._over_at))
        return self._taken()

    def turn_saved(self, turn: Turn, message_id: str, position: int) -> list[Effect]:
        """A turn is stored."""
        self._out.extend(self._notices.message_saved(turn, message_id, position))
        return self._taken()

    @property
    def awaits_transcripts(self) -> bool:
        """Whether words of the user are still to come from upstream."""
        return self._microphone.commit_is_due or self._log.awaits_transcripts

    def _idle_at(self) -> float | None:
        """When the session has been idle for too long; None while somebody speaks."""
        if self._microphone.is_speaking:
            return None
        return max(self._active_at, self._log.plays_until) + self.setup.idle_seconds

    # --- the beginning ------------------------------------------------------------------------------------------

    def _greet(self, event: Event, now: float) -> None:
        if event["type"] == "error":
            self._end(ending_of_refusal(refusal_of_error(mapping_of(event.get("error")), in_setup=True)), now)
        elif event["type"] == "session.created" and self.phase is Phase.GREETING:
            self.phase = Phase.CONFIGURING
            self._out.append(ToUpstream(session.configuration(self.setup, self._requests.new_id())))
        elif event["type"] == "session.updated" and self.phase is Phase.CONFIGURING:
            self.phase = Phase.READY
            self._active_at = now
            self._session = mapping_of(event.get("session"))
            self._out.extend(self._notices.session_created(self._session))
            self._out.append(Ready())

    # --- from the client: each handler says whether the event goes upstream at once -------------------------------

    def _client_event(self, event: Event, now: float) -> None:
        if event["type"] == "session.update":
            self._update(event)
            return
        if event["type"] == "input_audio_buffer.append":
            self._hear(policy.microphone_audio(event), now)
            return
        admitted = policy.admit(event)
        handler = _FROM_CLIENT.get(admitted["type"])
        if handler is None or handler(self, admitted, now):
            self._send(admitted)

    def _hear(self, pcm: bytes, now: float) -> None:
        self._microphone.received(len(pcm), now, push_to_talk=session.is_push_to_talk(self._session))
        if self.pace.is_exhausted(now):
            self._end(TOO_FAST, now)
        else:
            self._out.append(AudioToUpstream(pcm))

    def _update(self, event: Event) -> None:
        change = policy.session_change(event)
        if change.is_empty:
            self._out.extend(self._notices.session_updated(self._session))
        else:
            self._send(session.update(change, self.setup, event.get("event_id")))

    def _create(self, event: Event, now: float) -> bool:
        self._active_at = now
        item = event["item"]
        if item.setdefault("id", self._requests.new_item_id()) and self._log.knows(item["id"]):
            raise policy.NotAllowed("duplicate_item_id", "There is an item with that id already.", "item.id")
        self._log.create_forwarded(item["id"], " ".join(part["text"] for part in item["content"]), now)
        return True

    def _ask_for_answer(self, event: Event, now: float) -> bool:
        self._active_at = now
        try:
            return self._gate.ask(event) is not None
        except OverflowError as error:
            raise policy.NotAllowed(
                "too_many_responses", "Too many answers are waiting. Wait for the one that is being given."
            ) from error

    def _truncate(self, event: Event, now: float) -> bool:
        received = self._log.received_ms(event["item_id"])
        if received is not None:
            event["audio_end_ms"] = min(event["audio_end_ms"], received)
            self._log.truncated_by_client(event["item_id"], event["audio_end_ms"], now)
        return True

    def _send(self, event: Event | None) -> None:
        """Pass an event upstream, if there is one, under an id by which a refusal can be told from others."""
        if event is not None:
            self._out.append(ToUpstream(self._requests.sent(event)))

    # --- from upstream: each handler says whether the frame is passed on as it came -------------------------------

    def _session_updated(self, event: Event, now: float) -> bool:
        self._session = mapping_of(event.get("session"))
        self._out.extend(self._notices.session_updated(self._session))
        return False

    def _speech_started(self, event: Event, now: float) -> bool:
        self._active_at = now
        self._microphone.speech_started()
        if session.interrupts(self._session):
            self._log.interrupted(now)
            if self.setup.binary_audio:
                self._out.append(self._playback.interrupted(self._gate.active_id))
        return True

    def _speech_stopped(self, event: Event, now: float) -> bool:
        self._active_at = now
        self._microphone.speech_stopped()
        return True

    def _turn_closed(self, event: Event, now: float) -> bool:
        """Committed or cleared, by either side."""
        self._active_at = now
        self._microphone.closed()
        return True

    def _part_added(self, event: Event, now: float) -> bool:
        self._playback.part_added(event)
        return True

    def _audio(self, event: Event, now: float) -> bool:
        if self.setup.binary_audio:
            self._out.extend(self._playback.delta(event))
        return not self.setup.binary_audio

    def _response_created(self, event: Event, now: float) -> bool:
        self._active_at = now
        self._gate.created(text_of(mapping_of(event.get("response")).get("id")))
        return True

    def _response_done(self, event: Event, now: float) -> bool:
        response = mapping_of(event.get("response"))
        self._active_at = now
        self._count_usage(event)
        self._send(self._gate.done(text_of(response.get("id"))))
        error = mapping_of(mapping_of(response.get("status_details")).get("error"))
        if response.get("status") != "failed" and not error:
            return True
        refusal = refusal_of_error(error)
        self._out.extend(self._notices.response_failed(response, refusal))
        if refusal.consequence in _LAST_WORDS:
            self._end(ending_of_refusal(refusal), now)
        return False

    def _transcription_failed(self, event: Event, now: float) -> bool:
        self._out.extend(self._notices.transcription_failed(event))
        return False

    def _error(self, event: Event, now: float) -> bool:
        error = mapping_of(event.get("error"))
        request = self._requests.refused(text_of(error.get("event_id")))
        refusal = refusal_of_error(error, answering=request.kind)
        came_second = refusal.code == "conversation_already_has_active_response"
        if came_second and request.kind in ("", "response.create"):
            self._gate.lost_the_race()
            return False
        self._take_back(request)
        if refusal.consequence in _LAST_WORDS:
            self._end(ending_of_refusal(refusal), now)
        elif not refusal.is_benign or request.asked_as is not None:
            self._out.extend(self._notices.refused_upstream(refusal, request))
        return False

    def _take_back(self, request: Request) -> None:
        """Upstream did not do what it was asked for."""
        if request.kind == "response.create":
            self._send(self._gate.refused())
        elif request.kind == "conversation.item.create":
            self._log.create_refused(request.item_id)

    def _hear_out(self, event: Event) -> None:
        """An event that came when nobody listened any more."""
        if event["type"] == "response.done":
            self._count_usage(event)
        elif event["type"] == "input_audio_buffer.committed":
            self._microphone.commit_answered()
        elif event["type"] == "error":
            request = self._requests.refused(text_of(mapping_of(event.get("error")).get("event_id")))
            if request.kind == "conversation.item.create":
                self._log.create_refused(request.item_id)
            elif request.kind in ("", "input_audio_buffer.commit"):
                self._microphone.commit_answered()

    def _count_usage(self, event: Event) -> None:
        usage = mapping_of(mapping_of(event.get("response")).get("usage"))
        if usage:
            self._out.append(RecordUsage(usage))

    # --- the end ------------------------------------------------------------------------------------------------

    def _end(self, ending: Ending, now: float) -> None:
        """The one way a session ends from this side: the client is told why, then closed."""
        if self.phase is Phase.ENDED:
            return
        self._leave(now)
        self._out.extend(self._notices.ended(ending))
        self._out.append(End(ending.reason, ending.close_code, ending.code or ending.reason))

    def _leave(self, now: float) -> None:
        self.phase = Phase.ENDED
        if self._over_at is None:
            self._over_at = now

    def _record(self, turns: list[Turn]) -> None:
        if self.setup.save:
            self._out.extend(RecordTurn(turn) for turn in turns)

    def _taken(self) -> list[Effect]:
        effects, self._out = self._out, []
        return effects


_Handler = Callable[[RealtimeProtocol, Event, float], bool]
_core = RealtimeProtocol

_FROM_CLIENT: dict[str, _Handler] = {
    "input_audio_buffer.commit": _core._turn_closed,
    "input_audio_buffer.clear": _core._turn_closed,
    "conversation.item.create": _core._create,
    "conversation.item.truncate": _core._truncate,
    "response.create": _core._ask_for_answer,
}
_FROM_UPSTREAM: dict[str, _Handler] = {
    "error": _core._error,
    "session.created": lambda *_: False,
    "session.updated": _core._session_updated,
    "rate_limits.updated": lambda *_: False,
    "input_audio_buffer.speech_started": _core._speech_started,
    "input_audio_buffer.speech_stopped": _core._speech_stopped,
    "input_audio_buffer.committed": _core._turn_closed,
    "conversation.item.input_audio_transcription.failed": _core._transcription_failed,
    "response.created": _core._response_created,
    "response.content_part.added": _core._part_added,
    "response.output_audio.delta": _core._audio,
    "response.done": _core._response_done,
}
"""Who acts on which event; everything else passes through untouched."""
