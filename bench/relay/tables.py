"""The readings as tables, for a screen and for a paper. Pure."""

from collections.abc import Mapping, Sequence

from bench.relay.names import OURS
from bench.relay.ratios import cpu, memory, middle, ratio, silent, talking
from bench.relay.readings import Reading, Rounds

HEAD = (
    "contender",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "CPU ms per session-second",
    "CPU, ours to it",
    "memory of a session, silent",
    "talking",
    "lost",
)

TIMES_HEAD = ("", *HEAD[1:5], HEAD[-1])


def rows(rounds: Rounds, titles: Mapping[str, str]) -> list[tuple[str, ...]]:
    """A row for each contender: medians over the rounds, with least and most of the processor and its ratio."""
    return [_row(titles[name], readings, rounds.get(OURS, [])) for name, readings in rounds.items()]


def times_row(title: str, readings: Sequence[Reading]) -> tuple[str, ...]:
    """Of readings whose memory nobody looked at."""
    return (title, *_times(readings), str(middle([each.cpu for each in readings])), _spoilt(readings))


def _row(title: str, readings: Sequence[Reading], ours: Sequence[Reading]) -> tuple[str, ...]:
    return (
        title,
        *_times(readings),
        str(middle([each.cpu for each in readings])),
        f"× {ratio(cpu, ours, readings)}" if ours else "",
        f"{memory(readings, silent) / 1000:.0f} kB",
        f"{memory(readings, talking) / 1000:.0f} kB",
        _spoilt(readings),
    )


def _times(readings: Sequence[Reading]) -> tuple[str, str, str]:
    return (
        f"{middle([each.spread.p50 for each in readings]).median:.1f}",
        f"{middle([each.spread.p95 for each in readings]).median:.1f}",
        f"{middle([each.spread.p99 for each in readings]).median:.1f}",
    )


def _spoilt(readings: Sequence[Reading]) -> str:
    """Frames that did not come back, or not as they should."""
    return f"{sum(each.lost + each.disorder for each in readings)} of {sum(each.sent for each in readings):,}"


def plain(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """For a screen: columns as wide as what is in them."""
    widths = [max(len(line[at]) for line in [head, *lines]) for at in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [head, *lines]
    )


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """For a paper."""
    rule = "|" + "---|" * len(head)
    return "\n".join([_barred(head), rule, *(_barred(line) for line in lines)])


def _barred(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
