"""Conversations and messages as the API shows them."""

from rest_framework import serializers

from conversations.models import Conversation, Message


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    """One conversation. Its title is all that a client may write."""

    class Meta:
        model = Conversation
        fields = ("id", "title", "created_at", "updated_at")
        read_only_fields = ("id", "created_at", "updated_at")


class MessageSerializer(serializers.ModelSerializer[Message]):
    """One turn, as it is shown."""

    class Meta:
        model = Message
        fields = (
            "id",
            "position",
            "role",
            "modality",
            "status",
            "text",
            "unheard_text",
            "heard_is_estimated",
            "spoken_at",
        )
        read_only_fields = fields
