"""Loudness: every phrase at the level that the recogniser's first guess of a voice was measured at.

Microphones differ twentyfold, and browsers turn their own gain down in the middle of the first words. A decoder gets
used to a level within some phrases, but the first turn of a loud speaker would be half wrong.
"""

import numpy as np

LEVEL = 1000.0
"""Root mean square of the middling part of a phrase, in PCM16 units."""
FRAMES_LISTENED_TO = 32
"""How much of a phrase, its run-up included, decides: one second. Recognition is quicker than speech and catches up."""
MIDDLING_PART = 0.6
"""The quantile of the frames' levels that decides. Below lie run-up and pauses; peaks are what a browser's own gain
control exaggerates first.
"""
LEAST_GAIN, MOST_GAIN = 0.05, 20.0


class Leveller:
    """Brings one phrase after the other to LEVEL; the gain is found once for each and then held."""

    def __init__(self) -> None:
        self._first: list[bytes] = []
        self._gain: float | None = None

    def begin(self) -> None:
        """Open a phrase."""
        self._first = []
        self._gain = None

    def feed(self, frame: bytes) -> list[bytes]:
        """The frames whose level is settled now, in order."""
        if self._gain is not None:
            return [_scaled(frame, self._gain)]
        self._first.append(frame)
        return self.flush() if len(self._first) >= FRAMES_LISTENED_TO else []

    def flush(self) -> list[bytes]:
        """The frames still held back; what was heard so far decides."""
        if not self._first:
            return []
        middling = float(np.quantile([_level(frame) for frame in self._first], MIDDLING_PART))
        self._gain = min(max(LEVEL / max(middling, 1.0), LEAST_GAIN), MOST_GAIN)
        held, self._first = self._first, []
        return [_scaled(frame, self._gain) for frame in held]


def _level(frame: bytes) -> float:
    return float(np.sqrt(np.mean(np.square(np.frombuffer(frame, dtype="<i2"), dtype=np.float64))))


def _scaled(frame: bytes, gain: float) -> bytes:
    return np.clip(np.frombuffer(frame, dtype="<i2") * gain, -32768, 32767).astype("<i2").tobytes()
