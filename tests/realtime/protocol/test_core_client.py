"""RealtimeProtocol: what a client sends, and what becomes of it."""

import base64
import json

import pytest

from realtime.protocol.core import MAX_MALFORMED
from realtime.protocol.effects import AudioToUpstream, End
from realtime.protocol.events import Event
from realtime.protocol.responses import MAX_WAITING
from tests.support import upstream_turns as turns
from tests.support.client_frames import complaint
from tests.support.ga_events import ga_event
from tests.support.protocol_session import SECOND, ProtocolSession, spoken_answer, typed_by_client, updated

CREATE = {"type": "response.create"}


@pytest.fixture
def session() -> ProtocolSession:
    return ProtocolSession()


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no JSON", "invalid_json"),
        ("[]", "invalid_event"),
        ('{"no": "type"}', "invalid_event"),
        ('{"type": "input_audio_buffer.append", "audio": "*"}', "invalid_audio"),
        ('{"type": "input_audio_buffer.append", "audio": ""}', "invalid_audio"),
        (b"x", "invalid_audio"),
        (b"", "invalid_audio"),
    ],
)
def test_a_malformed_frame_is_told_with_a_code_and_the_session_goes_on(
    session: ProtocolSession, frame: str | bytes, code: str
) -> None:
    session.client(frame)
    assert session.errors() == [code]
    assert session.sent() == []
    session.client({"type": "response.create"})
    assert len(session.sent("response.create")) == 1


def test_ten_malformed_frames_close_the_session(session: ProtocolSession) -> None:
    for _ in range(MAX_MALFORMED - 1):
        session.client("no JSON")
    assert session.end is None
    session.client("no JSON")
    assert session.end == End("protocol_error", 4400)
    assert session.client({"type": "response.create"}) == []


def test_what_is_refused_but_well_formed_does_not_count_as_malformed(session: ProtocolSession) -> None:
    session.client(*[{"type": "output_audio_buffer.clear"}] * (2 * MAX_MALFORMED))
    assert session.end is None


@pytest.mark.parametrize(
    "frame", [b"x" * (64 * 1024 + 2), "x" * (2 * 1024 * 1024 + 1)], ids=["binary", "text"]
)
def test_a_frame_that_is_too_large_closes_with_1009(session: ProtocolSession, frame: str | bytes) -> None:
    session.client(frame)
    assert session.end == End("protocol_error", 1009)
    assert session.errors() == ["frame_too_large"]


def test_an_unknown_event_is_refused_under_the_id_that_the_client_gave_it(session: ProtocolSession) -> None:
    session.client({"type": "session.start", "event_id": "mine"})
    (error,) = session.told_client("error")
    assert (error["error"]["code"], error["error"]["event_id"]) == ("unsupported_event", "mine")
    ga_event(json.dumps(error))
    assert session.sent() == []


def test_an_event_id_that_is_no_text_is_not_repeated(session: ProtocolSession) -> None:
    session.client({"type": "session.start", "event_id": {"deep": 1}})
    assert session.told_client("error")[0]["error"]["event_id"] is None


# --- audio ------------------------------------------------------------------------------------------------------------


def test_audio_goes_up_from_both_dresses(session: ProtocolSession) -> None:
    session.client(
        b"\1\2", {"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\3\4").decode()}
    )
    assert session.effects == [AudioToUpstream(b"\1\2"), AudioToUpstream(b"\3\4")]


