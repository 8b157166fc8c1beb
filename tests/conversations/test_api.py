"""The conversations API: one's own only, in spoken order, in one shape of error."""

import base64
import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from conversations import services
from conversations.models import Conversation
from tests.conversations.conftest import Say

pytestmark = pytest.mark.django_db


def _routes(conversation_id: object) -> list[str]:
    one = f"/api/conversations/{conversation_id}"
    return [f"{one}/", one, f"{one}/messages/", f"{one}/messages"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_route_answers_with_and_without_its_slash(
    alices: APIClient, conversation: Conversation, slash: str
) -> None:
    one = f"/api/conversations/{conversation.pk}"
    assert alices.get(f"/api/conversations{slash}").status_code == 200
    assert alices.post(f"/api/conversations{slash}", {}, format="json").status_code == 201
    assert alices.get(f"{one}/messages{slash}").status_code == 200
    assert alices.patch(f"{one}{slash}", {"title": "Knee"}, format="json").json()["title"] == "Knee"
    assert alices.delete(f"{one}{slash}").status_code == 204


def test_a_new_conversation_can_be_opened_and_is_listed_once_something_is_said(
    alices: APIClient, say: Say
) -> None:
    created = alices.post("/api/conversations/", {"title": "Knee"}, format="json").json()
    assert set(created) == {"id", "title", "created_at", "updated_at"}
    assert alices.get(f"/api/conversations/{created['id']}/").json() == created
    assert alices.get("/api/conversations/").json()["results"] == []
    say("It hurts", conversation_id=created["id"])
    assert [row["id"] for row in alices.get("/api/conversations/").json()["results"]] == [created["id"]]


def test_messages_come_in_spoken_order_with_the_agreed_fields_and_without_noise(
    alices: APIClient, conversation: Conversation, say: Say
) -> None:
    say("Tell me a story")
    say("", hidden=True)
    say(
        "Once upon",
        role="assistant",
        status="interrupted",
        unheard_text=" a time.",
        heard_is_estimated=True,
    )
    results = alices.get(f"/api/conversations/{conversation.pk}/messages/").json()["results"]
    ids = [row.pop("id") for row in results]
    assert [uuid.UUID(value) for value in ids]
    assert results == [
        {
            "position": 0,
            "role": "user",
            "modality": "audio",
            "status": "final",
            "text": "Tell me a story",
            "unheard_text": "",
            "heard_is_estimated": False,
            "spoken_at": "2026-11-21T09:30:00Z",
        },
        {
            "position": 2,
            "role": "assistant",
            "modality": "audio",
            "status": "interrupted",
            "text": "Once upon",
            "unheard_text": " a time.",
            "heard_is_estimated": True,
            "spoken_at": "2026-11-21T09:30:00Z",
        },
    ]


def test_following_next_meets_every_message_once_even_while_others_are_said(
    alices: APIClient, conversation: Conversation, say: Say
) -> None:
    for number in range(7):
        say(f"turn {number}")
    url: str | None = f"/api/conversations/{conversation.pk}/messages/?page_size=3"
    met: list[int] = []
    while url:
        page = alices.get(url).json()
        met += [row["position"] for row in page["results"]]
        if len(met) == 3:
            say("said while reading")
        url = page["next"]
    assert met == list(range(8))


def test_the_list_pages_through_conversations_of_the_same_instant(
    alices: APIClient, alice: User, say: Say
) -> None:
    made = {str(services.create_conversation(user=alice).pk) for _ in range(5)}
    for key in made:
        say(conversation_id=key)
    Conversation.objects.update(updated_at="2026-11-21T10:00:00Z")
    url: str | None = "/api/conversations/?page_size=2"
    met: list[str] = []
    while url:
        page = alices.get(url).json()
        met += [row["id"] for row in page["results"]]
        url = page["next"]
    assert len(met) == 5
    assert set(met) == made


def _cursor(position: str) -> str:
    return base64.b64encode(urlencode({"p": position}).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "é",
        _cursor("yesterday"),
        _cursor("2026-11-21 10:00:00"),
        _cursor("0001-01-01 00:00:00+14:00"),
        _cursor("99999999999999999999"),
        _cursor("-1"),
        _cursor("\0"),
    ],
)
@pytest.mark.parametrize("messages", [False, True])
def test_a_made_up_cursor_is_refused_in_words(
    alices: APIClient, conversation: Conversation, cursor: str, messages: bool
) -> None:
    base = f"/api/conversations/{conversation.pk}/messages/" if messages else "/api/conversations/"
    response = alices.get(base, {"cursor": cursor})
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert "next" in response.json()["fields"]["cursor"][0]


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_a_strangers_an_unknown_and_a_deleted_conversation_look_the_same(
    alices: APIClient, bobs: APIClient, conversation: Conversation, say: Say, method: str
) -> None:
    say("a secret of Alice's")
    answers = []
    for client, key in ((bobs, conversation.pk), (bobs, uuid.uuid4()), (alices, "not-an-id")):
        for url in _routes(key):
            if "messages" in url and method != "get":
                continue
            response = getattr(client, method)(url, {"title": "mine"}, format="json")
            answers.append((response.status_code, response.content))
    services.delete_conversation(conversation=conversation)
    gone = alices.get(_routes(conversation.pk)[0])
    answers.append((gone.status_code, gone.content))
    assert len(set(answers)) == 1
    status, body = answers[0]
    assert status == 404
    assert b'"conversation_not_found"' in body


