"""What servers of other dialects say, as a GA client is told it: in GA's words, in GA's course, each thing once."""

import json
from typing import Any

import pytest

from realtime.protocol.dialects import Door
from realtime.protocol.dialects.names import RENAMED
from tests.support import foreign_turns as foreign
from tests.support import protocol_session as ga_turns
from tests.support import upstream_turns
from tests.support.foreign_turns import Event, event
from tests.support.ga_events import ga_event

HEARD = "conversation.item.input_audio_transcription"


def _told(greeting: Event, *events: Event, checked: bool = True) -> list[Event]:
    """What a client is told of those events, after the greeting. All of it fits the GA dialect."""
    door = Door("auto")
    door.received(json.dumps(event("session.created", session=greeting)))
    frames = [frame for each in events for frame in door.received(json.dumps(each))]
    if checked:
        for frame in frames:
            ga_event(frame)
    return [json.loads(frame) for frame in frames]


def _beta(*events: Event) -> list[Event]:
    return _told(foreign.beta_session(), *events)


def _xai(*events: Event) -> list[Event]:
    return _told(foreign.xai_session(), *events)


def _ga(*events: Event, checked: bool = True) -> list[Event]:
    return _told(upstream_turns.created()["session"], *events, checked=checked)


def _kinds(told: list[Event]) -> list[str]:
    return [each["type"] for each in told]


def _one(told: list[Event], kind: str) -> Event:
    (found,) = [each for each in told if each["type"] == kind]
    return found


SPOKEN_COURSE = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]

# --- a GA server ------------------------------------------------------------------------------------------------------


def test_a_ga_server_s_frames_pass_as_the_very_same_strings() -> None:
    door = Door("auto")
    commentary = {
        "id": "item_c",
        "type": "message",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    }
    frames = [
        json.dumps(each)
        for each in [
            upstream_turns.created(),
            upstream_turns.updated(),
            *upstream_turns.spoken("item_1"),
            upstream_turns.heard("item_1", "Hello."),
            *ga_turns.spoken_answer("item_2", "Good day.", 3, after="item_1"),
            *upstream_turns.typed("item_3", "And you?", after="item_2"),
            *upstream_turns.answer("item_4", "Fine.", after="item_3", response_id="resp_2"),
            ga_turns.truncated("item_2", 400),
            upstream_turns.error("response_cancel_not_active", "Cancellation failed"),
            event("rate_limits.updated", rate_limits=[]),
            event("response.created", response={"id": "resp_3", "status": "in_progress", "output": []}),
            # What newer models say beyond the types.
            event(
                "response.output_item.added",
                response_id="resp_3",
                output_index=0,
                item=commentary | {"phase": "commentary"},
            ),
        ]
    ]
    for frame in frames:
        (passed,) = door.received(frame)
        assert passed is frame


def test_sound_of_an_answer_passes_without_being_read() -> None:
    door = Door("auto")
    door.received(json.dumps(upstream_turns.created()))
    for each in ga_turns.spoken_answer_begins("item_2"):
        door.received(json.dumps(each))
    sound = json.dumps(upstream_turns.sound("item_2", bytes(4800)))
    assert door.received(sound) == [sound]
    # Only its head is looked at: what cannot be read at all passes like the rest.
    torn = sound[:-20]
    assert door.received(torn) == [torn]
    other = json.dumps(upstream_turns.sound("item_9", bytes(4800)))
    assert len(door.received(other)) > 1


def test_events_that_the_ga_dialect_does_not_know_end_at_the_door() -> None:
    assert _ga(event("ping"), event("localai_metrics.updated"), event("conversation.created")) == []


