"""The session as upstream is asked for it and as a client is shown it."""

import json
from pathlib import Path
from typing import Any

import pytest

from realtime.protocol import session
from realtime.protocol.endings import ENDINGS, OVERSIZE, TOO_FAST
from realtime.protocol.events import Event
from realtime.protocol.policy import SessionChange
from tests.support.client_frames import complaint
from tests.support.protocol_session import setup_of

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"output": "text"},
        {"turn_detection": "semantic_vad"},
        {"turn_detection": "push_to_talk"},
        {"language": "de", "speed": 1.5, "voice": "cedar", "instructions": ""},
    ],
)
def test_the_first_update_is_one_that_the_realtime_api_takes_whole(given: Event) -> None:
    assert complaint(json.dumps(session.configuration(setup_of(**given), "va_1"))) == ""


def test_the_first_update_asks_for_all_that_the_setup_says() -> None:
    asked = session.configuration(setup_of(language="de", speed=1.25, instructions="Be kind."), "va_1")[
        "session"
    ]
    assert asked["type"] == "realtime"
    assert asked["instructions"] == "Be kind."
    assert asked["output_modalities"] == ["audio"]
    assert asked["audio"]["input"]["transcription"] == {"model": "gpt-transcribe", "language": "de"}
    assert asked["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "voice": "marin",
        "speed": 1.25,
    }


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("push_to_talk", None),
        ("semantic_vad", {"type": "semantic_vad", "create_response": True, "interrupt_response": True}),
        (
            "server_vad",
            {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "create_response": True,
                "interrupt_response": True,
            },
        ),
    ],
)
def test_turn_detection_is_always_asked_for_whole(mode: str, expected: Event | None) -> None:
    asked = session.configuration(setup_of(turn_detection=mode), "va_1")["session"]
    assert asked["audio"]["input"]["turn_detection"] == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (SessionChange(voice="ash"), {"audio": {"output": {"voice": "ash"}}}),
        (SessionChange(speed=1.5), {"audio": {"output": {"speed": 1.5}}}),
        (SessionChange(output_modalities=["text"]), {"output_modalities": ["text"]}),
        (SessionChange(clears=frozenset({"turn_detection"})), {"audio": {"input": {"turn_detection": None}}}),
        (
            SessionChange(clears=frozenset({"noise_reduction"})),
            {"audio": {"input": {"noise_reduction": None}}},
        ),
        (
            SessionChange(noise_reduction={"type": "near_field"}),
            {"audio": {"input": {"noise_reduction": {"type": "near_field"}}}},
        ),
        (
            SessionChange(language="fr"),
            {"audio": {"input": {"transcription": {"model": "gpt-transcribe", "language": "fr"}}}},
        ),
    ],
)
def test_an_update_holds_what_changed_and_nothing_else(change: SessionChange, expected: Event) -> None:
    update = session.update(change, setup_of(language="de"), "mine")
    assert update == {
        "type": "session.update",
        "event_id": "mine",
        "session": {"type": "realtime"} | expected,
    }
    assert complaint(json.dumps(update)) == ""


def test_a_client_sees_upstreams_session_under_our_id_without_what_is_ours() -> None:
    recorded = [
        json.loads(line)["event"] for line in (TRACES / "openai-tool-call.jsonl").read_text().splitlines()
    ]
    upstream = next(event["session"] for event in recorded if event["type"] == "session.updated")
    assert upstream["tools"] and upstream["instructions"]
    shown = session.shown(upstream, setup_of())
    assert shown["id"] == "rtc_7_example"
    assert (shown["instructions"], shown["tools"], shown["prompt"], shown["tracing"]) == ("", [], None, None)
    assert shown["tool_choice"] == "auto"
    assert (shown["model"], shown["audio"]) == (upstream["model"], upstream["audio"])


@pytest.mark.parametrize(
    ("detection", "interrupts"),
    [
        ({"type": "server_vad", "interrupt_response": True}, True),
        ({"type": "semantic_vad"}, True),
        ({"type": "server_vad", "interrupt_response": False}, False),
        (None, False),
        ("x", False),
    ],
)
def test_speech_interrupts_where_upstream_says_so(detection: Any, interrupts: bool) -> None:
    assert session.interrupts({"audio": {"input": {"turn_detection": detection}}}) is interrupts


def test_push_to_talk_is_turn_detection_that_upstream_says_is_off() -> None:
    assert session.is_push_to_talk({"audio": {"input": {"turn_detection": None}}})
    assert not session.is_push_to_talk({"audio": {"input": {"turn_detection": {"type": "server_vad"}}}})
    assert not session.is_push_to_talk({"audio": {"input": {}}})
    assert not session.is_push_to_talk({})


def test_every_end_is_told_with_a_code_of_the_contract_and_a_sentence() -> None:
    of_the_contract = {1000, 1001, 1009, 4400, 4403, 4404, 4408, 4409, 4429, 4500, 4502, 4503, 4504}
    for reason, ending in ENDINGS.items():
        assert ending.reason == reason
        assert ending.close_code in of_the_contract
        assert ending.detail.endswith(".")
    assert (OVERSIZE.close_code, TOO_FAST.close_code) == (1009, 4429)


@pytest.mark.parametrize(
    ("reason", "close_code"),
    [
        ("draining", 1001),
        ("protocol_error", 4400),
        ("signed_out", 4403),
        ("conversation_deleted", 4404),
        ("slow_client", 4408),
        ("replaced", 4409),
        ("daily_limit", 4429),
        ("internal", 4500),
        ("provider_failed", 4502),
        ("provider_auth", 4502),
        ("engine_busy", 4503),
        ("provider_silent", 4504),
    ],
)
def test_an_end_closes_with_its_own_code(reason: Any, close_code: int) -> None:
    assert next(ending for name, ending in ENDINGS.items() if name == reason).close_code == close_code
