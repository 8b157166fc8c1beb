"""The bars of a chart stand where their numbers say, its labels have room, and nothing is drawn of nothing."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest

from realtime.admin.charts import BOTTOM, LEFT, RIGHT, TOP, Chart, Column, Day, Text, bar_chart, step_for

FIRST = date(2026, 10, 23)


def chart_of(*values: float | None, least_step: float = 1.0) -> Chart:
    days = [Day(FIRST + timedelta(days=n), value, f"{value}") for n, value in enumerate(values)]
    return bar_chart(days, write=lambda number: f"{number:g}", least_step=least_step)


def height_of(path: str) -> float:
    """How far a bar reaches from the base line."""
    side, end = re.findall(r"v(-?[\d.]+)q0 (-?[\d.]+)", path)[0]
    return -(float(side) + float(end))


def reach_of(column: Column) -> float:
    return height_of(column.bar)


def assert_apart(texts: tuple[Text, ...]) -> None:
    """No two labels share a place."""
    ordered = sorted(texts, key=lambda text: text.x)
    for left, right in pairwise(ordered):
        needed = (len(left.text) + len(right.text)) / 2 * 5.5
        assert right.x - left.x >= needed, (left, right)


def test_bars_are_as_high_as_their_numbers() -> None:
    one, two, four = (reach_of(column) for column in chart_of(1, 2, 4).columns)
    assert two == pytest.approx(2 * one, abs=0.2)
    assert four == pytest.approx(BOTTOM - TOP, abs=0.2)


@pytest.mark.parametrize("days", [1, 7, 30, 90])
def test_bars_stand_side_by_side_between_the_margins(days: int) -> None:
    columns = chart_of(*range(1, days + 1)).columns
    starts = [float(column.bar[1:].split()[0]) for column in columns]
    assert len(columns) == days
    assert starts[0] >= LEFT
    assert all(after - before > 2 for before, after in pairwise(starts))
    assert columns[-1].x + columns[-1].width == pytest.approx(RIGHT, abs=0.1)


@pytest.mark.parametrize("days", [1, 7, 30, 90])
@pytest.mark.parametrize("most", [1, 9, 12345])
def test_no_two_labels_collide(days: int, most: int) -> None:
    chart = chart_of(*[most] * days)
    assert chart.values
    assert_apart(chart.values)
    assert_apart(chart.dates)


def test_every_bar_says_its_number_where_there_is_room_and_else_the_highest_alone() -> None:
    assert [text.text for text in chart_of(1, None, 3, 2).values] == ["1", "3", "2"]
    assert [text.text for text in chart_of(*range(100, 190)).values] == ["189"]


def test_dates_are_counted_back_from_the_last_day() -> None:
    assert [text.text for text in chart_of(*[1] * 30).dates] == [
        "21 Nov",
        "14 Nov",
        "7 Nov",
        "31 Oct",
        "24 Oct",
    ]
    assert [text.text for text in chart_of(1).dates] == ["23 Oct"]


def test_the_axis_goes_up_in_round_steps_to_above_the_highest_bar() -> None:
    assert [text.text for text in chart_of(145).steps] == ["0", "50", "100", "150"]
    assert [text.text for text in chart_of(3).steps] == ["0", "1", "2", "3"]
    assert [text.text for text in chart_of(0.3, least_step=0.1).steps] == ["0", "0.1", "0.2", "0.3"]


def test_the_axis_has_no_finer_step_than_makes_sense() -> None:
    assert [text.text for text in chart_of(1).steps] == ["0", "1"]
    assert [text.text for text in chart_of(0.003, least_step=0.01).steps] == ["0", "0.01"]


@pytest.mark.parametrize("most", [0.0001, 0.37, 1, 4, 4.0001, 7, 99, 101, 12345, 9.9e9])
def test_four_steps_are_enough(most: float) -> None:
    step = step_for(most, least=0.01)
    assert step >= 0.01
    assert most <= step * 4 * 1.000001


def test_no_number_and_zero_are_drawn_as_nothing() -> None:
    chart = chart_of(None, 0, 5)
    assert [bool(column.bar) for column in chart.columns] == [False, False, True]
    assert [text.text for text in chart.values] == ["5"]
    assert not chart.is_empty


@pytest.mark.parametrize("values", [(0, 0, 0), (None, None), ()])
def test_days_with_nothing_have_a_base_line_and_no_made_up_axis(values: tuple[float | None, ...]) -> None:
    chart = chart_of(*values)
    assert chart.is_empty
    assert (chart.steps, chart.values) == ((), ())
    assert chart.base == BOTTOM


def test_a_little_is_more_than_nothing() -> None:
    little, _ = chart_of(1, 100_000).columns
    assert reach_of(little) >= 1


def test_the_last_day_is_today_and_says_that_it_is_not_over() -> None:
    yesterday, today = chart_of(1, 2).columns
    assert (yesterday.is_today, today.is_today) == (False, True)
    assert (yesterday.title, today.title) == ("23 Oct: 1", "24 Oct so far: 2")


def test_what_hangs_below_the_line_has_the_same_measure() -> None:
    chart = bar_chart([Day(FIRST, 4, "", below=2)], write=lambda number: f"{number:g}")
    [column] = chart.columns
    assert height_of(column.hanging) == pytest.approx(-reach_of(column) / 2, abs=0.2)
    assert [text.text for text in chart.steps] == ["2", "0", "2", "4"]
    assert TOP < chart.base < BOTTOM


def test_a_line_goes_on_to_what_the_day_reached_and_the_axis_has_room_for_it() -> None:
    chart = bar_chart([Day(FIRST, 500, "", reaches=2000)], write=lambda number: f"{number:g}")
    [column] = chart.columns
    assert column.line is not None
    _, start, end = column.line
    assert start == pytest.approx(chart.base - reach_of(column), abs=0.2)
    assert end == pytest.approx(TOP, abs=0.2)
    assert [text.text for text in chart.values] == ["2000"]