def test_an_item_that_is_only_called_created_is_added_and_done() -> None:
    """As Hugging Face's speech-to-speech acknowledges a typed turn."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi."}]}
    told = _ga(event("conversation.item.created", previous_item_id=None, item=item | {"id": "item_1"}))
    assert _kinds(told) == ["conversation.item.added", "conversation.item.done"]
    assert told[0]["item"] == told[1]["item"] == item | {"id": "item_1"}


def test_an_item_that_is_called_by_all_three_names_is_added_once_and_done_once() -> None:
    item = upstream_turns.user_item("item_1", "Hi.")
    events = [event(f"conversation.item.{name}", item=item) for name in ("created", "added", "done")]
    assert _kinds(_ga(*events)) == ["conversation.item.added", "conversation.item.done"]
    assert _kinds(_ga(events[1], events[0], events[2])) == [
        "conversation.item.added",
        "conversation.item.done",
    ]


def test_a_turn_that_was_never_closed_is_closed_before_its_words() -> None:
    """As Hugging Face's speech-to-speech, which has no `committed`."""
    told = _ga(
        event("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_1"),
        event("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id="item_1"),
        foreign.heard("item_1", "Hello.", usage={"type": "duration", "seconds": 0.9}),
    )
    assert _kinds(told)[2:] == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        f"{HEARD}.completed",
    ]
    assert {each.get("item_id") or each["item"]["id"] for each in told} == {"item_1"}


def test_a_turn_whose_words_came_first_is_closed_once() -> None:
    early = upstream_turns.heard("item_1", "Hello.")
    told = _ga(early, *upstream_turns.spoken("item_1"))
    assert _kinds(told).count("input_audio_buffer.committed") == 1
    assert _kinds(told).count("conversation.item.added") == 1
    assert _kinds(told).count("conversation.item.done") == 1


def test_an_answer_that_nobody_announced_is_announced_and_closed() -> None:
    """As Hugging Face's speech-to-speech, which counts every piece of sound as another part."""
    place = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0}
    pieces = [
        event("response.output_audio.delta", **place, content_index=number, delta="AAAA")
        for number in range(3)
    ]
    done = {"id": "resp_1", "status": "completed", "status_details": {"type": "completed", "reason": None}}
    told = _ga(
        event("response.created", response={"id": "resp_1", "status": "in_progress"}),
        *pieces,
        event("response.output_audio_transcript.done", **place, content_index=0, transcript="Good day."),
        event("response.output_audio.done", **place, content_index=0),
        event("response.done", response=done | {"usage": {"total_tokens": 3}}),
    )
    assert _kinds(told) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        *["response.output_audio.delta"] * 3,
        "response.output_audio_transcript.done",
        "response.output_audio.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert {each["content_index"] for each in told if "content_index" in each} == {0}
    assert _one(told, "response.done")["response"]["output"][0]["content"] == [
        {"type": "output_audio", "transcript": "Good day."}
    ]


def test_words_that_come_before_their_answer_begins_begin_it() -> None:
    place = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}
    told = _ga(event("response.output_text.delta", **place, delta="Good"))
    assert _kinds(told) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
    ]


def test_what_trails_behind_an_answer_begins_no_other() -> None:
    answer = ga_turns.spoken_answer("item_2", "Good day.", 1)
    late = event(
        "response.output_audio_transcript.delta",
        response_id="resp_1",
        item_id="item_late",
        output_index=0,
        content_index=0,
        delta=" late",
    )
    told = _ga(*answer, upstream_turns.sound("item_2", bytes(480)), late, checked=False)
    assert _kinds(told).count("response.created") == 1
    assert _kinds(told).count("response.output_item.added") == 1


def test_an_event_without_an_id_gets_one() -> None:
    told = _ga({"type": "input_audio_buffer.cleared"}, {"type": "input_audio_buffer.cleared"})
    assert told[0]["event_id"] != told[1]["event_id"]


@pytest.mark.parametrize(
    ("status", "details"),
    [("completed", None), ("cancelled", {"type": "cancelled"}), ("failed", {"type": "failed"})],
)
def test_a_reason_that_is_a_bare_word_is_none(status: str, details: Any) -> None:
    response = {
        "id": "resp_1",
        "status": status,
        "status_details": "unimplemented",
        "output": [],
        "usage": {},
    }
    (told,) = _ga(
        event("response.created", response={"id": "resp_1"}), event("response.done", response=response)
    )[1:]
    assert told["response"]["status_details"] == details
    assert told["response"]["usage"] is None


