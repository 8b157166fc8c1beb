"""What Django's admin shows of voice: the sessions, what a day came to, and the sessions of a conversation."""

from realtime.admin.conversations import ConversationWithSessionsAdmin
from realtime.admin.sessions import VoiceSessionAdmin

__all__ = ("ConversationWithSessionsAdmin", "VoiceSessionAdmin")
