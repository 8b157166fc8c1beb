"""Notices: what we ourselves say to a client, numbered; `voiceassist.*` events only to one that knows them."""

from collections.abc import Callable, Iterator
from typing import Any

from realtime.errors import SpeechUnavailable
from realtime.protocol import session, wire
from realtime.protocol.effects import Effect, ToClient, Turn
from realtime.protocol.endings import Ending, off_the_record
from realtime.protocol.events import Event, error_event
from realtime.protocol.policy import NotAllowed, SessionChange
from realtime.protocol.refusals import Refusal
from realtime.protocol.requests import Request
from realtime.protocol.session import SessionSetup
from realtime.protocol.tally import Tally
from realtime.protocol.unfinished import Unfinished
from realtime.protocol.wire import MalformedFrame


class Notices:
    """Makes the events of ours for one client. What it makes is to be sent in that order."""

    def __init__(self, setup: SessionSetup) -> None:
        self._setup = setup
        self._serial = 0

    def session_created(self, upstream: Event, wishes: SessionChange) -> Iterator[Effect]:
        """The session is ready. `upstream` is its session, of which the client sees what it may."""
        setup = self._setup
        yield self._tell("session.created", session=session.shown(upstream, setup, wishes))
        yield from self._announce(
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
            resumed=False,
            taken_up=setup.epoch > 1,
        )

    def resumed(self, frames: int) -> Event:
        """The client is back and missed nothing. So many of its frames were taken in."""
        setup = self._setup
        return {
            "type": "voiceassist.resumed",
            "event_id": self._event_id(),
            "session_id": setup.session_id,
            "conversation_id": setup.conversation_id,
            "frames": frames,
            "draining": False,
        }

    def draining(self, seconds: float) -> Iterator[Effect]:
        """The server has to stop; the session ends when it is quiet, and at the latest after `seconds`."""
        if self._setup.binary_audio:
            yield from self._announce("voiceassist.draining", seconds=round(seconds, 3))

    def storage(self, *, is_behind: bool) -> Iterator[Effect]:
        """What is said waits to be stored for longer than usual; or none of it does any more."""
        return self._announce("voiceassist.storage", behind=is_behind)

    def session_updated(self, upstream: Event, wishes: SessionChange) -> Iterator[Effect]:
        """The session is as `upstream` says."""
        yield self._tell("session.updated", session=session.shown(upstream, self._setup, wishes))

    def reconnecting(self, reason: str, attempt: int) -> Iterator[Effect]:
        """There is no upstream at the moment, and another one is being opened."""
        return self._announce("voiceassist.reconnecting", reason=reason, attempt=attempt)

    def reconnected(self, seconds: float) -> Iterator[Effect]:
        """There is an upstream again, after `seconds` without."""
        return self._announce("voiceassist.reconnected", seconds=round(seconds, 3))

    def pong(self, ping_id: str) -> Iterator[Effect]:
        """A sign of life, which was asked for under that id."""
        return self._announce("voiceassist.pong", id=ping_id)

    def used(self, usage: Event, tally: Tally, response_id: str | None = None) -> Iterator[Effect]:
        """Something was used, by a response or, without an id, by a transcription; and what that makes altogether."""
        if self._setup.announces and usage:
            yield self._tell(
                "voiceassist.usage",
                response_id=response_id,
                usage=usage,
                session_usage=tally.total,
                estimated_cost=tally.cost(),
            )

    def item_deleted(self, item_id: str) -> Iterator[Effect]:
        """There is no such item any more."""
        yield self._tell("conversation.item.deleted", item_id=item_id)

    def item_truncated(self, item_id: str, audio_end_ms: int) -> Iterator[Effect]:
        """An answer that an earlier upstream gave was cut back."""
        yield self._tell(
            "conversation.item.truncated", item_id=item_id, content_index=0, audio_end_ms=audio_end_ms
        )

    def item_retrieved(self, item: Event) -> Iterator[Effect]:
        """An item that an earlier upstream had."""
        yield self._tell("conversation.item.retrieved", item=item)

    def broken_off(
        self, unfinished: Unfinished, content: Callable[[str], list[Event] | None]
    ) -> Iterator[Effect]:
        """Upstream is gone in the middle of an answer."""
        error = {
            "type": "server_error",
            "code": "provider_lost",
            "message": "The connection to the speech provider was lost during this answer. Ask again for the rest.",
        }
        for event in unfinished.closing_events(content, error):
            kind = event.pop("type")
            yield self._tell(kind, **event)

    def message_saved(self, turn: Turn, message_id: str, position: int) -> Iterator[Effect]:
        """A turn is stored as a message."""
        return self._announce(
            "voiceassist.message.saved",
            item_id=turn.item_id,
            message_id=message_id,
            position=position,
            role=turn.role,
            status=turn.status,
            text=turn.text,
            unheard_text=turn.unheard_text,
        )

    def refused(self, error: MalformedFrame | NotAllowed, event: Event) -> Iterator[Effect]:
        """The client sent what it may not; `event` as far as it could be read."""
        param = error.param if isinstance(error, NotAllowed) else None
        return self.error(error.code, str(error), param=param, caused_by=event.get("event_id"))

    def refused_upstream(self, refusal: Refusal, request: Request) -> Iterator[Effect]:
        """Upstream did not do what it was asked for."""
        detail = refusal.detail
        if refusal.code == SpeechUnavailable.code and self._setup.voice_problem:
            # It did not stop working: it was never there, and what is missing is known.
            detail = self._setup.voice_problem
        return self.error(refusal.code, detail, param=refusal.param or None, caused_by=request.asked_as)

    def error(
        self, code: str, detail: str, *, param: str | None = None, caused_by: Any = None
    ) -> Iterator[Effect]:
        """Something did not happen. `caused_by` is the client's own id of the event that asked for it."""
        caused_by = caused_by if isinstance(caused_by, str) else None
        words = self._true(detail)
        yield ToClient(error_event(self._event_id(), code, words, param=param, caused_by=caused_by))

    def response_failed(self, response: Event, refusal: Refusal) -> Iterator[Effect]:
        """A response was not completed, and upstream gave reasons, which are told in our words."""
        error = {"type": "server_error", "code": refusal.code, "message": self._true(refusal.detail)}
        details = {"type": response.get("status"), "error": error}
        yield self._tell("response.done", response=response | {"status_details": details})

    def transcription_failed(self, event: Event) -> Iterator[Effect]:
        """What was said was not understood; upstream's own words about it end here."""
        message = "That turn could not be understood."
        error = {"type": "server_error", "code": "transcription_failed", "message": message}
        yield ToClient(event | {"error": error})

    def ended(self, ending: Ending, frames: int) -> Iterator[Effect]:
        """The session is over, and why. So many of the client's frames were read: what it sent besides can be sent to
        its next session."""
        if ending.is_fault:
            yield from self.error(ending.code or ending.reason, ending.detail)
        told: Event = {
            "reason": ending.reason,
            "code": ending.code or ending.reason,
            "detail": self._true(ending.detail),
            "retryable": ending.retryable,
        }
        if ending.retry_after is not None:
            told["retry_after"] = ending.retry_after
        if self._setup.binary_audio and ending.retryable:
            told["frames"] = frames
        yield from self._announce("voiceassist.ended", **told)

    def _true(self, detail: str) -> str:
        return detail if self._setup.save else off_the_record(detail)

    def _announce(self, kind: str, **fields: Any) -> Iterator[Effect]:
        if self._setup.announces:
            yield self._tell(kind, **fields)

    def _tell(self, kind: str, **fields: Any) -> Effect:
        return ToClient({"type": kind, "event_id": self._event_id()} | fields)

    def _event_id(self) -> str:
        self._serial += 1
        # Of a session that was taken up again the client may still hold ids of the last time.
        life = f"{self._setup.epoch:04d}_" if self._setup.epoch > 1 else ""
        return f"event_{life}{self._serial:08d}"