def test_usage_that_stands_beside_its_response_is_found() -> None:
    response = {"id": "resp_1", "status": "completed", "output": []}
    told = _ga(event("response.done", response=response, usage={"total_tokens": 12}), checked=False)
    assert _one(told, "response.done")["response"]["usage"] == {"total_tokens": 12}


def test_content_with_beta_s_names_gets_ga_s() -> None:
    item = {"id": "item_2", "type": "message", "role": "assistant", "status": "completed"}
    item["content"] = [{"type": "audio", "transcript": "Hi."}, {"type": "text", "text": "Hi."}]  # type: ignore[assignment]
    (told,) = _ga(event("conversation.item.retrieved", item=item))
    assert [part["type"] for part in told["item"]["content"]] == ["output_audio", "output_text"]


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"type": "unknown_or_invalid_event", "message": "m"}, "unknown_or_invalid_event"),
        ({"type": "session_limit_reached", "message": "m", "code": None}, "session_limit_reached"),
        ({"type": "invalid_request_error", "message": "m", "code": "unknown_parameter"}, "unknown_parameter"),
        (
            {"type": "invalid_request_error", "message": "Error committing input audio buffer: the buffer is empty."},
            "input_audio_buffer_commit_empty",
        ),
        ({"message": "Error truncating item: item 'x' is no answer."}, "item_truncate_invalid_item_id"),
        ({"message": "Error deleting item: the item with id 'x'"}, "item_delete_invalid_item_id"),
        ({"type": "server_error", "message": "m", "code": None}, None),
        ("a bare sentence", None),
        (None, None),
    ],
)  # fmt: skip
def test_an_error_is_read_whatever_its_shape(error: Any, code: str | None) -> None:
    for session in (foreign.beta_session(), foreign.xai_session(), {}):
        (told,) = _told(session, event("error", error=error))
        assert told["error"].get("code") == code
        assert told["error"]["type"] in ("invalid_request_error", "server_error")


def test_a_note_about_a_field_that_was_left_out_is_no_error() -> None:
    """As speaches tells of formats, before it takes the rest of the update."""
    note = "Specifying `session.input_audio_format` is not supported."
    assert _beta(event("error", error={"type": "invalid_request_error", "message": note})) == []


def test_an_error_before_the_greeting_passes() -> None:
    (frame,) = Door("auto").received(json.dumps({"type": "error", "error": {"code": "model_load_error"}}))
    assert json.loads(frame)["error"]["code"] == "model_load_error"


# --- the beta dialect -------------------------------------------------------------------------------------------------


def test_a_spoken_turn_and_its_answer_take_ga_s_course() -> None:
    told = _beta(
        *foreign.beta_spoken("item_1"),
        *foreign.beta_answer("item_2", "Good day.", after="item_1"),
        foreign.heard("item_1", "Hello."),
    )
    assert _kinds(told) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        *SPOKEN_COURSE,
        f"{HEARD}.completed",
    ]
    response = _one(told, "response.done")["response"]
    assert response["output"][0]["content"] == [{"type": "output_audio", "transcript": "Good day."}]
    assert response["output_modalities"] == ["audio"]
    assert response["audio"]["output"]["voice"] == "alloy"
    assert response["usage"]["total_tokens"] == 9


def test_words_of_which_no_usage_is_told_are_counted_as_nothing() -> None:
    told = _beta(*foreign.beta_spoken("item_1"), foreign.heard("item_1", "Hello."))
    assert told[-1]["usage"] == {"type": "duration", "seconds": 0}


def test_a_server_that_says_done_itself_is_not_repeated() -> None:
    """As Azure AI Voice Live, which does so for some items and not for others."""
    item = foreign.beta_message("item_1", "user", [{"type": "input_audio", "transcript": None}])
    told = _beta(
        *foreign.beta_spoken("item_1"), event("conversation.item.done", item=item, previous_item_id=None)
    )
    assert _kinds(told).count("conversation.item.done") == 1


def test_a_typed_turn_is_added_and_done() -> None:
    told = _beta(*foreign.beta_typed("item_1", "Hello."))
    assert _kinds(told) == ["conversation.item.added", "conversation.item.done"]


