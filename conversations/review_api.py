"""The review API: everybody's conversations, for those who may review them; a look is recorded before it is shown."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, IntegerField, Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce
from django.http import Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import audit, reviewing, search, selectors
from conversations.audit import Action, Looker, Via
from conversations.doors import Door
from conversations.downloads import AnyMediaType, download
from conversations.errors import ConversationNotFound
from conversations.exports import FORMATS, Format, as_csv, filename
from conversations.models import Conversation, Message
from conversations.pages import ConversationPages, MessagePages
from conversations.refusals import ETAG, IF_MATCH, READING, TAGGED, WRITING, refused, usual
from conversations.review_serializers import (
    RecordedMessageSerializer,
    ReviewChangeSerializer,
    ReviewedConversationSerializer,
    ReviewQuerySerializer,
)

_TAGS = ["review"]
_NO_DOOR = "`not_found`: this account may not view conversations"
_NOT_THERE = refused({404: f"`conversation_not_found`; {_NO_DOOR}"})
_WHICH = OpenApiParameter("conversation_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
_CSV = Format("csv", "text/csv; charset=utf-8", "csv", lambda conversation: as_csv([conversation]))
_FORMATS = {**FORMATS, _CSV.name: _CSV}
_FLAGGED = Q(review__is_flagged=True)
_REVIEWED = Q(review__reviewed_at__isnull=False, review__reviewed_messages__gte=F("message_count"))
"""To the end: of one that went on since, somebody still has to read the rest."""


class MayView(BasePermission):
    """Lets in staff who may view conversations. For everybody else there is nothing at these addresses."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not (request.user.is_staff and request.user.has_perm("conversations.view_conversation")):
            raise Http404
        return True


class MayReview(BasePermission):
    """Asks for more than looking where something is written."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or request.user.has_perm("conversations.review_conversation")


class MayExport(BasePermission):
    """Asks for more than looking where transcripts are taken away."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.user.has_perm("conversations.export_conversation")


class _ReviewDoor(Door):
    """A door to everybody's conversations.

    A 304 is recorded like the answer it stands for: whoever gets it has the words before them. So is an answer to HEAD:
    its length tells whether a search found something. What is refused shows nothing and is not recorded.
    """

    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated, MayView)
    queryset: QuerySet[Any] = Conversation.objects.none()

    def get_conversation(self) -> Conversation:
        return _get(_with_reviews(), self.kwargs["conversation_id"])

    def record(self, action: Action, shown: Sequence[Conversation], *, query_length: int = 0) -> None:
        audit.record(Looker.of(self.request, Via.API), action, shown, query_length=query_length)


class ReviewConversationList(_ReviewDoor):
    serializer_class = ReviewedConversationSerializer
    pagination_class = ConversationPages

    @extend_schema(
        operation_id="review_list_conversations",
        summary="Everybody's conversations, the latest first",
        tags=_TAGS,
        parameters=[ReviewQuerySerializer, *TAGGED],
        responses={200: ReviewedConversationSerializer(many=True)}
        | READING
        | usual(400)
        | refused({404: _NO_DOOR}),
    )
    def get(self, request: Request) -> Response:
        # A dict: in a form, which the framework takes a query for, a box that is missing is not ticked.
        query = ReviewQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted: dict[str, Any] = query.validated_data
        page = self.paginate_queryset(_those(wanted)) or []
        words = wanted.get("q", "")
        self.record(Action.SEARCH if words else Action.LIST, page, query_length=len(words))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


