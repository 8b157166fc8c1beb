"""The pace of a client's audio, and what of it is not yet a turn."""

import pytest

from realtime.protocol.microphone import Microphone
from realtime.protocol.pace import (
    EVENTS_IN_HAND,
    EVENTS_PER_SECOND,
    IN_HAND_SECONDS,
    MIN_FRAME_BYTES,
    PATIENCE_SECONDS,
    EventMeter,
    PaceMeter,
)

SECOND = 48_000
FRAME = SECOND // 25


@pytest.fixture
def pace() -> PaceMeter:
    return PaceMeter()


def test_a_client_at_real_time_is_never_held_up(pace: PaceMeter) -> None:
    for number in range(25 * 120):
        pace.received(FRAME, number / 25)
        assert pace.pause(number / 25) == 0
        assert not pace.is_exhausted(number / 25)


def test_thirty_seconds_may_come_at_once(pace: PaceMeter) -> None:
    pace.received(30 * SECOND, 0.0)
    assert pace.pause(0.0) == 0.0


def test_beyond_thirty_seconds_reading_pauses_until_there_is_room(pace: PaceMeter) -> None:
    pace.received(34 * SECOND, 0.0)
    assert pace.pause(0.0) == pytest.approx(4.0)
    assert pace.pause(3.0) == pytest.approx(1.0)
    assert pace.pause(4.0) == 0.0


def test_silence_between_turns_earns_no_more_than_the_thirty_seconds(pace: PaceMeter) -> None:
    pace.received(SECOND, 0.0)
    pace.received(31 * SECOND, 3600.0)
    assert pace.pause(3600.0) == pytest.approx(1.0)


def test_who_presses_against_the_bound_for_ten_seconds_has_exhausted_our_patience(pace: PaceMeter) -> None:
    now = 0.0
    pace.received(int((IN_HAND_SECONDS + 1) * SECOND), now)
    while now <= PATIENCE_SECONDS:
        assert not pace.is_exhausted(now)
        now += pace.pause(now) or 0.01
        pace.received(SECOND, now)
    assert pace.is_exhausted(now)


def test_a_burst_that_then_slows_down_is_forgiven(pace: PaceMeter) -> None:
    pace.received(31 * SECOND, 0.0)
    for second in range(3, 60):
        pace.received(SECOND, float(second))
        assert not pace.is_exhausted(float(second))


def test_a_tiny_frame_counts_as_five_milliseconds_and_a_longer_one_as_what_it_is(pace: PaceMeter) -> None:
    for _ in range(6000):
        pace.received(2, 0.0)
    assert pace.pause(0.0) == pytest.approx(0.0)
    pace.received(2, 0.0)
    assert pace.pause(0.0) == pytest.approx(0.005)
    pace.received(MIN_FRAME_BYTES * 2, 0.0)
    assert pace.pause(0.0) == pytest.approx(0.015)


def test_two_hundred_events_may_come_at_once_and_then_fifty_a_second() -> None:
    events = EventMeter()
    for _ in range(EVENTS_IN_HAND):
        events.received(0.0)
        assert events.pause(0.0) == pytest.approx(0.0)
    for number in range(1, 11):
        events.received(0.0)
        assert events.pause(0.0) == pytest.approx(number / EVENTS_PER_SECOND)
    assert events.pause(10 / EVENTS_PER_SECOND) == pytest.approx(0.0)


def test_a_flood_of_events_exhausts_our_patience_and_a_burst_now_and_then_does_not() -> None:
    flood, bursts = EventMeter(), EventMeter()
    now = 0.0
    while now <= PATIENCE_SECONDS + EVENTS_IN_HAND / EVENTS_PER_SECOND and not flood.is_exhausted(now):
        flood.received(now)
        now += flood.pause(now)
    assert flood.is_exhausted(now)
    assert now > PATIENCE_SECONDS
    for burst in range(10):
        for _ in range(150):
            bursts.received(burst * 5.0)
            assert bursts.pause(burst * 5.0) == 0
            assert not bursts.is_exhausted(burst * 5.0)


def test_who_leaves_in_the_middle_of_a_word_has_a_turn_to_commit() -> None:
    microphone = Microphone()
    microphone.speech_started()
    assert microphone.left()
    assert microphone.commit_is_due
    microphone.commit_answered()
    assert not microphone.commit_is_due


def test_who_leaves_before_a_word_is_committed_still_has_it_to_commit() -> None:
    microphone = Microphone()
    microphone.speech_started()
    microphone.speech_stopped()
    assert not microphone.is_speaking
    assert microphone.left()


def test_who_leaves_after_a_turn_has_nothing_to_commit() -> None:
    microphone = Microphone()
    microphone.speech_started()
    microphone.speech_stopped()
    microphone.closed()
    assert not microphone.left()


def test_who_leaves_while_holding_the_key_has_a_turn_to_commit() -> None:
    microphone = Microphone()
    microphone.received(SECOND // 10, 0.0, push_to_talk=True)
    assert microphone.left()


def test_less_than_a_tenth_of_a_second_is_no_turn() -> None:
    microphone = Microphone()
    microphone.received(SECOND // 10 - 2, 0.0, push_to_talk=True)
    assert not microphone.left()


def test_what_was_committed_is_not_committed_again() -> None:
    microphone = Microphone()
    microphone.received(SECOND, 0.0, push_to_talk=True)
    microphone.closed()
    assert not microphone.left()


def test_where_upstream_finds_the_turns_silence_is_none() -> None:
    microphone = Microphone()
    microphone.received(60 * SECOND, 0.0, push_to_talk=False)
    assert not microphone.left()
