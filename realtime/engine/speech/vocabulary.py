"""What a session says to its speech worker and hears back: plain values, cheap to pickle."""

from dataclasses import dataclass

SAMPLE_RATE = 24_000
"""Hz of all PCM16 little-endian mono audio at the worker's door, both ways."""

# --- what we ask ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """How turns are found: by voice activity, or by explicit commits when `by_voice` is False."""

    by_voice: bool = True
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500


@dataclass(frozen=True, slots=True)
class Hear:
    """A stretch of microphone audio (PCM16, SAMPLE_RATE); even length, any duration."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class CommitAudio:
    """Close the current turn by hand. Answered by one Transcribed that carries `turn`."""

    turn: str


@dataclass(frozen=True, slots=True)
class ClearAudio:
    """Forget the audio of the turn that is open."""


@dataclass(frozen=True, slots=True)
class Say:
    """Speak one clause. Answered by Spoken (one or more) and, after the last, SaidAll."""

    utterance: str
    """An id of the caller's, the same for every clause of one answer."""
    text: str
    voice: str
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Hush:
    """Drop what is left to be said of `utterance`."""

    utterance: str


Ask = TurnTaking | Hear | CommitAudio | ClearAudio | Say | Hush

# --- what happened ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Voice found. Times count milliseconds of audio heard since the worker was given to the session."""

    audio_start_ms: int
    """The start, moved back by the prefix padding, not below the end of the turn before."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Silence long enough; the turn is closed. One Transcribed with an empty `turn` follows."""

    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The words of one closed turn, in the order in which turns were closed. Empty when nothing was recognised."""

    turn: str
    """The id given to CommitAudio; empty for a turn that voice activity closed."""
    text: str
    seconds: float
    """How much audio was listened to."""


@dataclass(frozen=True, slots=True)
class WordTime:
    """A word of a clause with the place where its sound ends, in milliseconds from the start of that clause."""

    text: str
    """As it stands in the clause, with the blanks and punctuation that follow it."""
    end_ms: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """Audio of a clause (PCM16, SAMPLE_RATE). The first piece of a clause carries the clause's text and word times."""

    utterance: str
    pcm: bytes
    text: str = ""
    words: tuple[WordTime, ...] = ()


@dataclass(frozen=True, slots=True)
class SaidAll:
    """Every clause of `utterance` asked for so far is spoken, dropped by a Hush, or failed.

    Comes each time the worker runs out of clauses of this utterance, so several times where text is slower than speech.
    """

    utterance: str
    clauses: int = 0
    """How many Say of this utterance are settled since the first; tells a late answer from an early one."""


@dataclass(frozen=True, slots=True)
class SpeechFailed:
    """The worker could not do what was asked and says why, in a sentence for people."""

    detail: str


Happened = SpeechStarted | SpeechStopped | Transcribed | Spoken | SaidAll | SpeechFailed
