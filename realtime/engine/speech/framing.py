"""Frames on the pipe between a session and its speech worker: length, kind, body."""

import pickle
import struct
from dataclasses import dataclass
from enum import IntEnum

from realtime.engine.speech.vocabulary import Ask, Happened, Hear

HEADER = struct.Struct("<IB")
"""Length of the body in bytes, kind."""
LONGEST_BODY = 8 << 20
"""Bytes; a longer frame is a broken pipe's noise."""


class Kind(IntEnum):
    VALUE = 0
    """A pickled value. Only ever read from a process of our own."""
    AUDIO = 1
    """Bare PCM of a Hear: by far the most frequent frame."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker's first frame."""

    voices: tuple[str, ...]
    hearing_problem: str
    speaking_problem: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What the worker has worked off since it last said so, so that only so much is ever under way."""

    audio: int = 0
    """Bytes of Hear."""
    clauses: int = 0


FromWorker = Ready | Settled | Happened


def packed(value: Ask | FromWorker) -> bytes:
    """`value` as one frame."""
    if isinstance(value, Hear):
        return HEADER.pack(len(value.pcm), Kind.AUDIO) + value.pcm
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(body), Kind.VALUE) + body


def unpacked(kind: int, body: bytes) -> object:
    """The value of a frame's body."""
    return Hear(body) if kind == Kind.AUDIO else pickle.loads(body)  # noqa: S301  # from a process of our own
