"""What the dialogue wants done. It decides; the session around it acts, in this order."""

from dataclasses import dataclass
from typing import TypeAlias

from realtime.engine.dialogue.prompt import Prompt
from realtime.engine.speech.vocabulary import Ask


@dataclass(frozen=True, slots=True)
class Send:
    """Give the client this frame."""

    frame: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Ask this of the speech worker."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Answer:
    """Find the words of this response."""

    response_id: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Abandon:
    """Stop looking for them."""

    response_id: str


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection once all frames are out."""

    code: int
    reason: str


Effect: TypeAlias = Send | Tell | Answer | Abandon | Close
