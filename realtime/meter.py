"""What is counted of one session while it goes: plain numbers, handed in once a tick. Framework-free."""

from collections.abc import Callable, Iterable
from time import perf_counter

from realtime.errors import EndReason
from realtime.protocol.effects import Effect, End, Reconnect, TellOperator
from realtime.telemetry import Event, Span, Telemetry, Traffic

OPERATORS: frozenset[EndReason] = frozenset(
    {"provider_auth", "provider_quota", "provider_failed", "provider_silent", "engine_busy"}
)
"""Ends that whoever runs the server has to know of."""
_LEFT = {"recycled": Event.UPSTREAM_RECYCLED, "silent": Event.UPSTREAM_SILENT}
"""Why an upstream was left, where it was not simply lost."""


class Meter:
    """One session's. Times are seconds of the clock that it is given."""

    def __init__(self, telemetry: Telemetry, clock: Callable[[], float]) -> None:
        self._telemetry, self._clock = telemetry, clock
        self._frames_up = self._bytes_up = self._frames_down = self._bytes_down = 0
        self._told_at = 0.0
        self.is_sampled = False
        """Since the last tick, or a sample is under way."""
        self._came_at: float | None = None
        """When upstream's frame came whose way to the client is being timed."""
        self._began: float | None = None
        """The same of one that may be on its way before the clock has moved; of another, exact clock."""

    # --- the client's socket ------------------------------------------------------------------------------------

    def came(self, frame: str | bytes) -> None:
        """The client sent a frame."""
        self._frames_up += 1
        self._bytes_up += len(frame)

    def goes(self, frame: str | bytes) -> None:
        """A frame is handed to the client's socket."""
        self._frames_down += 1
        self._bytes_down += len(frame)

    def gone(self) -> None:
        """The socket took it."""
        if self._came_at is not None:
            self._telemetry.time(Span.RELAY, self._clock() - self._came_at)
            self._came_at = None

    def went(self, frame: str | bytes) -> None:
        """The client's socket took a frame at once."""
        self._frames_down += 1
        self._bytes_down += len(frame)
        if self._began is not None:
            self._telemetry.time(Span.RELAY, perf_counter() - self._began)
            self.is_sampled, self._began = True, None

    def comes(self) -> None:
        """A frame of upstream's is about to be heard, and none was sampled yet."""
        self._began = perf_counter()

    def passed(self) -> None:
        """What came of it has gone, or waits, or was nothing for the client."""
        self._began = None

    def queued(self, came_at: float) -> None:
        """What upstream sent at `came_at` waits for the client, and nothing waits before it."""
        if not self.is_sampled:
            self.is_sampled, self._came_at = True, came_at

    def away(self) -> None:
        """Nobody takes anything for a while; how long that is says nothing of us."""
        self._came_at = None

    def dropped(self, frames: int, why: str) -> None:
        """Frames will never be sent."""
        if frames:
            self._telemetry.count(Event.FRAME_DROPPED, frames, why)

    # --- upstream -----------------------------------------------------------------------------------------------

    def heard(self, effects: Iterable[Effect]) -> None:
        """What comes of something that upstream said, or of its end: whether that was a complaint."""
        for effect in effects:
            match effect:
                case End(reason, _, code) if reason in OPERATORS:
                    self._telemetry.count(Event.UPSTREAM_ERROR, label=code)
                case Reconnect(_, code) if code not in _LEFT:
                    self._telemetry.count(Event.UPSTREAM_ERROR, label=code)
                case TellOperator(code):
                    self._telemetry.count(Event.UPSTREAM_ERROR, label=code)

    def left(self, code: str) -> None:
        """An upstream was left for another one."""
        self._telemetry.count(_LEFT.get(code, Event.UPSTREAM_LOST))

    # --- handing in ---------------------------------------------------------------------------------------------

    def tick(self, now: float, every: float) -> None:
        """Hand in, if that was not done within the last `every` seconds."""
        if now >= self._told_at + every:
            self._told_at = now
            self.is_sampled = self._came_at is not None
            self.tell()

    def tell(self) -> None:
        """Hand in what was counted since that was done last."""
        traffic = Traffic(self._frames_up, self._bytes_up, self._frames_down, self._bytes_down)
        self._frames_up = self._bytes_up = self._frames_down = self._bytes_down = 0
        if traffic.frames_up or traffic.frames_down:
            self._telemetry.traffic(traffic)
