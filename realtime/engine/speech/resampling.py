"""Sample rates: what the microphone sends, what the recogniser hears, what a synthesiser makes."""

from typing import cast

import numpy as np
import soxr  # type: ignore[import-untyped]  # annotated, but ships no py.typed

from realtime.engine.speech.vocabulary import SAMPLE_RATE

HEARING_RATE = 16_000
"""Hz of the audio that voice detection and recognition work on."""


class Downsampler:
    """A stream of PCM16 from SAMPLE_RATE to HEARING_RATE. Output keeps its place in time and comes 26 ms late."""

    def __init__(self) -> None:
        self._stream = soxr.ResampleStream(SAMPLE_RATE, HEARING_RATE, 1, dtype="int16", quality="HQ")

    def feed(self, pcm: bytes) -> bytes:
        """The samples that are certain once `pcm` is known."""
        return self._resample(np.frombuffer(pcm, dtype="<i2"), last=False)

    def flush(self) -> bytes:
        """The samples still held back. The stream begins anew afterwards."""
        rest = self._resample(np.empty(0, dtype="<i2"), last=True)
        self._stream.clear()
        return rest

    def _resample(self, samples: "np.ndarray[tuple[int], np.dtype[np.int16]]", *, last: bool) -> bytes:
        return cast(bytes, self._stream.resample_chunk(samples, last=last).tobytes())


def to_sample_rate(pcm: bytes, rate: int) -> bytes:
    """A whole piece of PCM16 from `rate` Hz to SAMPLE_RATE."""
    if rate == SAMPLE_RATE or not pcm:
        return pcm
    return cast(
        bytes, soxr.resample(np.frombuffer(pcm, dtype="<i2"), rate, SAMPLE_RATE, quality="HQ").tobytes()
    )
