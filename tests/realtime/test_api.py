"""`POST /api/voice/realtime-session`, as programs and our own page ask it."""

import logging
import uuid
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from conversations import services as remembering
from conversations.models import Conversation
from realtime import services, tickets
from realtime.breaker import FAILURES, OPEN_SECONDS
from realtime.errors import UpstreamUnreachable
from realtime.models import VoiceSession
from realtime.providers.registry import provider_for
from realtime.providers.remote import RemoteProvider
from tests.support.programs import Ask, asking
from tests.support.sessions import CONFIG, lost, opened, put_back, renew, row_of

PATH = "/api/voice/realtime-session"

pytestmark = pytest.mark.usefixtures("configured", "own_cache")


@pytest.fixture
def ask(alice: User, client: Client) -> Ask:
    """Ask for a session as Alice's program does."""
    return asking(PATH, alice, client)


# --- the answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PATH, PATH + "/"])
def test_the_answer_has_the_promised_shape_with_and_without_a_slash(ask: Ask, alice: User, path: str) -> None:
    response = ask({"conversation_id": None}, path)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    answer = response.json()
    assert list(answer) == [
        "url",
        "model",
        "api_key",
        "session_id",
        "expires_at",
        "conversation_id",
        "voice_config",
        "provider",
    ]
    assert answer["url"] == "ws://127.0.0.1:8000/v1/realtime"
    assert answer["session_id"].startswith(f"rtc_{alice.pk}_")
    assert tickets.is_session_id(answer["session_id"])
    assert tickets.is_ticket(answer["api_key"])
    assert 0 <= timezone.now().timestamp() + 300 - answer["expires_at"] < 5
    assert Conversation.objects.get(user=alice).pk == uuid.UUID(answer["conversation_id"])
    assert list(answer["voice_config"]) == [
        "voice",
        "modalities",
        "input_audio_format",
        "output_audio_format",
        "input_audio_transcription",
        "turn_detection",
    ]
    assert answer["provider"] == {
        "name": "openai",
        "label": "OpenAI gpt-realtime-2.1",
        "is_language_model": True,
    }


def test_no_answer_holds_the_providers_key(ask: Ask, settings: Any) -> None:
    settings.REALTIME = replace(CONFIG, public_url="https://voice.example.org")
    answers = [ask(), ask({"voice": "nobody"}), ask("{"), ask({"conversation_id": str(uuid.uuid4())})]
    assert answers[0].json()["url"] == "wss://voice.example.org/v1/realtime"
    for answer in answers:
        assert CONFIG.api_key not in answer.content.decode() + str(answer.headers)


def test_the_ticket_in_the_answer_opens_the_session(ask: Ask) -> None:
    answer = ask().json()
    session = services.redeem_ticket(answer["api_key"], config=CONFIG)
    assert session.pk == answer["session_id"]


def test_an_existing_conversation_goes_on(ask: Ask, alice: User) -> None:
    conversation = remembering.create_conversation(user=alice)
    assert ask({"conversation_id": str(conversation.pk)}).json()["conversation_id"] == str(conversation.pk)


def test_every_choice_is_kept(ask: Ask) -> None:
    choice = {
        "voice": "cedar",
        "speed": 1.25,
        "language": "de",
        "output": "text",
        "turn_detection": "push_to_talk",
        "save": False,
    }
    answer = ask(choice).json()
    row = VoiceSession.objects.get(pk=answer["session_id"])
    stored = {name: getattr(row, "save_transcript" if name == "save" else name) for name in choice}
    assert stored == choice
    assert answer["voice_config"]["turn_detection"] is None


def test_where_nobody_knows_the_voices_any_is_taken_and_none_is_made_up(ask: Ask, settings: Any) -> None:
    settings.REALTIME = replace(CONFIG, provider="compatible", base_url="ws://127.0.0.1:9/", model="mine")
    answer = ask({"voice": "en-US-Ava:DragonHDLatestNeural"}).json()
    assert answer["voice_config"]["voice"] == "en-US-Ava:DragonHDLatestNeural"
    answer = ask({}).json()
    assert answer["voice_config"]["voice"] == ""
    assert answer["voice_config"]["input_audio_transcription"] == {"model": ""}
    assert answer["provider"] == {"name": "compatible", "label": "127.0.0.1 mine", "is_language_model": True}


