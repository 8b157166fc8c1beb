"""ResponseGate: one answer at a time, whoever asked for it."""

import pytest

from realtime.protocol.responses import MAX_WAITING, ResponseGate

FIRST, SECOND, THIRD = (
    {"type": "response.create", "event_id": name} for name in ("first", "second", "third")
)


@pytest.fixture
def gate() -> ResponseGate:
    return ResponseGate()


def test_a_create_goes_up_at_once_while_nothing_runs(gate: ResponseGate) -> None:
    assert gate.ask(FIRST) is FIRST
    assert gate.is_busy


def test_a_second_create_waits_for_the_first_to_be_done(gate: ResponseGate) -> None:
    gate.ask(FIRST)
    assert gate.ask(SECOND) is None
    gate.created("resp_1")
    assert gate.ask(THIRD) is None
    assert gate.done("resp_1") is SECOND
    gate.created("resp_2")
    assert gate.done("resp_2") is THIRD
    gate.created("resp_3")
    assert gate.done("resp_3") is None
    assert not gate.is_busy


def test_a_create_waits_for_an_answer_that_upstream_gives_of_its_own(gate: ResponseGate) -> None:
    gate.created("resp_by_voice")
    assert gate.ask(FIRST) is None
    assert gate.done("resp_by_voice") is FIRST


def test_a_create_that_lost_the_race_goes_first_when_the_other_answer_is_done(gate: ResponseGate) -> None:
    gate.ask(FIRST)
    gate.ask(SECOND)
    gate.created("resp_by_voice")
    gate.lost_the_race()
    assert gate.done("resp_by_voice") is FIRST
    gate.created("resp_1")
    assert gate.done("resp_1") is SECOND


def test_a_create_that_loses_before_the_other_answer_is_announced_is_kept_too(gate: ResponseGate) -> None:
    gate.ask(FIRST)
    gate.lost_the_race()
    gate.created("resp_by_voice")
    assert gate.done("resp_by_voice") is FIRST


def test_a_create_that_was_answered_is_not_sent_again(gate: ResponseGate) -> None:
    gate.ask(FIRST)
    gate.created("resp_1")
    assert gate.done("resp_1") is None
    gate.lost_the_race()
    assert gate.done("resp_1") is None


def test_losing_a_race_that_nobody_ran_changes_nothing(gate: ResponseGate) -> None:
    gate.lost_the_race()
    assert not gate.is_busy
    assert gate.ask(FIRST) is FIRST


def test_a_refused_create_lets_the_next_one_through(gate: ResponseGate) -> None:
    gate.ask(FIRST)
    gate.ask(SECOND)
    assert gate.refused() is SECOND


def test_a_refused_create_does_not_let_another_into_a_running_answer(gate: ResponseGate) -> None:
    gate.ask(FIRST)
    gate.ask(SECOND)
    gate.created("resp_by_voice")
    assert gate.refused() is None
    assert gate.done("resp_by_voice") is SECOND


def test_the_end_of_another_answer_does_not_open_the_gate(gate: ResponseGate) -> None:
    gate.created("resp_1")
    gate.ask(FIRST)
    assert gate.done("resp_of_old") is None
    assert gate.active_id == "resp_1"


def test_too_many_waiting_creates_are_refused_and_the_others_kept(gate: ResponseGate) -> None:
    gate.created("resp_by_voice")
    for _ in range(MAX_WAITING):
        assert gate.ask(FIRST) is None
    with pytest.raises(OverflowError):
        gate.ask(SECOND)
    assert gate.done("resp_by_voice") is FIRST


def test_a_create_whose_refusal_comes_after_another_answer_is_over_is_not_lost(gate: ResponseGate) -> None:
    gate.ask(FIRST)
    gate.created("resp_by_voice_1")
    assert gate.done("resp_by_voice_1") is None
    gate.created("resp_by_voice_2")
    gate.lost_the_race(FIRST)
    gate.lost_the_race(FIRST)
    assert gate.done("resp_by_voice_2") is FIRST
    gate.created("resp_1")
    assert gate.done("resp_1") is None


def test_two_creates_that_read_the_same_are_two(gate: ResponseGate) -> None:
    one, other = {"type": "response.create"}, {"type": "response.create"}
    gate.ask(one)
    gate.ask(other)
    gate.created("resp_by_voice")
    gate.lost_the_race(one)
    assert gate.done("resp_by_voice") is one
    gate.created("resp_1")
    assert gate.done("resp_1") is other
