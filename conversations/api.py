"""The conversations API: what a signed-in person may do with their own conversations."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from conversations import audit, search, selectors, services
from conversations.audit import Action, Looker, Via
from conversations.doors import Door
from conversations.downloads import AnyMediaType, download
from conversations.errors import ConversationNotFound
from conversations.exports import FORMATS, Format, filename
from conversations.models import Conversation, Message
from conversations.pages import ConversationPages, MessagePages
from conversations.refusals import ETAG, IF_MATCH, READING, TAGGED, WRITING, refused, usual
from conversations.serializers import (
    ConversationQuerySerializer,
    ConversationSerializer,
    ListedConversationSerializer,
    MessageSerializer,
)

_TAGS = ["conversations"]
_NOT_THERE = refused({404: "`conversation_not_found`: it is not there, or it is somebody else's"})
_WHICH = OpenApiParameter("conversation_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
_EXAMPLE = OpenApiExample(
    "A conversation",
    {
        "id": "0b9f3d6e-8f0c-4a57-9d1e-2f6c1f2a7b11",
        "title": "My knee hurts when I climb stairs.",
        "created_at": "2026-11-21T09:29:58.120000Z",
        "updated_at": "2026-11-21T09:41:07.503000Z",
    },
    response_only=True,
)
_TITLE = OpenApiExample("A title", {"title": "Knee"}, request_only=True)


@extend_schema_view(
    get=extend_schema(
        operation_id="list_conversations",
        summary="The caller's conversations, the latest first",
        description="One without a message is not listed.",
        parameters=[ConversationQuerySerializer, *TAGGED],
        responses={200: ListedConversationSerializer(many=True)} | READING | usual(400),
    ),
    post=extend_schema(
        operation_id="create_conversation",
        summary="Begin a conversation",
        description="It is listed once something is said in it.",
        parameters=[ETAG],
        responses={201: ConversationSerializer} | WRITING,
        examples=[_EXAMPLE, _TITLE],
    ),
)
@extend_schema(tags=_TAGS)
class ConversationList(Door, generics.ListCreateAPIView[Conversation]):
    queryset = Conversation.objects.none()
    serializer_class = ConversationSerializer
    pagination_class = ConversationPages

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = ConversationQuerySerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        query = asked.validated_data.get("q", "")
        page = self.paginate_queryset(search.matching(selectors.list_conversations(self.user), query)) or []
        context = {**self.get_serializer_context(), "excerpts": search.excerpts(page, query)}
        return self.get_paginated_response(
            ListedConversationSerializer(page, many=True, context=context).data
        )

    def perform_create(self, serializer: BaseSerializer[Conversation]) -> None:
        serializer.instance = services.create_conversation(user=self.user, **serializer.validated_data)


class _OneConversation(Door):
    """Shows something of a conversation of the caller's, and of no other's."""

    lookup_url_kwarg = "conversation_id"

    def get_conversation(self) -> Conversation:
        return selectors.get_conversation(self.user, self.kwargs["conversation_id"])


@extend_schema(tags=_TAGS, parameters=[_WHICH])
class ConversationDetail(_OneConversation):
    serializer_class = ConversationSerializer

    @extend_schema(
        operation_id="get_conversation",
        summary="One conversation",
        parameters=TAGGED,
        responses={200: ConversationSerializer} | READING | _NOT_THERE,
        examples=[_EXAMPLE],
    )
    def get(self, request: Request, conversation_id: str) -> Response:
        return Response(self.get_serializer(self.get_conversation()).data)

    @extend_schema(
        operation_id="rename_conversation",
        summary="Give it another title",
        description="An empty title is filled again by the next words of the person.",
        parameters=[IF_MATCH, ETAG],
        responses={200: ConversationSerializer} | WRITING | usual(412) | _NOT_THERE,
        examples=[_EXAMPLE, _TITLE],
    )
    @transaction.atomic
    def patch(self, request: Request, conversation_id: str) -> Response:
        conversation = self._as_read()
        body = self.get_serializer(conversation, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if "title" in body.validated_data:
            services.rename_conversation(conversation=conversation, title=body.validated_data["title"])
        return Response(body.data)

    @extend_schema(
        operation_id="delete_conversation",
        summary="Delete it with every word in it",
        description="The sessions it was held in are kept, with their usage.",
        parameters=[IF_MATCH],
        responses={204: None} | usual(401, 403, 406, 412, 500) | _NOT_THERE,
    )
    @transaction.atomic
    def delete(self, request: Request, conversation_id: str) -> Response:
        conversation = self._as_read()
        audit.record(Looker.of(request, Via.API), Action.DELETE, [conversation])
        services.delete_conversation(conversation=conversation)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _as_read(self) -> Conversation:
        """The conversation as the caller has read it. Of several who have read the same, one gets to change it."""
        conversation = self.get_conversation()
        if "If-Match" in self.request.headers:
            _lock(conversation)
            self.require_match(conversation)
        return conversation


@extend_schema(tags=_TAGS, parameters=[_WHICH])
class MessageList(_OneConversation, generics.ListAPIView[Message]):
    queryset = Message.objects.none()
    serializer_class = MessageSerializer
    pagination_class = MessagePages

    @extend_schema(
        operation_id="list_messages",
        summary="What was said in it, in spoken order",
        parameters=TAGGED,
        responses={200: MessageSerializer(many=True)} | READING | usual(400) | _NOT_THERE,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Message]:
        return selectors.messages_of(self.get_conversation())


class ConversationExport(_OneConversation):
    content_negotiation_class = AnyMediaType

    @extend_schema(
        operation_id="export_conversation",
        summary="Take it out as a file",
        description="Plain text, Markdown, JSON, or WebVTT with the times at which it was said.",
        tags=_TAGS,
        parameters=[
            _WHICH,
            OpenApiParameter("format", str, enum=tuple(FORMATS), required=True),
            OpenApiParameter(
                "Content-Disposition",
                str,
                OpenApiParameter.HEADER,
                response=[200],
                description="`attachment` with a file name",
            ),
        ],
        responses={
            (200, each.content_type.partition(";")[0]): OpenApiResponse(
                OpenApiTypes.OBJECT if name == "json" else OpenApiTypes.STR, "the file"
            )
            for name, each in FORMATS.items()
        }
        | usual(400, 401, 500)
        | _NOT_THERE,
    )
    def get(self, request: Request, conversation_id: str) -> StreamingHttpResponse:
        wanted = _format_of(request)
        conversation = self.get_conversation()
        audit.record(Looker.of(request, Via.API), Action.EXPORT, [conversation])
        return download(
            request,
            wanted.write(conversation),
            filename=filename(conversation, wanted.extension),
            content_type=wanted.content_type,
        )


def _format_of(request: Request) -> Format:
    wanted = FORMATS.get(request.query_params.get("format", ""))
    if wanted is None:
        raise ValidationError({"format": [f"Choose one of {', '.join(FORMATS)}."]})
    return wanted


def _lock(conversation: Conversation) -> None:
    """Hold the row as it is now until the transaction ends. Raises ConversationNotFound when it is gone."""
    try:
        conversation.refresh_from_db(from_queryset=Conversation.objects.select_for_update())
    except Conversation.DoesNotExist as error:
        raise ConversationNotFound from error
