"""Conversations as reviewers see them, and what reviewers may ask for and write."""

from rest_framework import serializers

from conversations.models import Conversation, Message
from conversations.reviewing import NOTES_LENGTH
from conversations.serializers import ConversationQuerySerializer, MessageSerializer, StrictSerializer


class ReviewedConversationSerializer(serializers.ModelSerializer[Conversation]):
    """One conversation, whose it is, and what reviewers made of it."""

    user = serializers.CharField(source="user.username")
    message_count = serializers.IntegerField(help_text="how many there have been, deleted ones included")
    is_flagged = serializers.BooleanField()
    is_reviewed = serializers.BooleanField(help_text="to the end; false once more is said in it")
    reviewed_at = serializers.DateTimeField(allow_null=True)
    reviewed_messages = serializers.IntegerField(help_text="how many of its messages were reviewed")
    reviewer = serializers.CharField(
        allow_null=True, help_text="who marked it reviewed, else who wrote here last"
    )
    notes = serializers.CharField()

    class Meta:
        model = Conversation
        fields = (
            "id",
            "user",
            "title",
            "created_at",
            "updated_at",
            "message_count",
            "is_flagged",
            "is_reviewed",
            "reviewed_at",
            "reviewed_messages",
            "reviewer",
            "notes",
        )
        read_only_fields = fields


class RecordedMessageSerializer(MessageSerializer):
    """One turn as it is kept, also when its owner is not shown it."""

    class Meta:
        model = Message
        fields = (*MessageSerializer.Meta.fields, "hidden")
        read_only_fields = fields


class ReviewQuerySerializer(ConversationQuerySerializer):
    """Which of everybody's conversations a reviewer asks for."""

    user = serializers.CharField(required=False, max_length=150, help_text="whose: the exact user name")
    flagged = serializers.BooleanField(required=False)
    reviewed = serializers.BooleanField(required=False, help_text="false: what is still to be read")


class ReviewChangeSerializer(StrictSerializer):
    """What a reviewer may write. What is left out stays as it is."""

    is_flagged = serializers.BooleanField(required=False)
    is_reviewed = serializers.BooleanField(required=False)
    notes = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=NOTES_LENGTH
    )