def test_an_answer_that_is_called_incomplete_until_it_is_complete_is_in_progress() -> None:
    """As speaches, which numbers nothing either."""
    begun = foreign.beta_message("item_2", "assistant", [], "incomplete")
    done = foreign.beta_message("item_2", "assistant", [{"type": "audio", "transcript": "Hi."}])
    place = {"item_id": "item_2", "response_id": "resp_1"}
    told = _beta(
        event("response.created", response={"id": "resp_1", "status": "incomplete", "output": []}),
        event("response.output_item.added", response_id="resp_1", item=begun),
        event("conversation.item.created", previous_item_id=None, item=begun),
        event("response.content_part.added", **place, part={"type": "audio", "transcript": ""}),
        event("response.audio_transcript.delta", **place, delta="Hi."),
        event("response.audio.delta", **place, delta="AAAA"),
        event("response.audio.done", **place),
        event("response.audio_transcript.done", **place, transcript="Hi."),
        event("response.content_part.done", **place, part={"type": "audio", "transcript": "Hi."}),
        event("response.output_item.done", response_id="resp_1", item=done),
        event("response.done", response={"id": "resp_1", "status": "completed", "output": [done]}),
    )
    assert _kinds(told) == SPOKEN_COURSE
    assert told[0]["response"]["status"] == "in_progress"
    assert {each["item"]["status"] for each in told[1:3]} == {"in_progress"}
    assert {each["item"]["status"] for each in told if each["type"].endswith("item.done")} == {"completed"}


def test_a_part_that_is_closed_empty_holds_what_was_said_in_it() -> None:
    begun = foreign.beta_answer_begins("item_2", after=None)
    place = {"item_id": "item_2", "response_id": "resp_1", "output_index": 0, "content_index": 0}
    told = _beta(
        *begun[:3],
        event("response.content_part.added", **place, part={"type": "text", "text": ""}),
        event("response.text.delta", **place, delta="Hello"),
        event("response.text.done", **place, text="Hello there!"),
        event("response.content_part.done", **place, part={"type": "text", "text": ""}),
    )
    assert told[-1]["part"] == {"type": "text", "text": "Hello there!"}


def test_a_failed_transcription_without_a_reason_is_still_one() -> None:
    told = _beta(*foreign.beta_spoken("item_1"), event(f"{HEARD}.failed", item_id="item_1", error=None))
    assert _kinds(told)[-1] == f"{HEARD}.failed"


@pytest.mark.parametrize("vendor", ["warning", "response.audio_timestamp.delta", "session.avatar.connecting"])
def test_what_only_the_server_s_own_clients_know_ends_at_the_door(vendor: str) -> None:
    assert _beta(event(vendor, response_id="resp_1")) == []


@pytest.mark.parametrize(("beta", "ga"), RENAMED.items())
def test_every_renamed_event_is_told_under_its_ga_name(beta: str, ga: str) -> None:
    place = {"item_id": "item_2", "response_id": "resp_1", "output_index": 0, "content_index": 0}
    content = {"delta": "AAAA"} if beta.endswith(".delta") else {"text": "AAAA", "transcript": "AAAA"}
    told = _beta(*foreign.beta_answer_begins("item_2", after=None), event(beta, **place, **content))
    assert _kinds(told)[-1] == ga


# --- xAI --------------------------------------------------------------------------------------------------------------


def test_a_turn_that_is_still_being_said_grows_and_only_its_last_words_are_final() -> None:
    told = _xai(
        *foreign.xai_spoken("item_1", "Hello", "Hello, my", "Help, my name", words="Hello, my name is Ana.")
    )
    assert [each["delta"] for each in told if each["type"] == f"{HEARD}.delta"] == ["Hello", ", my"]
    assert _one(told, f"{HEARD}.completed")["transcript"] == "Hello, my name is Ana."
    assert _kinds(told).count("conversation.item.done") == 1


