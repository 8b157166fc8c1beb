"""What truly happened in a session, as those saw it to whom it happened; the oracle reads nothing else.

A person knows what it said and when. A server knows what it heard, transcribed and answered, in which order. Whatever a
server says becomes a fact when the relay has received it: what got lost on the way was not said.
"""

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Remark:
    """What the person said in one go."""

    words: tuple[str, ...]
    is_spoken: bool
    visit: int
    begun_at: float
    item_id: str = ""
    """Which id the client gave it; empty when it gave none, or when it was spoken."""
    asked: bool = False
    """Whether it was followed by a `response.create`."""
    given_at: dict[str, float] = field(default_factory=dict)
    """When each word had been handed over to us in full."""


@dataclass(slots=True, eq=False)
class UserTurn:
    """A turn of the user as one upstream has it."""

    life: int
    words: tuple[str, ...]
    """What it heard or read."""
    is_spoken: bool
    sounds: frozenset[int] = frozenset()
    """Everything that was to be heard in it, words and noises: by this a turn is known again."""
    is_nudge: bool = False
    """Nobody said anything: the server wanted an answer to silence."""
    is_told_again: bool = False
    """We ourselves made it: the person had said it to an earlier upstream."""
    is_closed: bool = False
    """The server has all of it."""
    closed_at: float | None = None
    """When we learnt that it is a turn: its commit, or its announcement as an item."""
    transcripts: list[tuple[str, ...] | None] = field(default_factory=list)
    """The final words that we were given, None for each time that there were none to be made out."""
    asks: bool = False
    """An answer to it was asked for."""
    answers: list["Answer"] = field(default_factory=list)

    @property
    def transcript(self) -> tuple[str, ...] | None:
        """What it is to be written down as: the first words that came, and what goes on from them. None: none came."""
        found = next((words for words in self.transcripts if words is not None), None)
        for words in self.transcripts:
            if found and words and words[: len(found)] == found:
                found = words
        return found


@dataclass(slots=True, eq=False)
class Answer:
    """A message of the assistant's as far as we received it."""

    life: int
    words: list[str] = field(default_factory=list)
    is_spoken: bool = True
    received_bytes: int = 0
    sound_from: float | None = None
    is_complete: bool = False
    broke_off: bool = False
    """Upstream itself said that it did not finish it (it failed)."""
    was_stopped_at: float | None = None
    """When upstream said that it was cancelled."""
    confirmed: bool = False
    confirmed_words: tuple[str, ...] | None = None
    """What upstream knew to have been heard, when it confirmed the player's report."""

    @property
    def received_ms(self) -> int:
        return self.received_bytes // 48


Fact = UserTurn | Answer


@dataclass(slots=True, eq=False)
class Stop:
    """The player fell silent before it had played all that it had of an answer."""

    at: float
    words: tuple[str, ...]
    """What could be heard in full by then."""
    played_ms: int
    by_voice: bool = False
    """We knew of it: upstream had heard somebody speak, or the client left."""
    is_uncertain: bool = False
    """Nobody can tell exactly: we had ended the session, some time before the client fell silent."""
    reported_at: float | None = None
    """When its report was handed over to us; None when it made none."""


@dataclass(slots=True)
class Playing:
    """What one client heard, by words."""

    heard_ms: dict[str, int] = field(default_factory=dict)
    stops: dict[str, Stop] = field(default_factory=dict)
    """How each answer was stopped that was, by its first word."""
    given: set[str] = field(default_factory=set)
    """The words of which any sound came."""
    misattributed: list[str] = field(default_factory=list)
    """Words that were played as part of an item they do not belong to."""
