"""What a generated session is made of: what the person does, how the servers are, and what goes wrong."""

from dataclasses import dataclass, field, replace
from typing import Literal

from hypothesis import strategies as st

Transcription = Literal["words", "early", "twice", "grows", "empty", "failed", "recovers", "never"]
Death = Literal["1006", "1011", "1001", "expired", "silent"]


@dataclass(frozen=True, slots=True)
class Act:
    """Something the person does."""

    kind: Literal["speak", "type", "noise", "stop", "wait"]
    words: int = 3
    pause: float = 1.0
    """Seconds before it."""
    asks: bool = True
    """In push-to-talk and in writing: whether an answer is asked for."""
    names_item: bool = True


@dataclass(frozen=True, slots=True)
class AnswerPlan:
    """How an answer comes."""

    words: int = 3
    delay: float = 0.3
    pace: float = 0.0
    """Seconds from word to word; 0: all at once, as real servers do."""
    commentary: bool = False
    tool: bool = False
    outcome: Literal["completed", "failed", "incomplete", "nothing"] = "completed"


@dataclass(frozen=True, slots=True)
class TranscriptPlan:
    """How the words of a spoken turn come: `delay` seconds after its commit."""

    kind: Transcription = "words"
    delay: float = 0.5


@dataclass(frozen=True, slots=True)
class Drop:
    """How the life of an upstream ends: some seconds after the so-many-th frame it said."""

    how: Death = "1006"
    frames: int = 12
    pause: float = 0.0
    loses_frames: bool = False
    """What was on its way is lost."""
    refusals: int = 0
    """How many times a new connection is refused afterwards."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What servers differ in."""

    renames_items: bool = False
    repeats_ids: bool = False
    """Each life counts its ids from the beginning."""
    snapshots: bool = False
    """Sends the words of a turn again and again while they grow."""
    announces_early: bool = False
    """Announces a spoken item when it begins."""
    announces_again: bool = False
    """Announces what it knows of an earlier life, under new ids."""
    truncation: Literal["words", "plain", "refused", "ignored"] = "plain"
    odd_cuts: bool = False
    """Cuts sound anywhere, also inside of a sample."""
    nudges: bool = False
    careless_ids: bool = False
    """Does not say which item speech belongs to, nor truly what a committed one follows."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a visit ends, when it is not simply left after everything has come to rest."""

    how: Literal["rest", "leaves", "vanishes", "drained", "replaced"] = "rest"
    after: float = 10.0
    """Seconds after the beginning, for all but `rest`."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The database is away."""

    at: float
    seconds: float
    though_written: bool = False
    """What fails is the answer: the write itself was done."""


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """One client's time in a session, and the upstreams of its time."""

    acts: tuple[Act, ...]
    answers: tuple[AnswerPlan, ...] = (AnswerPlan(),)
    transcripts: tuple[TranscriptPlan, ...] = (TranscriptPlan(),)
    drops: tuple[Drop, ...] = ()
    expires_in: float | None = None
    habits: Habits = Habits()
    ending: Ending = Ending()
    voice_detection: bool = True
    output: Literal["audio", "text"] = "audio"
    binary: bool = True
    reports: bool = True
    """Whether the player says how much was heard."""
    report_delay: float = 0.0


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """A whole session: a visit and perhaps one that takes it over."""

    visits: tuple[VisitPlan, ...]
    outages: tuple[Outage, ...] = field(default=())


