"""What somebody has read already is not sent again, and what has changed meanwhile is not written over."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from conversations import services
from conversations.models import Conversation
from tests.conversations.conftest import Say

pytestmark = pytest.mark.django_db


@pytest.fixture
def alices(alice: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(alice)
    return client


def _all_of(conversation: Conversation) -> list[str]:
    one = f"/api/conversations/{conversation.pk}/"
    return ["/api/conversations/", one, f"{one}messages/"]


def test_what_has_not_changed_is_answered_without_a_body(
    alices: APIClient, conversation: Conversation, say: Say
) -> None:
    say()
    for url in _all_of(conversation):
        first = alices.get(url)
        again = alices.get(url, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (HTTPStatus.NOT_MODIFIED, b""), url
        assert again["ETag"] == first["ETag"]
        assert again["Cache-Control"] == first["Cache-Control"] == "no-store"
        assert "Content-Type" not in again.headers


def test_what_has_changed_is_answered_in_full(
    alices: APIClient, conversation: Conversation, say: Say
) -> None:
    say()
    tags = {url: alices.get(url)["ETag"] for url in _all_of(conversation)}
    say("and more")
    for url, tag in tags.items():
        response = alices.get(url, headers={"If-None-Match": tag})
        assert response.status_code == 200, url
        assert response["ETag"] != tag


@pytest.mark.parametrize("form", ["*", "W/{}", '"other", {}', '{} , "other"'])
def test_every_form_of_if_none_match_is_understood(
    alices: APIClient, conversation: Conversation, form: str
) -> None:
    url = f"/api/conversations/{conversation.pk}/"
    tag = alices.get(url)["ETag"]
    assert alices.get(url, headers={"If-None-Match": form.format(tag)}).status_code == 304


def test_a_head_tells_the_tag_and_nothing_else(alices: APIClient, conversation: Conversation) -> None:
    for url in _all_of(conversation):
        got, head = alices.get(url), alices.head(url)
        assert (head.status_code, head.content, head["ETag"]) == (200, b"", got["ETag"])
        assert alices.head(url, headers={"If-None-Match": got["ETag"]}).status_code == 304


def test_refusals_have_no_tag(alices: APIClient) -> None:
    assert "ETag" not in alices.get("/api/conversations/none/").headers


def test_what_a_change_answers_names_what_can_be_read_next(
    alices: APIClient, conversation: Conversation
) -> None:
    created = alices.post("/api/conversations/", {"title": "Knee"}, format="json")
    assert alices.get(f"/api/conversations/{created.json()['id']}/")["ETag"] == created["ETag"]
    url = f"/api/conversations/{conversation.pk}/"
    renamed = alices.patch(
        url, {"title": "Back"}, format="json", headers={"If-Match": alices.get(url)["ETag"]}
    )
    assert (renamed.status_code, renamed.json()["title"]) == (200, "Back")
    assert alices.get(url)["ETag"] == renamed["ETag"]


@pytest.mark.parametrize("method", ["patch", "delete"])
@pytest.mark.parametrize("wanted", ["{}", "W/{}", '"other"', "nonsense", ""])
def test_what_was_changed_meanwhile_is_left_as_it_is(
    alices: APIClient, conversation: Conversation, say: Say, method: str, wanted: str
) -> None:
    url = f"/api/conversations/{conversation.pk}/"
    seen = wanted.format(alices.get(url)["ETag"])
    say("My knee hurts when I climb")
    response = getattr(alices, method)(url, {"title": "Mine"}, format="json", headers={"If-Match": seen})
    assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
    assert "Read it again" in response.json()["detail"]
    assert Conversation.objects.get().title.startswith("My knee")


@pytest.mark.parametrize("wanted", ["*", "{}", '"other", {}'])
def test_what_is_as_it_was_read_is_deleted(
    alices: APIClient, conversation: Conversation, wanted: str
) -> None:
    url = f"/api/conversations/{conversation.pk}/"
    tag = wanted.format(alices.get(url)["ETag"])
    assert alices.delete(url, headers={"If-Match": tag}).status_code == 204
    assert not Conversation.objects.exists()


def test_a_strangers_tag_opens_nothing(alices: APIClient, conversation: Conversation, bob: User) -> None:
    url = f"/api/conversations/{conversation.pk}/"
    tag = alices.get(url)["ETag"]
    stranger = APIClient()
    stranger.force_authenticate(bob)
    for headers in ({"If-Match": tag}, {"If-Match": "*"}, {"If-None-Match": tag}):
        for method in ("get", "patch", "delete"):
            assert getattr(stranger, method)(url, headers=headers).status_code == 404


def test_of_several_who_read_the_same_one_changes_it(
    alice: User, in_threads: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    conversation = services.create_conversation(user=alice)
    url = f"/api/conversations/{conversation.pk}/"

    def client() -> APIClient:
        own = APIClient()
        own.force_authenticate(alice)
        return own

    for attempt in range(5):
        seen = {"If-Match": client().get(url)["ETag"]}
        bodies = [{"title": f"Title {attempt} {number}"} for number in range(6)]
        statuses = in_threads(6, partial(_renamed, client, url, seen, bodies))
        assert sorted(statuses) == [200] + [412] * 5


def _renamed(
    client: Callable[[], APIClient], url: str, seen: dict[str, str], bodies: list[Any], number: int
) -> int:
    return int(client().patch(url, bodies[number], format="json", headers=seen).status_code)
