"""Conversations and messages as the API shows them, and what a body must be to be read at all."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import Direction
from rest_framework import serializers

from conversations.models import Conversation, Message

_TOLD = 10
"""Of more fields than that, the rest is not told."""


class StrictSerializer(serializers.Serializer[Any]):
    """A body in which nothing is passed over: a field that is not there, or not to be written, is refused by name."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            refused = {name: why for name, value in data.items() if (why := self._refusal(name, value))}
            if refused:
                raise serializers.ValidationError(
                    {name[:60]: [refused[name]] for name in sorted(refused)[:_TOLD]}
                )
        return super().to_internal_value(data)

    def _refusal(self, name: str, value: Any) -> str | None:
        """Why a field cannot be taken; None where that is for the field to say."""
        field = self.fields.get(name)
        if field is None:
            return "There is no such field."
        if field.read_only:
            return "This field cannot be written."
        # The framework takes a number or a yes for text, and a number for an id.
        is_text = isinstance(field, serializers.CharField | serializers.UUIDField)
        if is_text and not isinstance(value, str | None):
            return str(field.error_messages["invalid"])
        return None


class _StrictSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call] # the library's registry
    """Says in the API's schema that further fields are refused."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return schema | {"additionalProperties": False}


class ConversationSerializer(StrictSerializer, serializers.ModelSerializer[Conversation]):
    """One conversation. Its title is all that a client may write."""

    class Meta:
        model = Conversation
        fields = ("id", "title", "created_at", "updated_at")
        read_only_fields = ("id", "created_at", "updated_at")


class ListedConversationSerializer(ConversationSerializer):
    """One conversation of a list, and why it was found. `excerpts` of the context has them by conversation."""

    excerpt = serializers.SerializerMethodField(
        help_text="a piece of the first message in which the words were found, at most 120 characters; `null` where "
        "the title has them, and without `q`"
    )

    class Meta:
        model = Conversation
        fields = (*ConversationSerializer.Meta.fields, "excerpt")
        read_only_fields = fields

    def get_excerpt(self, conversation: Conversation) -> str | None:
        excerpts: Mapping[UUID, str] = self.context.get("excerpts", {})
        return excerpts.get(conversation.pk)


class MessageSerializer(serializers.ModelSerializer[Message]):
    """One turn, as it is shown."""

    position = serializers.IntegerField(
        read_only=True,
        help_text="counted from 0 in spoken order; turns that are not shown or were deleted leave gaps",
    )

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


class ConversationQuerySerializer(serializers.Serializer[Any]):
    """Which conversations are asked for."""

    q = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="words that all occur in the title or in what was said, in upper or lower case",
    )
