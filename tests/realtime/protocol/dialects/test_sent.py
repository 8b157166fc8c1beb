"""What a client says, in each dialect: every frame fits its server, and nothing that can be said is lost."""

import json
from typing import Any

import pytest

from realtime.protocol import session, wire
from realtime.protocol.dialects import Dialect, Door
from realtime.protocol.policy import session_change
from tests.support import foreign_turns as foreign
from tests.support import upstream_turns
from tests.support.dialect_frames import complaint
from tests.support.ga_events import ga_event
from tests.support.protocol_session import setup_of, typed_by_client

GREETINGS: dict[str, dict[str, Any]] = {
    "ga": upstream_turns.created()["session"],
    "beta": foreign.beta_session(),
    "voice-live": foreign.voice_live_session(),
    "xai": foreign.xai_session(),
}
ASKED: list[dict[str, Any]] = [
    {"type": "input_audio_buffer.append", "audio": "AAAAAAAA"},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    typed_by_client("Hello.", "item_1"),
    {"type": "conversation.item.truncate", "item_id": "item_2", "content_index": 0, "audio_end_ms": 320},
    {"type": "conversation.item.delete", "item_id": "item_2"},
    {"type": "conversation.item.retrieve", "item_id": "item_2"},
    {"type": "response.create"},
    {
        "type": "response.create",
        "response": {
            "output_modalities": ["text"],
            "audio": {"output": {"voice": "coral"}},
            "max_output_tokens": 100,
            "metadata": {"topic": "weather"},
        },
    },
    {"type": "response.cancel"},
    {"type": "response.cancel", "response_id": "resp_1"},
    {
        "type": "conversation.item.create",
        "item": {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Nice to meet you."}],
        },
    },
]
CHANGES: list[dict[str, Any]] = [
    {"output_modalities": ["text"]},
    {"audio": {"output": {"voice": "cedar", "speed": 1.25}}},
    {"audio": {"output": {"speed": 1.25}}},
    {"audio": {"input": {"turn_detection": None}}},
    {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}}},
    {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 6000}}}},
    {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 1.0}}}},
    {"audio": {"input": {"noise_reduction": None}}},
    {"audio": {"input": {"noise_reduction": {"type": "far_field"}}}},
    {"audio": {"input": {"transcription": {"language": "de"}}}},
]


def _door(server: str, dialect: Dialect = "auto", **options: Any) -> Door:
    door = Door(dialect, **options)
    door.received(json.dumps(foreign.event("session.created", session=GREETINGS[server])))
    return door


def _said(door: Door, event: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in door.sent(json.dumps(event)).upstream]


def _configured(server: str, **setup: Any) -> dict[str, Any]:
    """The session of our configuration as that server gets it."""
    door = _door(server)
    (event,) = _said(door, session.configuration(setup_of(**setup), "va_1"))
    assert complaint(json.dumps(event), server) == ""
    asked = event["session"]
    assert isinstance(asked, dict)
    return asked


@pytest.mark.parametrize("server", GREETINGS)
@pytest.mark.parametrize("event", ASKED, ids=lambda event: event["type"])
def test_whatever_a_client_may_say_fits_the_server_it_is_said_to(server: str, event: dict[str, Any]) -> None:
    door = _door(server)
    passed = door.sent(json.dumps(event | {"event_id": "va_7"}))
    assert passed.upstream or passed.answered
    assert {complaint(frame, server) for frame in passed.upstream} <= {""}
    for frame in passed.answered:
        ga_event(frame)
    assert all(json.loads(frame)["event_id"] == "va_7" for frame in passed.upstream)


@pytest.mark.parametrize("server", GREETINGS)
@pytest.mark.parametrize("asked", CHANGES, ids=json.dumps)
def test_whatever_a_client_may_set_fits_the_server_it_is_set_at(server: str, asked: dict[str, Any]) -> None:
    change = session_change({"type": "session.update", "session": asked})
    door = _door(server)
    passed = door.sent(json.dumps(session.update(change, setup_of(transcription_model=""), "va_7")))
    assert {complaint(frame, server) for frame in passed.upstream} <= {""}
    assert len(passed.upstream) + len(passed.answered) == 1
    for frame in passed.answered:
        assert json.loads(frame)["type"] == "session.updated"
        ga_event(frame)


