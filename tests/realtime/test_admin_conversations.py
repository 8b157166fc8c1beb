"""A conversation in the admin shows the sessions it was held in, is found by them, and ends them when it is deleted."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import reviewing
from conversations import services as remembering
from conversations.admin import transcript
from conversations.models import Conversation
from realtime.admin import conversations
from realtime.models import VoiceSession
from tests.support.admin_pages import (
    CONVERSATIONS,
    MOST_QUERIES,
    change_of,
    colleague_at,
    ended,
    words_of,
)
from tests.support.sessions import issue, opened, row_of, say

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("configured")]


# --- its page ---------------------------------------------------------------------------------------------------------


def conversation_page(reader: Client, conversation_id: UUID | None, query: str = "") -> Any:
    return reader.get(f"{CONVERSATIONS}{conversation_id}/change/{query}")


def test_a_conversation_shows_the_sessions_it_was_held_in(reader: Client, alice: User) -> None:
    session = ended(alice, "idle", save=False)
    issue(alice, conversation_id=session.conversation_id)
    page = conversation_page(reader, session.conversation_id)
    words = words_of(page)
    assert "2 min 05 s idle off the record openai gpt-realtime-2.1 $0.0" in words
    assert "320 tokens" in words
    assert change_of(session) in page.content.decode()
    assert "All sessions" not in words


def test_a_conversation_lists_its_newest_sessions_and_links_to_the_rest(
    reader: Client, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "SESSIONS_SHOWN", 3)
    first = ended(alice)
    conversation_page(reader, first.conversation_id)
    with CaptureQueriesContext(connection) as few:
        conversation_page(reader, first.conversation_id)
    VoiceSession.objects.filter(pk=first.pk).update(started_at=timezone.now() - timedelta(days=1))
    for _ in range(3):
        ended(alice, conversation_id=first.conversation_id)
    with CaptureQueriesContext(connection) as many:
        page = conversation_page(reader, first.conversation_id)
    assert len(many) == len(few)
    assert first.pk not in page.content.decode()
    [link] = re.findall(r'href="([^"]+)">All sessions', page.content.decode())
    others = ended(bob)
    listed = reader.get(link).content.decode()
    assert change_of(first) in listed
    assert change_of(others) not in listed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("query", ["", "?turn=7", "?page=2"])
def test_its_page_takes_no_more_than_a_dozen_statements_those_of_its_transaction_included(
    query: str, client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript, "TURNS_PER_PAGE", 5)
    session = opened(alice)
    for number in range(12):
        say(session, f"item_{number}")
    colleague_at(
        client, "view_conversation", "review_conversation", "view_voicesession", "view_transcriptaccess"
    )
    reviewing.flag(conversation=Conversation.objects.get(), by=alice)
    ContentType.objects.get_for_model(Conversation)  # Django asks for it once per process.
    with CaptureQueriesContext(connection) as asked:
        page = conversation_page(client, session.conversation_id, query)
    words = words_of(page)
    assert "Flagged" in words and "Who has looked (1)" in words and "Voice sessions" in words
    assert f"Turns {'6–10' if query else '1–5'} of 12" in words
    assert len(asked) <= MOST_QUERIES


def test_a_typed_conversation_without_a_session_shows_no_empty_table(reader: Client, alice: User) -> None:
    conversation = remembering.create_conversation(user=alice)
    assert "Voice sessions" not in words_of(conversation_page(reader, conversation.pk))


def test_its_sessions_are_for_those_who_may_see_sessions(client: Client, alice: User) -> None:
    session = ended(alice)
    colleague_at(client, "view_conversation")
    page = client.get(f"{CONVERSATIONS}{session.conversation_id}/change/")
    assert "Voice sessions" not in words_of(page)


# --- finding it -------------------------------------------------------------------------------------------------------


def found_by(reader: Client, **query: str) -> set[Any]:
    page = reader.get(CONVERSATIONS, query)
    assert page.status_code == 200
    rows = [row.pk for row in page.context["cl"].result_list]
    assert len(rows) == len(set(rows)), "a conversation with several such sessions is listed once"
    return set(rows)


@pytest.fixture
def three(alice: User) -> tuple[Any, Any, Any]:
    """Conversations held with one provider, with another, and with both."""
    ours, theirs, both = ended(alice), ended(alice, "idle"), ended(alice)
    ended(alice, conversation_id=both.conversation_id)
    again = ended(alice, "internal", conversation_id=both.conversation_id)
    VoiceSession.objects.filter(pk__in=[theirs.pk, again.pk]).update(provider="azure", model="a-deployment")
    return ours.conversation_id, theirs.conversation_id, both.conversation_id


def test_conversations_are_found_by_provider_model_and_end_of_their_sessions(
    reader: Client, three: tuple[Any, Any, Any]
) -> None:
    ours, theirs, both = three
    assert found_by(reader, session_provider="openai") == {ours, both}
    assert found_by(reader, session_model="a-deployment") == {theirs, both}
    assert found_by(reader, session_end_reason="internal") == {both}


def test_filters_together_ask_for_one_session_that_is_all_of_it(
    reader: Client, three: tuple[Any, Any, Any]
) -> None:
    ours, _, both = three
    assert found_by(reader, session_provider="openai", session_end_reason="client") == {ours, both}
    assert found_by(reader, session_provider="openai", session_end_reason="internal") == set()


@pytest.mark.parametrize("value", ["nobody", "\x00", "", "' OR 1=1 --"])
def test_what_no_session_has_finds_nothing(reader: Client, three: tuple[Any, Any, Any], value: str) -> None:
    assert found_by(reader, session_provider=value) == set()


def test_the_filters_are_for_those_who_may_see_sessions(client: Client, three: tuple[Any, Any, Any]) -> None:
    colleague_at(client, "view_conversation")
    page = client.get(CONVERSATIONS)
    assert "session_provider" not in page.content.decode()
    assert "a-deployment" not in page.content.decode()
    # To ask all the same is answered as any question that the list does not know.
    assert client.get(CONVERSATIONS, {"session_provider": "azure"}).status_code == 302


def test_the_list_with_all_filters_costs_the_same_for_three_and_for_forty(
    client: Client, alice: User
) -> None:
    colleague_at(client, "view_conversation", "view_voicesession")
    wanted = {
        "session_provider": "openai",
        "session_model": "gpt-realtime-2.1",
        "session_end_reason": "client",
    }
    counts = []
    for more in (3, 37):
        for _ in range(more):
            ended(alice)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(CONVERSATIONS, wanted)
        counts.append(len(queries))
    assert len(page.context["cl"].result_list) == 40
    assert counts[0] == counts[1] <= MOST_QUERIES


# --- deleting it ------------------------------------------------------------------------------------------------------


def test_deleting_it_ends_what_is_said_in_it_and_keeps_what_was_used(reader: Client, alice: User) -> None:
    living, over = opened(alice), ended(alice)
    for session in (living, over):
        reader.post(f"{CONVERSATIONS}{session.conversation_id}/delete/", {"post": "yes"})
    assert not Conversation.objects.exists()
    assert row_of(living).end_requested_reason == "conversation_deleted"
    assert row_of(over).end_reason == "client"
    assert row_of(over).usage