_PAUSES = st.sampled_from([0.0533, 0.3071, 0.6037, 1.0093, 2.5027, 7.0051])
"""Uneven, so that nothing happens in the very moment in which an answer has been heard out."""
_ACTS = st.builds(
    Act,
    kind=st.sampled_from(["speak", "speak", "speak", "type", "type", "noise", "stop", "wait"]),
    words=st.integers(1, 4),
    pause=_PAUSES,
    asks=st.sampled_from([True, True, True, False]),
    names_item=st.booleans(),
)
_ANSWERS = st.builds(
    AnswerPlan,
    words=st.sampled_from([8, 1, 3, 6, 12]),
    delay=st.sampled_from([0.1, 0.4, 0.4, 3.0]),
    pace=st.sampled_from([0.0, 0.0, 0.1, 0.4]),
    commentary=st.sampled_from([False, False, False, True]),
    tool=st.sampled_from([False, False, False, True]),
    outcome=st.sampled_from(["completed"] * 6 + ["failed", "incomplete", "nothing"]),
)
_TRANSCRIPTS = st.builds(
    TranscriptPlan,
    kind=st.sampled_from(["words"] * 6 + ["early", "twice", "grows", "empty", "failed", "recovers", "never"]),
    delay=st.sampled_from([0.1, 0.5, 1.5, 4.0, 8.0, 20.0]),
)
_DROPS = st.builds(
    Drop,
    how=st.sampled_from(["1006", "1006", "1011", "1001", "expired", "silent", "silent"]),
    frames=st.integers(3, 45),
    pause=st.sampled_from([0.0, 0.0, 0.05, 0.7, 3.0]),
    loses_frames=st.booleans(),
    refusals=st.sampled_from([0, 0, 0, 1, 3]),
)
_HABITS = st.builds(
    Habits,
    renames_items=st.booleans(),
    repeats_ids=st.booleans(),
    snapshots=st.booleans(),
    announces_early=st.booleans(),
    announces_again=st.booleans(),
    truncation=st.sampled_from(["words", "plain", "plain", "refused", "ignored"]),
    odd_cuts=st.booleans(),
    nudges=st.sampled_from([False, False, False, True]),
    careless_ids=st.sampled_from([False, False, False, True]),
)
_ENDINGS = st.builds(
    Ending,
    how=st.sampled_from(["rest"] * 5 + ["leaves", "vanishes", "drained"]),
    after=st.floats(0.5, 25.0, width=16),
)


def _drops(number: int) -> st.SearchStrategy[tuple[Drop, ...]]:
    return st.lists(_DROPS, min_size=number, max_size=number).map(tuple)


def visits(*, most_acts: int = 5, most_drops: int = 2) -> st.SearchStrategy[VisitPlan]:
    """Visits of every kind."""
    return st.builds(
        VisitPlan,
        acts=st.lists(_ACTS, min_size=2, max_size=most_acts).map(tuple),
        answers=st.lists(_ANSWERS, min_size=1, max_size=3).map(tuple),
        transcripts=st.lists(_TRANSCRIPTS, min_size=1, max_size=3).map(tuple),
        drops=st.sampled_from([0, 1, 1, 2][: most_drops + 2] if most_drops else [0]).flatmap(_drops),
        expires_in=st.sampled_from([None, None, None, 24.0, 60.0]),
        habits=_HABITS,
        ending=_ENDINGS,
        voice_detection=st.sampled_from([True, True, False]),
        output=st.sampled_from(["audio", "audio", "audio", "text"]),
        binary=st.booleans(),
        reports=st.sampled_from([True, True, False]),
        report_delay=st.sampled_from([0.0, 0.0, 0.5, 3.0]),
    )


_OUTAGES = st.builds(
    Outage,
    at=st.floats(0.0, 30.0, width=16),
    seconds=st.sampled_from([0.2, 2.0, 6.0]),
    though_written=st.booleans(),
)


def sessions(**sizes: int) -> st.SearchStrategy[SessionPlan]:
    """Sessions of one visit, or of two of which the second takes the session over."""
    alone = st.builds(
        SessionPlan,
        visits=st.tuples(visits(**sizes)),
        outages=st.lists(_OUTAGES, max_size=1).map(tuple),
    )
    taken_over = st.builds(
        SessionPlan,
        visits=st.tuples(visits(**sizes).map(_as_replaced), visits(most_acts=2, most_drops=0)),
        outages=st.just(()),
    )
    # Not one_of, which takes equal strategies for one.
    return st.sampled_from([alone, alone, alone, taken_over]).flatmap(lambda kind: kind)


def _as_replaced(visit: VisitPlan) -> VisitPlan:
    after = visit.ending.after
    how: Literal["vanishes", "replaced"] = "vanishes" if visit.ending.how == "vanishes" else "replaced"
    return replace(visit, ending=Ending(how, after))
