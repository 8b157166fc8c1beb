"""MoreSound: frames that differ in nothing but their id and their sound from one that was passed on."""

import base64
import json

import pytest

from realtime.protocol.events import Event
from realtime.protocol.more_sound import MoreSound


def framed(sound: bytes, event_id: str = "event_1", **changes: object) -> tuple[Event, str]:
    event: Event = {"type": "response.output_audio.delta", "event_id": event_id, "response_id": "resp_1"}
    event |= {"item_id": "item_1", "content_index": 0, "delta": base64.b64encode(sound).decode()} | changes
    return event, json.dumps(event)


@pytest.fixture
def more() -> MoreSound:
    more = MoreSound()
    more.learn(*framed(b"\1\2"))
    return more


def test_more_of_the_same_is_known_with_its_sound(more: MoreSound) -> None:
    assert more.found(framed(b"\3\4\5\6", "event_2")[1]) == base64.b64encode(b"\3\4\5\6").decode()
    assert more.item_id == "item_1"


@pytest.mark.parametrize(
    "changes",
    [
        {"item_id": "item_2"},
        {"response_id": "resp_2"},
        {"content_index": 1},
        {"type": "response.output_audio.done_"},
        {"more": 1},
    ],
)
def test_what_differs_in_anything_else_is_not(more: MoreSound, changes: dict[str, object]) -> None:
    assert more.found(framed(b"\3\4", "event_2", **changes)[1]) is None


def test_what_has_to_be_read_as_json_is_not(more: MoreSound) -> None:
    frame = framed(b"\3\4", "event_2")[1]
    at = frame.index('"delta"')
    assert more.found(frame[:at] + '"delta": "AA\\/A"}') is None
    assert more.found(frame[:at] + '"delta": "AAAA", "delta": "BBBB"}') is None
    assert more.found(frame[:at] + '"delta": "}') is None
    assert more.found(frame[:at] + '"delta": ""}') is None


def test_after_something_else_was_said_it_is_to_be_read(more: MoreSound) -> None:
    more.forget()
    assert more.found(framed(b"\3\4", "event_2")[1]) is None


def test_nothing_is_learned_of_a_frame_without_an_id_or_without_a_sound() -> None:
    more = MoreSound()
    more.learn(*framed(b"\1\2", event_id=""))
    assert more.found(framed(b"\3\4", event_id="")[1]) is None
    more.learn(*framed(b""))
    assert more.found(framed(b"")[1]) is None
