"""To remember costs the same, however long a conversation has become."""

import statistics
import time
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import services as remembering
from conversations.models import Message
from realtime import services
from tests.support.sessions import CONFIG

ROUNDS = 31
ATTEMPTS = 5
"""A machine that is busy with other things makes one of them slower now and then, and not five times in a row."""


def conversation_of(user: User, messages: int, length: int) -> UUID:
    """A conversation of so many messages, each of so many characters."""
    conversation = remembering.create_conversation(user=user)
    now, text = timezone.now(), "what was said on that day "[:length].ljust(length, ".")
    turns = (
        Message(conversation=conversation, position=n, role="user", text=f"{n:05} {text}", spoken_at=now)
        for n in range(messages)
    )
    Message.objects.bulk_create(turns, batch_size=1000)
    return conversation.pk


def written_out(conversation_id: UUID) -> str:
    return services.recall(conversation_id, config=CONFIG).instructions()


def seconds_for(conversation_id: UUID) -> float:
    began = time.perf_counter()
    written_out(conversation_id)
    return time.perf_counter() - began


def growth(few: UUID, many: UUID) -> float:
    """How many times as long the longer one takes: medians, measured in turn."""
    pairs = [(seconds_for(few), seconds_for(many)) for _ in range(ROUNDS)]
    return statistics.median(long for _, long in pairs) / statistics.median(short for short, _ in pairs)


@pytest.mark.parametrize("length", [20, 200])
def test_ten_thousand_messages_cost_as_much_as_a_hundred(alice: User, length: int) -> None:
    few, many = (conversation_of(alice, messages, length) for messages in (100, 10_000))
    if connection.vendor == "postgresql":
        # As its own housekeeping does within a minute of so many rows.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE conversations_message")

    with CaptureQueriesContext(connection) as for_few:
        short = written_out(few)
    with CaptureQueriesContext(connection) as for_many:
        long = written_out(many)
    assert len(for_few) == len(for_many) == 1
    assert len(long) <= 1.2 * len(short)
    assert "09999 what was said" in long
    assert any(growth(few, many) <= 1.2 for _ in range(ATTEMPTS))
