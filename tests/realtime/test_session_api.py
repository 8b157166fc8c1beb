"""A person's own sessions over REST: listed, looked at, rated, ended; and what may be chosen for the next one."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from conversations import services as remembering
from realtime import services
from realtime.models import VoiceSession
from tests.support.overtaking import overtaken
from tests.support.sessions import CONFIG, issue, lost, opened, put_back, renew, row_of

pytestmark = pytest.mark.django_db

ALL = "/api/voice/sessions/"
OPTIONS = "/api/voice/options"
UNKNOWN = "rtc_1_0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.REALTIME = replace(CONFIG, sessions_per_user=10)


def _one(session: VoiceSession | str, slash: str = "/") -> str:
    return f"{ALL}{session if isinstance(session, str) else session.pk}{slash}"


def _ids(response: Any) -> list[str]:
    return [row["id"] for row in response.json()["results"]]


# --- looking ----------------------------------------------------------------------------------------------------------


def test_a_session_is_shown_as_agreed(alices: APIClient, alice: User) -> None:
    session = opened(alice, language="de", save=False)
    put_back(session, 90.04, "started_at")
    services.end_session(session=session, reason="idle")
    VoiceSession.objects.update(usage={"total_tokens": 12}, cost_usd=0.25, first_audio_ms=640, rating="bad")
    row = row_of(session)
    shown = alices.get(_one(session)).json()
    assert 90 <= shown.pop("duration") < 95
    for name in ("created_at", "started_at", "ended_at"):
        assert shown.pop(name) == getattr(row, name).isoformat().replace("+00:00", "Z")
    assert shown == {
        "id": session.pk,
        "conversation_id": str(session.conversation_id),
        "state": "ended",
        "end_reason": "idle",
        "provider": "openai",
        "model": "gpt-realtime-2.1",
        "voice": "marin",
        "language": "de",
        "output": "audio",
        "turn_detection": "server_vad",
        "saved": False,
        "usage": {"total_tokens": 12},
        "estimated_cost": 0.25,
        "first_audio_ms": 640,
        "rating": "bad",
    }


def test_what_is_not_known_yet_is_null(alices: APIClient, alice: User) -> None:
    shown = alices.get(_one(issue(alice).session)).json()
    unknown = (
        "started_at",
        "ended_at",
        "end_reason",
        "duration",
        "estimated_cost",
        "first_audio_ms",
        "rating",
    )
    assert {shown[name] for name in unknown} == {None}
    assert (shown["state"], shown["usage"], shown["saved"]) == ("issued", {}, True)


def test_the_conversation_of_a_session_is_null_once_it_is_deleted(alices: APIClient, alice: User) -> None:
    session = opened(alice)
    conversation = session.conversation
    assert conversation is not None
    remembering.delete_conversation(conversation=conversation)
    assert alices.get(_one(session)).json()["conversation_id"] is None


def test_no_answer_holds_a_ticket_or_what_is_kept_of_one(alices: APIClient, alice: User) -> None:
    issued = issue(alice)
    for url in (ALL, _one(issued.session)):
        text = alices.get(url).content.decode()
        assert issued.ticket.secret not in text
        assert issued.ticket.digest not in text


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_route_answers_with_and_without_its_slash(alices: APIClient, alice: User, slash: str) -> None:
    session = opened(alice)
    for url in (f"{ALL.rstrip('/')}{slash}", _one(session, slash), f"{OPTIONS}{slash}"):
        response = alices.get(url)
        assert response.status_code == 200, url
        again = alices.get(url, headers={"If-None-Match": response["ETag"]})
        if "options" in url:
            assert (again.status_code, again.content) == (304, b"")
        assert alices.head(url).status_code == 200


# --- listing ----------------------------------------------------------------------------------------------------------


def test_ones_own_are_listed_the_latest_first_page_by_page(alices: APIClient, alice: User, bob: User) -> None:
    made = [issue(alice).session.pk for _ in range(5)]
    opened(bob)
    url: str | None = f"{ALL}?page_size=2"
    met: list[str] = []
    while url:
        page = alices.get(url)
        met += _ids(page)
        url = page.json()["next"]
    assert met == made[::-1]


def test_they_are_picked_by_state_and_by_conversation(alices: APIClient, alice: User) -> None:
    live, waiting, ticket = opened(alice), lost(alice), issue(alice).session
    assert _ids(alices.get(f"{ALL}?state=live")) == [live.pk]
    assert _ids(alices.get(f"{ALL}?state=waiting")) == [waiting.pk]
    assert _ids(alices.get(f"{ALL}?conversation_id={ticket.conversation_id}")) == [ticket.pk]
    assert _ids(alices.get(f"{ALL}?conversation_id={ticket.conversation_id}&state=live")) == []


def test_a_strangers_conversation_picks_nothing(bobs: APIClient, alice: User) -> None:
    session = opened(alice)
    assert _ids(bobs.get(f"{ALL}?conversation_id={session.conversation_id}")) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=asleep", "state"),
        ("state=", "state"),
        ("conversation_id=mine", "conversation_id"),
        ("conversation_id=%00", "conversation_id"),
        ("page_size=abc", "page_size"),
        ("cursor=%C3%A9", "cursor"),
        ("cursor=cD0w", "cursor"),
    ],
)
def test_a_query_that_cannot_be_is_refused_by_name(alices: APIClient, query: str, field: str) -> None:
    response = alices.get(f"{ALL}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == [field]


def test_a_list_takes_as_many_queries_for_many_as_for_one(
    alices: APIClient, alice: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        issue(alice)
    with django_assert_max_num_queries(2):
        assert len(_ids(alices.get(ALL))) == 20


# --- whose it is not --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_a_strangers_an_unknown_and_a_malformed_one_look_the_same(
    alices: APIClient, bobs: APIClient, alice: User, method: str
) -> None:
    session = opened(alice)
    answers = {
        getattr(client, method)(_one(key), {"rating": "bad"}, format="json").content
        for client, key in (
            (bobs, session.pk),
            (alices, UNKNOWN),
            (alices, "mine"),
            (alices, "rtc_%00_0123456789abcdef01234567"),
            (alices, str(uuid.uuid4())),
            (alices, "x" * 500),
        )
    }
    assert len(answers) == 1
    assert b'"session_not_found"' in answers.pop()
    row = row_of(session)
    assert (row.state, row.rating, row.end_requested_at) == ("live", "", None)


def test_nobody_is_served_without_signing_in(client: Client) -> None:
    for url in (ALL, _one(UNKNOWN), OPTIONS):
        response = client.get(url)
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


# --- rating -----------------------------------------------------------------------------------------------------------


def test_a_rating_is_given_changed_and_taken_back(alices: APIClient, alice: User) -> None:
    session = opened(alice)
    for rating in ("good", "bad", None):
        response = alices.patch(_one(session), {"rating": rating}, format="json")
        assert (response.status_code, response.json()["rating"]) == (200, rating)
        assert row_of(session).rating == (rating or "")
    alices.patch(_one(session), {"rating": "good"}, format="json")
    assert alices.patch(_one(session), {}, format="json").json()["rating"] == "good"


@pytest.mark.django_db(transaction=True)
def test_a_session_that_is_erased_while_it_is_rated_is_not_there(alice: User) -> None:
    session = opened(alice)
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(alice)
    answer = overtaken(
        VoiceSession.objects.all().delete,
        lambda: client.patch(_one(session), {"rating": "good"}, format="json"),
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rating": "great"}, "rating"),
        ({"rating": ""}, "rating"),
        ({"rating": 1}, "rating"),
        ({"rating": ["good"]}, "rating"),
        ({"state": "ended"}, "state"),
        ({"rating": "good", "usage": {}}, "usage"),
    ],
)
def test_anything_else_is_refused_by_name(
    alices: APIClient, alice: User, body: dict[str, Any], field: str
) -> None:
    session = opened(alice)
    response = alices.patch(_one(session), body, format="json")
    assert (response.status_code, list(response.json()["fields"])) == (400, [field])
    assert row_of(session).rating == ""


def test_a_rating_writes_over_nothing_that_happened_meanwhile(
    alices: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(alice)
    read = VoiceSession.objects.get(pk=session.pk)
    services.end_session(session=session, reason="client")
    monkeypatch.setattr("realtime.selectors.get_session", lambda user, session_id: read)
    alices.patch(_one(session), {"rating": "good"}, format="json")
    assert (row_of(session).state, row_of(session).rating) == ("ended", "good")


# --- ending -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lost, lambda user: issue(user).session])
def test_what_nobody_holds_is_over_at_once(
    alices: APIClient, alice: User, make: Callable[[User], VoiceSession]
) -> None:
    session = make(alice)
    assert alices.delete(_one(session)).status_code == 204
    row = row_of(session)
    assert (row.state, row.end_reason) == ("ended", "ended_by_owner")
    assert alices.delete(_one(session)).status_code == 204


def test_whoever_holds_a_live_one_is_told_to_end_it_and_no_other(alices: APIClient, alice: User) -> None:
    session, other = opened(alice), opened(alice)
    for _ in range(2):
        response = alices.delete(_one(session))
        assert (response.status_code, response.content) == (204, b"")
    assert [renew(each) for each in (session, other)] == ["ended_by_owner", None]


def test_one_that_is_over_keeps_the_reason_it_ended_for(alices: APIClient, alice: User) -> None:
    session = opened(alice)
    services.end_session(session=session, reason="idle")
    before = row_of(session)
    assert alices.delete(_one(session)).status_code == 204
    after = row_of(session)
    assert (after.end_reason, after.ended_at) == ("idle", before.ended_at)


# --- what there is to choose ------------------------------------------------------------------------------------------


def test_everything_that_can_be_chosen_is_told(alices: APIClient) -> None:
    answer = alices.get(OPTIONS).json()
    limits, language, voices = answer.pop("limits"), answer.pop("language"), answer.pop("voices")
    assert answer == {
        "enabled": True,
        "problem": None,
        "voice_problem": "",
        "provider": {"name": "openai", "label": "OpenAI gpt-realtime-2.1", "is_language_model": True},
        "model": "gpt-realtime-2.1",
        "default_voice": "marin",
        "speed": {"slowest": 0.25, "fastest": 1.5, "default": 1.0},
        "pitch": None,
        "output": ["audio", "text"],
        "default_output": "audio",
        "turn_detection": ["server_vad", "semantic_vad", "push_to_talk"],
        "default_turn_detection": "server_vad",
    }
    assert {"marin", "cedar"} <= set(voices)
    assert (language["default"], language["understood"]) == ("", None)
    assert limits == {
        "sessions_at_once": 10,
        "sessions_left": 10,
        "minutes_per_day": None,
        "seconds_left_today": None,
        "idle_minutes": 10,
        "ticket_seconds": 300,
        "session_rate": "20/min",
    }


@pytest.mark.usefixtures("own_cache")
def test_everything_that_is_told_can_be_chosen(alices: APIClient) -> None:
    options = alices.get(OPTIONS).json()
    chosen = [{"voice": each} for each in options["voices"]]
    chosen += [{"output": each} for each in options["output"]]
    chosen += [{"turn_detection": each} for each in options["turn_detection"]]
    chosen += [{"speed": options["speed"][each]} for each in ("slowest", "fastest", "default")]
    assert len(chosen) < 20  # the rate
    for body in chosen:
        assert alices.post("/api/voice/realtime-session", body, format="json").status_code == 200, body


def test_what_the_caller_has_left_is_counted(alices: APIClient, alice: User, settings: Any) -> None:
    settings.REALTIME = replace(CONFIG, sessions_per_user=2, minutes_per_day=10)
    session = opened(alice)
    VoiceSession.objects.update(started_at=timezone.now(), ended_at=None)
    left = alices.get(OPTIONS).json()["limits"]
    assert (left["sessions_at_once"], left["sessions_left"]) == (2, 1)
    assert (left["minutes_per_day"], 590 < left["seconds_left_today"] <= 600) == (10, True)
    services.end_session(session=session, reason="client")
    assert alices.get(OPTIONS).json()["limits"]["sessions_left"] == 2


def test_the_configured_voice_and_language_are_the_defaults(alices: APIClient, settings: Any) -> None:
    settings.REALTIME = replace(CONFIG, voice="cedar", language="de")
    answer = alices.get(OPTIONS).json()
    assert (answer["default_voice"], answer["language"]["default"]) == ("cedar", "de")


def test_the_embedded_engine_says_that_it_understands_english(alices: APIClient, settings: Any) -> None:
    settings.REALTIME = replace(CONFIG, provider="embedded")
    answer = alices.get(OPTIONS).json()
    assert (answer["provider"]["name"], answer["provider"]["is_language_model"]) == ("embedded", False)
    assert answer["language"]["understood"] == ["en"]
    assert "English" in answer["language"]["note"]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"enabled": False}, "realtime_disabled"), ({"api_key": ""}, "realtime_not_configured")],
)
def test_where_no_session_can_be_had_it_says_why(
    alices: APIClient, alice: User, settings: Any, change: dict[str, Any], code: str
) -> None:
    session = opened(alice)
    settings.REALTIME = replace(CONFIG, **change)
    answer = alices.get(OPTIONS).json()
    assert (answer["enabled"], answer["problem"]["code"]) == (False, code)
    assert answer["problem"]["detail"].endswith(".")
    assert _ids(alices.get(ALL)) == [session.pk]


def test_options_take_few_queries(alices: APIClient, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        alices.get(OPTIONS)
