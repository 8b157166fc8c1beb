"""What is read off a contender in one round."""

from dataclasses import dataclass

from bench.load.sound import Spread


@dataclass(frozen=True, slots=True)
class Reading:
    """What one contender did in one round."""

    sessions: int
    spread: Spread
    """How long a frame took to the upstream and back, in milliseconds."""
    cpu: float
    """Milliseconds of processor time for a second of one session, which is 25 frames that came back."""
    sent: int
    lost: int
    disorder: int
    closed: int
    silent: int = 0
    """Bytes by which the server grew for each session that was open, before anybody spoke."""
    talking: int = 0
    """The same at the end of the talk, with whatever a server keeps of the sound."""


Rounds = dict[str, list[Reading]]
"""The readings of each contender, in the order of the rounds."""
