"""Sessions: what the greeting tells of the dialect, and flat sessions in GA's shape."""

import itertools
import json
from typing import Any

import pytest

from realtime.protocol.dialects import beta, hybrid
from realtime.protocol.dialects.sessions import dialect_of, in_ga
from tests.support import foreign_turns as foreign
from tests.support import upstream_turns
from tests.support.ga_events import ga_event

GA_SESSION = upstream_turns.created()["session"]


@pytest.mark.parametrize(
    ("session", "dialect"),
    [
        (GA_SESSION, "ga"),
        ({"id": "sess", "output_modalities": ["audio"]}, "ga"),
        (foreign.beta_session(), "beta"),
        (foreign.voice_live_session(), "beta"),
        ({"id": "sess", "modalities": ["text"], "input_audio_format": "pcm16"}, "beta"),
        (foreign.xai_session(), "hybrid"),
        # xAI's `session.updated`: half flat, half nested.
        (foreign.xai_session(audio={"input": {}}, input_audio_format="not specified"), "hybrid"),
        # A server that only transcribes, and one that says nothing: taken for what most are.
        ({"id": "sess", "created": 1}, "ga"),
        ({}, "ga"),
    ],
)
def test_the_greeting_tells_the_dialect(session: dict[str, Any], dialect: str) -> None:
    assert dialect_of(session) == dialect


@pytest.mark.parametrize(
    "session",
    [
        foreign.beta_session(),
        foreign.beta_session(turn_detection=None, modalities=["text"]),
        foreign.beta_session(
            tools=[{"type": "function", "name": "lookup", "description": "d", "parameters": {}}],
            tool_choice={"type": "function", "function": {"name": "lookup"}},
        ),
        foreign.voice_live_session(),
        foreign.voice_live_session(
            turn_detection={"type": "azure_semantic_vad", "remove_filler_words": False}
        ),
        foreign.voice_live_session(input_audio_noise_reduction={"type": "azure_deep_noise_suppression"}),
        foreign.voice_live_session(output_audio_format="pcm16_16000hz"),
        foreign.xai_session(),
        foreign.xai_session(tools=[{"type": "function", "function": {"name": "lookup", "parameters": {}}}]),
        {"modalities": "nonsense", "tools": None, "voice": 7, "turn_detection": [], "audio": "loud"},
    ],
)
def test_a_flat_session_in_ga_s_shape_fits_the_ga_dialect(session: dict[str, Any]) -> None:
    frame = {"type": "session.updated", "event_id": "e", "session": in_ga(session)}
    ga_event(json.dumps(frame))


def test_what_a_flat_session_says_stands_in_ga_s_places() -> None:
    session = in_ga(
        foreign.beta_session(
            input_audio_transcription={"model": "whisper-1", "language": "de", "custom_speech": None},
            input_audio_noise_reduction={"type": "near_field"},
            speed=1.2,
            max_response_output_tokens=200,
        )
    )
    assert session["audio"]["input"] == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "transcription": {"model": "whisper-1", "language": "de"},
        "noise_reduction": {"type": "near_field"},
        "turn_detection": foreign.beta_session()["turn_detection"],
    }
    assert session["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "voice": "alloy",
        "speed": 1.2,
    }
    assert session["output_modalities"] == ["audio"]
    assert session["max_output_tokens"] == 200
    assert session["expires_at"] == 1765126464
    assert not {"temperature", "modalities", "client_secret"} & session.keys()


def test_turn_detection_without_a_type_is_push_to_talk() -> None:
    assert in_ga(foreign.xai_session())["audio"]["input"]["turn_detection"] is None


DETECTIONS: list[Any] = [
    None,
    {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500},
    {"type": "server_vad", "create_response": False, "interrupt_response": True},
]
OTHERS: list[Any] = [
    {},
    {"noise_reduction": {"type": "far_field"}},
    {"transcription": {"model": "whisper-1", "language": "pl"}},
]
VOICES: list[Any] = [{}, {"voice": "coral"}]


@pytest.mark.parametrize(
    ("detection", "more", "voice", "modality"),
    list(itertools.product(DETECTIONS, OTHERS, VOICES, ["audio", "text"])),
)
def test_what_is_asked_for_in_the_beta_dialect_comes_back_as_it_was_asked(
    detection: Any, more: dict[str, Any], voice: dict[str, Any], modality: str
) -> None:
    pcm = {"type": "audio/pcm", "rate": 24000}
    sound = {"input": {"format": pcm, "turn_detection": detection} | more, "output": {"format": pcm} | voice}
    asked = {"type": "realtime", "output_modalities": [modality], "instructions": "Be kind.", "audio": sound}
    for greeting in (foreign.beta_session(), foreign.voice_live_session()):
        said = beta.spoken({"type": "session.update", "session": asked}, greeting, "")
        assert said is not None
        back = in_ga(said["session"])
        assert {name: back[name] for name in asked} == asked


def test_what_is_asked_for_of_a_half_flat_session_comes_back_as_it_was_asked() -> None:
    pcm = {"type": "audio/pcm", "rate": 24000}
    hearing = {"format": pcm, "turn_detection": DETECTIONS[1], "transcription": {"model": "grok-transcribe"}}
    sound = {"input": hearing, "output": {"format": pcm, "voice": "eve"}}
    asked = {"type": "realtime", "instructions": "Be kind.", "audio": sound}
    said = hybrid.spoken({"type": "session.update", "session": asked}, foreign.xai_session(), "")
    assert said is not None
    back = in_ga(said["session"])
    assert {name: back[name] for name in asked} == asked
