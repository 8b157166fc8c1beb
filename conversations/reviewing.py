"""What reviewers make of conversations: flags, reviews and notes. Nothing that was said is changed here.

`Review.reviewer` is whoever marked the conversation reviewed and, while it is not, whoever wrote here last.
"""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Review
from conversations.services import storable

NOTES_LENGTH = 10_000
"""How many characters the notes on one conversation may have."""


def flag(*, conversation: Conversation, by: User) -> Review:
    """Mark it as one that somebody should look at."""
    return write(conversation=conversation, by=by, is_flagged=True)


def mark_reviewed(*, conversation: Conversation, by: User) -> Review:
    """Note that it was read up to the end."""
    return write(conversation=conversation, by=by, is_reviewed=True)


def annotate(*, conversation: Conversation, by: User, notes: str) -> Review:
    """Put these notes in place of the former ones."""
    return write(conversation=conversation, by=by, notes=notes)


@transaction.atomic
def write(
    *,
    conversation: Conversation,
    by: User,
    is_flagged: bool | None = None,
    is_reviewed: bool | None = None,
    messages: int | None = None,
    notes: str | None = None,
) -> Review:
    """Write down what a reviewer says of it; of what is None nothing changes.

    It is reviewed up to the first `messages` of it, else to the end: a conversation may go on while it is being read,
    and whoever shows it knows how far. Raises ConversationNotFound when it is gone, and ValueError for notes of more
    than NOTES_LENGTH characters.
    """
    said = lock(conversation).message_count
    review = Review.objects.filter(pk=conversation.pk).first() or Review(conversation=conversation)
    if review.reviewed_at is None or is_reviewed is not None:
        review.reviewer = by
    if is_flagged is not None:
        review.is_flagged = is_flagged
    if is_reviewed is not None:
        review.reviewed_at = timezone.now() if is_reviewed else None
        read = said if messages is None else max(0, min(messages, said))
        review.reviewed_messages = read if is_reviewed else 0
    if notes is not None:
        review.notes = _fitting(notes)
    review.save()
    return review


def lock(conversation: Conversation) -> Conversation:
    """Hold the row until the transaction ends: reviewers write one after the other, and none on what is deleted.

    A review that is read after this is as the one before left it. Raises ConversationNotFound when it is gone.
    """
    try:
        return Conversation.objects.select_for_update().get(pk=conversation.pk)
    except Conversation.DoesNotExist as error:
        raise ConversationNotFound from error


def _fitting(notes: str) -> str:
    if len(notes) > NOTES_LENGTH:
        raise ValueError(f"Notes have at most {NOTES_LENGTH} characters.")
    return storable(notes)
