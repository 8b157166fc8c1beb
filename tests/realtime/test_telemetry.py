"""The figures of a process: nothing is lost between threads, nothing is there before it happened."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from realtime.telemetry import BOUNDS, LABELS, Depths, Event, Span, Tally, Timing, Traffic


def test_before_anything_happened_there_is_nothing() -> None:
    tally = Tally()
    assert tally.counted(Event.UPSTREAM_OPENED) == 0
    assert tally.timed(Span.UPSTREAM_OPENING) == Timing(0, 0.0, 0.0)


def test_counts_add_up_though_threads_count_at_once() -> None:
    tally = Tally()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(_count_often, [tally] * 8))
    assert tally.counted(Event.UPSTREAM_OPENED) == 8000
    assert tally.counted(Event.UPSTREAM_REFUSED) == 0


def _count_often(tally: Tally) -> None:
    for _ in range(500):
        tally.count(Event.UPSTREAM_OPENED, 2)


def test_a_span_knows_how_often_how_long_and_the_longest() -> None:
    tally = Tally()
    for seconds in (0.25, 1.5, 0.25):
        tally.time(Span.UPSTREAM_OPENING, seconds)
    assert tally.timed(Span.UPSTREAM_OPENING) == Timing(times=3, total=2.0, longest=1.5)


def test_what_is_counted_with_a_label_is_told_by_label_and_in_all() -> None:
    tally = Tally()
    for label in ("idle", "idle", "client"):
        tally.count(Event.SESSION_ENDED, label=label)
    assert tally.labels(Event.SESSION_ENDED) == {"idle": 2, "client": 1}
    assert tally.counted(Event.SESSION_ENDED) == 3
    assert tally.counted(Event.SESSION_ENDED, "idle") == 2
    assert tally.counted(Event.SESSION_ENDED, "lost") == 0


@pytest.mark.parametrize(
    "label",
    ["My knee hurts", "ALICE", 'a"} 1\nforged{x="', "x" * 41, "straße", "_hidden", "a.b@example.org", "1\n"],
)
def test_what_does_not_look_like_a_code_is_no_label(label: str) -> None:
    tally = Tally()
    tally.count(Event.TICKET_REFUSED, label=label)
    assert tally.labels(Event.TICKET_REFUSED) == {"other": 1}


def test_a_stranger_cannot_make_one_series_after_the_other() -> None:
    tally = Tally()
    for number in range(10 * LABELS):
        tally.count(Event.TICKET_REFUSED, label=f"code_{number}")
    labels = tally.labels(Event.TICKET_REFUSED)
    assert len(labels) == LABELS + 1
    assert labels["other"] == 9 * LABELS
    assert tally.counted(Event.TICKET_REFUSED) == 10 * LABELS


@pytest.mark.parametrize("span", Span)
def test_every_span_has_bounds_that_rise(span: Span) -> None:
    assert list(BOUNDS[span]) == sorted(set(BOUNDS[span]))


def test_a_histogram_is_cumulative_and_a_bound_belongs_to_its_bucket() -> None:
    tally = Tally()
    bounds = BOUNDS[Span.LOOP_LAG]
    for seconds in (0.0, bounds[0], bounds[1], bounds[-1] + 1):
        tally.time(Span.LOOP_LAG, seconds)
    counts, total = tally.histogram(Span.LOOP_LAG)
    assert counts == [2] + [3] * (len(bounds) - 1) + [4]
    assert total == pytest.approx(bounds[0] + bounds[1] + bounds[-1] + 1)


def test_a_span_that_was_never_measured_has_empty_buckets() -> None:
    assert Tally().histogram(Span.DRAIN) == ([0] * (len(BOUNDS[Span.DRAIN]) + 1), 0.0)


def test_traffic_adds_up_though_sessions_hand_it_in_at_once() -> None:
    tally = Tally()

    def hand_in(_: int) -> None:
        for _ in range(200):
            tally.traffic(Traffic(frames_up=1, bytes_up=960, frames_down=2, bytes_down=4800))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hand_in, range(8)))
    assert tally.carried() == Traffic(1600, 1600 * 960, 3200, 1600 * 4800)


def test_what_waits_is_asked_for_until_it_is_forgotten() -> None:
    tally = Tally()
    one, other = Depths(to_client=10), Depths(to_ledger=2)
    forget_one, forget_other = tally.watch(lambda: one), tally.watch(lambda: other)
    assert tally.depths() == [one, other]
    forget_one()
    forget_one()  # twice does no harm: a session may end twice
    assert tally.depths() == [other]
    forget_other()
    assert tally.depths() == []
