"""When an upstream is left alone, and how it is tried again."""

import asyncio
import threading

import pytest

from realtime.breaker import FAILURES, OPEN_SECONDS, PROBE_SECONDS, WITHIN_SECONDS, Breaker, State
from realtime.errors import ProviderUnavailable, RealtimeError, UpstreamRefused, UpstreamUnreachable
from realtime.telemetry import Event, Tally


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def figures() -> Tally:
    return Tally()


@pytest.fixture
def breaker(clock: Clock, figures: Tally) -> Breaker:
    return Breaker(clock=clock, telemetry=figures)


def fail(breaker: Breaker, times: int = 1, error: RealtimeError | None = None) -> None:
    for _ in range(times):
        with pytest.raises(RealtimeError), breaker.attempt():
            raise error or UpstreamUnreachable


def wait_of(breaker: Breaker) -> int | None:
    """For how many seconds a new session is refused."""
    try:
        breaker.check()
    except ProviderUnavailable as refusal:
        return refusal.retry_after
    return None


def test_one_failure_less_than_too_many_closes_nothing(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    assert (breaker.state, wait_of(breaker)) == (State.CLOSED, None)


def test_twenty_within_half_a_minute_are_too_many_and_whoever_comes_is_told_for_how_long(
    breaker: Breaker, clock: Clock, figures: Tally
) -> None:
    fail(breaker, FAILURES - 1)
    clock.now += WITHIN_SECONDS
    fail(breaker)
    assert (breaker.state, wait_of(breaker)) == (State.OPEN, OPEN_SECONDS)
    clock.now += 12.5
    assert wait_of(breaker) == 18
    assert figures.counted(Event.BREAKER_OPENED) == 1
    assert figures.counted(Event.BREAKER_REFUSED) == 2


def test_failures_of_long_ago_do_not_count(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += WITHIN_SECONDS + 0.1
    fail(breaker, FAILURES - 1)
    assert breaker.state is State.CLOSED


def test_one_that_works_clears_the_account(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    with breaker.attempt():
        pass
    fail(breaker, FAILURES - 1)
    assert breaker.state is State.CLOSED


def test_a_wrong_key_is_told_as_such_however_often(breaker: Breaker) -> None:
    fail(breaker, 3 * FAILURES, UpstreamRefused("provider_auth", "The key is wrong.", "provider_auth"))
    assert breaker.state is State.CLOSED


def test_a_session_that_lost_its_upstream_may_try_meanwhile_and_brings_it_back_for_all(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, FAILURES)
    fail(breaker)
    clock.now += 1
    assert wait_of(breaker) == OPEN_SECONDS - 1, "its failures do not keep others out for longer"
    with breaker.attempt():
        pass
    assert (breaker.state, wait_of(breaker)) == (State.CLOSED, None)


def test_after_half_a_minute_one_is_let_through_and_the_others_wait_for_it(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, FAILURES)
    clock.now += OPEN_SECONDS
    assert (breaker.state, wait_of(breaker)) == (State.PROBING, None)
    with breaker.attempt():
        assert wait_of(breaker) == PROBE_SECONDS
        with pytest.raises(ProviderUnavailable), breaker.attempt():
            pytest.fail("a second one was let through")
    assert breaker.state is State.CLOSED


def test_a_probe_that_fails_opens_it_again_for_as_long(
    breaker: Breaker, clock: Clock, figures: Tally
) -> None:
    fail(breaker, FAILURES)
    clock.now += OPEN_SECONDS
    fail(breaker)
    assert (breaker.state, wait_of(breaker)) == (State.OPEN, OPEN_SECONDS)
    assert figures.counted(Event.BREAKER_OPENED) == 2


@pytest.mark.parametrize(
    "left_over",
    [asyncio.CancelledError(), UpstreamRefused("provider_auth", "The key is wrong.", "provider_auth")],
)
def test_a_probe_that_says_nothing_of_the_upstream_makes_room_for_another(
    breaker: Breaker, clock: Clock, left_over: BaseException
) -> None:
    fail(breaker, FAILURES)
    clock.now += OPEN_SECONDS
    with pytest.raises(type(left_over)), breaker.attempt():
        raise left_over
    assert (breaker.state, wait_of(breaker)) == (State.PROBING, None)


def test_of_many_that_come_at_once_one_alone_is_the_probe(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, FAILURES)
    clock.now += OPEN_SECONDS
    at_once, may_end = threading.Barrier(8), threading.Event()
    told: list[str] = []

    def come() -> None:
        at_once.wait(5)
        try:
            with breaker.attempt():
                may_end.wait(5)
                told.append("through")
        except ProviderUnavailable:
            told.append("refused")
            if told.count("refused") == 7:
                may_end.set()

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(told) == ["refused"] * 7 + ["through"]