@pytest.mark.parametrize("server", GREETINGS)
@pytest.mark.parametrize("detection", ["server_vad", "semantic_vad", "push_to_talk"])
@pytest.mark.parametrize("output", ["audio", "text"])
def test_our_configuration_fits_every_server(server: str, detection: str, output: str) -> None:
    _configured(server, turn_detection=detection, output=output, speed=1.2, language="de", voice="marin")


@pytest.mark.parametrize(
    ("server", "model"),
    [
        ("ga", "gpt-transcribe"),
        ("beta", "whisper-1"),
        ("voice-live", "whisper-1"),
        ("xai", "grok-transcribe"),
    ],
)
def test_a_server_is_asked_for_a_transcription_model_that_it_has(server: str, model: str) -> None:
    def asked_for(**given: Any) -> str:
        asked = _configured(server, **given)
        heard = asked.get("input_audio_transcription") or asked["audio"]["input"]["transcription"]
        return str(heard["model"])

    assert asked_for(transcription_model="") == model
    door = _door(server, transcription_model="my-deployment")
    unnamed = {"type": "realtime", "audio": {"input": {"transcription": {"language": "de"}}}}
    (event,) = _said(door, {"type": "session.update", "session": unnamed})
    heard = (
        event["session"].get("input_audio_transcription")
        or event["session"]["audio"]["input"]["transcription"]
    )
    assert heard["model"] == "my-deployment"


def test_a_model_that_was_named_is_kept() -> None:
    named = {"type": "realtime", "audio": {"input": {"transcription": {"model": "gpt-realtime-whisper"}}}}
    frame = json.dumps({"type": "session.update", "session": named})
    assert _door("ga", transcription_model="other").sent(frame).upstream == [frame]


def test_where_the_voice_is_not_the_model_s_own_neither_is_the_ear() -> None:
    voice = {"name": "en-US-Ava:DragonHDLatestNeural", "type": "azure-standard"}
    door = Door("auto")
    greeting = foreign.voice_live_session(voice=voice, model="gpt-4o")
    door.received(json.dumps(foreign.event("session.created", session=greeting)))
    unnamed = {
        "type": "realtime",
        "audio": {"input": {"transcription": {}}, "output": {"voice": voice["name"]}},
    }
    (event,) = _said(door, {"type": "session.update", "session": unnamed})
    assert event["session"]["input_audio_transcription"] == {"model": "azure-speech"}
    assert event["session"]["voice"] == voice


@pytest.mark.parametrize("event", ASKED, ids=lambda event: event["type"])
def test_a_ga_server_gets_the_very_same_frame(event: dict[str, Any]) -> None:
    frame = json.dumps(event)
    assert _door("ga").sent(frame).upstream[0] is frame
    assert Door("ga").sent(frame).upstream[0] is frame


@pytest.mark.parametrize("server", GREETINGS)
def test_microphone_audio_passes_as_the_very_same_frame(server: str) -> None:
    frame = wire.append_frame(bytes(1920))
    assert _door(server).sent(frame).upstream[0] is frame


def test_the_flat_session_holds_what_was_asked_for() -> None:
    asked = _configured(
        "beta", instructions="Be kind.", voice="coral", speed=1.2, language="de", transcription_model="m"
    )
    assert asked == {
        "instructions": "Be kind.",
        "modalities": ["text", "audio"],
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": {"model": asked["input_audio_transcription"]["model"], "language": "de"},
        "turn_detection": session.turn_detection("server_vad"),
        "voice": "coral",
        "speed": 1.2,
    }


def test_a_text_session_is_flat_text() -> None:
    assert _configured("beta", output="text")["modalities"] == ["text"]


