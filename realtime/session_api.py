"""A person's own sessions over REST: listed, looked at, rated and ended; and what there is to choose for another."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.doors import Door
from conversations.pages import MomentPages
from conversations.refusals import ETAG, READING, TAGGED, WRITING, refused, usual
from realtime import ratings, selectors, services
from realtime.models import VoiceSession
from realtime.options import options_for
from realtime.session_serializers import (
    OptionsSerializer,
    RatingSerializer,
    SessionQuerySerializer,
    SessionSerializer,
)

_TAGS = ["voice"]
_NOT_THERE = refused({404: "`session_not_found`: it is not there, or it is somebody else's"})
_WHICH = OpenApiParameter("session_id", str, OpenApiParameter.PATH)
_EXAMPLE = OpenApiExample(
    "A session that is over",
    {
        "id": "rtc_7_0d9f3b6c1a2e4f5061728394",
        "conversation_id": "0b9f3d6e-8f0c-4a57-9d1e-2f6c1f2a7b11",
        "state": "ended",
        "end_reason": "client",
        "provider": "openai",
        "model": "gpt-realtime-2.1",
        "voice": "marin",
        "language": "",
        "output": "audio",
        "turn_detection": "server_vad",
        "saved": True,
        "created_at": "2026-11-21T09:29:58.120000Z",
        "started_at": "2026-11-21T09:29:59.004000Z",
        "ended_at": "2026-11-21T09:41:07.504000Z",
        "duration": 668.5,
        "usage": {"total_tokens": 5120, "input_tokens": 3300, "output_tokens": 1820},
        "estimated_cost": 0.0871,
        "first_audio_ms": 640,
        "rating": "good",
    },
    response_only=True,
)


class SessionPages(MomentPages):
    ordering = ("-created_at", "-id")


@extend_schema(tags=_TAGS)
class SessionList(Door, generics.ListAPIView[VoiceSession]):
    queryset = VoiceSession.objects.none()
    serializer_class = SessionSerializer
    pagination_class = SessionPages

    @extend_schema(
        operation_id="list_voice_sessions",
        summary="The caller's sessions, the latest first",
        description="Sessions off the record are among them, with their usage and without a word.",
        parameters=[SessionQuerySerializer, *TAGGED],
        responses={200: SessionSerializer(many=True)} | READING | usual(400),
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[VoiceSession]:
        query = SessionQuerySerializer(data=self.request.query_params.dict())
        query.is_valid(raise_exception=True)
        return selectors.sessions_of(self.user).filter(**query.validated_data)


@extend_schema(tags=_TAGS, parameters=[_WHICH])
class SessionDetail(Door):
    queryset = VoiceSession.objects.none()
    serializer_class = SessionSerializer
    lookup_url_kwarg = "session_id"

    def get_object(self) -> VoiceSession:
        return selectors.get_session(self.user, self.kwargs["session_id"])

    @extend_schema(
        operation_id="get_voice_session",
        summary="One session",
        parameters=TAGGED,
        responses={200: SessionSerializer} | READING | _NOT_THERE,
        examples=[_EXAMPLE],
    )
    def get(self, request: Request, session_id: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        operation_id="rate_voice_session",
        summary="Say how it was",
        description="One rating per session, `good` or `bad`; `null` takes it back.",
        parameters=[ETAG],
        request=RatingSerializer,
        responses={200: SessionSerializer} | WRITING | _NOT_THERE,
        examples=[_EXAMPLE, OpenApiExample("A good one", {"rating": "good"}, request_only=True)],
    )
    def patch(self, request: Request, session_id: str) -> Response:
        session = self.get_object()
        change = RatingSerializer(data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        if "rating" in change.validated_data:
            ratings.rate(session=session, rating=change.validated_data["rating"])
        return Response(self.get_serializer(session).data)

    @extend_schema(
        operation_id="end_voice_session",
        summary="End it",
        description="Its socket is closed with the reason `ended_by_owner`. One that is over stays as it is.",
        responses={204: None} | usual(401, 403, 406, 500) | _NOT_THERE,
    )
    def delete(self, request: Request, session_id: str) -> Response:
        session = self.get_object()
        services.end_now(
            sessions=selectors.sessions_of(self.user).filter(pk=session.pk), reason="ended_by_owner"
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class Options(Door):
    serializer_class = OptionsSerializer
    pagination_class = None

    @extend_schema(
        operation_id="get_voice_options",
        summary="What can be chosen for a session, and how much the caller may still talk",
        description="Answers also where no session can be had: `enabled` is false then, and `problem` says why.",
        tags=_TAGS,
        parameters=TAGGED,
        responses={200: OptionsSerializer} | READING,
    )
    def get(self, request: Request) -> Response:
        return Response(self.get_serializer(options_for(self.user, settings.REALTIME)).data)
