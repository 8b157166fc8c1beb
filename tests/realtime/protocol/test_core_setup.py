"""RealtimeProtocol: from the greeting to a session that is ready."""

import json
from typing import Any

import pytest

from realtime.errors import EngineBusy, SpeechUnavailable, UpstreamRefused, UpstreamUnreachable
from realtime.protocol.core import SETUP_SECONDS, Phase
from realtime.protocol.effects import End, FrameToClient, MalformedFromUpstream, Ready, ToUpstream
from tests.support import upstream_turns as turns
from tests.support.client_frames import complaint
from tests.support.protocol_session import ProtocolSession, events_to_client, updated

KEY_TAIL = "Incorrect API key provided: tail-canary. See account org-canary."


def _session(**setup: Any) -> ProtocolSession:
    return ProtocolSession(greeted=False, **setup)


def test_upstreams_greeting_is_answered_with_a_valid_configuration_of_the_whole_session() -> None:
    session = _session()
    (effect,) = session.upstream(turns.created())
    assert isinstance(effect, ToUpstream)
    assert effect.event["type"] == "session.update"
    assert complaint(json.dumps(effect.event)) == ""


def test_nothing_is_sent_before_upstream_greets() -> None:
    session = _session()
    assert session.upstream(turns.event("ping"), turns.event("conversation.created"), updated()) == []
    assert session.core.phase is Phase.GREETING


def test_a_session_is_ready_when_upstream_accepts_the_configuration() -> None:
    session = _session()
    session.upstream(turns.created())
    effects = session.upstream(updated())
    assert Ready() in effects
    assert [event["type"] for event in events_to_client(effects)] == ["session.created"]


def test_a_client_is_shown_the_session_under_our_id_and_without_the_instructions() -> None:
    session = _session()
    session.upstream(
        turns.created(), updated(instructions="the secret persona", tools=[{"type": "function"}])
    )
    (created,) = session.told_client("session.created")
    assert created["session"]["id"] == "rtc_7_example"
    assert (created["session"]["instructions"], created["session"]["tools"]) == ("", [])
    assert created["event_id"]


def test_a_client_that_knows_our_events_is_told_about_the_session() -> None:
    session = _session(announces=True, voice_problem="There is no voice here.", save=False)
    session.upstream(turns.created(), updated())
    (told,) = session.told_client("voiceassist.session")
    assert told["session_id"] == "rtc_7_example"
    assert told["conversation_id"] == "5f0e6c36-60b8-4bd0-8ea4-0d6f8f3f4c11"
    assert told["provider"] == {
        "name": "openai",
        "label": "OpenAI gpt-realtime-2.1",
        "is_language_model": True,
    }
    assert (told["save"], told["voice_problem"]) == (False, "There is no voice here.")
    assert told["limits"] == {"idle_seconds": 600.0, "binary_frame_bytes": 65536}


def test_a_plain_client_is_told_nothing_that_is_not_in_the_realtime_api() -> None:
    session = _session()
    session.upstream(turns.created(), updated())
    session.client("not JSON")
    session.does(session.core.end("idle", session.now))
    assert not [event for event in session.told_client() if event["type"].startswith("voiceassist.")]


@pytest.mark.parametrize("when", ["greeting", "configuring"])
def test_a_wrong_key_is_told_in_our_words_and_nothing_of_upstreams_gets_through(when: str) -> None:
    session = _session(announces=True)
    if when == "configuring":
        session.upstream(turns.created())
    session.upstream(turns.error("invalid_api_key", KEY_TAIL))
    session.does(session.core.upstream_closed(3000, "invalid_request_error.invalid_api_key", session.now))
    assert session.end == End("provider_auth", 4502)
    assert session.errors() == ["provider_auth"]
    (ended,) = session.told_client("voiceassist.ended")
    assert (ended["reason"], ended["retryable"]) == ("provider_auth", False)
    assert "canary" not in repr(session.effects)