def test_a_strangers_attempt_changes_nothing(bobs: APIClient, conversation: Conversation, say: Say) -> None:
    say("a secret of Alice's")
    bobs.patch(_routes(conversation.pk)[0], {"title": "mine"}, format="json")
    bobs.delete(_routes(conversation.pk)[0])
    conversation.refresh_from_db()
    assert conversation.title == "a secret of Alice's"
    assert conversation.messages.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x" * 121}, "title"),
        ({"title": "nul \0"}, "title"),
        ({"title": ["list"]}, "title"),
        ({"title": 0}, "title"),
        ({"title": True}, "title"),
    ],
)
def test_a_title_that_cannot_be_is_refused_by_name(
    alices: APIClient, body: dict[str, Any], field: str
) -> None:
    response = alices.post("/api/conversations/", body, format="json")
    assert response.status_code == 400
    assert (response.json()["code"], list(response.json()["fields"])) == ("invalid", [field])


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("id", "This field cannot be written."),
        ("updated_at", "This field cannot be written."),
        ("user", "There is no such field."),
        ("", "There is no such field."),
    ],
)
@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_field_that_cannot_be_written_is_refused_by_name(
    alices: APIClient, conversation: Conversation, method: str, field: str, reason: str
) -> None:
    url = "/api/conversations/" if method == "post" else _routes(conversation.pk)[0]
    response = getattr(alices, method)(url, {"title": "Knee", field: "x"}, format="json")
    assert response.status_code == 400
    assert reason in response.json()["detail"]
    assert response.json()["fields"] == ({field: [reason]} if field else {})
    assert Conversation.objects.get().title == ""


def test_of_many_fields_that_are_none_a_few_are_told(alices: APIClient) -> None:
    response = alices.post("/api/conversations/", {f"field {n}" * 50: n for n in range(99)}, format="json")
    assert len(response.json()["fields"]) == 10
    assert len(response.content) < 3000


def test_nothing_given_changes_nothing(alices: APIClient, conversation: Conversation, say: Say) -> None:
    say("My knee hurts when I climb")
    assert alices.patch(_routes(conversation.pk)[0], {}, format="json").json()["title"].startswith("My knee")


