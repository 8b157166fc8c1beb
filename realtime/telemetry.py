"""What is counted and timed while speaking: the names, the seam to hand figures in, and a tally."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Event(StrEnum):
    """Things that are counted."""

    UPSTREAM_OPENED = "upstream_opened"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_REFUSED = "upstream_refused"
    UPSTREAM_BINARY_FRAME = "upstream_binary_frame"
    """A frame that the Realtime API does not know; it was left aside."""
    UPSTREAM_LOST = "upstream_lost"
    """It ended in the middle of a session, which went on with another one."""
    UPSTREAM_SILENT = "upstream_silent"
    """It did not answer a turn and was let go for another one."""
    UPSTREAM_RECYCLED = "upstream_recycled"
    """Its time was nearly over, and a quiet moment was used to begin another one."""


class Span(StrEnum):
    """Stretches of time that are measured, in seconds."""

    UPSTREAM_OPENING = "upstream_opening"
    FIRST_AUDIO = "first_audio"
    """From the end of what the person said to the first sound of the answer."""


class Telemetry(Protocol):
    """Where figures are handed in. Implementations are safe to call from any thread and never raise."""

    def count(self, event: Event, amount: int = 1) -> None: ...

    def time(self, span: Span, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How often a span was measured, and its sum and longest in seconds."""

    times: int = 0
    total: float = 0.0
    longest: float = 0.0


@dataclass(slots=True)
class Tally:
    """Figures kept in memory, to be read by whoever exports them."""

    _counts: Counter[Event] = field(default_factory=Counter)
    _timings: dict[Span, Timing] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, event: Event, amount: int = 1) -> None:
        with self._lock:
            self._counts[event] += amount

    def time(self, span: Span, seconds: float) -> None:
        with self._lock:
            before = self._timings.get(span, Timing())
            self._timings[span] = Timing(
                before.times + 1, before.total + seconds, max(before.longest, seconds)
            )

    def counted(self, event: Event) -> int:
        """How often `event` happened since the process began."""
        with self._lock:
            return self._counts[event]

    def timed(self, span: Span) -> Timing:
        """What is known of `span` since the process began."""
        with self._lock:
            return self._timings.get(span, Timing())


THIS_PROCESS = Tally()
"""The figures of the process we are in."""
