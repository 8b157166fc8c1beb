"""Servers that take an update and never say so: when that has to be assumed, and what they would have said."""

import json
from typing import Any

import pytest

from realtime.providers.agreement import Agreement

PATIENCE = 3.0


def frame(kind: str, **members: Any) -> str:
    return json.dumps({"type": kind, **members})


def update(**session: Any) -> str:
    return frame("session.update", event_id="mine", session=session)


@pytest.fixture
def agreement() -> Agreement:
    """With a server that has shown its session."""
    agreement = Agreement(PATIENCE)
    agreement.heard(frame("session.created", session={"model": "m", "audio": {"output": {"voice": "x"}}}))
    return agreement


def test_nothing_is_due_where_nothing_was_asked(agreement: Agreement) -> None:
    assert agreement.due is None
    assert not agreement.asked(frame("response.create"), 10)
    assert not agreement.asked('{"type": "conversation.item.create", "item": "session.update"}', 10)
    assert not agreement.asked('"session.update" and no JSON', 10)
    assert agreement.due is None


def test_an_update_is_to_be_answered_in_time(agreement: Agreement) -> None:
    assert agreement.asked(update(instructions="Be kind."), 10)
    assert agreement.due == 10 + PATIENCE


@pytest.mark.parametrize("kind", ["session.updated", "error"])
def test_an_answer_is_an_answer_whatever_it_says(agreement: Agreement, kind: str) -> None:
    agreement.asked(update(instructions="Be kind."), 10)
    agreement.heard(frame("response.created"))
    agreement.heard("no JSON")
    assert agreement.due is not None
    agreement.heard(frame(kind))
    assert agreement.due is None


def test_what_is_assumed_is_what_was_there_and_what_was_asked_for(agreement: Agreement) -> None:
    agreement.asked(update(instructions="Be kind.", audio={"output": {"speed": 1.0}}), 10)
    assert json.loads(agreement.assumed()) == {
        "type": "session.updated",
        "event_id": "event_agreed_1",
        "session": {
            "model": "m",
            "instructions": "Be kind.",
            "audio": {"output": {"voice": "x", "speed": 1.0}},
        },
    }
    assert agreement.due is None


def test_a_server_that_once_had_no_answer_is_not_waited_for_again(agreement: Agreement) -> None:
    agreement.asked(update(instructions="Be kind."), 10)
    agreement.assumed()
    agreement.asked(update(audio=None), 20)
    assert agreement.due == 20
    told = json.loads(agreement.assumed())
    assert (told["event_id"], told["session"]["audio"]) == ("event_agreed_2", None)


def test_a_server_that_answers_after_all_is_waited_for(agreement: Agreement) -> None:
    agreement.asked(update(), 10)
    agreement.assumed()
    agreement.asked(update(), 20)
    agreement.heard(frame("session.updated"))
    agreement.asked(update(), 30)
    assert agreement.due == 30 + PATIENCE


@pytest.mark.parametrize(
    "unreadable", ['{"type": "session.updated", "session": []}', '{"type": "session.updated", "at": NaN}']
)
def test_what_is_left_aside_further_on_is_no_answer(agreement: Agreement, unreadable: str) -> None:
    agreement.asked(update(instructions="Be kind."), 10)
    agreement.heard(unreadable)
    assert agreement.due == 10 + PATIENCE
