"""A small bar chart of days: from numbers to places on a canvas, which a template then draws. Pure."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

WIDTH, HEIGHT = 440, 176
LEFT, RIGHT, TOP, BOTTOM = 44, 422, 20, 150
"""Where the bars stand. Beside them the steps of the axis, above them a value, below them the days."""
MOST_STEPS = 4
WIDEST_BAR = 26.0
THINNEST_BAR = 1.5
"""The least that something, as opposed to nothing, is drawn with."""
LETTER = 6.2
"""The width of a figure in the chart's type, so that two labels do not stand on each other."""
ROOM_FOR_A_DATE = 46.0


@dataclass(frozen=True, slots=True)
class Day:
    """What one day shows; None is not zero, but nothing to be shown."""

    day: date
    value: float | None
    said: str
    """The value in words, which the pointer over the day shows."""
    reaches: float | None = None
    """How far a thin line goes on above the bar: the slowest beside the median."""
    below: float = 0.0
    """What hangs from the base line, as the bad beside the good."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """One day as it is drawn."""

    title: str
    x: float
    width: float
    is_today: bool
    bar: str = ""
    """An SVG path; empty for nothing."""
    hanging: str = ""
    line: tuple[float, float, float] | None = None
    """x, and from which y to which."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready to be drawn on `width` by `height`."""

    columns: tuple[Column, ...]
    steps: tuple[Text, ...] = ()
    dates: tuple[Text, ...] = ()
    values: tuple[Text, ...] = ()
    base: float = BOTTOM
    is_empty: bool = False
    """Nothing happened on any of the days."""
    width: ClassVar = WIDTH
    height: ClassVar = HEIGHT
    left: ClassVar = LEFT
    right: ClassVar = RIGHT
    middle: ClassVar = (LEFT + RIGHT) / 2
    top: ClassVar = TOP
    drawn: ClassVar = BOTTOM - TOP


def bar_chart(days: Sequence[Day], *, write: Callable[[float], str], least_step: float = 1.0) -> Chart:
    """A bar for each day, the last of which is today and not over.

    `write` puts a number on the axis or a bar; the axis has no finer step than `least_step`.
    """
    above = max((max(each.value or 0, each.reaches or 0) for each in days), default=0)
    below = max((each.below for each in days), default=0)
    step = step_for(above + below, least=least_step)
    up, down = (math.ceil(most / step - 1e-9) for most in (above, below))
    rungs = range(-down, up + 1) if up + down else ()
    height = (BOTTOM - TOP) / max(1, up + down)
    scale = _Scale(base=BOTTOM - height * down, unit=height / step)
    slot = (RIGHT - LEFT) / max(1, len(days))
    columns = tuple(
        _column(each, LEFT + slot * n, slot, scale, is_today=n == len(days) - 1)
        for n, each in enumerate(days)
    )
    return Chart(
        columns=columns,
        steps=tuple(Text(LEFT - 8, scale.y(n * step), write(abs(n) * step)) for n in rungs),
        dates=tuple(_dates(days, slot)),
        values=tuple(_values(days, slot, scale, write)),
        base=scale.base,
        is_empty=not rungs,
    )


def step_for(most: float, *, least: float) -> float:
    """The smallest round step (1, 2 or 5 times a power of ten, and not under `least`) that gets to `most` in four."""
    if most <= least:
        return least
    exact = most / MOST_STEPS
    power = 10.0 ** math.floor(math.log10(exact))
    return max(least, next(power * n for n in (1, 2, 5, 10) if power * n >= exact * (1 - 1e-9)))


@dataclass(frozen=True, slots=True)
class _Scale:
    base: float
    """Where nothing is."""
    unit: float

    def y(self, value: float) -> float:
        return round(self.base - value * self.unit, 1)


def _column(each: Day, x: float, slot: float, scale: _Scale, *, is_today: bool) -> Column:
    width = min(slot * 0.72, WIDEST_BAR)
    left = x + (slot - width) / 2
    line = None
    if each.value is not None and each.reaches is not None and each.reaches > each.value:
        line = (round(left + width / 2, 1), scale.y(each.value), scale.y(each.reaches))
    return Column(
        title=f"{short(each.day)}{' so far' if is_today else ''}: {each.said}",
        x=round(x, 1),
        width=round(slot, 1),
        is_today=is_today,
        bar=_bar(left, width, scale.base, (each.value or 0) * scale.unit),
        hanging=_bar(left, width, scale.base, -each.below * scale.unit),
        line=line,
    )


def _bar(x: float, width: float, base: float, height: float) -> str:
    """A bar that stands on the base line, or hangs from it, round at its far end."""
    if height == 0:
        return ""
    way = -1 if height > 0 else 1
    length = max(THINNEST_BAR, abs(height))
    r = min(3.0, width / 2, length)
    side = way * (length - r)
    return (
        f"M{x:.1f} {base:.1f}v{side:.1f}q0 {way * r:.1f} {r:.1f} {way * r:.1f}h{width - 2 * r:.1f}"
        f"q{r:.1f} 0 {r:.1f} {-way * r:.1f}v{-side:.1f}z"
    )


def _dates(days: Sequence[Day], slot: float) -> Iterable[Text]:
    """As many as have room, counted back from the last, by days or by weeks."""
    every = next(n for n in (1, 7, 14, 28, len(days) + 1) if n * slot >= ROOM_FOR_A_DATE or n > len(days))
    for n in range(len(days) - 1, -1, -every):
        yield Text(round(LEFT + slot * (n + 0.5), 1), BOTTOM + 18, short(days[n].day))


def _values(days: Sequence[Day], slot: float, scale: _Scale, write: Callable[[float], str]) -> Iterable[Text]:
    """How high each day reaches where all the numbers have room, else the highest alone."""
    tops = [(max(each.value, each.reaches or 0), n) for n, each in enumerate(days) if each.value]
    if any(len(write(top)) * LETTER > slot - 4 for top, _ in tops):
        tops = [max(tops)]
    for top, n in tops:
        half = len(write(top)) * LETTER / 2
        x = min(max(LEFT + slot * (n + 0.5), LEFT + half), WIDTH - half)
        yield Text(round(x, 1), scale.y(top) - 5, write(top))


def short(day: date) -> str:
    """`9 Nov`"""
    return f"{day.day} {day:%b}"
