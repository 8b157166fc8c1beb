"""What is counted and timed while speaking: the names, the seam to hand figures in, and a tally.

No figure carries a word, an id or a name: labels are our own codes, and whatever does not look like one is "other".
"""

import re
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Event(StrEnum):
    """Things that are counted. What the label says stands with those that have one."""

    # --- upstream ---
    UPSTREAM_OPENED = "upstream_opened"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_REFUSED = "upstream_refused"
    UPSTREAM_ERROR = "upstream_error"
    """It could not be opened, or said in the middle that something is wrong. Label: our code for it."""
    UPSTREAM_BINARY_FRAME = "upstream_binary_frame"
    """A frame that the Realtime API does not know; it was left aside."""
    UPSTREAM_MALFORMED_FRAME = "upstream_malformed_frame"
    """A frame, or the sound in one, that could not be read or had not the shape of its kind; it was left aside."""
    UPSTREAM_LOST = "upstream_lost"
    """It ended in the middle of a session, which went on with another one."""
    UPSTREAM_SILENT = "upstream_silent"
    """It did not answer a turn and was let go for another one."""
    UPSTREAM_RECYCLED = "upstream_recycled"
    """Its time was nearly over, and a quiet moment was used to begin another one."""
    BREAKER_OPENED = "breaker_opened"
    """So many connections failed that no more were tried for a while."""
    BREAKER_REFUSED = "breaker_refused"
    """A connection that was not tried, because the breaker was open."""

    # --- tickets and sockets ---
    TICKET_ISSUED = "ticket_issued"
    TICKET_REDEEMED = "ticket_redeemed"
    TICKET_REFUSED = "ticket_refused"
    """Label: our code for why."""
    SOCKET_REFUSED = "socket_refused"
    """A socket that was turned away in words. Label: our code for why."""
    SOCKET_OVER_CAP = "socket_over_cap"
    """A handshake that was not even accepted, because the process holds as many as it may."""

    # --- sessions ---
    SESSION_STARTED = "session_started"
    SESSION_ENDED = "session_ended"
    """Label: the end reason of its row."""
    SESSION_PARKED = "session_parked"
    """Its client was lost, and it waits for it to come back."""
    SESSION_RESUMED = "session_resumed"
    """The client came back to the very relay it had left and missed nothing."""
    SESSION_TAKEN_UP = "session_taken_up"
    """The client came back, and the session began anew with its history. Label: why it could not be resumed."""
    SESSION_DRAINED = "session_drained"
    """Ended because the process has to stop. Label: "quiet", or "cut" when the time was over before it was."""
    SESSION_HANDED_OVER = "session_handed_over"
    """Another process's session was taken. Label: "let_go" when that put it down itself, "forced" when it did not."""
    SESSION_REAPED = "session_reaped"
    """Nobody had renewed its lease, with or without a client: its process was killed, or its database was away."""
    FRAME_DROPPED = "frame_dropped"
    """Label: "interrupted" (audio of an answer that was talked over), "slow_client", "upstream_gone"."""
    TURN_SAVED = "turn_saved"
    TURN_REFUSED = "turn_refused"
    """Not stored: the session had been taken by another process, or was gone."""
    TURN_FAILED = "turn_failed"
    """Not stored: the database failed, time after time."""

    # --- orders between processes ---
    ORDER_TOLD = "order_told"
    """Label: its kind."""
    ORDER_OBEYED = "order_obeyed"
    """Label: its kind."""
    ORDER_UNTOLD = "order_untold"
    """The channel layer could not take it. Label: its kind."""

    # --- the site ---
    HTTP_REQUEST = "http_request"
    """Label: the class of its status, "2xx"."""
    SIGN_IN = "sign_in"
    """Label: "ok", "failed", "throttled"."""
    PERMISSION_REFUSED = "permission_refused"
    """Somebody asked for what is not theirs."""
    LIMIT_HIT = "limit_hit"
    """Label: what is limited."""
    DATABASE_AWAY = "database_away"
    """A request that was answered with 503, because the database did not answer."""
    CACHE_AWAY = "cache_away"
    """A decision that was made without the cache, because it did not answer."""


class Span(StrEnum):
    """Stretches of time that are measured, in seconds."""

    UPSTREAM_OPENING = "upstream_opening"
    FIRST_AUDIO = "first_audio"
    """From the end of what the person said to the first sound of the answer."""
    RELAY = "relay"
    """What we add: from the arrival of an upstream's frame until it was handed to the client's socket; sampled."""
    TURN_SAVING = "turn_saving"
    """From the moment something was said until it was stored."""
    LOOP_LAG = "loop_lag"
    """By how much the event loop was late for a task that wanted to run."""
    HTTP_REQUEST = "http_request"
    HANDOVER = "handover"
    """How long a session waited for another process to let go of it."""
    DRAIN = "drain"


