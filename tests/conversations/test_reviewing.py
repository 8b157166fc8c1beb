"""Flags, reviews and notes: who wrote them, up to where a conversation was read, and nothing of what was said."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from conversations import reviewing, services
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Review
from tests.conversations.conftest import Say

pytestmark = pytest.mark.django_db


def test_a_flag_is_set_and_taken_away_by_somebody(conversation: Conversation, bob: User) -> None:
    flagged = reviewing.flag(conversation=conversation, by=bob)
    assert (flagged.is_flagged, flagged.reviewer) == (True, bob)
    reviewing.write(conversation=conversation, by=bob, is_flagged=False)
    assert not Review.objects.get().is_flagged


def test_a_review_says_up_to_where_it_was_read(conversation: Conversation, say: Say, bob: User) -> None:
    say("one")
    say("two")
    review = reviewing.mark_reviewed(conversation=conversation, by=bob)
    assert review.reviewed_messages == 2
    assert review.reviewed_at is not None
    say("three")
    assert Review.objects.get().reviewed_messages == 2


def test_what_came_while_it_was_being_read_is_not_reviewed(
    conversation: Conversation, say: Say, bob: User
) -> None:
    for words in ("one", "two", "three"):
        say(words)
    for shown, read in ((2, 2), (99, 3)):
        review = reviewing.write(conversation=conversation, by=bob, is_reviewed=True, messages=shown)
        assert review.reviewed_messages == read


def test_taking_a_review_back_leaves_flag_and_notes(conversation: Conversation, bob: User) -> None:
    reviewing.flag(conversation=conversation, by=bob)
    reviewing.annotate(conversation=conversation, by=bob, notes="look again")
    reviewing.mark_reviewed(conversation=conversation, by=bob)
    review = reviewing.write(conversation=conversation, by=bob, is_reviewed=False)
    assert (review.reviewed_at, review.reviewed_messages) == (None, 0)
    assert (review.is_flagged, review.notes) == (True, "look again")


def test_whoever_writes_notes_on_a_reviewed_conversation_did_not_review_it(
    conversation: Conversation, alice: User, bob: User
) -> None:
    reviewing.mark_reviewed(conversation=conversation, by=bob)
    assert reviewing.annotate(conversation=conversation, by=alice, notes="mine").reviewer == bob
    reopened = reviewing.write(conversation=conversation, by=alice, is_reviewed=False)
    assert reopened.reviewer == alice


def test_notes_are_kept_as_databases_take_them(conversation: Conversation, bob: User) -> None:
    assert reviewing.annotate(conversation=conversation, by=bob, notes="a\0b\ud800").notes == "ab?"
    with pytest.raises(ValueError, match="10000"):
        reviewing.annotate(conversation=conversation, by=bob, notes="x" * (reviewing.NOTES_LENGTH + 1))


def test_reviewing_changes_nothing_of_the_conversation(
    conversation: Conversation, say: Say, bob: User
) -> None:
    say("as it was said")
    before = _everything(conversation)
    reviewing.flag(conversation=conversation, by=bob)
    reviewing.annotate(conversation=conversation, by=bob, notes="notes")
    reviewing.mark_reviewed(conversation=conversation, by=bob)
    assert _everything(conversation) == before


def test_what_goes_with_notes_that_are_too_long_is_not_written_either(
    conversation: Conversation, bob: User
) -> None:
    with pytest.raises(ValueError, match="10000"):
        reviewing.write(
            conversation=conversation, by=bob, is_flagged=True, notes="x" * (reviewing.NOTES_LENGTH + 1)
        )
    assert not Review.objects.exists()


@pytest.mark.parametrize("write", [reviewing.write, reviewing.flag, reviewing.mark_reviewed])
def test_a_conversation_that_is_gone_is_not_reviewed(
    write: Callable[..., Review], conversation: Conversation, bob: User
) -> None:
    Conversation.objects.filter(pk=conversation.pk).delete()
    with pytest.raises(ConversationNotFound):
        write(conversation=conversation, by=bob)


def test_two_who_review_at_once_write_on_one_row(
    in_threads: Callable[[int, Callable[[int], Any]], list[Any]], alice: User, bob: User
) -> None:
    conversation = services.create_conversation(user=alice)

    def work(number: int) -> Review:
        return (reviewing.flag if number % 2 else reviewing.mark_reviewed)(conversation=conversation, by=bob)

    in_threads(8, work)
    review = Review.objects.get()
    assert review.is_flagged
    assert review.reviewed_at is not None


def _everything(conversation: Conversation) -> list[Any]:
    return [
        *Conversation.objects.filter(pk=conversation.pk).values_list(),
        *conversation.messages.values_list(),
    ]
