"""RealtimeProtocol: what upstream sends, and what a client gets of it in either dress."""

import base64
import json
from typing import Any

import pytest

from realtime.protocol.dialects import Door
from realtime.protocol.effects import (
    AudioToClient,
    End,
    FrameToClient,
    MalformedFromUpstream,
    PurgeAudio,
    ToUpstream,
)
from realtime.protocol.events import Event
from tests.support import upstream_turns as turns
from tests.support.ga_events import ga_event
from tests.support.protocol_session import (
    SECOND,
    ProtocolSession,
    events_to_client,
    not_heard,
    spoken_answer,
    spoken_answer_begins,
    spoken_answer_ends,
    typed_by_client,
    updated,
    words,
)


@pytest.fixture
def plain() -> ProtocolSession:
    return ProtocolSession()


@pytest.fixture
def binary() -> ProtocolSession:
    return ProtocolSession(binary_audio=True, announces=True)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"type": "response.output_text.delta", "response_id": 5, "item_id": "item_1", "delta": "a"},
        {"type": "response.output_text.delta", "response_id": "resp_1", "item_id": [], "delta": "a"},
        {"type": "response.output_text.delta", "response_id": "resp_1", "item_id": "item_1", "delta": {}},
        {"type": "response.output_audio_transcript.done", "item_id": "item_1", "transcript": 1},
        {"type": "response.done", "response": None},
        {"type": "conversation.item.added", "item": []},
        {"type": "response.content_part.added", "item_id": "item_1", "part": "text"},
        {"type": "session.updated", "session": []},
    ],
)
def test_what_has_not_the_shape_of_its_kind_is_counted_and_left_aside(
    plain: ProtocolSession, nonsense: Event
) -> None:
    assert plain.upstream(nonsense) == [MalformedFromUpstream()]
    passed = Door("auto").received(json.dumps(nonsense))
    assert passed == [json.dumps(nonsense)], "whoever counts has to see it"
    asked = plain.client({"type": "response.create"})
    assert any(isinstance(effect, ToUpstream) for effect in asked), "no answer is under way"


def test_what_we_do_not_act_on_passes_byte_for_byte(plain: ProtocolSession) -> None:
    frame = '{"type": "vendor.event",  "event_id": "e", "spaced":   [1,2]}'
    assert plain.upstream(frame) == [FrameToClient(frame)]


def test_rate_limits_and_greetings_are_not_a_clients_business(plain: ProtocolSession) -> None:
    assert plain.upstream(turns.event("rate_limits.updated", rate_limits=[]), turns.created()) == []


# --- the two dresses --------------------------------------------------------------------------------------------------


def test_a_plain_client_gets_sound_as_the_realtime_api_has_it(plain: ProtocolSession) -> None:
    sound = turns.sound("answer", b"\1\2")
    assert plain.upstream(sound) == [FrameToClient(json.dumps(sound))]


def test_a_client_in_our_dress_gets_the_same_sound_in_binary_frames(binary: ProtocolSession) -> None:
    binary.upstream(*spoken_answer("answer", "one two six ten", 2))
    assert binary.sound() == SECOND * 2
    assert not binary.told_client("response.output_audio.delta")
    assert len(binary.told_client("response.content_part.added")) == 1


def test_every_other_event_of_an_answer_is_the_same_in_both_dresses(
    plain: ProtocolSession, binary: ProtocolSession
) -> None:
    events = spoken_answer("answer", "one two six ten", 1)
    plain.upstream(*events)
    binary.upstream(*events)
    heard = [event for event in plain.told_client() if event["type"] != "response.output_audio.delta"]
    assert [event for event in binary.told_client() if event["type"] != "voiceassist.usage"] == heard


# --- interruption -----------------------------------------------------------------------------------------------------


def _speech(item_id: str = "user_1") -> Event:
    return turns.event("input_audio_buffer.speech_started", audio_start_ms=0, item_id=item_id)


def test_queued_sound_is_purged_before_a_client_hears_that_somebody_speaks(binary: ProtocolSession) -> None:
    binary.upstream(*spoken_answer_begins("answer"), turns.sound("answer", SECOND))
    effects = binary.upstream(_speech())
    assert effects[0] == PurgeAudio()
    assert [event["type"] for event in events_to_client(effects)] == ["input_audio_buffer.speech_started"]


def test_late_sound_of_an_interrupted_answer_is_dropped_and_the_next_answer_is_heard(
    binary: ProtocolSession,
) -> None:
    binary.upstream(*spoken_answer_begins("answer_1"), turns.sound("answer_1", b"\1\0"), _speech())
    binary.upstream(turns.sound("answer_1", b"\2\0"))
    binary.upstream(*spoken_answer_ends("answer_1", "one two", status="cancelled", reason="turn_detected"))
    binary.upstream(turns.sound("answer_1", b"\3\0"))
    binary.upstream(*spoken_answer_begins("answer_2", response_id="resp_2"))
    binary.upstream(turns.sound("answer_2", b"\4\0", response_id="resp_2"))
    assert binary.sound() == b"\1\0\4\0"