@extend_schema(tags=_TAGS, parameters=[_WHICH])
class ReviewConversationDetail(_ReviewDoor):
    permission_classes = (*_ReviewDoor.permission_classes, MayReview)
    serializer_class = ReviewedConversationSerializer

    @extend_schema(
        operation_id="review_get_conversation",
        summary="One conversation and its review",
        parameters=TAGGED,
        responses={200: ReviewedConversationSerializer} | READING | _NOT_THERE,
    )
    def get(self, request: Request, conversation_id: str) -> Response:
        return self._shown(self.get_conversation())

    @extend_schema(
        operation_id="review_conversation",
        summary="Flag it, mark it reviewed, write notes on it",
        description="What is left out stays as it is.",
        parameters=[IF_MATCH, ETAG],
        request=ReviewChangeSerializer,
        responses={200: ReviewedConversationSerializer}
        | WRITING
        | usual(412)
        | refused({403: "`permission_denied`: this account may look, not review; `csrf_failed`"})
        | _NOT_THERE,
    )
    def patch(self, request: Request, conversation_id: str) -> Response:
        change = ReviewChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        with transaction.atomic():
            # First the lock, then the review: read by the query that waits for the lock, it would be the former one.
            conversation = _get(Conversation.objects.select_for_update(), conversation_id)
            self.require_match(self.get_conversation())
            if change.validated_data:
                reviewing.write(conversation=conversation, by=self.user, **change.validated_data)
            return self._shown(self.get_conversation())

    def _shown(self, conversation: Conversation) -> Response:
        self.record(Action.VIEW, [conversation])
        return Response(self.get_serializer(conversation).data)


class ReviewMessageList(_ReviewDoor):
    queryset = Message.objects.none()
    serializer_class = RecordedMessageSerializer
    pagination_class = MessagePages

    @extend_schema(
        operation_id="review_list_messages",
        summary="Every turn in spoken order, hidden ones included",
        tags=_TAGS,
        parameters=[_WHICH, *TAGGED],
        responses={200: RecordedMessageSerializer(many=True)} | READING | usual(400) | _NOT_THERE,
    )
    def get(self, request: Request, conversation_id: str) -> Response:
        conversation = self.get_conversation()
        page = self.paginate_queryset(selectors.record_of(conversation)) or []
        self.record(Action.VIEW, [conversation])
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ReviewExport(_ReviewDoor):
    permission_classes = (*_ReviewDoor.permission_classes, MayExport)
    content_negotiation_class = AnyMediaType

    @extend_schema(
        operation_id="review_export_conversation",
        summary="Take a conversation out as a file",
        description="The formats its owner has, and CSV in which no cell is a formula.",
        tags=_TAGS,
        parameters=[_WHICH, OpenApiParameter("format", str, enum=tuple(_FORMATS), required=True)],
        responses={
            (200, each.content_type.partition(";")[0]): OpenApiResponse(
                OpenApiTypes.OBJECT if name == "json" else OpenApiTypes.STR, "the file"
            )
            for name, each in _FORMATS.items()
        }
        | usual(400, 401, 500)
        | refused({403: "`permission_denied`: this account may look, not export"})
        | _NOT_THERE,
    )
    def get(self, request: Request, conversation_id: str) -> StreamingHttpResponse:
        wanted = _FORMATS.get(request.query_params.get("format", ""))
        if wanted is None:
            raise ValidationError({"format": [f"Choose one of {', '.join(_FORMATS)}."]})
        conversation = self.get_conversation()
        self.record(Action.EXPORT, [conversation])
        return download(
            request,
            wanted.write(conversation),
            filename=filename(conversation, wanted.extension),
            content_type=wanted.content_type,
        )


def _get(conversations: QuerySet[Conversation], conversation_id: str) -> Conversation:
    try:
        return conversations.get(pk=UUID(conversation_id))
    except (Conversation.DoesNotExist, ValueError) as error:
        raise ConversationNotFound from error


def _with_reviews() -> QuerySet[Conversation]:
    """Conversations beside what was made of them; one without a review reads like an untouched one."""
    return Conversation.objects.select_related("user").annotate(
        is_flagged=Coalesce("review__is_flagged", False),
        is_reviewed=_REVIEWED,
        reviewed_at=F("review__reviewed_at"),
        reviewed_messages=Coalesce("review__reviewed_messages", 0, output_field=IntegerField()),
        reviewer=F("review__reviewer__username"),
        notes=Coalesce("review__notes", Value(""), output_field=TextField()),
    )


def _those(wanted: Mapping[str, Any]) -> QuerySet[Conversation]:
    """The conversations asked for, of those in which anything was ever said."""
    found = search.matching(_with_reviews().filter(message_count__gt=0), wanted.get("q", ""))
    if "user" in wanted:
        found = found.filter(user__username=wanted["user"])
    for name, holds in (("flagged", _FLAGGED), ("reviewed", _REVIEWED)):
        if name in wanted:
            found = found.filter(holds if wanted[name] else ~holds)
    return found
