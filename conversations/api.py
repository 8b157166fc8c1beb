"""The conversations API: what a signed-in person may do with their own conversations."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from conversations import selectors, services
from conversations.models import Conversation, Message
from conversations.serializers import ConversationSerializer, MessageSerializer

_NOT_THERE = OpenApiResponse(
    inline_serializer("Problem", {"code": serializers.CharField(), "detail": serializers.CharField()}),
    description="`conversation_not_found`: it is not there, or it is somebody else's.",
)

_WHICH = OpenApiParameter("conversation_id", OpenApiTypes.UUID, OpenApiParameter.PATH)


class _Pages(CursorPagination):
    """Pages whose cursor a client cannot make up: the framework would hand it to the database as it stands."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                self.check_position(str(cursor.position))
        except (NotFound, ValueError) as error:
            raise ValidationError(
                {"cursor": ["Take it from `next` or `previous` of another page."]}
            ) from error
        return cursor

    def check_position(self, position: str) -> None:
        """Raise ValueError for what cannot be a value of the first ordering field."""
        raise NotImplementedError


class ConversationPages(_Pages):
    ordering = ("-updated_at", "-id")

    def check_position(self, position: str) -> None:
        if datetime.fromisoformat(position).tzinfo is None:
            raise ValueError(position)


class MessagePages(_Pages):
    ordering = ("position",)

    def check_position(self, position: str) -> None:
        int(position)


class _OwnView(generics.GenericAPIView[Any]):
    """Shows the caller's own conversations and no other's."""

    @property
    def user(self) -> User:
        if not isinstance(self.request.user, User):
            raise TypeError("A view of conversations was opened to anonymous callers.")
        return self.request.user

    def get_conversation(self) -> Conversation:
        return selectors.get_conversation(self.user, self.kwargs["conversation_id"])


@extend_schema_view(
    get=extend_schema(summary="The caller's conversations, the latest first"),
    post=extend_schema(summary="Begin a conversation; it is listed once something is said in it"),
)
class ConversationList(_OwnView, generics.ListCreateAPIView[Conversation]):
    queryset = Conversation.objects.none()
    serializer_class = ConversationSerializer
    pagination_class = ConversationPages

    def get_queryset(self) -> QuerySet[Conversation]:
        return selectors.list_conversations(self.user)

    def perform_create(self, serializer: serializers.BaseSerializer[Conversation]) -> None:
        serializer.instance = services.create_conversation(user=self.user, **serializer.validated_data)


@extend_schema_view(
    get=extend_schema(summary="One conversation", responses={200: ConversationSerializer, 404: _NOT_THERE}),
    patch=extend_schema(summary="Rename it", responses={200: ConversationSerializer, 404: _NOT_THERE}),
    delete=extend_schema(summary="Delete it with every word in it", responses={204: None, 404: _NOT_THERE}),
)
@extend_schema(parameters=[_WHICH])
class ConversationDetail(_OwnView, generics.RetrieveUpdateDestroyAPIView[Conversation]):
    http_method_names = ("get", "patch", "delete", "head", "options")
    queryset = Conversation.objects.none()
    serializer_class = ConversationSerializer
    lookup_field = "id"
    lookup_url_kwarg = "conversation_id"

    def get_object(self) -> Conversation:
        return self.get_conversation()

    def perform_update(self, serializer: serializers.BaseSerializer[Conversation]) -> None:
        if "title" in serializer.validated_data:
            serializer.instance = services.rename_conversation(
                conversation=self.get_object(), title=serializer.validated_data["title"]
            )

    def perform_destroy(self, instance: Conversation) -> None:
        services.delete_conversation(conversation=instance)


@extend_schema_view(
    get=extend_schema(
        summary="The messages in spoken order", responses={200: MessageSerializer(many=True), 404: _NOT_THERE}
    )
)
@extend_schema(parameters=[_WHICH])
class MessageList(_OwnView, generics.ListAPIView[Message]):
    queryset = Message.objects.none()
    serializer_class = MessageSerializer
    pagination_class = MessagePages

    def get_queryset(self) -> QuerySet[Message]:
        return selectors.messages_of(self.get_conversation())