BOUNDS: Mapping[Span, tuple[float, ...]] = {
    Span.UPSTREAM_OPENING: (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
    Span.FIRST_AUDIO: (0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2, 3, 5, 10),
    Span.RELAY: (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1),
    Span.TURN_SAVING: (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60),
    Span.LOOP_LAG: (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    Span.HTTP_REQUEST: (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    Span.HANDOVER: (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5),
    Span.DRAIN: (0.1, 0.5, 1, 2, 5, 10, 15, 20, 25, 30, 60),
}
"""Upper bounds of the histogram of each span, in seconds; what is longer is counted beyond the last."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Frames and bytes between us and our clients; up is from them to us."""

    frames_up: int = 0
    bytes_up: int = 0
    frames_down: int = 0
    bytes_down: int = 0

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(
            self.frames_up + other.frames_up,
            self.bytes_up + other.bytes_up,
            self.frames_down + other.frames_down,
            self.bytes_down + other.bytes_down,
        )


@dataclass(frozen=True, slots=True)
class Depths:
    """What waits in one session, at the moment somebody looks."""

    to_client: int = 0
    """Bytes for its client."""
    to_upstream: int = 0
    """Bytes for its upstream."""
    to_ledger: int = 0
    """Turns and figures to be stored."""
    journal: int = 0
    """Bytes kept until its client says that it has them."""


class Telemetry(Protocol):
    """Where figures are handed in. Implementations are safe to call from any thread and never raise."""

    def count(self, event: Event, amount: int = 1, label: str = "") -> None: ...

    def time(self, span: Span, seconds: float) -> None: ...

    def traffic(self, traffic: Traffic) -> None:
        """Add what went over one session's socket since it was last told: once a tick, never for each frame."""

    def watch(self, depths: Callable[[], Depths]) -> Callable[[], None]:
        """Ask `depths` whenever somebody looks, until the returned callable is called. It is asked in any thread."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often a span was measured, and its sum and longest in seconds."""

    times: int = 0
    total: float = 0.0
    longest: float = 0.0


LABELS = 64
"""How many labels one event may have; whatever comes after them is "other"."""
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")


@dataclass(slots=True)
class Tally:
    """Figures kept in memory, to be read by whoever exports them."""

    _counts: dict[Event, Counter[str]] = field(default_factory=dict)
    _timings: dict[Span, Timing] = field(default_factory=dict)
    _buckets: dict[Span, list[int]] = field(default_factory=dict)
    _traffic: Traffic = Traffic()
    _watched: dict[object, Callable[[], Depths]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, event: Event, amount: int = 1, label: str = "") -> None:
        with self._lock:
            counts = self._counts.setdefault(event, Counter())
            counts[_code(label, counts)] += amount

    def time(self, span: Span, seconds: float) -> None:
        with self._lock:
            before = self._timings.get(span, Timing())
            self._timings[span] = Timing(
                before.times + 1, before.total + seconds, max(before.longest, seconds)
            )
            bounds = BOUNDS[span]
            self._buckets.setdefault(span, [0] * (len(bounds) + 1))[bisect_left(bounds, seconds)] += 1

    def traffic(self, traffic: Traffic) -> None:
        with self._lock:
            self._traffic += traffic

    def watch(self, depths: Callable[[], Depths]) -> Callable[[], None]:
        key = object()
        with self._lock:
            self._watched[key] = depths

        def forget() -> None:
            with self._lock:
                self._watched.pop(key, None)

        return forget

    def counted(self, event: Event, label: str | None = None) -> int:
        """How often `event` happened since the process began; with this label alone, or with any."""
        with self._lock:
            counts = self._counts.get(event, Counter())
            return counts.total() if label is None else counts[label]

    def labels(self, event: Event) -> dict[str, int]:
        """How often `event` happened with each of its labels."""
        with self._lock:
            return dict(self._counts.get(event, ()))

    def timed(self, span: Span) -> Timing:
        """What is known of `span` since the process began."""
        with self._lock:
            return self._timings.get(span, Timing())

    def histogram(self, span: Span) -> tuple[list[int], float]:
        """How often `span` took at most each of its BOUNDS and, last, at all; and the sum of seconds."""
        with self._lock:
            total = 0
            counts = self._buckets.get(span, [0] * (len(BOUNDS[span]) + 1))
            cumulated = [total := total + count for count in counts]
            return cumulated, self._timings.get(span, Timing()).total

    def carried(self) -> Traffic:
        """What went over the sockets since the process began."""
        with self._lock:
            return self._traffic

    def depths(self) -> list[Depths]:
        """What waits in each of the sessions that are watched."""
        with self._lock:
            watched = list(self._watched.values())
        return [depths() for depths in watched]


def _code(label: str, known: Counter[str]) -> str:
    """The label, if it looks like one of our codes and does not make one series too many; else "other"."""
    if not label or label in known:
        return label
    return label if _CODE.match(label) and len(known) < LABELS else "other"


THIS_PROCESS = Tally()
"""The figures of the process we are in."""

SPEAKING: ContextVar[tuple[str, str]] = ContextVar("speaking", default=("", ""))
"""The ids of the session and the conversation that the running task works for: each line of the log has them."""
