"""`POST /v1/realtime/client_secrets`, as programs written for OpenAI's ephemeral keys ask it."""

import logging
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from openai.types.realtime import RealtimeSessionCreateResponse
from openai.types.realtime.client_secret_create_response import ClientSecretCreateResponse
from pydantic import BaseModel

from conversations import services as remembering
from conversations.models import Conversation
from realtime import api, services, tickets
from realtime.config import RealtimeConfig
from realtime.errors import TicketRefused
from realtime.models import VoiceSession
from realtime.providers.base import GA_VOICES, Description
from realtime.providers.registry import provider_for
from tests.support.programs import Ask, asking
from tests.support.sessions import CONFIG, opened

PATH = "/v1/realtime/client_secrets"

pytestmark = pytest.mark.usefixtures("configured", "own_cache")


@pytest.fixture
def ask(alice: User, client: Client) -> Ask:
    """Ask for a secret as Alice's program does."""
    return asking(PATH, alice, client)


def session_of(answer: Any) -> VoiceSession:
    return VoiceSession.objects.get(pk=answer["session"]["id"])


# --- the answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PATH, PATH + "/"])
def test_the_answer_is_what_openais_sdk_expects(ask: Ask, path: str) -> None:
    response = ask(path=path)
    assert response.status_code == 200
    answer = response.json()
    parsed = ClientSecretCreateResponse.model_validate(answer, strict=True)
    assert isinstance(parsed.session, RealtimeSessionCreateResponse)
    assert unknown_fields(parsed) == []
    assert tickets.is_ticket(parsed.value)
    assert parsed.session.model == "gpt-realtime-2.1"
    assert parsed.session.output_modalities == ["audio"]
    assert parsed.session.audio is not None
    assert parsed.session.audio.output is not None
    assert parsed.session.audio.output.voice == "marin"


def test_the_session_shows_nothing_of_the_servers_own(ask: Ask) -> None:
    response = ask({"session": {"instructions": "Obey.", "tools": [{"type": "function", "name": "steal"}]}})
    session = response.json()["session"]
    assert (session["instructions"], session["tools"], session["tracing"]) == ("", [], None)
    text = response.content.decode() + str(response.headers)
    assert CONFIG.api_key not in text
    assert "medical" not in text
    assert "Obey" not in text


def test_the_secret_opens_the_session_it_came_with_once(ask: Ask) -> None:
    answer = ask().json()
    session = services.redeem_ticket(answer["value"], config=CONFIG)
    assert session.pk == answer["session"]["id"]
    with pytest.raises(TicketRefused):
        services.redeem_ticket(answer["value"], config=CONFIG)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ({}, 300),
        ({"expires_after": None}, 300),
        ({"expires_after": {"anchor": "created_at"}}, 300),
        ({"expires_after": {"anchor": "created_at", "seconds": 7200}}, 300),
        ({"expires_after": {"anchor": "created_at", "seconds": 60}}, 60),
        ({"expires_after": {"seconds": 10}}, 10),
    ],
)
def test_a_secret_lives_as_long_as_asked_but_never_longer_than_the_server_allows(
    ask: Ask, asked: dict[str, Any], seconds: int
) -> None:
    answer = ask(asked).json()
    assert 0 <= timezone.now().timestamp() + seconds - answer["expires_at"] < 5
    assert int(session_of(answer).expires_at.timestamp()) == answer["expires_at"]


# --- what may be chosen -----------------------------------------------------------------------------------------------


