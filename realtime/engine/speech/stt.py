"""Recognition: the words of a phrase, by pocketsphinx and the English model in its package."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from realtime.engine.speech import phrasebook
from realtime.engine.speech.cepstrum import CEPSTRAL_MEAN
from realtime.engine.speech.loudness import Leveller
from realtime.engine.speech.vad import FRAME_MS

LONGEST_QUESTION_MS = 6_000
"""Beyond this nobody says a phrase of the book, and the search for one is given up."""
BETTER_BY = 0.5
"""Log-likelihood for each 10 ms frame by which the book's reading must explain the sound better. Where the book is
right it comes out at 0.5 to 2, where it merely fits best below 0.5.
"""
COVERAGE = 0.9
"""The least share of the sound taken for words that the book's reading must take for words too."""
_FRAMES_PER_MS = 0.1
_IMPOSSIBLE = -745.0
"""The logarithm of the smallest float."""


class _Hypothesis(Protocol):
    hypstr: str


class _Segment(Protocol):
    word: str
    start_frame: int
    end_frame: int
    ascore: float


class _Decoder(Protocol):
    def start_utt(self) -> None: ...
    def process_raw(self, data: bytes, no_search: bool, full_utt: bool) -> object: ...
    def end_utt(self) -> None: ...
    def hyp(self) -> _Hypothesis | None: ...
    def seg(self) -> Iterable[_Segment] | None: ...
    def set_cmn(self, mean: str) -> None: ...
    def lookup_word(self, word: str) -> str | None: ...
    def add_word(self, word: str, phones: str, update: bool) -> object: ...
    def add_jsgf_string(self, name: str, grammar: str) -> None: ...
    def activate_search(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What one search made of a phrase."""

    text: str
    likelihood: float
    """Of the sound given the words, as a logarithm, relative to the best sound of each frame."""
    frames: int
    """How many frames of 10 ms it took for words."""


class SphinxRecogniser:
    """Two searches that learn the speaker's voice and the room as they go: never share one between people.

    Every call holds the interpreter's lock until it is done.
    """

    def __init__(self) -> None:
        # The second pass over the whole phrase at its end costs up to 200 ms and gains two words in a hundred.
        self._anything = _decoder(fwdflat=False)
        self._book = _decoder(fwdflat=False, lm=None, dict=None)
        _teach(self._book, self._anything)
        self._leveller = Leveller()
        self._heard_ms = 0

    def begin(self) -> None:
        """Open a phrase."""
        self._heard_ms = 0
        self._leveller.begin()
        self._anything.start_utt()
        self._book.start_utt()

    def hear(self, frame: bytes) -> None:
        """Search on with a frame of PCM16 at HEARING_RATE."""
        for levelled in self._leveller.feed(frame):
            self._search(levelled)

    def finish(self) -> str:
        """Close the phrase: its words in lower case without punctuation, or nothing."""
        for levelled in self._leveller.flush():
            self._search(levelled)
        free, booked = _reading(self._anything), _reading(self._book)
        if self._heard_ms > LONGEST_QUESTION_MS:
            return free.text
        return preferred(free, booked, self._heard_ms).text

    def _search(self, frame: bytes) -> None:
        self._heard_ms += FRAME_MS
        self._anything.process_raw(frame, False, False)
        if self._heard_ms <= LONGEST_QUESTION_MS:
            self._book.process_raw(frame, False, False)


def preferred(free: Reading, booked: Reading, heard_ms: int) -> Reading:
    """The phrasebook's reading where it is a whole phrase and explains the sound clearly better, else the free one."""
    gain = (booked.likelihood - free.likelihood) / max(heard_ms * _FRAMES_PER_MS, 1)
    covers = booked.frames >= free.frames * COVERAGE
    return booked if covers and gain >= BETTER_BY and phrasebook.holds(booked.text) else free


def _decoder(**settings: Any) -> _Decoder:
    import pocketsphinx  # type: ignore[import-untyped]  # ships no types

    decoder = cast(_Decoder, pocketsphinx.Decoder(loglevel="FATAL", **settings))
    decoder.set_cmn(CEPSTRAL_MEAN)
    return decoder


def _teach(pupil: _Decoder, dictionary: _Decoder) -> None:
    """The phrasebook and no other word: its few words load in no time, the whole dictionary does not."""
    for word in sorted(phrasebook.words()):
        for spelling in (word, *(f"{word}({variant})" for variant in range(2, 6))):
            if phones := dictionary.lookup_word(spelling):
                pupil.add_word(spelling, phones, False)
    pupil.add_jsgf_string("phrasebook", phrasebook.grammar())
    pupil.activate_search("phrasebook")


def _reading(decoder: _Decoder) -> Reading:
    decoder.end_utt()
    hypothesis = decoder.hyp()
    if not hypothesis:
        return Reading("", 0.0, 0)
    spoken = [segment for segment in decoder.seg() or () if segment.word[0] not in "<[("]
    likelihood = sum(math.log(segment.ascore) if segment.ascore > 0 else _IMPOSSIBLE for segment in spoken)
    return Reading(hypothesis.hypstr, likelihood, sum(s.end_frame - s.start_frame + 1 for s in spoken))
