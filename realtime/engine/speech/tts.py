"""Synthesis: text to pieces of sound at SAMPLE_RATE, with the time at which each word ends."""

import re
from collections.abc import Iterator
from itertools import pairwise

from realtime.engine.speech import flite, voices
from realtime.engine.speech.clauses import ClauseSplitter
from realtime.engine.speech.clip import Clip, Synthesiser, SynthesisFailed
from realtime.engine.speech.espeak import Espeak
from realtime.engine.speech.flite import Flite
from realtime.engine.speech.resampling import to_sample_rate
from realtime.engine.speech.vocabulary import SAMPLE_RATE, Say, Spoken, WordTime

PIECE_BYTES = SAMPLE_RATE * 2 // 5
"""200 ms: small enough that an event of the ears never waits long behind it in the pipe."""
SPEEDS = (0.25, 1.5)
_LEAD_IN_SECONDS = 0.03
_QUIET = 60
"""Amplitude below which the beginning of a clip is a pause that nobody needs to wait for."""


def synthesiser() -> Synthesiser:
    """The best one this machine has. Raises SynthesisFailed when it has none."""
    if flite.voices():
        return Flite()
    if voices.available():
        return Espeak()
    raise SynthesisFailed(
        "No voice is installed on this server: install flite or the package espeakng-loader."
    )


def spoken(ask: Say, by: Synthesiser) -> Iterator[Spoken]:
    """The sound of `ask`. A text longer than a clause is spoken clause by clause. Raises SynthesisFailed."""
    splitter = ClauseSplitter()
    for clause in [*splitter.feed(ask.text), *splitter.flush()]:
        yield from _spoken_clause(ask, clause, by)


def _spoken_clause(ask: Say, clause: str, by: Synthesiser) -> Iterator[Spoken]:
    words = words_of(clause)
    speed = min(max(ask.speed, SPEEDS[0]), SPEEDS[1])
    clip = (
        by.speak([word.strip() for word in words], voices.chosen(ask.voice, by.voices), speed)
        if words
        else Clip(b"", SAMPLE_RATE, ())
    )
    clip = without_lead_in(clip)
    pcm = to_sample_rate(clip.pcm, clip.rate)
    times = tuple(WordTime(word, round(end * 1000)) for word, end in zip(words, clip.ends, strict=True))
    yield Spoken(ask.utterance, pcm[:PIECE_BYTES], clause, times)
    for start in range(PIECE_BYTES, len(pcm), PIECE_BYTES):
        yield Spoken(ask.utterance, pcm[start : start + PIECE_BYTES])


def words_of(clause: str) -> list[str]:
    """The words of a clause, each with all that follows it up to the next; joined they are the clause."""
    starts = [match.start() for match in re.finditer(r"\S+", clause)]
    return [clause[start:end] for start, end in pairwise([0, *starts[1:], len(clause)])] if starts else []


def without_lead_in(clip: Clip) -> Clip:
    """`clip` from shortly before its first sound on: synthesisers begin with a pause, and somebody waits."""
    samples = memoryview(clip.pcm).cast("h")
    first = next((index for index, sample in enumerate(samples) if abs(sample) > _QUIET), 0)
    cut = max(first - int(_LEAD_IN_SECONDS * clip.rate), 0)
    seconds = cut / clip.rate
    return Clip(clip.pcm[cut * 2 :], clip.rate, tuple(max(end - seconds, 0.0) for end in clip.ends))
