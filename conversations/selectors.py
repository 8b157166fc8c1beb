"""Every read of conversations and messages that another room wants."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message


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


def recent_messages(conversation_id: UUID | str, limit: int) -> list[Message]:
    """The last `limit` messages that have words, the newest first. Reads no more rows than it needs."""
    return list(_with_words(conversation_id).order_by("-position")[:limit])


def count_messages(conversation_id: UUID | str) -> int:
    """How many messages have words: what `recent_messages` would give without a limit."""
    return _with_words(conversation_id).count()


def _with_words(conversation_id: UUID | str) -> QuerySet[Message]:
    return Message.objects.filter(conversation_id=conversation_id, hidden=False).exclude(text="").order_by()
