"""The session as upstream is asked for it and as a client is shown it."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from realtime import errors
from realtime.protocol import refusals, session
from realtime.protocol.endings import ENDINGS, OVERSIZE, TOO_FAST, off_the_record
from realtime.protocol.events import Event
from realtime.protocol.policy import SessionChange
from tests.support.client_frames import complaint
from tests.support.ga_events import ga_event
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


def test_what_an_upstream_does_not_tell_of_its_session_is_shown_as_it_was_asked_for() -> None:
    bare = {"id": "sess_1", "model": None, "expires_at": 5}
    shown = session.shown(bare, setup_of(language="de"))
    ga_event(json.dumps({"type": "session.created", "event_id": "e", "session": shown}))
    assert (shown["model"], shown["output_modalities"]) == ("gpt-realtime-2.1", ["audio"])
    assert shown["audio"]["input"]["transcription"] == {"model": "gpt-transcribe", "language": "de"}
    assert shown["audio"]["input"]["turn_detection"]["type"] == "server_vad"
    assert shown["audio"]["output"]["voice"] == "marin"
    assert shown["instructions"] == ""


def test_a_server_of_which_no_voice_and_no_transcriber_are_known_is_asked_for_none() -> None:
    asked = session.configuration(setup_of(voice="", transcription_model="", language="de"), "va_1")
    assert complaint(json.dumps(asked)) == ""
    assert "voice" not in asked["session"]["audio"]["output"]
    assert asked["session"]["audio"]["input"]["transcription"] == {"language": "de"}
    change = SessionChange(language="fr")
    update = session.update(change, setup_of(transcription_model=""), None)
    assert update["session"]["audio"]["input"]["transcription"] == {"language": "fr"}


@pytest.mark.parametrize(
    ("detection", "milliseconds"),
    [
        ({"type": "server_vad"}, 700),
        ({"type": "server_vad", "silence_duration_ms": 200}, 400),
        ({"type": "server_vad", "silence_duration_ms": 10**9}, 10_200),
        ({"type": "semantic_vad"}, 4_200),
        ({"type": "semantic_vad", "eagerness": "low"}, 8_200),
        ({"type": "semantic_vad", "eagerness": "odd"}, 4_200),
    ],
)
def test_silence_is_as_long_as_upstream_waits_for_somebody_to_go_on(
    detection: Event, milliseconds: int
) -> None:
    silence = session.closing_silence({"audio": {"input": {"turn_detection": detection}}})
    assert silence == bytes(milliseconds * 48)


def test_promises_that_are_not_kept_are_not_made() -> None:
    endings = [ending.detail for ending in (*ENDINGS.values(), OVERSIZE, TOO_FAST)]
    classes = [
        kind.detail for _, kind in inspect.getmembers(errors, inspect.isclass) if hasattr(kind, "detail")
    ]
    refused = [each.detail for each in vars(refusals).values() if isinstance(each, refusals.Refusal)]
    assert all(any("kept" in detail for detail in told) for told in (endings, classes, refused)), (
        "kept elsewhere"
    )
    for detail in (*endings, *classes, *refused):
        told = off_the_record(detail)
        assert "kept" not in told, detail
        assert not detail or re.fullmatch(r"[A-Z`].*[^ ,;]\.", told), detail
    assert off_the_record("It failed. What was said so far is kept; try again.") == "It failed. Try again."
    assert off_the_record("It failed. What was said so far is kept.") == "It failed."
    assert off_the_record("Try again; what was said is kept.") == "Try again."
    assert off_the_record("Connect again; the conversation is kept.") == "Connect again."
    assert off_the_record("It broke. The conversation is kept; try again.") == "It broke. Try again."


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
