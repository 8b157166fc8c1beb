"""Recorded speech with what is said in it, in the formats of the engine."""

import json
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr  # type: ignore[import-untyped]  # annotated, but ships no py.typed

from realtime.engine.speech.resampling import HEARING_RATE
from realtime.engine.speech.vocabulary import SAMPLE_RATE

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "speech"
REFERENCES: dict[str, str] = json.loads((FOLDER / "references.json").read_text())
CARDS = tuple(name for name in REFERENCES if name.startswith("cards-"))


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording: the words in it and its PCM16 at HEARING_RATE."""

    words: str
    pcm: bytes

    @property
    def as_sent(self) -> bytes:
        """At SAMPLE_RATE, as a microphone would bring it."""
        samples = np.frombuffer(self.pcm, dtype="<i2")
        return bytes(soxr.resample(samples, HEARING_RATE, SAMPLE_RATE).tobytes())


def recording(name: str) -> Recording:
    """The recording in the file `name`."""
    with wave.open(str(FOLDER / name)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (HEARING_RATE, 1, 2)
        return Recording(REFERENCES[name], file.readframes(file.getnframes()))


def silence(seconds: float) -> bytes:
    """Silence at SAMPLE_RATE."""
    return bytes(round(seconds * SAMPLE_RATE) * 2)


def word_errors(reference: str, heard: str) -> int:
    """How many words must be put in, left out or exchanged to make one text of the other."""
    said, words = reference.split(), heard.split()
    row = list(range(len(words) + 1))
    for index, word in enumerate(said, start=1):
        before, row = row, [index]
        for column, other in enumerate(words, start=1):
            row.append(min(row[-1] + 1, before[column] + 1, before[column - 1] + (word != other)))
    return row[-1]
