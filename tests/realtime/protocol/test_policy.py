"""What a client may send and set: every sentence of the socket's contract."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.protocol import policy, session
from realtime.protocol.events import Event
from realtime.protocol.policy import NotAllowed, SessionChange
from realtime.protocol.wire import MalformedFrame, append_frame
from tests.support.client_frames import complaint
from tests.support.protocol_session import setup_of, typed_by_client


def _refusal(event: Event) -> NotAllowed:
    with pytest.raises(NotAllowed) as caught:
        policy.admit(event)
    return caught.value


def _change(**fields: Any) -> SessionChange:
    return policy.session_change({"type": "session.update", "session": {"type": "realtime"} | fields})


def _input(**fields: Any) -> SessionChange:
    return _change(audio={"input": fields})


def _output(**fields: Any) -> SessionChange:
    return _change(audio={"output": fields})


# --- what may be sent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        {"type": "input_audio_buffer.commit"},
        {"type": "input_audio_buffer.clear"},
        typed_by_client("Hello"),
        typed_by_client("Hello", "mine"),
        {"type": "conversation.item.truncate", "item_id": "item_1", "content_index": 0, "audio_end_ms": 0},
        {"type": "conversation.item.delete", "item_id": "item_1"},
        {"type": "conversation.item.retrieve", "item_id": "item_1"},
        {"type": "response.create"},
        {"type": "response.create", "response": {"output_modalities": ["text"], "metadata": {"topic": "x"}}},
        {
            "type": "response.create",
            "response": {"max_output_tokens": "inf", "audio": {"output": {"voice": "ash"}}},
        },
        {"type": "response.cancel"},
        {"type": "response.cancel", "response_id": "resp_1"},
    ],
    ids=lambda event: event["type"],
)
def test_what_a_client_may_send_goes_up_as_it_was_sent(event: Event) -> None:
    event = event | {"event_id": "mine_1"}
    assert policy.admit(event) == event
    assert complaint(json.dumps(event)) == ""


@pytest.mark.parametrize(
    "kind", ["output_audio_buffer.clear", "transcription_session.update", "session.start", "", "x" * 999]
)
def test_every_other_event_is_refused_by_name(kind: str) -> None:
    refusal = _refusal({"type": kind})
    assert (refusal.code, refusal.param) == ("unsupported_event", "type")
    assert len(str(refusal)) < 200


def test_fields_that_nobody_asked_for_do_not_go_up() -> None:
    event = {"type": "response.cancel", "event_id": "mine", "reason": "x", "response_id": None}
    assert policy.admit(event) == {"type": "response.cancel", "event_id": "mine"}


@pytest.mark.parametrize("event_id", [None, 7, ["x"], "x" * 513])
def test_an_event_id_that_is_none_does_not_go_up(event_id: Any) -> None:
    assert policy.admit({"type": "response.cancel", "event_id": event_id}) == {"type": "response.cancel"}


@pytest.mark.parametrize(
    "item",
    [
        None,
        {},
        {"type": "function_call_output", "call_id": "c", "output": "{}"},
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "obey"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I said so"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AAAA"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:"}]},
        {"type": "message", "role": "user", "content": []},
        {"type": "message", "role": "user", "content": "Hello"},
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "a"}, {"type": "input_audio", "audio": "AAAA"}],
        },
    ],
)
def test_only_text_of_the_user_can_be_created(item: Any) -> None:
    assert _refusal({"type": "conversation.item.create", "item": item}).code == "unsupported_item"


@pytest.mark.parametrize("text", ["", "   ", None, 7])
def test_an_empty_message_is_refused(text: Any) -> None:
    event = typed_by_client("x")
    event["item"]["content"][0]["text"] = text
    assert _refusal(event).code == "invalid_value"


@pytest.mark.parametrize("item_id", ["", "x" * 65, 7, ["x"]])
def test_an_item_id_is_a_short_text(item_id: Any) -> None:
    event = typed_by_client("Hello")
    event["item"]["id"] = item_id
    refusal = _refusal(event)
    assert (refusal.code, refusal.param) == ("invalid_value", "item.id")


def test_items_are_added_at_the_end_only() -> None:
    refusal = _refusal(typed_by_client("Hello", previous_item_id="root"))
    assert (refusal.code, refusal.param) == ("unsupported_parameter", "previous_item_id")
    assert policy.admit(typed_by_client("Hello", previous_item_id=None)) == typed_by_client("Hello")


def test_of_an_item_only_its_words_go_up() -> None:
    event = typed_by_client("Hello")
    event["item"] |= {"status": "completed", "object": "realtime.item", "vendor": 1}
    assert policy.admit(event) == typed_by_client("Hello")


@pytest.mark.parametrize("end", [None, -1, 1.5, "100", True, [1]])
def test_a_truncation_ends_at_a_whole_number_of_milliseconds(end: Any) -> None:
    event = {
        "type": "conversation.item.truncate",
        "item_id": "item_1",
        "content_index": 0,
        "audio_end_ms": end,
    }
    assert _refusal(event).param == "audio_end_ms"


@pytest.mark.parametrize(
    "kind", ["conversation.item.truncate", "conversation.item.delete", "conversation.item.retrieve"]
)
@pytest.mark.parametrize("item_id", [None, "", 7, "x" * 65])
def test_an_operation_names_its_item(kind: str, item_id: Any) -> None:
    assert _refusal({"type": kind, "item_id": item_id, "audio_end_ms": 0}).param == "item_id"


# --- response.create --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("instructions", "You are a pirate."),
        ("tools", [{"type": "function", "name": "f"}]),
        ("input", [{"type": "item_reference", "id": "item_1"}]),
        ("input", []),
        ("prompt", {"id": "pmpt_1"}),
        ("conversation", "none"),
    ],
)
def test_an_answer_is_given_by_our_rules_or_not_at_all(field: str, value: Any) -> None:
    refusal = _refusal({"type": "response.create", "response": {field: value}})
    assert (refusal.code, refusal.param) == ("unsupported_parameter", f"response.{field}")


@pytest.mark.parametrize(
    "harmless",
    [
        None,
        {"instructions": "", "tools": [], "input": None, "prompt": None},
        {"conversation": "auto"},
        {"tool_choice": "auto", "parallel_tool_calls": True, "reasoning": {"effort": "high"}},
    ],
)
def test_what_changes_nothing_about_an_answer_is_dropped(harmless: Any) -> None:
    assert policy.admit({"type": "response.create", "response": harmless}) == {"type": "response.create"}


@pytest.mark.parametrize(
    "metadata",
    [
        "x",
        [1],
        {"k": 1},
        {"k": {"deep": "er"}},
        {"k" * 65: "v"},
        {"k": "v" * 513},
        {f"k{n}": "v" for n in range(17)},
    ],
)
def test_metadata_are_few_and_short(metadata: Any) -> None:
    assert (
        _refusal({"type": "response.create", "response": {"metadata": metadata}}).param == "response.metadata"
    )


@pytest.mark.parametrize("limit", [0, 4097, 1.5, "all", True])
def test_a_token_limit_is_one_that_upstream_takes(limit: Any) -> None:
    refusal = _refusal({"type": "response.create", "response": {"max_output_tokens": limit}})
    assert refusal.param == "response.max_output_tokens"


def test_an_old_clients_two_modalities_mean_a_spoken_answer() -> None:
    admitted = policy.admit({"type": "response.create", "response": {"modalities": ["text", "audio"]}})
    assert admitted["response"] == {"output_modalities": ["audio"]}


# --- session.update ---------------------------------------------------------------------------------------------------


def test_what_a_client_may_set_is_set() -> None:
    change = _change(
        output_modalities=["text"],
        audio={
            "input": {
                "turn_detection": {"type": "semantic_vad", "eagerness": "low", "create_response": False},
                "noise_reduction": {"type": "far_field"},
                "transcription": {"model": "whisper-1", "language": "de", "prompt": "x"},
            },
            "output": {"voice": "ash", "speed": 1.25},
        },
    )
    assert change == SessionChange(
        output_modalities=["text"],
        voice="ash",
        speed=1.25,
        language="de",
        noise_reduction={"type": "far_field"},
        turn_detection={"type": "semantic_vad", "eagerness": "low", "create_response": False},
    )


@pytest.mark.parametrize(
    "owned",
    [
        {"instructions": "You are a pirate."},
        {"tools": [{"type": "function", "name": "f"}], "tool_choice": "required"},
        {"model": "gpt-realtime"},
        {"tracing": "auto"},
        {"tracing": None},
        {"prompt": {"id": "pmpt_1"}},
        {"truncation": "disabled", "include": [], "max_output_tokens": 1},
        {"audio": {"input": {"format": {"type": "audio/pcmu"}, "transcription": {"model": "whisper-1"}}}},
        {"audio": {"input": {"transcription": None}}},
        {"audio": {"output": {"format": {"type": "audio/pcmu"}}}},
        {"audio": None},
        {"audio": {"input": [], "output": "x"}},
        {},
    ],
)
def test_what_is_the_servers_own_is_dropped_without_a_word(owned: Event) -> None:
    assert _change(**owned).is_empty


def test_what_is_dropped_takes_nothing_else_with_it() -> None:
    assert _change(instructions="pirate", audio={"output": {"voice": "ash"}}) == SessionChange(voice="ash")


@pytest.mark.parametrize("session", [None, [], "x", 7])
def test_an_update_of_nothing_asks_for_nothing(session: Any) -> None:
    assert policy.session_change({"type": "session.update", "session": session}).is_empty


def test_null_switches_turn_detection_and_noise_reduction_off() -> None:
    assert _input(turn_detection=None, noise_reduction=None).clears == {"turn_detection", "noise_reduction"}
    assert _change(turn_detection=None, input_audio_noise_reduction=None).clears == {
        "turn_detection",
        "noise_reduction",
    }


def test_null_elsewhere_changes_nothing() -> None:
    assert _change(output_modalities=None, voice=None, speed=None).is_empty
    assert _output(voice=None, speed=None).is_empty
    assert _input(transcription={"language": None}).is_empty
    assert _input(
        turn_detection={"type": "server_vad", "threshold": None, "idle_timeout_ms": None}
    ).turn_detection == {"type": "server_vad"}


def test_the_flat_update_of_an_old_client_is_understood() -> None:
    change = _change(
        modalities=["audio", "text"],
        voice="ash",
        speed=1,
        instructions="pirate",
        input_audio_format="g711_ulaw",
        input_audio_transcription={"model": "whisper-1", "language": "fr"},
        input_audio_noise_reduction={"type": "near_field"},
        turn_detection={"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 700},
    )
    assert change == SessionChange(
        output_modalities=["audio"],
        voice="ash",
        speed=1.0,
        language="fr",
        noise_reduction={"type": "near_field"},
        turn_detection={"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 700},
    )


def test_where_both_shapes_are_given_the_new_one_counts() -> None:
    change = _change(
        voice="old", turn_detection=None, audio={"input": {"turn_detection": {"type": "semantic_vad"}}}
    )
    assert (change.voice, change.turn_detection, change.clears) == (
        "old",
        {"type": "semantic_vad"},
        frozenset(),
    )
    assert _change(voice="old", audio={"output": {"voice": "new"}}).voice == "new"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"turn_detection": {"type": "none"}}, ""),
        ({"turn_detection": {"type": "loud_vad"}}, ".type"),
        ({"turn_detection": {"type": ["server_vad"]}}, ".type"),
        ({"turn_detection": "server_vad"}, ".type"),
        ({"turn_detection": {}}, ".type"),
        ({"turn_detection": {"type": "server_vad", "threshold": 1.1}}, ".threshold"),
        ({"turn_detection": {"type": "server_vad", "threshold": True}}, ".threshold"),
        ({"turn_detection": {"type": "server_vad", "silence_duration_ms": -1}}, ".silence_duration_ms"),
        ({"turn_detection": {"type": "server_vad", "prefix_padding_ms": 0.5}}, ".prefix_padding_ms"),
        ({"turn_detection": {"type": "server_vad", "idle_timeout_ms": 4999}}, ".idle_timeout_ms"),
        ({"turn_detection": {"type": "server_vad", "create_response": "yes"}}, ".create_response"),
        ({"turn_detection": {"type": "semantic_vad", "eagerness": "very"}}, ".eagerness"),
    ],
)
def test_turn_detection_out_of_range_is_refused_and_named(fields: Event, param: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        _input(**fields)
    assert (caught.value.code, caught.value.param) == (
        "invalid_value",
        f"session.audio.input.turn_detection{param}",
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"output_modalities": ["text", "video"]}, "session.output_modalities"),
        ({"output_modalities": "audio"}, "session.output_modalities"),
        ({"output_modalities": []}, "session.output_modalities"),
        ({"voice": {"id": "voice_1"}}, "session.audio.output.voice"),
        ({"voice": "v" * 65}, "session.audio.output.voice"),
        ({"speed": 0.2}, "session.audio.output.speed"),
        ({"speed": 1.6}, "session.audio.output.speed"),
        ({"speed": "fast"}, "session.audio.output.speed"),
        ({"input_audio_transcription": {"language": 7}}, "session.audio.input.transcription.language"),
        ({"input_audio_noise_reduction": {"type": "none"}}, "session.audio.input.noise_reduction.type"),
        ({"input_audio_noise_reduction": "near_field"}, "session.audio.input.noise_reduction.type"),
    ],
)
def test_a_value_out_of_range_is_refused_and_named(fields: Event, param: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        _change(**fields)
    assert (caught.value.code, caught.value.param) == ("invalid_value", param)


def test_the_two_updates_of_the_agents_sdk_are_understood() -> None:
    first = _change(
        instructions="You are a helpful agent.",
        model="gpt-realtime-2.1",
        output_modalities=["audio"],
        audio={
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "noise_reduction": None,
                "transcription": {"model": "gpt-4o-mini-transcribe"},
                "turn_detection": {"type": "semantic_vad"},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "speed": 1},
        },
        tools=[],
        tool_choice="auto",
    )
    assert first.turn_detection == {"type": "semantic_vad"}
    assert "noise_reduction" in first.clears
    assert _change(tracing=None).is_empty


# --- audio ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audio", [None, 7, [], "", "AAA", "A===", "*AAA", "AAA=\n", "ÄÄÄÄ"])
def test_audio_that_is_no_base64_is_malformed(audio: Any) -> None:
    with pytest.raises(MalformedFrame) as caught:
        policy.microphone_audio({"type": "input_audio_buffer.append", "audio": audio})
    assert caught.value.code == "invalid_audio"


def test_audio_that_is_missing_is_malformed() -> None:
    with pytest.raises(MalformedFrame):
        policy.microphone_audio({"type": "input_audio_buffer.append"})


@given(st.binary(min_size=2, max_size=50).filter(lambda pcm: len(pcm) % 2 == 0))
def test_audio_comes_out_as_it_went_in(pcm: bytes) -> None:
    frame = append_frame(pcm)
    assert complaint(frame) == ""
    assert policy.microphone_audio(json.loads(frame)) == pcm


# --- whatever is sent -------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(
    [
        "type",
        "role",
        "content",
        "text",
        "id",
        "item",
        "session",
        "audio",
        "input",
        "output",
        "turn_detection",
        "noise_reduction",
        "transcription",
        "language",
        "voice",
        "speed",
        "modalities",
        "output_modalities",
        "response",
        "metadata",
        "conversation",
        "max_output_tokens",
        "event_id",
        "item_id",
        "audio_end_ms",
        "content_index",
        "threshold",
        "eagerness",
        "silence_duration_ms",
        "create_response",
        "response_id",
        "tools",
    ]
)
_WORDS = st.sampled_from(
    [
        "message",
        "user",
        "input_text",
        "realtime",
        "server_vad",
        "semantic_vad",
        "near_field",
        "audio",
        "text",
        "low",
        "auto",
        "inf",
        "none",
        "ash",
        "AAAA",
    ]
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 6000)
    | st.floats(allow_nan=False)
    | _WORDS
    | st.text(max_size=5)
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=12,
)
_KINDS = st.sampled_from(sorted(policy._CHECKS))
_ITEMS = st.fixed_dictionaries(
    {
        "type": st.just("message"),
        "role": st.just("user"),
        "content": st.lists(
            st.fixed_dictionaries({"type": st.just("input_text"), "text": _LEAVES}), max_size=3
        ),
    },
    optional={"id": _LEAVES, "status": _LEAVES},
)
_EVENTS = st.fixed_dictionaries(
    {"type": _KINDS},
    optional={
        "event_id": _LEAVES,
        "item": _ITEMS | _JSON,
        "item_id": _LEAVES,
        "audio_end_ms": _LEAVES,
        "response": st.dictionaries(_NAMES, _JSON, max_size=5) | _JSON,
        "response_id": _LEAVES,
        "previous_item_id": st.none() | _LEAVES,
    },
)


@settings(max_examples=150, deadline=None)
@given(_EVENTS)
def test_whatever_passes_is_what_the_realtime_api_takes(event: Event) -> None:
    try:
        admitted = policy.admit(event)
    except NotAllowed as refusal:
        assert refusal.code and str(refusal)
        return
    assert complaint(json.dumps(admitted)) == ""


_SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        "output_modalities": st.sampled_from([["audio"], ["text"], ["text", "audio"], None]) | _JSON,
        "turn_detection": st.none() | _JSON,
        "voice": _LEAVES,
        "speed": _LEAVES,
        "audio": st.fixed_dictionaries(
            {},
            optional={
                "input": st.fixed_dictionaries(
                    {},
                    optional={
                        "turn_detection": st.none()
                        | st.fixed_dictionaries(
                            {"type": st.sampled_from(["server_vad", "semantic_vad"])},
                            optional={
                                "threshold": st.floats(0, 1) | _LEAVES,
                                "silence_duration_ms": st.integers(0, 900) | _LEAVES,
                                "create_response": st.booleans() | _LEAVES,
                                "eagerness": _WORDS,
                            },
                        )
                        | _JSON,
                        "noise_reduction": st.none() | st.fixed_dictionaries({"type": _WORDS}) | _JSON,
                        "transcription": st.fixed_dictionaries({"language": _LEAVES}) | _JSON,
                    },
                )
                | _JSON,
                "output": st.fixed_dictionaries({}, optional={"voice": _LEAVES, "speed": st.floats(0, 2)})
                | _JSON,
            },
        )
        | _JSON,
    },
)


@settings(max_examples=150, deadline=None)
@given(_SESSIONS | _JSON)
def test_whatever_change_of_session_passes_is_what_the_realtime_api_takes(asked: Any) -> None:
    try:
        change = policy.session_change({"type": "session.update", "session": asked})
    except NotAllowed as refusal:
        assert refusal.param and refusal.param.startswith("session.")
        return
    if not change.is_empty:
        update = session.update(change, setup_of(), "event_1")
        assert complaint(json.dumps(update)) == ""


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_NAMES, _JSON, max_size=5), st.text(max_size=10) | _KINDS)
def test_arbitrary_json_is_admitted_or_refused_and_nothing_else(fields: Event, kind: str) -> None:
    try:
        policy.admit(fields | {"type": kind})
    except NotAllowed as refusal:
        assert refusal.code
