"""Wishes: what a client asked for adds up to what it has."""

import pytest

from realtime.protocol.policy import SessionChange
from realtime.protocol.wishes import Wishes

OFF = SessionChange(clears=frozenset({"turn_detection"}))


@pytest.fixture
def wishes() -> Wishes:
    return Wishes()


def _all(*changes: SessionChange) -> SessionChange:
    wishes = Wishes()
    for number, change in enumerate(changes):
        wishes.sent(f"va_{number}", change)
    return wishes.all


def test_nothing_was_asked_for_at_first(wishes: Wishes) -> None:
    assert wishes.all.is_empty


def test_the_last_wish_counts_and_the_others_stay() -> None:
    assert _all(SessionChange(voice="ash", speed=1.5), SessionChange(voice="cedar")) == SessionChange(
        voice="cedar", speed=1.5
    )


def test_what_is_left_out_of_an_object_stays_while_its_type_is_the_same() -> None:
    first = SessionChange(turn_detection={"type": "server_vad", "threshold": 0.7})
    second = SessionChange(turn_detection={"type": "server_vad", "create_response": False})
    third = SessionChange(turn_detection={"type": "semantic_vad"})
    assert _all(first, second).turn_detection == {
        "type": "server_vad",
        "threshold": 0.7,
        "create_response": False,
    }
    assert _all(first, third).turn_detection == {"type": "semantic_vad"}


def test_what_was_switched_off_can_be_switched_on_again_and_the_other_way_round() -> None:
    on = SessionChange(turn_detection={"type": "server_vad"})
    assert _all(on, OFF) == OFF
    assert _all(OFF, on) == on


def test_a_refused_wish_is_taken_out_and_no_other(wishes: Wishes) -> None:
    wishes.sent("va_1", SessionChange(voice="nobody"))
    wishes.sent("va_2", SessionChange(speed=1.5))
    wishes.refused("va_1")
    assert wishes.all == SessionChange(speed=1.5)
    wishes.refused("va_9")
    assert wishes.all == SessionChange(speed=1.5)


def test_a_refusal_without_an_id_is_of_the_oldest_wish(wishes: Wishes) -> None:
    wishes.sent("va_1", SessionChange(voice="nobody"))
    wishes.sent("va_2", SessionChange(speed=1.5))
    wishes.refused("")
    assert wishes.all == SessionChange(speed=1.5)


def test_a_granted_wish_cannot_be_refused_any_more(wishes: Wishes) -> None:
    wishes.sent("va_1", SessionChange(speed=1.5))
    wishes.granted()
    wishes.refused("va_1")
    assert wishes.all == SessionChange(speed=1.5)


def test_another_upstream_answers_all_that_is_open(wishes: Wishes) -> None:
    wishes.sent("va_1", SessionChange(speed=1.5))
    wishes.sent("va_2", SessionChange(voice="ash"))
    assert wishes.resumed() == 2
    assert wishes.resumed() == 0
    assert wishes.all == SessionChange(speed=1.5, voice="ash")
