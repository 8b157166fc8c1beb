"""The door to one's preferences, and that every door to a session heeds them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from realtime import preferences, services
from realtime.admission import Handshake, admit
from realtime.executors import in_database
from realtime.live import LiveSessions
from realtime.models import Preferences, VoiceSession
from tests.support.sessions import CONFIG

AT = "/api/me/preferences"
NOTHING = dict.fromkeys(("voice", "speed", "pitch", "language", "output", "turn_detection"))


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.REALTIME = CONFIG


def test_at_first_nothing_is_chosen(alices: APIClient) -> None:
    answer = alices.get(AT)
    assert (answer.status_code, answer.json()) == (200, NOTHING)


def test_what_is_changed_is_answered_and_stays(alices: APIClient) -> None:
    answer = alices.patch(AT, {"voice": "cedar", "speed": 0.9}, format="json")
    assert (answer.status_code, answer.json()) == (200, NOTHING | {"voice": "cedar", "speed": 0.9})
    answer = alices.patch(f"{AT}/", {"speed": None, "turn_detection": "push_to_talk"}, format="json")
    assert answer.json() == NOTHING | {"voice": "cedar", "turn_detection": "push_to_talk"}
    assert alices.get(AT).json() == answer.json()


def test_nobody_sees_or_changes_another_ones(alices: APIClient, bobs: APIClient) -> None:
    alices.patch(AT, {"voice": "cedar"}, format="json")
    assert bobs.get(AT).json() == NOTHING
    bobs.patch(AT, {"voice": "ash"}, format="json")
    assert alices.get(AT).json()["voice"] == "cedar"
    assert APIClient().get(AT).status_code == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"voice": "nobody"}, "voice"),
        ({"voice": ""}, "voice"),
        ({"speed": 9}, "speed"),
        ({"speed": "nan"}, "speed"),
        ({"pitch": 1.2}, "pitch"),
        ({"language": "German"}, "language"),
        ({"output": "video"}, "output"),
        ({"turn_detection": "telepathy"}, "turn_detection"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name_and_nothing_is_kept(
    alices: APIClient, changes: dict[str, Any], field: str
) -> None:
    answer = alices.patch(AT, {"output": "text"} | changes, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]
    assert not Preferences.objects.exists()


def test_who_has_it_already_is_answered_without_a_body(alices: APIClient) -> None:
    tag = alices.get(AT)["ETag"]
    assert alices.get(AT, headers={"If-None-Match": tag}).status_code == 304
    alices.patch(AT, {"voice": "cedar"}, format="json")
    assert alices.get(AT, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("wanted", ["{}", "W/{}", '"other"', "nonsense", ""])
def test_what_was_chosen_meanwhile_is_not_written_over(alices: APIClient, wanted: str) -> None:
    seen = wanted.format(alices.get(AT)["ETag"])
    alices.patch(AT, {"voice": "cedar"}, format="json")
    answer = alices.patch(AT, {"voice": "ash"}, format="json", headers={"If-Match": seen})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert alices.get(AT).json()["voice"] == "cedar"


def test_what_is_as_it_was_read_is_changed_and_names_what_can_be_read_next(alices: APIClient) -> None:
    tag = alices.get(AT)["ETag"]
    for voice, wanted in (("cedar", "{}"), ("ash", '"other", {}'), ("coral", "*")):
        answer = alices.patch(AT, {"voice": voice}, format="json", headers={"If-Match": wanted.format(tag)})
        assert (answer.status_code, answer.json()["voice"]) == (200, voice)
        tag = answer["ETag"]
    assert alices.get(AT)["ETag"] == tag


def test_of_several_who_have_read_the_same_one_gets_to_change_it(
    alice: User, in_threads: Callable[..., list[Any]]
) -> None:
    def client() -> APIClient:
        each = APIClient()
        each.force_authenticate(alice)
        return each

    headers = {"If-Match": client().get(AT)["ETag"]}

    def choose(number: int) -> int:
        speed = 1 + number / 10
        return client().patch(AT, {"speed": speed}, format="json", headers=headers).status_code

    assert sorted(in_threads(4, choose)) == [200, 412, 412, 412]


# --- the doors to a session -------------------------------------------------------------------------------------------


@pytest.fixture
def chosen(alice: User) -> None:
    preferences.choose(
        alice, {"voice": "cedar", "speed": 0.9, "output": "text", "turn_detection": "push_to_talk"}
    )


def _began() -> tuple[str, float, str, str]:
    session = VoiceSession.objects.get()
    return session.voice, session.speed, session.output, session.turn_detection


@pytest.mark.usefixtures("chosen")
def test_a_session_asked_for_over_rest_is_as_preferred(alices: APIClient) -> None:
    answer = alices.post("/api/voice/realtime-session", {}, format="json").json()
    assert _began() == ("cedar", 0.9, "text", "push_to_talk")
    told = answer["voice_config"]
    assert (told["voice"], told["modalities"], told["turn_detection"]) == ("cedar", ["text"], None)


@pytest.mark.usefixtures("chosen")
def test_what_the_request_says_wins(alices: APIClient) -> None:
    asked = {"voice": "ash", "speed": 1.0, "output": "audio", "turn_detection": "server_vad"}
    assert alices.post("/api/voice/realtime-session", asked, format="json").status_code == 200
    assert _began() == ("ash", 1.0, "audio", "server_vad")


@pytest.mark.usefixtures("chosen")
def test_a_client_secret_is_as_preferred_where_it_leaves_things_out(alices: APIClient) -> None:
    body = {"session": {"type": "realtime", "audio": {"output": {"voice": "ash"}}}}
    answer = alices.post("/v1/realtime/client_secrets", body, format="json").json()
    assert _began() == ("ash", 0.9, "text", "push_to_talk")
    assert answer["session"]["output_modalities"] == ["text"]
    assert answer["session"]["audio"]["input"]["turn_detection"] is None


@pytest.mark.usefixtures("chosen")
def test_a_client_secret_that_names_its_wishes_has_them(alices: APIClient) -> None:
    audio = {"input": {"turn_detection": {"type": "server_vad"}}, "output": {"speed": 1.0}}
    body = {"session": {"type": "realtime", "output_modalities": ["audio"], "audio": audio}}
    assert alices.post("/v1/realtime/client_secrets", body, format="json").status_code == 200
    assert _began() == ("cedar", 1.0, "audio", "server_vad")


@pytest.mark.django_db(transaction=True)
async def test_a_socket_opened_with_an_access_token_is_as_preferred(alice: User) -> None:
    await in_database(preferences.choose)(alice, {"voice": "cedar", "output": "text"})
    token = await in_database(AccessToken.for_user)(alice)
    handshake = Handshake(subprotocols=(), query={}, origin=None, bearer=str(token))
    session = await admit(handshake, config=CONFIG, origins=[], live=LiveSessions())
    assert (session.voice, session.output, session.turn_detection) == ("cedar", "text", "server_vad")
    await in_database(services.end_session)(session=session, reason="client")