def test_sound_that_could_not_be_read_is_no_pattern_for_what_follows_it(binary: ProtocolSession) -> None:
    binary.upstream(*spoken_answer_begins("answer_1"), turns.sound("answer_1", b"\1\0\7"))
    binary.upstream(turns.sound("answer_2", b"") | {"delta": "no base64"})
    effects = binary.upstream(turns.sound("answer_2", b"\2\0"), turns.sound("answer_2", b"\3\0"))
    assert [event["item_id"] for event in events_to_client(effects)] == ["answer_2"], "it is announced"
    assert binary.sound() == b"\1\0\2\0\3\0", "half a sample of another answer is not put before it"


def test_words_between_them_do_not_change_what_sounds_are(binary: ProtocolSession) -> None:
    binary.upstream(*spoken_answer_begins("answer"))
    for number in range(1, 9):
        binary.upstream(words("answer", "and "), turns.sound("answer", bytes([number, 0]) * 3))
    assert binary.sound() == b"".join(bytes([number, 0]) * 3 for number in range(1, 9))
    assert len(binary.told_client("response.output_audio_transcript.delta")) == 8


def test_sound_that_waits_after_an_answer_is_complete_is_purged_too(binary: ProtocolSession) -> None:
    binary.upstream(*spoken_answer("answer", "one two six ten", 4))
    assert PurgeAudio() in binary.upstream(_speech())


def test_where_upstream_does_not_interrupt_nothing_is_purged() -> None:
    session = ProtocolSession(greeted=False, binary_audio=True)
    vad = {"type": "server_vad", "interrupt_response": False}
    session.upstream(turns.created(), updated(audio={"input": {"turn_detection": vad}}))
    session.upstream(*spoken_answer_begins("answer"), _speech(), turns.sound("answer", b"\1\0"))
    assert PurgeAudio() not in session.effects
    assert session.sound() == b"\1\0"


def test_a_plain_client_is_trusted_to_stop_by_itself(plain: ProtocolSession) -> None:
    plain.upstream(*spoken_answer_begins("answer"), _speech(), turns.sound("answer", b"\1\0"))
    assert PurgeAudio() not in plain.effects
    assert len(plain.told_client("response.output_audio.delta")) == 1


def test_an_answer_that_was_spoken_over_is_recorded_as_far_as_it_was_heard(plain: ProtocolSession) -> None:
    plain.upstream(*spoken_answer("answer", "one two six ten", 4))
    plain.later(2.1)
    plain.upstream(_speech())
    plain.later(10)
    turn = plain.rows["answer"]
    assert (turn.status, turn.text, turn.heard_is_estimated) == ("interrupted", "one two", True)


# --- faults -----------------------------------------------------------------------------------------------------------


def _failed(code: str, *, status: str = "failed", kind: str = "server_error") -> Event:
    details = {
        "type": status,
        "reason": "canary",
        "error": {"type": kind, "code": code, "message": "canary org-7"},
    }
    response = {
        "id": "resp_1",
        "object": "realtime.response",
        "status": status,
        "status_details": details,
        "output": [],
    }
    return turns.event("response.done", response=response | {"usage": {"total_tokens": 3}})


def test_a_failed_answer_is_told_in_our_words_and_the_session_goes_on(plain: ProtocolSession) -> None:
    plain.upstream(_failed("inference_rate_limit_exceeded"))
    (done,) = plain.told_client("response.done")
    assert done["response"]["status_details"]["error"]["code"] == "provider_rate_limited"
    assert done["response"]["id"] == "resp_1"
    assert "canary" not in repr(plain.told_client())
    assert plain.end is None
    assert plain.usage == [{"total_tokens": 3}]


def test_an_error_inside_an_answer_that_was_cut_is_not_told_in_upstreams_words_either(
    plain: ProtocolSession,
) -> None:
    plain.upstream(_failed("server_error", status="incomplete"))
    assert plain.told_client("response.done")[0]["response"]["status_details"]["type"] == "incomplete"
    assert "canary" not in repr(plain.told_client())


def test_an_answer_cut_by_the_user_passes_as_it_came(plain: ProtocolSession) -> None:
    *_, done = spoken_answer_ends("answer", "one", status="cancelled", reason="turn_detected")
    assert FrameToClient(json.dumps(done)) in plain.upstream(done)


def test_a_failure_that_trying_again_cannot_mend_ends_the_session(plain: ProtocolSession) -> None:
    plain.upstream(_failed("insufficient_quota"))
    assert plain.end == End("provider_quota", 4502)
    assert [event["type"] for event in plain.told_client()] == ["response.done", "error"]


def test_an_error_of_upstreams_own_is_told_once_in_our_words(plain: ProtocolSession) -> None:
    plain.upstream(turns.error("", "canary exploded", kind="server_error"))
    (error,) = plain.told_client("error")
    assert error["error"]["code"] == "provider_error"
    ga_event(json.dumps(error))
    assert "canary" not in repr(plain.effects)
    assert plain.end is None