def test_conversations_are_found_by_their_words(alices: APIClient, alice: User, say: Say) -> None:
    knee, back = (services.create_conversation(user=alice, title=title) for title in ("Knee", "Back"))
    say("It hurts on the stairs", conversation_id=knee.pk)
    say("It hurts in the morning", conversation_id=back.pk)

    def found(query: str) -> set[str]:
        results = alices.get("/api/conversations/", {"q": query}).json()["results"]
        return {row["title"] for row in results}

    assert found("STAIRS") == found("knee hurts") == {"Knee"}
    assert found("hurts") == found("") == {"Knee", "Back"}
    assert found("stairs morning") == set()


def test_pages_of_what_was_found_stay_among_it(alices: APIClient, alice: User, say: Say) -> None:
    for number in range(5):
        say("tea" if number % 2 else "coffee", conversation_id=services.create_conversation(user=alice).pk)
    page = alices.get("/api/conversations/?q=coffee&page_size=2").json()
    following = alices.get(page["next"]).json()
    assert [row["title"] for row in page["results"] + following["results"]] == ["coffee"] * 3
    assert following["next"] is None


def test_nobody_finds_the_words_of_others(bobs: APIClient, conversation: Conversation, say: Say) -> None:
    say("a secret of Alice's")
    assert bobs.get("/api/conversations/?q=secret").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=" + "x" * 201, "q"),
        ("q=%00", "q"),
        ("page_size=abc", "page_size"),
        ("page_size=0", "page_size"),
        ("page_size=-1", "page_size"),
        ("page_size=501", "page_size"),
        ("page_size=", "page_size"),
        ("page_size=%D9%A1", "page_size"),
        ("page_size=" + "9" * 5000, "page_size"),
    ],
)
def test_a_query_that_cannot_be_is_refused_by_name(alices: APIClient, query: str, field: str) -> None:
    response = alices.get(f"/api/conversations/?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == [field]


def test_a_list_takes_as_many_queries_for_many_conversations_as_for_one(
    alice: User, alices: APIClient, say: Say, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        say(f"turn {number}", conversation_id=services.create_conversation(user=alice).pk)
    for url in ("/api/conversations/", "/api/conversations/?q=turn"):
        with django_assert_max_num_queries(6):
            assert len(alices.get(url).json()["results"]) == 50


def test_what_was_found_is_shown_for_one_query_whatever_the_size_of_the_page(
    alice: User, alices: APIClient, say: Say, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        conversation = services.create_conversation(user=alice, title=f"Talk {number}")
        say(f"turn {number}", conversation_id=conversation.pk)
    for size in (1, 20):
        # The hits are counted, the page is read, and the messages are.
        with django_assert_num_queries(3):
            rows = alices.get(f"/api/conversations/?q=turn&page_size={size}").json()["results"]
        assert [row["excerpt"] for row in rows] == [f"turn {19 - each}" for each in range(size)]


def test_an_excerpt_is_told_in_searches_alone(
    alices: APIClient, conversation: Conversation, say: Say
) -> None:
    say("Good morning to you.")
    say("My knee hurts")

    def told(query: str) -> list[str | None]:
        return [row["excerpt"] for row in alices.get(f"/api/conversations/{query}").json()["results"]]

    assert told("?q=KNEE") == ["My knee hurts"]
    assert told("?q=morning") == told("?q=") == told("") == [None]
    assert "excerpt" not in alices.get(_routes(conversation.pk)[0]).json()
    assert "excerpt" not in alices.post("/api/conversations/", {}, format="json").json()


def test_nobody_is_served_without_signing_in(conversation: Conversation) -> None:
    for url in ["/api/conversations/", *_routes(conversation.pk)]:
        response = Client().get(url)
        assert response.status_code == 401, url
        assert response.json()["code"] == "not_authenticated"
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_replacing_as_a_whole_is_not_offered(alices: APIClient, conversation: Conversation) -> None:
    response = alices.put(_routes(conversation.pk)[0], {"title": "x"}, format="json")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
