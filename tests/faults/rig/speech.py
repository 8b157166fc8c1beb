"""Speech that needs no ears: the words stand in the samples, and whoever gets the samples whole reads them there."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

SAMPLE_RATE = 24_000
BYTES_PER_MS = 48
SILENCE_ENDS_A_TURN = 200
"""Milliseconds of it that end a turn."""
_LETTER = 0x4000
_REPEATS = 24
"""A letter is a millisecond long."""


def speech(words: str) -> bytes:
    """PCM16 in which `words` are said; a turn ends when `silence` follows."""
    letters = words.encode()
    return b"".join(array("h", [_LETTER + letter] * _REPEATS).tobytes() for letter in letters)


def silence(ms: int = SILENCE_ENDS_A_TURN + 20) -> bytes:
    return bytes(ms * BYTES_PER_MS)


def frames(pcm: bytes, ms: int = 40) -> Iterator[bytes]:
    """Cut as a microphone does."""
    size = ms * BYTES_PER_MS
    return (pcm[at : at + size] for at in range(0, len(pcm), size))


@dataclass(frozen=True, slots=True)
class Heard:
    """What is understood at some moment of the stream, in milliseconds from its beginning."""

    at_ms: int
    words: str | None
    """None: somebody begins to speak. Else what they said until now."""


class Ear:
    """Voice detection and understanding in one."""

    def __init__(self) -> None:
        self._samples = array("h")
        self._heard_bytes = 0
        self._quiet_ms = 0.0
        self._is_speaking = False

    def hear(self, pcm: bytes) -> list[Heard]:
        """What is understood of some more samples."""
        heard: list[Heard] = []
        loud = (
            array("h", (sample for sample in array("h", pcm) if sample))
            if pcm.count(0) < len(pcm)
            else array("h")
        )
        if loud and not self._is_speaking:
            self._is_speaking = True
            heard.append(Heard(self._heard_bytes // BYTES_PER_MS, None))
        self._heard_bytes += len(pcm)
        self._samples += loud
        self._quiet_ms = _quiet_tail(pcm) if loud else self._quiet_ms + len(pcm) / BYTES_PER_MS
        if self._is_speaking and self._quiet_ms >= SILENCE_ENDS_A_TURN:
            heard.append(Heard(self._heard_bytes // BYTES_PER_MS, understood(self._samples)))
            self._is_speaking, self._samples = False, array("h")
        return heard


def understood(samples: "array[int]") -> str:
    """The words in samples without silence; a letter of which a part is missing is a `?`."""
    letters = bytearray()
    at = 0
    while at < len(samples):
        run = 1
        while at + run < len(samples) and samples[at + run] == samples[at] and run < _REPEATS:
            run += 1
        letter = samples[at] - _LETTER
        letters.append(letter if run == _REPEATS and 0 <= letter < 256 else ord("?"))
        at += run
    return letters.decode("utf-8", "replace")


def _quiet_tail(pcm: bytes) -> float:
    return (len(pcm) - len(pcm.rstrip(b"\0"))) / BYTES_PER_MS
