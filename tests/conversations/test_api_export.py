"""`GET /api/conversations/{id}/export`: one's own words as a file, in the format that is named."""

import json
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from conversations.models import Conversation, TranscriptAccess
from tests.conversations.conftest import Say

pytestmark = pytest.mark.django_db

TYPES = {
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "vtt": "text/vtt; charset=utf-8",
}


@pytest.fixture
def alices(alice: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(alice)
    return client


def _url(conversation_id: object, query: str = "?format=txt") -> str:
    return f"/api/conversations/{conversation_id}/export{query}"


def _text(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("accept", ["text/vtt", "*/*", "image/png", "application/json"])
def test_every_format_is_a_file_of_its_type_whatever_is_accepted(
    alices: APIClient, conversation: Conversation, say: Say, name: str, accept: str
) -> None:
    say("Mein Knie schmerzt – è grave?")
    response = alices.get(_url(conversation.pk, f"?format={name}"), headers={"Accept": accept})
    assert response.status_code == 200
    assert response["Content-Type"] == TYPES[name]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    kind, _, rest = response["Content-Disposition"].partition("; ")
    assert kind == "attachment"
    assert rest.startswith(f'filename="conversation-{str(conversation.pk)[:8]}-')
    assert rest.endswith(f'.{name}"')
    assert "Mein Knie schmerzt – è grave?" in _text(response)


def test_the_json_of_one_conversation_is_one_document(
    alices: APIClient, conversation: Conversation, say: Say
) -> None:
    say("Hello")
    document = json.loads(_text(alices.get(_url(conversation.pk, "?format=json"))))
    assert str(conversation.pk) in json.dumps(document)


@pytest.mark.parametrize("query", ["", "?format=", "?format=pdf", "?format=TXT", "?format=%00"])
def test_a_format_that_is_none_is_answered_with_those_there_are(
    alices: APIClient, conversation: Conversation, query: str
) -> None:
    response = alices.get(_url(conversation.pk, query), headers={"Accept": "text/vtt"})
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert "txt, md, json, vtt" in response.json()["fields"]["format"][0]


def test_a_token_and_the_sites_cookie_both_open_it(
    alice: User, conversation: Conversation, say: Say, client: Client
) -> None:
    say("Hello")
    assert client.get(_url(conversation.pk)).status_code == 401
    bearer = {"Authorization": f"Bearer {AccessToken.for_user(alice)}"}
    with_token = client.get(_url(conversation.pk), headers=bearer)
    client.force_login(alice)
    with_cookie = client.get(_url(conversation.pk) + "&", headers={"Accept": "text/html"})
    assert _text(with_token) == _text(with_cookie)


def test_there_is_nothing_to_be_sent_to_it(conversation: Conversation, client: Client, alice: User) -> None:
    client.force_login(alice)
    response = client.post(_url(conversation.pk), {"title": "x"}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_strangers_an_unknown_and_a_malformed_one_look_the_same(
    conversation: Conversation, bob: User, say: Say, slash: str
) -> None:
    say("a secret of Alice's")
    stranger = APIClient()
    stranger.force_authenticate(bob)
    for key in (conversation.pk, uuid.uuid4(), "none", "%00"):
        response = stranger.get(f"/api/conversations/{key}/export{slash}?format=txt")
        assert (response.status_code, response.json()["code"]) == (404, "conversation_not_found")
    assert not TranscriptAccess.objects.exists()


def test_taking_ones_words_out_and_deleting_them_is_recorded(
    alices: APIClient, alice: User, conversation: Conversation, say: Say
) -> None:
    say("a secret of Alice's")
    _text(alices.get(_url(conversation.pk)))
    alices.delete(f"/api/conversations/{conversation.pk}/")
    for access, action in zip(TranscriptAccess.objects.order_by("id"), ("export", "delete"), strict=True):
        assert (access.actor_id, access.action, access.via) == (alice.pk, action, "api")
        assert list(access.transcripts.values_list("conversation_id", flat=True)) == [conversation.pk]


def test_a_deletion_that_was_refused_is_not_recorded(alices: APIClient, conversation: Conversation) -> None:
    alices.delete(f"/api/conversations/{conversation.pk}/", headers={"If-Match": '"other"'})
    assert not TranscriptAccess.objects.exists()


def test_a_long_conversation_takes_no_more_queries(
    alices: APIClient, conversation: Conversation, say: Say, django_assert_max_num_queries: Any
) -> None:
    for number in range(300):
        say(f"turn {number}")
    with django_assert_max_num_queries(8):
        assert "turn 299" in _text(alices.get(_url(conversation.pk)))
