"""Frames of both sides on their way through a session. Framework-free.

Nearly every frame is sound of which nothing comes but that the other side hears it. It takes the short way, past events
and effects; both ways end the same.
"""

from collections.abc import Callable

from realtime.client_inbox import ClientInbox
from realtime.meter import Meter
from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.effects import Effect
from realtime.seat import Seat
from realtime.upstreams import Upstreams


class Passage:
    """One session's. What goes wrong with a frame is told to `went_wrong`, and nothing is raised."""

    def __init__(
        self,
        core: RealtimeProtocol,
        seat: Seat,
        upstreams: Upstreams,
        meter: Meter,
        clock: Callable[[], float],
        apply: Callable[[list[Effect]], None],
        went_wrong: Callable[[Exception], None],
    ) -> None:
        self._core, self._seat, self._upstreams = core, seat, upstreams
        self._meter, self._clock = meter, clock
        self._apply, self._went_wrong = apply, went_wrong

    def takes(self, frame: str | bytes, inbox: ClientInbox) -> bool:
        """Hear a frame of the client's, if it need not wait for anything."""
        now = self._clock()
        if not inbox.may_hear_at_once(now):
            return False
        try:
            line = self._upstreams.line
            # While something waits the core has to know how much, before it forgets what upstream might not have got.
            if isinstance(frame, bytes) and not line.unsent_audio and self._core.takes_voice(frame, now):
                line.put(frame)
                if line.unsent_audio:
                    self._core.behind(line.unsent_audio)
            elif self._core.pause(now):
                return False
            else:
                self._hear_client(frame, now)
        except Exception as error:
            self._went_wrong(error)
        return True

    def hear_client(self, frame: str | bytes) -> None:
        """Hear a frame of the client's."""
        try:
            self._hear_client(frame, self._clock())
        except Exception as error:
            self._went_wrong(error)

    def _hear_client(self, frame: str | bytes, now: float) -> None:
        self._apply(self._core.client_frame(frame, now))
        self._core.behind(self._upstreams.line.unsent_audio)

    def hear_upstream(self, frame: str) -> None:
        """Hear a frame of upstream's."""
        try:
            if self._meter.is_sampled:
                self._pass_on(frame, self._clock())
            else:
                self._pass_on_timed(frame, self._clock())
        except Exception as error:
            self._went_wrong(error)

    def _pass_on_timed(self, frame: str, now: float) -> None:
        is_next = self._seat.client is not None and self._seat.line.is_idle
        self._meter.comes()
        try:
            self._pass_on(frame, now)
        finally:
            self._meter.passed()
        if is_next and not self._seat.line.is_idle:
            self._meter.queued(now)

    def _pass_on(self, frame: str, now: float) -> None:
        found = self._core.more_sound(frame, now)
        if found is None:
            effects = self._core.upstream_frame(frame, now)
            self._meter.heard(effects)
            self._apply(effects)
        elif not self._seat.take_sound(*found):
            # It waits; whether that is too much is looked at there.
            self._apply([])
