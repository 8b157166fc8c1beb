"""Frames of a microphone that say when they were sent, and what became of them."""

import statistics
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass

FRAME_SECONDS = 0.04
FRAME_BYTES = 1920
"""Forty milliseconds of PCM16 at 24 kHz."""
_STAMP = struct.Struct("<QI")
_REST = (bytes(range(1, 256)) * (FRAME_BYTES // 255 + 1))[: FRAME_BYTES - _STAMP.size]
"""What follows the stamp, in every frame."""


def stamped(serial: int) -> bytes:
    """A frame with its number and the time of now in its first samples."""
    return _STAMP.pack(time.perf_counter_ns(), serial) + _REST


def stamp_of(frame: bytes | memoryview) -> tuple[float, int]:
    """How many milliseconds ago a frame was sent, and its number."""
    sent, serial = _STAMP.unpack_from(frame)
    return (time.perf_counter_ns() - sent) / 1e6, serial


def is_whole(frame: bytes | memoryview) -> bool:
    """Whether all behind a frame's stamp is what was sent."""
    return bytes(frame[_STAMP.size :]) == _REST


@dataclass(frozen=True, slots=True)
class Spread:
    """How long things took, in milliseconds."""

    p50: float
    p95: float
    p99: float
    longest: float

    def over(self, other: "Spread") -> "Spread":
        """By how much each is longer than another one's."""
        return Spread(
            self.p50 - other.p50, self.p95 - other.p95, self.p99 - other.p99, self.longest - other.longest
        )

    def __str__(self) -> str:
        return f"{self.p50:7.1f} {self.p95:7.1f} {self.p99:7.1f} {self.longest:7.1f}"


def spread(milliseconds: Iterable[float]) -> Spread:
    """Raises ValueError for fewer than two."""
    times = sorted(milliseconds)
    if len(times) < 2:
        raise ValueError("there is nothing to tell the spread of")
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return Spread(cuts[49], cuts[94], cuts[98], times[-1])
