"""Every read of conversations and messages that another room wants."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message

_PAGE = 500


def get_conversation(user: User, conversation_id: UUID | str) -> Conversation:
    """The conversation if it is the user's own. Raises ConversationNotFound for any other, malformed ids included."""
    try:
        key = conversation_id if isinstance(conversation_id, UUID) else UUID(conversation_id)
        return Conversation.objects.get(user=user, pk=key)
    except (Conversation.DoesNotExist, ValueError) as error:
        raise ConversationNotFound from error


def list_conversations(user: User) -> QuerySet[Conversation]:
    """The user's conversations in which there is something to see, the latest first."""
    seen = Message.objects.filter(conversation=OuterRef("pk"), hidden=False).order_by()
    return Conversation.objects.filter(Exists(seen), user=user)


def messages_of(conversation: Conversation) -> QuerySet[Message]:
    """What is shown of a conversation, in spoken order. Hidden turns are left out."""
    return Message.objects.filter(conversation=conversation, hidden=False).order_by("position")


def record_of(conversation: Conversation) -> QuerySet[Message]:
    """Every turn in spoken order, hidden ones included: the record as it is kept."""
    return Message.objects.filter(conversation=conversation).order_by("position")


def one_by_one(messages: QuerySet[Message]) -> Iterator[Message]:
    """The messages of one conversation in spoken order, a page of them in memory at a time.

    Between pages it holds nothing of the database, however slowly they are taken away.
    """
    last, is_full = -1, True
    while is_full:
        page = list(messages.filter(position__gt=last).order_by("position")[:_PAGE])
        yield from page
        is_full = len(page) == _PAGE
        last = page[-1].position if page else last


def recent_messages(conversation_id: UUID | str, limit: int) -> list[Message]:
    """The last `limit` messages that have words, the newest first. Reads no more rows than it needs."""
    with_words = Message.objects.filter(conversation_id=conversation_id, hidden=False).exclude(text="")
    return list(with_words.order_by("-position")[:limit])


def typed_lately(
    conversation: Conversation, *, item_id: str, text: str, since: datetime, among: int
) -> list[Message]:
    """What the person typed under this id of an item, in these words as they are stored, whichever session it was in.

    Looked for since that moment, among the last `among` turns. Reads no others.
    """
    lately = Message.objects.filter(
        conversation=conversation,
        position__gte=conversation.message_count - among,
        role=Message.Role.USER,
        modality=Message.Modality.TEXT,
        text=text,
        spoken_at__gte=since,
        external_id__endswith=f":{item_id}",
    )
    # SQLite does not tell cases apart here, and ids may have colons in them.
    return [each for each in lately if (each.external_id or "").partition(":")[2] == item_id]