def test_a_sample_may_be_cut_between_two_appends(session: ProtocolSession) -> None:
    for audio in (b"\1\2\3", b"\4", b"\5", b"\6\7\x08"):
        session.client({"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()})
    whole = [AudioToUpstream(b"\1\2"), AudioToUpstream(b"\3\4"), AudioToUpstream(b"\5\6\7\x08")]
    assert session.effects == whole


def test_half_a_sample_does_not_outlive_its_turn(session: ProtocolSession) -> None:
    append = {"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\1\2\3").decode()}
    for event in (append, {"type": "input_audio_buffer.clear"}, append):
        session.client(event)
    assert [effect for effect in session.effects if isinstance(effect, AudioToUpstream)] == [
        AudioToUpstream(b"\1\2")
    ] * 2


def test_audio_that_comes_too_fast_for_too_long_closes_with_4429(session: ProtocolSession) -> None:
    half = SECOND[:48_000]
    for _ in range(62):
        session.client(half)
    while session.end is None:
        session.now += session.core.pause(session.now) or 0.01
        session.client(half)
    assert session.end == End("protocol_error", 4429)
    assert session.errors() == ["pace_exceeded"]
    assert session.now > 110


@pytest.mark.parametrize("kind", ["input_audio_buffer.clear", "vendor.event"])
def test_events_that_come_too_fast_for_too_long_close_with_4429(session: ProtocolSession, kind: str) -> None:
    for _ in range(150):
        session.client({"type": kind})
        assert session.core.pause(session.now) == 0
    began = session.now
    while session.end is None:
        session.now += session.core.pause(session.now)
        session.client({"type": kind})
    assert session.end == End("protocol_error", 4429)
    assert session.errors()[-1] == "pace_exceeded"
    assert session.now - began > 10


# --- session.update ---------------------------------------------------------------------------------------------------


def test_an_update_goes_up_without_what_is_the_servers_own(session: ProtocolSession) -> None:
    update = {
        "voice": "ash",
        "instructions": "You are a pirate.",
        "tools": [{"type": "function", "name": "f"}],
    }
    session.client({"type": "session.update", "session": update})
    (sent,) = session.sent("session.update")
    assert sent["session"] == {"type": "realtime", "audio": {"output": {"voice": "ash"}}}
    assert complaint(json.dumps(sent)) == ""


def test_an_update_left_empty_is_answered_by_us(session: ProtocolSession) -> None:
    session.client({"type": "session.update", "session": {"type": "realtime", "tracing": "auto"}})
    assert session.sent() == []
    (answer,) = session.told_client("session.updated")
    assert (answer["session"]["id"], answer["session"]["instructions"]) == ("rtc_7_example", "")


def test_what_upstream_says_of_an_update_is_shown_blanked_and_under_our_id(session: ProtocolSession) -> None:
    session.upstream(updated(instructions="the secret persona", speed=2))
    (answer,) = session.told_client("session.updated")
    assert (answer["session"]["id"], answer["session"]["instructions"]) == ("rtc_7_example", "")
    assert "secret" not in repr(session.effects)


def test_an_update_that_upstream_refuses_is_told_under_the_clients_id(session: ProtocolSession) -> None:
    session.client({"type": "session.update", "event_id": "mine", "session": {"voice": "ash"}})
    (sent,) = session.sent("session.update")
    session.upstream(turns.error("cannot_update_voice", "upstream's words", event_id=sent["event_id"]))
    (error,) = session.told_client("error")
    assert (error["error"]["code"], error["error"]["event_id"]) == ("cannot_update_voice", "mine")
    assert "upstream's words" not in repr(session.told_client())


def test_an_update_out_of_range_is_refused_by_us(session: ProtocolSession) -> None:
    session.client({"type": "session.update", "event_id": "mine", "session": {"speed": 9}})
    (error,) = session.told_client("error")
    assert (error["error"]["param"], error["error"]["event_id"]) == ("session.audio.output.speed", "mine")
    assert session.sent() == []


# --- turns and answers ------------------------------------------------------------------------------------------------


def test_a_typed_turn_without_an_id_is_given_one(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello"), typed_by_client("Hello"))
    first, second = session.sent("conversation.item.create")
    assert first["item"]["id"] != second["item"]["id"]
    assert complaint(json.dumps(first)) == ""


def test_an_item_id_is_taken_once(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine"), typed_by_client("Hello again", "mine"))
    assert session.errors() == ["duplicate_item_id"]
    assert len(session.sent("conversation.item.create")) == 1


def test_a_typed_turn_and_its_answer_are_recorded(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine"), CREATE)
    session.upstream(*turns.typed("mine", "Hello"), *turns.answer("answer", "Good morning", after="mine"))
    assert session.said() == [("user", "final", "Hello"), ("assistant", "final", "Good morning")]
    assert session.usage == [
        {"total_tokens": 7, "output_tokens": 7, "output_token_details": {"text_tokens": 7}}
    ]


def test_a_typed_turn_that_upstream_refuses_is_told_and_not_recorded(session: ProtocolSession) -> None:
    session.client(typed_by_client("Hello", "mine", event_id="event_mine"))
    (sent,) = session.sent()
    session.upstream(turns.error("invalid_value", "upstream's words", event_id=sent["event_id"]))
    session.finish()
    assert session.errors() == ["invalid_value"]
    assert session.said() == []


def test_an_answer_asked_for_while_one_is_given_waits_for_it(session: ProtocolSession) -> None:
    session.upstream(*turns.answer_begins("answer_1", "one", after="x"))
    session.client(CREATE | {"event_id": "mine"})
    assert session.sent() == []
    session.upstream(*turns.answer_ends("answer_1", "one"))
    assert len(session.sent("response.create")) == 1
    assert session.errors() == []


def test_a_race_with_upstreams_own_answer_is_not_shown_and_not_lost(session: ProtocolSession) -> None:
    session.client(CREATE | {"event_id": "mine"})
    (sent,) = session.sent("response.create")
    session.upstream(*turns.answer_begins("answer_1", "one", after="x"))
    busy = turns.error("conversation_already_has_active_response", "resp_canary", event_id=sent["event_id"])
    session.upstream(busy)
    assert session.errors() == []
    assert len(session.sent("response.create")) == 1
    session.upstream(*turns.answer_ends("answer_1", "one"))
    assert len(session.sent("response.create")) == 2
    assert "canary" not in repr(session.effects)


def test_a_race_that_upstream_reports_without_an_id_is_not_lost_either(session: ProtocolSession) -> None:
    session.client(CREATE)
    session.upstream(*turns.answer_begins("answer_1", "one", after="x"))
    session.upstream(turns.error("conversation_already_has_active_response", "busy"))
    session.upstream(*turns.answer_ends("answer_1", "one"))
    assert len(session.sent("response.create")) == 2
    assert session.errors() == []


def test_a_refused_create_is_told_and_the_next_one_goes_up(session: ProtocolSession) -> None:
    session.client(CREATE | {"event_id": "first"}, CREATE | {"event_id": "second"})
    (sent,) = session.sent("response.create")
    session.upstream(turns.error("bad_response_create", "upstream's words", event_id=sent["event_id"]))
    assert session.told_client("error")[0]["error"]["event_id"] == "first"
    assert len(session.sent("response.create")) == 2


def test_too_many_waiting_answers_are_refused(session: ProtocolSession) -> None:
    session.client(*[CREATE] * (MAX_WAITING + 2))
    assert session.errors() == ["too_many_responses"]


def _truncate(audio_end_ms: int) -> Event:
    return {
        "type": "conversation.item.truncate",
        "item_id": "answer",
        "content_index": 0,
        "audio_end_ms": audio_end_ms,
    }


def test_a_truncation_is_cut_to_what_the_client_was_given(session: ProtocolSession) -> None:
    session.upstream(*spoken_answer("answer", "one two six ten", 4))
    session.client(_truncate(9999))
    (sent,) = session.sent("conversation.item.truncate")
    assert sent["audio_end_ms"] == 4000
    assert complaint(json.dumps(sent)) == ""


def test_a_truncation_cuts_the_recorded_answer(session: ProtocolSession) -> None:
    session.upstream(*spoken_answer("answer", "one two six ten", 4))
    session.client(_truncate(2100))
    session.later(5)
    turn = session.rows["answer"]
    assert (turn.status, turn.text, turn.unheard_text) == ("interrupted", "one two", "six ten")


def test_a_truncation_that_upstream_finds_too_long_is_not_shown(session: ProtocolSession) -> None:
    session.upstream(*spoken_answer("answer", "one two six ten", 4))
    session.client(_truncate(2100))
    (sent,) = session.sent()
    message = "Audio content of 2000ms is already shorter than 2100ms"
    session.upstream(turns.error("invalid_value", message, event_id=sent["event_id"]))
    session.later(5)
    assert session.errors() == []
    assert session.rows["answer"].text == "one two"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "conversation.item.truncate", "item_id": "nobody", "content_index": 0, "audio_end_ms": 100},
        {"type": "conversation.item.delete", "item_id": "nobody"},
        {"type": "conversation.item.retrieve", "item_id": "nobody"},
        {"type": "response.cancel"},
        {"type": "input_audio_buffer.commit"},
        {"type": "input_audio_buffer.clear"},
    ],
    ids=lambda event: event["type"],
)
def test_other_events_go_up_valid_under_an_id_of_ours(session: ProtocolSession, event: Event) -> None:
    session.client(event | {"event_id": "mine"})
    (sent,) = session.sent()
    assert sent == event | {"event_id": sent["event_id"]}
    assert sent["event_id"] != "mine"
    assert complaint(json.dumps(sent)) == ""


def test_a_benign_race_is_told_to_who_gave_an_id_and_to_nobody_else(session: ProtocolSession) -> None:
    session.client({"type": "response.cancel"}, {"type": "response.cancel", "event_id": "mine"})
    for sent in session.sent("response.cancel"):
        session.upstream(
            turns.error("response_cancel_not_active", "upstream's words", event_id=sent["event_id"])
        )
    (error,) = session.told_client("error")
    assert error["error"]["event_id"] == "mine"


def test_a_client_cannot_pass_an_error_off_as_its_own(session: ProtocolSession) -> None:
    session.client({"type": "response.cancel", "event_id": "va_00000001"})
    session.upstream(turns.error("response_cancel_not_active", "none", event_id="nobody"))
    assert session.errors() == []