def test_voice_live_gets_a_voice_object_a_sampling_rate_and_no_speed() -> None:
    asked = _configured("voice-live", voice="coral", speed=1.2)
    assert asked["voice"] == {"name": "coral", "type": "openai"}
    assert asked["input_audio_sampling_rate"] == 24000
    assert "speed" not in asked
    assert _configured("voice-live", voice="en-US-AvaNeural")["voice"]["type"] == "azure-standard"


def test_xai_gets_its_voice_and_turn_detection_at_the_top() -> None:
    asked = _configured("xai", voice="eve", instructions="Be kind.", language="ja", transcription_model="")
    assert asked == {
        "instructions": "Be kind.",
        "voice": "eve",
        "turn_detection": session.turn_detection("server_vad"),
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {"model": "grok-transcribe", "language_hint": "ja"},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}},
        },
    }
    assert _configured("xai", turn_detection="push_to_talk")["turn_detection"] == {"type": None}
    assert _configured("xai", turn_detection="semantic_vad")["turn_detection"]["type"] == "server_vad"


@pytest.mark.parametrize("server", ["beta", "voice-live", "xai"])
def test_no_voice_is_sent_where_none_was_chosen(server: str) -> None:
    assert "voice" not in _configured(server, voice="")


def test_a_response_is_asked_for_in_flat_words() -> None:
    (event,) = _said(_door("beta"), ASKED[8])
    assert event["response"] == {
        "modalities": ["text"],
        "voice": "coral",
        "max_response_output_tokens": 100,
        "metadata": {"topic": "weather"},
    }


def test_an_answer_that_is_told_as_history_is_told_in_beta_s_word() -> None:
    (event,) = _said(_door("beta"), ASKED[11])
    assert event["item"]["content"] == [{"type": "text", "text": "Nice to meet you."}]


SPEACHES = foreign.beta_session(
    speech_model="speaches-ai/Kokoro-82M-v1.0-ONNX",
    voice="af_heart",
    input_audio_transcription={"model": "Systran/faster-distil-whisper-small.en", "language": None},
)


def _greeted_with(greeting: dict[str, Any], **options: Any) -> Door:
    door = Door("auto", **options)
    door.received(json.dumps(foreign.event("session.created", session=greeting)))
    return door


def test_speaches_is_not_asked_for_what_it_cannot_set() -> None:
    door = _greeted_with(SPEACHES)
    (event,) = _said(door, session.configuration(setup_of(voice="", transcription_model=""), "va_1"))
    asked = event["session"]
    assert complaint(json.dumps(event), "beta") == ""
    assert not {"input_audio_format", "output_audio_format"} & asked.keys()
    assert "prefix_padding_ms" not in asked["turn_detection"]
    assert asked["turn_detection"]["silence_duration_ms"] == 500


def test_a_server_with_a_transcription_model_of_its_own_keeps_it() -> None:
    asked = session.configuration(setup_of(voice="", transcription_model="", language="de"), "va_1")
    (event,) = _said(_greeted_with(SPEACHES), asked)
    model = SPEACHES["input_audio_transcription"]["model"]
    assert event["session"]["input_audio_transcription"] == {"model": model, "language": "de"}
    local_ai = {
        "id": "s",
        "type": "realtime",
        "audio": {"input": {"transcription": {"model": "whisper-base"}}},
    }
    (event,) = _said(_greeted_with(local_ai), asked)
    assert event["session"]["audio"]["input"]["transcription"] == {"language": "de"}
    (event,) = _said(_greeted_with(local_ai, transcription_model="other"), asked)
    assert event["session"]["audio"]["input"]["transcription"]["model"] == "other"


# --- what the door answers itself -------------------------------------------------------------------------------------


def test_a_truncation_is_acknowledged_where_the_server_knows_none() -> None:
    passed = _door("xai").sent(json.dumps(ASKED[4]))
    (answer,) = map(json.loads, passed.answered)
    assert passed.upstream == []
    assert (answer["type"], answer["item_id"], answer["audio_end_ms"]) == (
        "conversation.item.truncated",
        "item_2",
        320,
    )


