"""EffectHandler: has done, each by whom it is for, what the core of a session asks for. Framework-free."""

import logging
from typing import Protocol, assert_never

from realtime.ledger import Bookkeeper
from realtime.meter import OPERATORS
from realtime.protocol import wire
from realtime.protocol.effects import (
    Acknowledged,
    AudioToClient,
    AudioToUpstream,
    Effect,
    End,
    FirstAudio,
    FrameToClient,
    MalformedFromUpstream,
    PurgeAudio,
    Ready,
    Reconnect,
    RecordTurn,
    RecordUsage,
    TellOperator,
    ToClient,
    ToUpstream,
)
from realtime.seat import Seat
from realtime.telemetry import Event as Happening
from realtime.telemetry import Span, Telemetry
from realtime.upstreams import Upstreams

log = logging.getLogger(__name__)


class Course(Protocol):
    """Whoever runs the session, and is told what becomes of it."""

    def upstream_ready(self) -> None:
        """The client may speak."""

    def upstream_over(self, pause: float, code: str) -> None:
        """This upstream is left, for `code`; the next one follows after `pause` seconds."""

    def ended(self, end: End) -> None:
        """The session is over."""


class EffectHandler:
    """One session's."""

    def __init__(
        self,
        session_id: str,
        course: Course,
        seat: Seat,
        upstreams: Upstreams,
        books: Bookkeeper,
        telemetry: Telemetry,
    ) -> None:
        self._session_id, self._course = session_id, course
        self._seat, self._upstreams, self._books, self._telemetry = seat, upstreams, books, telemetry

    def handle(self, effects: list[Effect]) -> None:
        """Queue what the core asks for. Never waits; the bounds are held by whoever reads."""
        for effect in effects:
            match effect:
                case AudioToUpstream(pcm):
                    self._upstreams.line.put(pcm)
                case ToClient() | FrameToClient() | AudioToClient() | Acknowledged() | PurgeAudio():
                    self._seat.take(effect)
                case ToUpstream(event):
                    self._upstreams.line.put(wire.encode(event))
                case RecordTurn(turn):
                    self._books.put(turn)
                case RecordUsage(usage):
                    self._books.put(usage)
                case FirstAudio(seconds):
                    self._telemetry.time(Span.FIRST_AUDIO, seconds)
                    self._books.put(effect)
                case Ready():
                    self._course.upstream_ready()
                case Reconnect(pause, code):
                    self._course.upstream_over(pause, code)
                case TellOperator(code):
                    log.warning("session %s: %s", self._session_id, code)
                case MalformedFromUpstream():
                    # No line in the log for each: a server that babbles would fill it.
                    self._telemetry.count(Happening.UPSTREAM_MALFORMED_FRAME)
                case End(reason, _, code):
                    self._course.ended(effect)
                    if reason in OPERATORS:
                        log.warning("session %s ends: %s", self._session_id, code)
                case _:
                    assert_never(effect)
