"""Reading: only one's own, in order, and cheaply however long a conversation has become."""

import uuid
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import selectors, services
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message
from tests.conversations.conftest import Say

pytestmark = pytest.mark.django_db


def test_the_owner_finds_it_by_uuid_and_by_text(alice: User, conversation: Conversation) -> None:
    assert selectors.get_conversation(alice, conversation.pk) == conversation
    assert selectors.get_conversation(alice, str(conversation.pk)) == conversation


def test_a_strangers_an_unknown_and_a_malformed_id_are_told_the_same(
    alice: User, bob: User, conversation: Conversation
) -> None:
    told = set()
    for user, key in ((bob, conversation.pk), (alice, uuid.uuid4()), (alice, "no id"), (alice, "")):
        with pytest.raises(ConversationNotFound) as caught:
            selectors.get_conversation(user, key)
        told.add((caught.value.code, caught.value.detail, caught.value.status))
    assert len(told) == 1


def test_listed_are_own_conversations_with_something_to_see_latest_first(alice: User, bob: User) -> None:
    older, newer, empty, noise = (services.create_conversation(user=alice) for _ in range(4))
    foreign = services.create_conversation(user=bob)
    for thread, hidden in ((older, False), (newer, False), (noise, True), (foreign, False)):
        services.append_message(
            conversation_id=thread.pk,
            role="user",
            modality="text",
            status="final",
            text="" if hidden else "words",
            hidden=hidden,
            spoken_at=datetime.now(UTC),
        )
    assert list(selectors.list_conversations(alice)) == [newer, older]
    assert empty.message_count == 0


def test_shown_messages_leave_out_noise_and_the_record_keeps_it(conversation: Conversation, say: Say) -> None:
    say("one")
    say("", hidden=True)
    say("", status="pending")
    assert [message.position for message in selectors.messages_of(conversation)] == [0, 2]
    assert [message.position for message in selectors.record_of(conversation)] == [0, 1, 2]


def test_recent_messages_are_those_with_words_the_newest_first(conversation: Conversation, say: Say) -> None:
    for turn in ("one", "two", "three"):
        say(turn)
    say("", hidden=True)
    say("", status="pending")
    say("", status="failed")
    say("cut", status="interrupted", unheard_text=" off", role="assistant")
    recent = selectors.recent_messages(conversation.pk, 3)
    assert [message.text for message in recent] == ["cut", "three", "two"]


@pytest.fixture
def ten_thousand(conversation: Conversation) -> Conversation:
    Message.objects.bulk_create(
        Message(
            conversation=conversation,
            position=position,
            role="user",
            text=f"turn {position}",
            spoken_at=datetime.now(UTC),
        )
        for position in range(10_000)
    )
    return conversation


def test_recent_messages_of_ten_thousand_walk_the_index_and_sort_nothing(ten_thousand: Conversation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as queries:
        recent = selectors.recent_messages(ten_thousand.pk, 50)
    assert [message.position for message in recent] == list(range(9_999, 9_949, -1))
    assert len(queries) == 1
    # The statement as it ran: the plan of a queryset rebuilt for explain() could be another.
    prefix = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    with connection.cursor() as cursor:
        cursor.execute(prefix + queries[0]["sql"])
        plan = " ".join(str(column) for row in cursor.fetchall() for column in row)
    assert "index" in plan.lower(), plan
    assert "TEMP B-TREE" not in plan, plan
    assert "Sort" not in plan, plan
