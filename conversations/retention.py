"""How long words are kept: what was said too long ago is deleted, and conversations in which nothing is left."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from conversations import search, services
from conversations.models import Conversation, Message

BATCH = 1000
"""Rows deleted in one transaction, at most: nobody who speaks meanwhile waits for long."""
UNTOUCHED = timedelta(days=1)
"""An empty conversation may be one that is about to begin, until so much time has passed."""
_LONGEST = 36_500
"""A hundred years, in days. Longer ago there was no transcript, and not far beyond it there is no date."""


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was deleted, or would be."""

    messages: int = 0
    conversations: int = 0


def purge(
    *,
    days: int | None,
    dry_run: bool = False,
    sparing: QuerySet[Conversation] | None = None,
    now: datetime | None = None,
) -> Purged:
    """Delete what was spoken more than `days` times 24 hours ago, then what is empty and was not touched for a day.

    With `days` None no words go, and only empty conversations do. Conversations of `sparing` stay even when empty.
    Runs safely beside people who speak and beside other runs, each counting what it deleted itself. Messages that stay
    keep their positions.
    """
    if days is not None and days < 1:
        raise ValueError("Words are kept for one day at least.")
    now = now or timezone.now()
    limit = None if days is None else now - timedelta(days=min(days, _LONGEST))
    may_go = Conversation.objects.filter(updated_at__lt=now - UNTOUCHED)
    if sparing is not None:
        may_go = may_go.filter(~Exists(sparing.filter(pk=OuterRef("pk"))))
    if dry_run:
        return Purged(_spoken_before(limit).count(), _empty(may_go, limit).count())
    purged = Purged(_delete_messages(limit), _delete_empty(may_go))
    # Also what others deleted since the last time.
    search.forget()
    return purged


def _spoken_before(limit: datetime | None) -> QuerySet[Message]:
    return Message.objects.none() if limit is None else Message.objects.filter(spoken_at__lt=limit)


def _delete_messages(limit: datetime | None) -> int:
    deleted = 0
    old = _spoken_before(limit).order_by("position")
    for conversation_id in list(old.order_by().values_list("conversation_id", flat=True).distinct()):
        while batch := _delete_batch(conversation_id, old.filter(conversation=conversation_id)):
            deleted += batch
    return deleted


@transaction.atomic
def _delete_batch(conversation_id: UUID, old: QuerySet[Message]) -> int:
    """Delete the first of a conversation's old messages, and its title if it was made from them."""
    # As services.delete_conversation does: whatever is being written here is written first.
    conversation = Conversation.objects.select_for_update().filter(pk=conversation_id).first()
    batch = list(old[:BATCH])
    if conversation is None or not batch:
        return 0
    if any(_gave_title(message, conversation.title) for message in batch):
        # Not by save(): nothing was said, so the conversation keeps its place in the list.
        Conversation.objects.filter(pk=conversation_id).update(title="")
    deleted, _ = old.filter(position__lte=batch[-1].position).delete()
    return deleted


def _gave_title(message: Message, title: str) -> bool:
    """Whether the title is the message's first words, as `services` takes them.

    A spoken turn may have grown since: its title is the beginning of what it is now. A title of their own that begins
    like that goes, too, since nothing tells it apart.
    """
    if not title or message.role != Message.Role.USER or message.hidden:
        return False
    if message.modality == Message.Modality.AUDIO:
        return " ".join(message.text.split()).startswith(title.removesuffix("…"))
    return services.title_of(message.text) == title


def _delete_empty(may_go: QuerySet[Conversation]) -> int:
    empty = list(_empty(may_go).values_list("pk", flat=True))
    return sum(
        _delete_if_empty(empty[first : first + BATCH], may_go) for first in range(0, len(empty), BATCH)
    )


@transaction.atomic
def _delete_if_empty(ids: list[UUID], may_go: QuerySet[Conversation]) -> int:
    """Delete those that may still go, and are still empty, once nobody else can write in them."""
    list(Conversation.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
    _, deleted = _empty(may_go).filter(pk__in=ids).delete()
    return deleted.get(Conversation._meta.label, 0)


def _empty(conversations: QuerySet[Conversation], limit: datetime | None = None) -> QuerySet[Conversation]:
    """Those in which nothing is left, or would be without what was spoken before the limit."""
    left = Message.objects.filter(conversation=OuterRef("pk")).order_by()
    if limit is not None:
        left = left.filter(spoken_at__gte=limit)
    return conversations.filter(~Exists(left))
