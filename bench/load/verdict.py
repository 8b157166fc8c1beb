"""What is asked of each scene, and whether its figures hold it. Pure: figures in, findings out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from bench.load.stand import MEGABYTE, Figures

ADDED_MS = 20.0
"""By how much the slowest hundredth may be slower with us in between, for a crowd."""
MOVED_MS = 20.0
"""By less than this it moves while a part of the site is slow or away, or it would be heard."""
CORE = 0.60
"""Share of one core that the worker may use for a crowd."""
GROWTH = 20 * MEGABYTE
"""By less than this the worker grows for somebody who pours out or reads nothing."""
CORE_IS_FULL = 0.97
TOO_LATE_MS = 100.0
"""What the slowest hundredth may take before it is heard."""


class Verdict(IntEnum):
    """How a run went, as the status with which it ends."""

    HELD = 0
    BROKEN = 1
    """Frames or sessions were lost short of the knee, frames came out of order, or memory grew."""
    MISSED = 3
    """Nothing of that, but it took longer or more of a core than was asked. A busy machine can do that."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was asked of one scene."""

    asked: str
    measured: str
    holds: bool
    is_promise: bool = True
    """Promises hold on any machine; times and shares of a core are aims."""


def crowd(lines: Sequence[Figures]) -> Iterator[Finding]:
    """The second line is judged by the first, which is the same without us."""
    plain, ours = lines
    yield from _whole(lines[1:])
    added = ours.spread.p99 - plain.spread.p99
    asked = f"the slowest hundredth takes at most {ADDED_MS:.0f} ms more than without us"
    yield Finding(asked, f"{added:.1f} ms more", added <= ADDED_MS, False)
    yield Finding(f"the worker uses at most {CORE:.0%} of a core", f"{ours.cpu:.0%}", ours.cpu <= CORE, False)


def knee(lines: Sequence[Figures]) -> Iterator[Finding]:
    """Order is promised up to the last line; that nothing is lost, short of the knee only."""
    carried = [each for each in lines if not is_too_much(each)]
    yield _no_frame_lost(carried)
    yield _in_order(lines)
    yield _no_session_lost(carried)
    *below, last = lines
    reason = bend(last)
    is_found = reason != "" and is_too_much(last)
    if is_found:
        under = f"{below[-1].what} was still carried" if below else "nothing below it was tried"
        told = f"{last.what} is beyond it: {reason}; {under}"
    elif reason:
        told = f"not up to {last.what}, which ended the scene: {reason}"
    else:
        told = f"not up to {last.what}"
    yield Finding("the knee is found", told, is_found, False)


def floods(lines: Sequence[Figures]) -> Iterator[Finding]:
    """All lines are of the people who talk; those after the first one say by how much the worker grew."""
    yield from _whole(lines)
    for each in lines[1:]:
        asked = f"{each.what}: the worker grows by less than {GROWTH / MEGABYTE:.0f} MB"
        yield Finding(asked, f"{each.grown / MEGABYTE:.1f} MB", each.grown < GROWTH)


def unheard(lines: Sequence[Figures]) -> Iterator[Finding]:
    """A slow database, a lost Redis: the second line has the fault."""
    sound, spoilt = lines
    yield from _whole(lines)
    asked = f"the slowest hundredth moves by less than {MOVED_MS:.0f} ms"
    moved = spoilt.spread.p99 - sound.spread.p99
    yield Finding(asked, f"{moved:+.1f} ms", moved < MOVED_MS, False)


ASKED: dict[str, Callable[[Sequence[Figures]], Iterator[Finding]]] = {
    "crowd": crowd,
    "knee": knee,
    "floods": floods,
    "slow_database": unheard,
    "lost_redis": unheard,
}


def is_too_much(figures: Figures) -> bool:
    """Whether a worker may lose something of so many: it is late enough to be heard, or uses more than its share."""
    return figures.spread.p99 > TOO_LATE_MS or figures.cpu > CORE


def bend(figures: Figures) -> str:
    """Why it is not tried with more people, in words; empty while it is."""
    told = figures.told
    if told.closed:
        return f"{told.closed} sessions were lost"
    if told.lost:
        return f"{told.lost} frames did not come back"
    if figures.spread.p99 > TOO_LATE_MS:
        return f"the slowest hundredth takes {figures.spread.p99:.0f} ms, which is heard"
    return f"the worker uses {figures.cpu:.0%} of a core" if figures.cpu > CORE_IS_FULL else ""


def verdict(findings: Iterable[Finding]) -> Verdict:
    """The worst of it."""
    failing = [each for each in findings if not each.holds]
    if any(each.is_promise for each in failing):
        return Verdict.BROKEN
    return Verdict.MISSED if failing else Verdict.HELD


def in_words(found: dict[str, list[Finding]]) -> Iterator[str]:
    """What held and what did not, line by line, scene by scene."""
    for title, is_told in (
        ("What held:", lambda each: each.holds),
        ("Promises that were broken:", lambda each: not each.holds and each.is_promise),
        ("Times and processor that were not reached:", lambda each: not each.holds and not each.is_promise),
    ):
        told = [(scene, each) for scene, findings in found.items() for each in findings if is_told(each)]
        if told:
            yield title
        for scene, each in told:
            yield f"  {scene.replace('_', ' ')}: {each.asked}: {each.measured}"


def _whole(lines: Sequence[Figures]) -> Iterator[Finding]:
    """Everybody stayed, and every frame came back, once and in its place."""
    yield _no_frame_lost(lines)
    yield _in_order(lines)
    yield _no_session_lost(lines)


def _no_frame_lost(lines: Sequence[Figures]) -> Finding:
    sent, lost = sum(each.told.sent for each in lines), sum(each.told.lost for each in lines)
    return Finding("no frame is lost", f"{lost:,} of {sent:,}", lost == 0)


def _no_session_lost(lines: Sequence[Figures]) -> Finding:
    closed = sum(each.told.closed for each in lines)
    return Finding("no session is lost", f"{closed} of those who talk or listen", closed == 0)


def _in_order(lines: Sequence[Figures]) -> Finding:
    disorder = sum(each.told.disorder for each in lines)
    return Finding("no frame comes out of order", f"{disorder:,} did", disorder == 0)