def test_a_fatal_error_is_told_once(binary: ProtocolSession) -> None:
    binary.upstream(turns.error("insufficient_quota", "canary"))
    assert binary.errors() == ["provider_quota"]
    (ended,) = binary.told_client("voiceassist.ended")
    assert (ended["reason"], ended["retryable"]) == ("provider_quota", False)
    assert binary.end == End("provider_quota", 4502)


def test_a_turn_that_was_not_understood_is_told_without_upstreams_words(plain: ProtocolSession) -> None:
    plain.upstream(*turns.spoken("user_1"), not_heard("user_1"))
    (failed,) = plain.told_client("conversation.item.input_audio_transcription.failed")
    assert (failed["item_id"], failed["error"]["code"]) == ("user_1", "transcription_failed")
    assert "upstream's own words" not in repr(plain.effects)
    ga_event(json.dumps(failed))
    assert plain.said() == [("user", "failed", "")]


@pytest.mark.parametrize(
    ("closed_with", "reason", "end", "code"),
    [
        (3000, "invalid_request_error.invalid_api_key", End("provider_auth", 4502), "provider_auth"),
        (4000, "invalid_request_error.insufficient_quota", End("provider_quota", 4502), "provider_quota"),
        (4000, "invalid_request_error.invalid_model", End("provider_failed", 4502), "provider_failed"),
        (1008, "canary", End("provider_auth", 4502), "provider_auth"),
    ],
)
def test_a_close_that_trying_again_cannot_mend_ends_the_session(
    binary: ProtocolSession, closed_with: int, reason: str, end: End, code: str
) -> None:
    binary.upstream(*spoken_answer_begins("answer"), words("answer", "half an ans"))
    binary.does(binary.core.upstream_closed(closed_with, reason, binary.now))
    binary.finish()
    assert binary.end == end
    assert binary.errors() == [code]
    assert binary.rows["answer"].status == "interrupted"
    assert binary.told_client("voiceassist.ended")[0]["retryable"] is False
    assert "canary" not in repr(binary.effects)


# --- what is stored ---------------------------------------------------------------------------------------------------


def test_off_the_record_no_word_is_recorded_and_usage_still_counts() -> None:
    session = ProtocolSession(save=False)
    session.client(typed_by_client("Hello", "mine"))
    session.upstream(*turns.typed("mine", "Hello"), *turns.answer("answer", "Good morning", after="mine"))
    session.upstream(*turns.spoken("user_1"), turns.heard("user_1", "Again"))
    session.later(30)
    session.finish()
    assert session.told == []
    assert session.usage


def test_a_saved_turn_is_announced_to_a_client_that_knows_our_events(binary: ProtocolSession) -> None:
    binary.upstream(*turns.spoken("user_1"), turns.heard("user_1", "Hello"))
    binary.does(binary.core.turn_saved(binary.rows["user_1"], "message-id", 4))
    (saved,) = binary.told_client("voiceassist.message.saved")
    assert (saved["item_id"], saved["message_id"], saved["position"]) == ("user_1", "message-id", 4)
    assert (saved["role"], saved["status"], saved["text"]) == ("user", "final", "Hello")


def test_a_saved_turn_is_not_announced_to_a_plain_client(plain: ProtocolSession) -> None:
    plain.upstream(*turns.spoken("user_1"), turns.heard("user_1", "Hello"))
    assert plain.core.turn_saved(plain.rows["user_1"], "message-id", 4) == []


def test_a_turn_that_is_held_back_is_recorded_when_its_time_is_up(plain: ProtocolSession) -> None:
    plain.upstream(*turns.spoken("user_1"), *turns.answer("answer", "Yes", after="user_1"))
    assert plain.said() == []
    plain.later(6)
    assert plain.said() == [("user", "pending", ""), ("assistant", "final", "Yes")]


def test_strange_shapes_from_upstream_are_no_reason_to_stumble(binary: ProtocolSession) -> None:
    strange: list[Any] = [
        None,
        7,
        "x",
        [1],
        {"id": [1]},
        {"status": "failed", "status_details": "unimplemented"},
    ]
    kinds = {event["type"] for event in [*spoken_answer("a", "b", 1), *turns.spoken("u"), not_heard("u")]}
    for kind in sorted(kinds | {"session.updated", "input_audio_buffer.speech_started"}):
        for odd in strange:
            binary.upstream(
                {"type": kind, "item": odd, "response": odd, "session": odd, "error": odd, "delta": odd},
                {"type": kind, "item_id": odd, "previous_item_id": odd, "part": odd, "content_index": odd},
            )
    binary.finish()
    assert not [effect for effect in binary.effects if isinstance(effect, AudioToClient)]


def test_sound_in_base64_is_what_upstream_sent(binary: ProtocolSession) -> None:
    binary.upstream(*spoken_answer_begins("answer"))
    binary.upstream(turns.sound("answer", b"") | {"delta": base64.b64encode(b"\5\6\7\x08").decode()})
    assert binary.sound() == b"\5\6\7\x08"
