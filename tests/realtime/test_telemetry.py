"""The figures of a process: nothing is lost between threads, nothing is there before it happened."""

from concurrent.futures import ThreadPoolExecutor

from realtime.telemetry import Event, Span, Tally, Timing


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
