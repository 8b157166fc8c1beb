"""What becomes of sessions whose conversation is deleted."""

from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from conversations import services as remembering
from conversations.errors import ConversationNotFound
from realtime import leases, services
from realtime.errors import ConversationGone, TicketRefused, TooManySessions
from realtime.models import VoiceSession
from tests.support.sessions import (
    CONFIG,
    delete_unnoticed,
    held_in,
    issue,
    lost,
    opened,
    renew,
    row_of,
    say,
)

InThreads = Callable[[int, Callable[[int], Any]], list[Any]]


def delete(session: VoiceSession) -> None:
    remembering.delete_conversation(conversation=held_in(session))


def test_a_deleted_conversation_ends_its_sessions_and_keeps_what_they_used(alice: User, bob: User) -> None:
    live = opened(alice)
    leases.record_usage(session=live, usage={"total_tokens": 7}, prices=())
    ticket = issue(alice, conversation_id=live.conversation_id)
    waiting, elsewhere, his = lost(alice), opened(alice), opened(bob)

    delete(live)
    assert renew(live) == "conversation_deleted"
    services.end_session(session=live, reason="conversation_deleted")
    delete(waiting)

    gone = [row_of(session) for session in (live, ticket.session, waiting)]
    assert {(row.state, row.end_reason, row.conversation_id) for row in gone} == {
        ("ended", "conversation_deleted", None)
    }
    assert gone[0].usage == {"total_tokens": 7}
    assert gone[0].started_at is not None
    assert [renew(session) for session in (elsewhere, his)] == [None, None]


def test_its_tickets_and_ids_are_answered_in_words(alice: User) -> None:
    issued = issue(alice)
    waiting = lost(alice)
    for session in (issued.session, waiting):
        delete(session)
        assert not services.validate_session(session.pk, user=alice)
    with pytest.raises(ConversationGone):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    with pytest.raises(ConversationNotFound):
        issue(alice, resume_session_id=waiting.pk)


def test_what_a_deletion_past_us_left_open_is_neither_valid_nor_opened(alice: User) -> None:
    issued, waiting, live = issue(alice), lost(alice), opened(alice)
    for session in (issued.session, waiting, live):
        delete_unnoticed(held_in(session))
    with pytest.raises(ConversationGone):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    with pytest.raises(ConversationNotFound):
        issue(alice, resume_session_id=waiting.pk)
    assert not services.validate_session(issued.session.pk, user=alice)
    assert say(live) is None
    assert say(row_of(live)) is None
    assert renew(live) == "conversation_deleted"


def test_a_session_whose_own_row_is_gone_was_erased(alice: User) -> None:
    session = opened(alice)
    VoiceSession.objects.all().delete()
    assert renew(session) == "erased"


@pytest.mark.django_db(transaction=True)
def test_a_conversation_that_is_deleted_while_a_session_is_asked_for_is_not_found(
    alice: User, in_threads: InThreads
) -> None:
    conversation = remembering.create_conversation(user=alice)
    is_deleted, is_asked = Event(), Event()

    def work(number: int) -> str:
        if number == 0:
            with transaction.atomic():
                remembering.delete_conversation(conversation=conversation)
                is_deleted.set()
                assert is_asked.wait(10)
            return "deleted"
        assert is_deleted.wait(10)
        is_asked.set()
        try:
            issue(alice, conversation_id=conversation.pk)
        except ConversationNotFound:
            return "not found"
        return "issued"

    assert in_threads(2, work) == ["deleted", "not found"]
    assert not VoiceSession.objects.exclude(state="ended").exists()


@pytest.mark.django_db(transaction=True)
def test_sessions_that_are_opened_while_their_conversation_is_deleted_are_over_afterwards(
    alice: User, in_threads: InThreads
) -> None:
    conversations = [remembering.create_conversation(user=alice) for _ in range(4)]
    secrets = [
        issue(alice, conversation_id=each.pk).ticket.secret for each in conversations for _ in range(2)
    ]

    def work(number: int) -> None:
        if number >= len(secrets):
            remembering.delete_conversation(conversation=conversations[number - len(secrets)])
            return
        with suppress(TicketRefused, ConversationGone, TooManySessions):
            services.redeem_ticket(secrets[number], config=CONFIG)

    in_threads(len(secrets) + len(conversations), work)
    left = VoiceSession.objects.exclude(state="ended")
    assert all(row.state == "live" and row.end_requested_reason == "conversation_deleted" for row in left)
    assert not VoiceSession.objects.exclude(conversation=None).exists()