def test_a_spoken_answer_takes_ga_s_course() -> None:
    told = _xai(
        *foreign.xai_spoken("item_1", words="Hello."),
        *foreign.xai_answer("item_2", "Good day.", after="item_1"),
    )
    kinds = _kinds(told)
    assert kinds[: kinds.index("response.created")] == [
        "input_audio_buffer.speech_started",
        "conversation.item.added",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.done",
        f"{HEARD}.completed",
    ]
    assert sorted(kinds[kinds.index("response.created") :]) == sorted(SPOKEN_COURSE)
    assert kinds.index("conversation.item.done", 6) < kinds.index("response.output_item.done")
    content = [{"type": "output_audio", "transcript": "Good day."}]
    assert _one(told, "response.output_item.done")["item"]["content"] == content
    assert _one(told, "response.content_part.done")["part"] == {"type": "audio", "transcript": "Good day."}
    response = _one(told, "response.done")["response"]
    assert response["output"][0]["content"] == content
    assert response["usage"] == {
        "total_tokens": 341,
        "input_tokens": 156,
        "output_tokens": 185,
        "input_token_details": {"text_tokens": 10, "audio_tokens": 146},
        "output_token_details": {"text_tokens": 15, "audio_tokens": 170},
    }


def test_several_calls_of_one_response_have_places_of_their_own() -> None:
    told = _xai(
        foreign.xai_event("response.created", response=foreign.xai_response("r1", "in_progress", [])),
        *foreign.xai_call("item_a", "call_a", "get_weather", '{"city": "Rome"}'),
        *foreign.xai_call("item_b", "call_b", "get_time", "{}"),
        foreign.xai_done("r1", []),
    )
    places: dict[str, int] = {}
    for each in told:
        if "output_index" in each:
            item_id = each.get("item_id") or each["item"]["id"]
            assert places.setdefault(item_id, each["output_index"]) == each["output_index"]
    assert places == {"item_a": 0, "item_b": 1}
    calls = [each["item"] for each in told if each["type"] == "response.output_item.done"]
    assert [(call["name"], call["arguments"]) for call in calls] == [
        ("get_weather", '{"city": "Rome"}'),
        ("get_time", "{}"),
    ]
    assert not any("role" in call or "content" in call for call in calls)
    assert _kinds(told).count("conversation.item.done") == 2


def test_the_end_of_a_call_that_names_nothing_but_its_call_is_placed() -> None:
    created = foreign.xai_event("response.created", response=foreign.xai_response("r1", "in_progress", []))
    added, *_ = foreign.xai_call("item_a", "call_a", "get_time", "{}")
    bare = event("response.function_call_arguments.done", call_id="call_a", arguments="{}")
    told = _xai(created, added, bare)
    assert told[-1]["item_id"] == "item_a"
    assert told[-1]["name"] == "get_time"
    assert told[-1]["response_id"] == "r1"


def test_an_answer_that_the_server_drops_without_a_word_is_ended() -> None:
    told = _xai(
        *foreign.xai_answer_begins("item_2", "Let me explain", after=None, response_id="r1"),
        *foreign.xai_spoken("item_3", words="Stop."),
        *foreign.xai_answer("item_4", "Of course.", after="item_3", response_id="r2"),
    )
    first, second = [each["response"] for each in told if each["type"] == "response.done"]
    assert (first["id"], first["status"], first["status_details"]["reason"]) == (
        "r1",
        "cancelled",
        "turn_detected",
    )
    assert first["output"][0]["content"] == [{"type": "output_audio", "transcript": "Let me explain"}]
    assert (second["id"], second["status"]) == ("r2", "completed")
    ends = {
        each["item"]["id"]: each["item"]["status"]
        for each in told
        if each["type"] == "response.output_item.done"
    }
    assert ends == {"item_2": "incomplete", "item_4": "completed"}


