"""What a synthesiser makes of a clause."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class SynthesisFailed(Exception):
    """Nothing could be spoken; the text says why, in a sentence for people."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Mono PCM16 at `rate` Hz, and where in it each word ends, in seconds."""

    pcm: bytes
    rate: int
    ends: tuple[float, ...]


class Synthesiser(Protocol):
    """Turns clauses into sound, one at a time."""

    @property
    def voices(self) -> tuple[str, ...]:
        """Their names, the default first."""

    def speak(self, words: Sequence[str], voice: str, speed: float) -> Clip:
        """The clause made of `words` in one of `voices`; as many ends as words. Raises SynthesisFailed."""