def test_a_key_refused_by_the_close_alone_is_told_as_well() -> None:
    session = _session()
    session.does(session.core.upstream_closed(3000, "invalid_request_error.invalid_api_key", session.now))
    assert session.end == End("provider_auth", 4502)


def test_a_configuration_that_upstream_does_not_take_ends_the_session_for_good() -> None:
    session = _session(announces=True)
    session.upstream(
        turns.created(), turns.error("unknown_parameter", "Unknown parameter: 'session.canary'.")
    )
    assert session.end == End("provider_failed", 4502)
    (ended,) = session.told_client("voiceassist.ended")
    assert ended["retryable"] is False, "trying again would fail again"
    assert "canary" not in repr(session.effects)


@pytest.mark.parametrize(
    "frames", [[], [turns.created()]], ids=["no greeting", "no answer to the configuration"]
)
def test_an_upstream_that_stays_silent_is_given_up(frames: list[turns.Event]) -> None:
    session = _session()
    session.upstream(*frames)
    assert session.core.deadline() == session.now + SETUP_SECONDS
    assert session.later(SETUP_SECONDS - 0.01) == []
    session.later(0.02)
    assert session.end == End("provider_silent", 4504)
    assert session.core.deadline() is None


def test_upstream_has_no_more_time_after_it_greeted() -> None:
    session = _session()
    session.later(SETUP_SECONDS - 1)
    session.upstream(turns.created())
    session.later(1)
    assert session.end == End("provider_silent", 4504)


@pytest.mark.parametrize(
    ("error", "end", "told"),
    [
        (
            UpstreamUnreachable(),
            End("provider_failed", 4502),
            {"code": "provider_unreachable", "retryable": True},
        ),
        (
            EngineBusy(),
            End("engine_busy", 4503),
            {"code": "engine_busy", "retryable": True, "retry_after": 15},
        ),
        (
            UpstreamRefused("provider_auth", "The key is wrong.", "provider_auth"),
            End("provider_auth", 4502),
            {"code": "provider_auth", "retryable": False, "detail": "The key is wrong."},
        ),
    ],
    ids=["unreachable", "busy", "refused"],
)
def test_an_upstream_that_cannot_be_had_ends_the_session_in_its_own_words(
    error: Any, end: End, told: Any
) -> None:
    session = _session(announces=True)
    session.does(session.core.failed(error, session.now))
    assert session.end == end
    assert session.errors() == [error.code]
    (ended,) = session.told_client("voiceassist.ended")
    assert told.items() <= ended.items()


def test_a_frame_that_is_no_event_is_no_reason_to_end() -> None:
    session = _session()
    assert session.upstream("no JSON", "[]", '{"no": "type"}') == [MalformedFromUpstream()] * 3
    session.upstream(turns.created(), updated())
    assert session.core.phase is Phase.READY
    assert session.upstream("no JSON") == [MalformedFromUpstream()]


def test_an_upstream_that_greets_again_is_not_configured_again() -> None:
    session = ProtocolSession()
    assert session.upstream(turns.created()) == []
    assert not [effect for effect in session.effects if isinstance(effect, FrameToClient)]


def test_a_server_that_cannot_speak_at_all_says_what_is_missing_and_the_session_goes_on() -> None:
    session = _session(voice_problem="There is no recogniser here. You can type instead.")
    session.upstream(turns.created(), updated(), turns.error("speech_unavailable", "canary"))
    (told,) = session.told_client("error")
    assert told["error"]["code"] == "speech_unavailable"
    assert told["error"]["message"] == "There is no recogniser here. You can type instead."
    assert session.end is None


def test_a_server_whose_speech_breaks_down_says_so() -> None:
    session = _session()
    session.upstream(turns.created(), updated(), turns.error("speech_unavailable", "canary"))
    assert session.told_client("error")[0]["error"]["message"] == SpeechUnavailable.detail