def test_an_answer_that_ends_after_it_was_given_up_is_told_once_more_for_what_it_used() -> None:
    begun = foreign.xai_answer_begins("item_2", "Let me", after=None, response_id="r1")
    next_one = foreign.xai_event("response.created", response=foreign.xai_response("r2", "in_progress", []))
    late = foreign.xai_done("r1", [], status="cancelled")
    told = _xai(*begun, next_one, late, late)
    given_up, ended = [each["response"] for each in told if each["type"] == "response.done"]
    assert given_up["usage"] is None
    assert ended["usage"]["total_tokens"] == 341
    assert _kinds(told).count("response.output_item.done") == 1


@pytest.mark.parametrize("course", ["beta", "xai"])
def test_what_a_server_of_another_dialect_says_twice_is_told_once(course: str) -> None:
    if course == "beta":
        turn = [*foreign.beta_spoken("item_1"), *foreign.beta_answer("item_2", "Hi.", after="item_1")]
        once, twice = _beta(*turn), _beta(*(each for each in turn for _ in range(2)))
    else:
        turn = [
            *foreign.xai_spoken("item_1", words="Well?"),
            *foreign.xai_answer("item_2", "Hi.", after="item_1"),
        ]
        once, twice = _xai(*turn), _xai(*(each for each in turn for _ in range(2)))
    structure = [
        kind for kind in _kinds(once) if kind.endswith((".added", ".created", ".committed", "item.done"))
    ]
    assert [kind for kind in _kinds(twice) if kind in structure] == structure
    assert _kinds(twice).count("response.done") == 1


def test_an_answer_that_is_cancelled_closes_what_was_open() -> None:
    told = _xai(
        *foreign.xai_answer_begins("item_2", "Let me", after=None),
        foreign.xai_done("r1", [], status="cancelled"),
    )
    assert _kinds(told)[-4:] == [
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert told[-1]["response"]["status_details"] == {"type": "cancelled"}


def test_a_deletion_that_does_not_say_what_it_deleted_says_so() -> None:
    door = Door("auto")
    door.received(json.dumps(event("session.created", session=foreign.xai_session())))
    for item_id in ("item_1", "item_2"):
        door.sent(json.dumps({"type": "conversation.item.delete", "item_id": item_id}))
    deleted = json.dumps(event("conversation.item.deleted", item_id=""))
    told = [json.loads(frame) for _ in range(2) for frame in door.received(deleted)]
    assert [each["item_id"] for each in told] == ["item_1", "item_2"]


def test_the_session_keeps_what_an_update_does_not_repeat() -> None:
    door = Door("auto")
    door.received(json.dumps(event("session.created", session=foreign.xai_session())))
    asked = {"type": "realtime", "audio": {"output": {"voice": "eve"}}}
    door.sent(json.dumps({"type": "session.update", "session": asked}))
    (frame,) = door.received(json.dumps(event("session.updated", session={"instructions": "Be kind."})))
    ga_event(frame)
    session = json.loads(frame)["session"]
    assert session["audio"]["output"]["voice"] == "eve"
    assert session["model"] == "grok-voice-latest"


def test_keep_alives_end_at_the_door() -> None:
    assert _xai(foreign.xai_event("ping", timestamp=1), foreign.xai_event("conversation.created")) == []


# --- anything at all --------------------------------------------------------------------------------------------------

ODDITIES: list[Any] = [None, 7, "text", [], {}, [None], {"id": None}, True]


@pytest.mark.parametrize(
    "session", [{}, foreign.beta_session(), foreign.xai_session()], ids=["ga", "beta", "xai"]
)
def test_nothing_that_a_server_says_is_too_odd(session: Event) -> None:
    kinds = [
        *SPOKEN_COURSE,
        "error",
        "conversation.item.created",
        "input_audio_buffer.committed",
        f"{HEARD}.completed",
    ]
    kinds += [
        f"{HEARD}.updated",
        "response.function_call_arguments.done",
        "session.updated",
        "session.created",
    ]
    fields = (
        "item",
        "response",
        "part",
        "item_id",
        "response_id",
        "transcript",
        "delta",
        "session",
        "error",
        "usage",
    )
    for kind in kinds:
        for odd in ODDITIES:
            for field in fields:
                _told(session, event(kind, **{field: odd}), checked=False)
            _told(session, event(kind, **dict.fromkeys(fields, odd)), checked=False)
