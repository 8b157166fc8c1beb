"""What Django's admin shows of conversations: to be read, reviewed and taken out; and who has looked at them."""

from conversations.admin.accesses import TranscriptAccessAdmin
from conversations.admin.conversation import ConversationAdmin
from conversations.admin.discretion import DiscreetAdmin

__all__ = ("ConversationAdmin", "DiscreetAdmin", "TranscriptAccessAdmin")