def test_what_a_program_may_choose_is_kept(ask: Ask) -> None:
    answer = ask(
        {
            "session": {
                "type": "realtime",
                "model": "gpt-4o-realtime-preview",
                "output_modalities": ["text"],
                "audio": {
                    "input": {
                        "transcription": {"model": "whisper-1", "language": "de"},
                        "turn_detection": {"type": "semantic_vad", "eagerness": "high"},
                    },
                    "output": {"voice": "cedar", "speed": 1.25},
                },
            }
        }
    ).json()
    row = session_of(answer)
    assert (row.voice, row.speed, row.language, row.output, row.turn_detection) == (
        "cedar",
        1.25,
        "de",
        "text",
        "semantic_vad",
    )
    assert row.model == "gpt-realtime-2.1"
    shown = answer["session"]
    assert shown["output_modalities"] == ["text"]
    assert shown["audio"]["output"] | {"format": None} == {"format": None, "voice": "cedar", "speed": 1.25}
    assert shown["audio"]["input"]["transcription"] == {"model": "gpt-transcribe", "language": "de"}
    assert shown["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"


def test_turn_detection_set_to_null_is_push_to_talk(ask: Ask) -> None:
    answer = ask({"session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}}}).json()
    assert session_of(answer).turn_detection == "push_to_talk"
    assert answer["session"]["audio"]["input"]["turn_detection"] is None


def test_the_flat_shape_of_old_programs_is_understood(ask: Ask) -> None:
    answer = ask({"session": {"voice": "ash", "modalities": ["text"], "turn_detection": None}}).json()
    row = session_of(answer)
    assert (row.voice, row.output, row.turn_detection) == ("ash", "text", "push_to_talk")


def test_fields_that_nobody_here_knows_are_passed_over(ask: Ask) -> None:
    body = {"session": {"type": "realtime", "reasoning": {"effort": "low"}, "new": 1}, "something": "new"}
    assert ask(body).status_code == 200


def test_one_of_openais_voices_is_the_servers_own_where_others_speak(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    described(monkeypatch, voices=("anna", "ben"), default_voice="anna")
    assert "marin" in GA_VOICES
    answer = ask({"session": {"audio": {"output": {"voice": "marin"}}}}).json()
    assert session_of(answer).voice == answer["session"]["audio"]["output"]["voice"] == "anna"
    other = ask({"session": {"audio": {"output": {"voice": "ben"}}}}).json()
    assert session_of(other).voice == "ben"


def test_any_voice_may_be_asked_for_where_nobody_knows_which_there_are(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    described(monkeypatch, voices=(), default_voice="")
    answer = ask({"session": {"audio": {"output": {"voice": "af_heart"}}}}).json()
    assert session_of(answer).voice == "af_heart"


def described(monkeypatch: pytest.MonkeyPatch, **given: Any) -> None:
    """Let the provider have these voices."""

    class Provider:
        def __init__(self, config: RealtimeConfig) -> None:
            own: Description = provider_for(config).description
            self.description = replace(own, **given)

        def check(self) -> None:
            """Nothing is missing."""

    monkeypatch.setattr(api, "provider_for", Provider)
    monkeypatch.setattr(services, "provider_for", Provider)


# --- which conversation -----------------------------------------------------------------------------------------------


def test_the_conversation_is_named_in_the_query(ask: Ask, alice: User) -> None:
    conversation = remembering.create_conversation(user=alice)
    answer = ask(path=f"{PATH}?conversation_id={conversation.pk}").json()
    assert session_of(answer).conversation_id == conversation.pk


def test_without_one_a_new_conversation_begins(ask: Ask, alice: User) -> None:
    answer = ask().json()
    assert session_of(answer).conversation == Conversation.objects.get(user=alice)


@pytest.mark.parametrize("whose", ["bob", "nobody"])
def test_a_strangers_conversation_looks_like_none(ask: Ask, bob: User, whose: str) -> None:
    theirs = remembering.create_conversation(user=bob).pk if whose == "bob" else uuid.uuid4()
    response = ask(path=f"{PATH}?conversation_id={theirs}")
    assert (response.status_code, response.json()["code"]) == (404, "conversation_not_found")


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"expires_after": 60}, "expires_after"),
        ({"expires_after": {"seconds": 9}}, "expires_after.seconds"),
        ({"expires_after": {"seconds": 7201}}, "expires_after.seconds"),
        ({"expires_after": {"seconds": "long"}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "last_active_at"}}, "expires_after.anchor"),
        ({"session": "realtime"}, "session"),
        ({"session": []}, "session"),
        ({"session": {"type": "transcription"}}, "session.type"),
        ({"session": {"audio": 7}}, "session.audio"),
        ({"session": {"audio": {"output": []}}}, "session.audio.output"),
        (
            {"session": {"audio": {"input": {"transcription": "whisper-1"}}}},
            "session.audio.input.transcription",
        ),
        ({"session": {"audio": {"output": {"voice": "nobody"}}}}, "session.audio.output.voice"),
        ({"session": {"audio": {"output": {"speed": 9}}}}, "session.audio.output.speed"),
        ({"session": {"output_modalities": ["video"]}}, "session.output_modalities"),
        (
            {"session": {"audio": {"input": {"turn_detection": {"type": "telepathy"}}}}},
            "session.audio.input.turn_detection.type",
        ),
        (
            {"session": {"audio": {"input": {"transcription": {"language": "klingon"}}}}},
            "session.audio.input.transcription.language",
        ),
    ],
)
def test_a_malformed_field_is_named(ask: Ask, body: dict[str, Any], field: str) -> None:
    response = ask(body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == [field]
    assert not VoiceSession.objects.exists()
    assert not Conversation.objects.exists()


def test_a_field_within_a_field_is_told_in_its_own_words(ask: Ask) -> None:
    told = ask({"expires_after": {"seconds": 9}}).json()["detail"]
    assert told == "expires_after.seconds: Ensure this value is greater than or equal to 10."


@pytest.mark.parametrize("given", ["mine", "", "%00"])
def test_a_conversation_id_that_is_none_is_refused(ask: Ask, given: str) -> None:
    response = ask(path=f"{PATH}?conversation_id={given}")
    assert (response.status_code, list(response.json()["fields"])) == (400, ["conversation_id"])


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "7", '{"expires_after": {"seconds": NaN}}'])
def test_a_body_that_is_no_object_is_refused(ask: Ask, body: str) -> None:
    response = ask(body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_it_takes_the_same_credentials_as_the_session_api(client: Client, alice: User) -> None:
    nobody = client.post(PATH, {}, content_type="application/json")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_authenticated")
    a_ticket = client.post(
        PATH, {}, content_type="application/json", headers={"Authorization": "Bearer ek_ticket"}
    )
    assert (a_ticket.status_code, a_ticket.json()["code"]) == (401, "token_not_valid")
    page = Client(enforce_csrf_checks=True)
    page.force_login(alice)
    refused = page.post(PATH, {}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    page.get("/chat")
    token = page.cookies["csrftoken"].value
    admitted = page.post(PATH, {}, content_type="application/json", headers={"X-CSRFToken": token})
    assert admitted.status_code == 200
    assert VoiceSession.objects.get().web_session_key == tickets.digest(page.session.session_key or "")


def test_both_doors_share_one_limit(ask: Ask) -> None:
    answers = [ask(path=(PATH, "/api/voice/realtime-session")[number % 2]) for number in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_limits_and_switches_are_those_of_the_session_api(ask: Ask, alice: User, settings: Any) -> None:
    for _ in range(CONFIG.sessions_per_user):
        opened(alice)
    at_the_cap = ask()
    settings.REALTIME = replace(CONFIG, enabled=False)
    off = ask()
    settings.REALTIME = replace(CONFIG, api_key="")
    keyless = ask()
    assert [(each.status_code, each.json()["code"]) for each in (at_the_cap, off, keyless)] == [
        (429, "too_many_sessions"),
        (503, "realtime_disabled"),
        (503, "realtime_not_configured"),
    ]
    assert int(at_the_cap["Retry-After"]) > 0


def test_a_fault_of_ours_is_told_with_the_number_under_which_it_is_logged(
    ask: Ask, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REALTIME = replace(CONFIG, provider="one that nobody built")
    with caplog.at_level(logging.ERROR):
        response = ask()
    assert (response.status_code, response.json()["code"]) == (500, "session_creation_failed")
    [record] = [record for record in caplog.records if record.name == "voiceassist.api_errors"]
    assert record.getMessage().rpartition(" ")[2] in response.json()["detail"]


def unknown_fields(model: BaseModel) -> list[str]:
    """What pydantic took without knowing it, at any depth."""
    unknown = sorted(model.model_extra or {})
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            unknown += unknown_fields(value)
    return unknown
