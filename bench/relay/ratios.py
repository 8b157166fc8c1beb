"""How many times as much one contender takes as another, and whether that is what was asked. Pure."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.load.verdict import CORE, TOO_LATE_MS, Finding
from bench.relay.names import AGENTS, NGINX, NODE, OURS, OURS_JSON, WEBSOCKETS
from bench.relay.readings import Reading, Rounds

JUDGED_AT = 30
"""How many sessions the ratios are asked for; with others they are only told."""
MEMORY = 60_000
"""Bytes that an open session may take before anybody speaks."""
SLOWED = 1.3
"""How many times as long the slowest hundredth may take while others ask for something slow."""
Number = Callable[[Reading], float]


@dataclass(frozen=True, slots=True)
class Middle:
    """What several rounds gave: the one in the middle, and the ends."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}–{self.most:.2f})"


@dataclass(frozen=True, slots=True)
class Bound:
    """A ratio that is asked for."""

    what: str
    number: Number
    other: str
    most: float


def p95(reading: Reading) -> float:
    return reading.spread.p95


def cpu(reading: Reading) -> float:
    return reading.cpu


def silent(reading: Reading) -> float:
    return reading.silent


def talking(reading: Reading) -> float:
    return reading.talking


BOUNDS = (
    Bound("processor", cpu, NODE, 1.0),
    Bound("processor", cpu, WEBSOCKETS, 0.8),
    Bound("processor", cpu, AGENTS, 0.4),
    Bound("processor", cpu, NGINX, 4.0),
    Bound("slowest twentieth", p95, NODE, 1.5),
)


def middle(values: Sequence[float]) -> Middle:
    return Middle(statistics.median(values), min(values), max(values))


def ratio(number: Number, ours: Sequence[Reading], theirs: Sequence[Reading]) -> Middle:
    """Round by round: what the machine did in one of them did it to both."""
    return middle([number(mine) / number(yours) for mine, yours in zip(ours, theirs, strict=True)])


def memory(readings: Sequence[Reading], number: Number) -> float:
    """The most of all rounds: a server keeps what it took in the first one, and the later ones find it there."""
    return max(number(each) for each in readings)


def judged_at(sessions: Sequence[int]) -> int:
    """With how many of these the ratios are asked for."""
    return JUDGED_AT if JUDGED_AT in sessions else max(sessions)


def findings(rounds: Rounds, *, are_ratios_asked: bool) -> Iterator[Finding]:
    """What is asked of ours beside the others that took part."""
    for name in (OURS, OURS_JSON):
        if name in rounds:
            yield from whole(name, rounds[name])
    if OURS not in rounds or not are_ratios_asked:
        return
    ours = rounds[OURS]
    for bound in BOUNDS:
        if bound.other in rounds:
            found = ratio(bound.number, ours, rounds[bound.other])
            asked = f"{bound.what} at most {bound.most} × {bound.other}"
            yield Finding(asked, str(found), found.median <= bound.most, False)
    took = memory(ours, silent)
    asked = f"memory at most {MEMORY / 1000:.0f} kB for a session"
    yield Finding(asked, f"{took / 1000:.0f} kB", took <= MEMORY, False)


def slowed(without: Sequence[Reading], beside: Sequence[Reading]) -> Iterator[Finding]:
    """Of a scene that is played with and without something slow, in turn."""
    yield from whole(OURS, [*without, *beside])
    found = ratio(lambda each: each.spread.p99, beside, without)
    yield Finding(
        f"slowest hundredth at most {SLOWED} × of without", str(found), found.median <= SLOWED, False
    )


def is_too_much(reading: Reading) -> bool:
    """Whether a worker may lose something of so many, as `make load` has it."""
    return reading.spread.p99 > TOO_LATE_MS or reading.cpu * reading.sessions / 1000 > CORE


def whole(name: str, readings: Sequence[Reading]) -> Iterator[Finding]:
    """Order is promised always; that nothing is lost, for as many as one worker carries."""
    carried = [each for each in readings if not is_too_much(each)]
    if carried:
        lost, sent = sum(each.lost for each in carried), sum(each.sent for each in carried)
        closed = sum(each.closed for each in carried)
        yield Finding(f"{name}: no frame is lost", f"{lost:,} of {sent:,}", lost == 0)
        yield Finding(f"{name}: no session is lost", f"{closed} were", closed == 0)
    else:
        late = middle([each.spread.p99 for each in readings]).median
        told = f"no: the slowest hundredth takes {late:.0f} ms, {sum(each.lost for each in readings):,} were lost"
        yield Finding(f"{name}: this machine carries {readings[0].sessions}", told, False, False)
    disorder = sum(each.disorder for each in readings)
    yield Finding(
        f"{name}: every frame comes back whole and in its turn", f"{disorder:,} did not", disorder == 0
    )
