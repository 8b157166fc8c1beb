"""Speech that can be heard by counting: every word ever said in a session is another one, and has a sound of its own.

A word's sound is one sample value, held. Whoever hears PCM can so tell exactly which words are in it, which are in it
twice, and how much of the last one came through, which is all that an audit needs of speech recognition.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

BYTES_PER_MS = 48
BLOCK_BYTES = 10 * BYTES_PER_MS
"""Hearing is done by tens of milliseconds."""
NOISE = 20_000
"""Sounds from here on are no words."""
FIRST_ANSWER = 10_000


def sound(code: int, ms: int) -> bytes:
    """The sound of one word; 0 is silence."""
    return struct.pack("<h", code) * (24 * ms)


def word_of(code: int) -> str:
    """The word of a sound; all words are of one length, so that a share of the letters is a share of the words."""
    return f"a{code - FIRST_ANSWER:04d}" if code >= FIRST_ANSWER else f"p{code:04d}"


def code_of(word: str) -> int:
    """The sound of a word."""
    number = int(word[1:])
    return number + FIRST_ANSWER if word[0] == "a" else number


def blocks(pcm: bytes) -> Iterator[int]:
    """What is heard in each whole ten milliseconds."""
    for begin in range(0, len(pcm) - BLOCK_BYTES + 1, BLOCK_BYTES):
        yield int.from_bytes(pcm[begin : begin + 2], "little", signed=True)


def words_in(pcm: bytes) -> tuple[str, ...]:
    """The words in a recording, in order; one that is begun again counts again."""
    heard: list[int] = []
    before = 0
    for code in blocks(pcm):
        if code not in (0, before) and code < NOISE:
            heard.append(code)
        before = code
    return tuple(word_of(code) for code in heard)


@dataclass(slots=True)
class Lexicon:
    """Gives out words that nobody has used before."""

    _person: "count[int]" = field(default_factory=lambda: count(1))
    _noise: "count[int]" = field(default_factory=lambda: count(NOISE + 1))
    _assistant: "count[int]" = field(default_factory=lambda: count(FIRST_ANSWER + 1))

    def for_person(self, number: int) -> tuple[str, ...]:
        return tuple(word_of(next(self._person)) for _ in range(number))

    def noise(self) -> int:
        """A sound that is no word."""
        return next(self._noise)

    def for_answer(self, number: int) -> tuple[str, ...]:
        return tuple(word_of(next(self._assistant)) for _ in range(number))


def spoken(words: Sequence[str], ms: int) -> bytes:
    """The sound of some words, each of so many milliseconds."""
    return b"".join(sound(code_of(word), ms) for word in words)
