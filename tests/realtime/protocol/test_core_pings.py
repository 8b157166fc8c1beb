"""RealtimeProtocol: signs of life, which clients of ours may ask for at any time."""

import json
from typing import Any

import pytest

from realtime.protocol.core import MAX_PING
from realtime.protocol.effects import Effect, ToClient
from realtime.protocol.events import Event
from tests.support.protocol_session import ProtocolSession


def ping(**fields: Any) -> Event:
    return {"type": "voiceassist.ping", "id": "p1"} | fields


def told(effects: list[Effect]) -> list[Event]:
    return [effect.event for effect in effects if isinstance(effect, ToClient)]


def aside(session: ProtocolSession, event: Event) -> list[Effect]:
    return session.does(session.core.aside(json.dumps(event), session.now))


def test_a_ping_is_answered_aside_with_its_own_id() -> None:
    session = ProtocolSession(announces=True)
    [pong] = told(aside(session, ping(id="p7")))
    assert (pong["type"], pong["id"]) == ("voiceassist.pong", "p7")
    assert session.sent() == []


def test_it_is_answered_before_there_is_an_upstream_and_while_there_is_none() -> None:
    session = ProtocolSession(greeted=False, announces=True)
    assert [event["type"] for event in told(aside(session, ping()))] == ["voiceassist.pong"]
    session = ProtocolSession(announces=True)
    session.loses_upstream()
    assert [event["type"] for event in told(aside(session, ping()))] == ["voiceassist.pong"]


def test_a_client_that_does_not_know_our_events_is_told_what_it_is_always_told() -> None:
    session = ProtocolSession()
    assert aside(session, ping()) == []
    session.client(ping())
    assert session.errors() == ["unsupported_event"]


@pytest.mark.parametrize("wrong", ["", 7, None, "x" * 65])
def test_an_id_that_is_no_short_text_is_refused_in_its_turn(wrong: Any) -> None:
    session = ProtocolSession(announces=True)
    assert aside(session, ping(id=wrong)) == []
    [refusal] = told(session.client(ping(id=wrong)))
    assert (refusal["error"]["code"], refusal["error"]["param"]) == ("invalid_value", "id")


def test_a_ping_that_was_written_another_way_is_answered_in_its_turn() -> None:
    session = ProtocolSession(announces=True)
    frame = json.dumps(ping()).replace("ping", "pin\\u0067")
    assert session.does(session.core.aside(frame, session.now)) == []
    [pong] = told(session.client(frame))
    assert pong["type"] == "voiceassist.pong"


def test_words_about_pings_are_no_pings() -> None:
    session = ProtocolSession(announces=True)
    item = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "voiceassist.ping"}],
    }
    assert aside(session, {"type": "conversation.item.create", "item": item}) == []
    assert session.core.aside("voiceassist.ping", session.now) == []
    assert session.core.aside(b"voiceassist.ping", session.now) == []
    assert aside(session, ping(padding="x" * MAX_PING)) == []


def test_pings_are_no_activity() -> None:
    session = ProtocolSession(announces=True, idle_seconds=60.0)
    for _ in range(5):
        session.later(11.0)
        aside(session, ping())
    assert session.end is None
    session.later(6.0)
    assert session.end is not None
    assert session.end.reason == "idle"
    assert aside(session, ping()) == []