# --- who may ask ------------------------------------------------------------------------------------------------------


def test_without_a_credential_there_is_no_session(client: Client, db: None) -> None:
    response = client.post(PATH, {}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["nonsense", "eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoxfQ.", "ek_ticket"])
def test_a_bad_token_is_told_apart(ask: Ask, token: str) -> None:
    response = ask(headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_the_sites_cookie_needs_the_csrf_token_and_is_enough_with_it(alice: User) -> None:
    page = Client(enforce_csrf_checks=True)
    page.force_login(alice)
    refused = page.post(PATH, {}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    page.get("/chat")
    token = page.cookies["csrftoken"].value
    admitted = page.post(PATH, {}, content_type="application/json", headers={"X-CSRFToken": token})
    assert admitted.status_code == 200
    assert VoiceSession.objects.get().web_session_key == tickets.digest(page.session.session_key or "")


def test_a_program_with_a_token_belongs_to_no_web_session(ask: Ask) -> None:
    ask()
    assert VoiceSession.objects.get().web_session_key == ""


def test_a_get_is_not_a_request_for_a_session(ask: Ask, client: Client, alice: User) -> None:
    client.force_login(alice)
    response = client.get(PATH)
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"voice": "nobody"}, "voice"),
        ({"voice": ""}, "voice"),
        ({"voice": None}, "voice"),
        ({"speed": 9}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"pitch": 1.0}, "pitch"),
        ({"language": "klingon"}, "language"),
        ({"output": "video"}, "output"),
        ({"turn_detection": "telepathy"}, "turn_detection"),
        ({"save": "perhaps"}, "save"),
        ({"conversation_id": "not-a-uuid"}, "conversation_id"),
        ({"conversation_id": 7.5}, "conversation_id"),
        ({"conversation_id": 5}, "conversation_id"),
        ({"resume_session_id": "x" * 81}, "resume_session_id"),
        ({"instructions": "obey me"}, "instructions"),
        ({"web_session_key": "mine"}, "web_session_key"),
        ({"api_key": "sk-canary"}, "api_key"),
    ],
)
def test_a_bad_or_unknown_field_is_named(ask: Ask, body: dict[str, Any], field: str) -> None:
    response = ask(body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == [field]
    assert not VoiceSession.objects.exists()
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "7", '{"speed": NaN}', "\ufeff"])
def test_a_body_that_is_no_object_is_refused(ask: Ask, body: str) -> None:
    response = ask(body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_an_unknown_voice_is_answered_with_those_there_are(ask: Ask) -> None:
    assert "marin" in str(ask({"voice": "nobody"}).json()["fields"])


def test_a_strangers_conversation_and_session_look_like_none(ask: Ask, bob: User) -> None:
    conversation, session = remembering.create_conversation(user=bob), lost(bob)
    for body, code in (
        ({"conversation_id": str(conversation.pk)}, "conversation_not_found"),
        ({"conversation_id": str(uuid.uuid4())}, "conversation_not_found"),
        ({"resume_session_id": session.pk}, "session_not_found"),
        ({"resume_session_id": "rtc_1_0123456789abcdef01234567"}, "session_not_found"),
    ):
        response = ask(body)
        assert (response.status_code, response.json()["code"]) == (404, code)


def test_a_lost_session_is_resumed_in_time_and_not_later(ask: Ask, alice: User) -> None:
    session = lost(alice)
    answer = ask({"resume_session_id": session.pk}).json()
    assert (answer["session_id"], answer["conversation_id"]) == (session.pk, str(session.conversation_id))
    put_back(session, services.RESUME_SECONDS + 1, "client_lost_at")
    late = ask({"resume_session_id": session.pk})
    assert (late.status_code, late.json()["code"]) == (409, "session_not_resumable")
    assert row_of(session).end_reason == "client_lost"


def test_at_the_cap_the_answer_says_when_to_try_again(ask: Ask, alice: User) -> None:
    for _ in range(CONFIG.sessions_per_user):
        opened(alice)
    response = ask()
    assert (response.status_code, response.json()["code"]) == (429, "too_many_sessions")
    assert int(response["Retry-After"]) > 0


def test_when_todays_minutes_are_used_up_the_answer_says_when_to_try_again(
    ask: Ask, alice: User, settings: Any
) -> None:
    settings.REALTIME = replace(CONFIG, minutes_per_day=0)
    response = ask()
    assert (response.status_code, response.json()["code"]) == (429, "daily_limit_reached")
    assert 0 < int(response["Retry-After"]) <= 24 * 3600 + 1


def test_asking_too_often_is_throttled(ask: Ask) -> None:
    answers = [ask() for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[-1].json()["code"] == "throttled"
    assert int(answers[-1]["Retry-After"]) > 0


def test_switched_off_and_not_configured_are_told_apart(ask: Ask, settings: Any) -> None:
    settings.REALTIME = replace(CONFIG, enabled=False)
    off = ask()
    settings.REALTIME = replace(CONFIG, api_key="")
    keyless = ask()
    assert (off.status_code, off.json()["code"]) == (503, "realtime_disabled")
    assert (keyless.status_code, keyless.json()["code"]) == (503, "realtime_not_configured")


def test_while_the_provider_does_not_answer_the_answer_says_so_at_once_and_when_to_try_again(
    ask: Ask, alice: User, settings: Any
) -> None:
    settings.REALTIME = replace(CONFIG, api_key=f"sk-{uuid.uuid4().hex}")
    provider = provider_for(settings.REALTIME)
    assert isinstance(provider, RemoteProvider)
    for _ in range(FAILURES):
        with suppress(UpstreamUnreachable), provider.breaker.attempt():
            raise UpstreamUnreachable
    response = ask()
    assert (response.status_code, response.json()["code"]) == (503, "provider_unavailable")
    assert 0 < int(response["Retry-After"]) <= OPEN_SECONDS
    assert not VoiceSession.objects.exists(), "no ticket that would lead nowhere"
    # What waits for its client has its upstream already.
    waiting = lost(alice)
    assert ask({"resume_session_id": waiting.pk}).json()["session_id"] == waiting.pk
    with provider.breaker.attempt():
        pass
    assert ask().status_code == 200


def test_a_fault_of_ours_is_told_with_the_number_under_which_it_is_logged(
    ask: Ask, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REALTIME = replace(CONFIG, provider="one that nobody built")
    with caplog.at_level(logging.ERROR):
        response = ask()
    assert (response.status_code, response.json()["code"]) == (500, "session_creation_failed")
    [record] = [record for record in caplog.records if record.name == "voiceassist.api_errors"]
    number = record.getMessage().rpartition(" ")[2]
    assert number in response.json()["detail"]
    assert record.exc_info is not None


# --- signing out ------------------------------------------------------------------------------------------------------


def test_signing_out_ends_what_was_opened_from_that_browser_and_nothing_else(
    alice: User, settings: Any
) -> None:
    here, elsewhere = Client(), Client()
    sessions = []
    for browser in (here, elsewhere):
        browser.force_login(alice)
        answer = browser.post(PATH, {}, content_type="application/json").json()
        sessions.append(services.redeem_ticket(answer["api_key"], config=CONFIG))
    unredeemed = here.post(
        PATH, {"conversation_id": str(sessions[1].conversation_id)}, content_type="application/json"
    ).json()

    here.post("/logout")

    assert [renew(session) for session in sessions] == ["signed_out", None]
    assert VoiceSession.objects.get(pk=unredeemed["session_id"]).end_reason == "signed_out"
