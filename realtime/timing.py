"""How long things may take in a session, and how it ended. Framework-free."""

from dataclasses import dataclass

from realtime.errors import EndReason


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds."""

    stall: float = 10.0
    """A client that accepts no byte for so long is closed."""
    trailing: float = 2.0
    """How long upstream is heard after the end, for the words of a turn that is being transcribed."""
    farewell: float = 1.0
    """How long a client that takes nothing more has to say how it left."""
    parked: float = 30.0
    """How long a client that was lost is waited for."""
    tick: float = 1.0
    """How often the core's deadline is looked at. It moves with every event; being told of each would cost more."""
    behind: float = 5.0
    """After how long a turn that is not stored yet is told to the client."""
    lease: float = 30.0
    """How often, at least, an open session asks whether it may go on."""
    limit: float = 1.0
    """How often it asks at most while the day's minutes run out; by so much they may be overrun."""
    haste: float = 1.0
    """By what the core's pauses before another upstream are divided."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a session ended: the reason for its row, and the close code for its client."""

    reason: EndReason
    close_code: int
    client_is_gone: bool