def test_an_item_is_shown_where_the_server_shows_none() -> None:
    door = _door("xai")
    for event in [
        *foreign.xai_spoken("item_u", words="Hello."),
        *foreign.xai_answer("item_a", "Good day.", after="item_u"),
    ]:
        door.received(json.dumps(event))
    for item_id, part in (
        ("item_u", {"type": "input_audio", "transcript": "Hello."}),
        ("item_a", {"type": "output_audio", "transcript": "Good day."}),
    ):
        (frame,) = door.sent(json.dumps({"type": "conversation.item.retrieve", "item_id": item_id})).answered
        ga_event(frame)
        assert json.loads(frame)["item"]["content"] == [part]


def test_an_item_that_is_not_there_is_not_shown() -> None:
    asked = {"type": "conversation.item.retrieve", "item_id": "nobody", "event_id": "va_9"}
    (frame,) = _door("xai").sent(json.dumps(asked)).answered
    ga_event(frame)
    error = json.loads(frame)["error"]
    assert (error["code"], error["event_id"]) == ("item_retrieve_invalid_item_id", "va_9")


def test_a_change_that_the_server_has_no_word_for_leaves_the_session_as_it_is() -> None:
    door = _door("xai")
    asked = {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}
    passed = door.sent(json.dumps(asked))
    assert passed.upstream == []
    (answer,) = map(json.loads, passed.answered)
    assert answer["session"]["output_modalities"] == ["audio"]
    assert answer["session"]["model"] == "grok-voice-latest"


def test_an_update_that_the_server_takes_without_a_word_is_acknowledged() -> None:
    """As Hugging Face's speech-to-speech, whose sessions have no id."""
    door = _greeted_with({"type": "realtime", "audio": {"input": {"noise_reduction": None}, "output": {}}})
    passed = door.sent(json.dumps(session.configuration(setup_of(voice="", instructions="Be kind."), "va_1")))
    assert [complaint(frame, "ga") for frame in passed.upstream] == [""]
    (frame,) = passed.answered
    ga_event(frame)
    told = json.loads(frame)["session"]
    assert told["instructions"] == "Be kind."
    assert told["audio"]["input"]["turn_detection"] == session.turn_detection("server_vad")
    assert told["audio"]["input"]["noise_reduction"] is None
    change = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    (frame,) = door.sent(json.dumps({"type": "session.update", "session": change})).answered
    told = json.loads(frame)["session"]
    assert told["audio"]["input"]["turn_detection"] is None
    assert told["instructions"] == "Be kind."


# --- the dialect ------------------------------------------------------------------------------------------------------


def test_before_the_dialect_is_known_everything_passes() -> None:
    frame = json.dumps(ASKED[4])
    door = Door("auto")
    assert door.sent(frame).upstream[0] is frame
    assert door.dialect == "auto"


@pytest.mark.parametrize(
    ("server", "found"), [("ga", "ga"), ("beta", "beta"), ("voice-live", "beta"), ("xai", "hybrid")]
)
def test_the_dialect_is_found_from_the_greeting(server: str, found: str) -> None:
    assert _door(server).dialect == found


def test_a_dialect_that_was_named_is_kept_whatever_the_server_shows() -> None:
    door = _door("xai", "beta")
    assert door.dialect == "beta"
    (event,) = _said(door, session.configuration(setup_of(), "va_1"))
    assert event["session"]["modalities"] == ["text", "audio"]


def test_a_server_that_greets_with_a_bare_id_is_spoken_to_in_ga() -> None:
    door = Door("auto")
    frame = json.dumps({"type": "session.created", "id": "sess_1", "created": 1})
    assert json.loads(door.received(frame)[0])["type"] == "session.created"
    assert door.dialect == "ga"


@pytest.mark.parametrize("frame", ["", "[]", "{", '{"no": "type"}', '"text"'])
def test_a_frame_that_is_no_event_is_nobody_s_end(frame: str) -> None:
    for server in GREETINGS:
        door = _door(server)
        assert door.sent(frame).upstream == [frame]
        assert door.received(frame) == [frame]
