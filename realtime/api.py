"""The REST door to sessions. Translates HTTP; decides nothing."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.doors import Door
from conversations.refusals import RETRY_AFTER, WRITING, refused
from realtime import client_secrets, services
from realtime.config import RealtimeConfig
from realtime.errors import RealtimeDisabled
from realtime.options import SESSION_RATE
from realtime.providers.registry import provider_for
from realtime.serializers import SessionConfigSerializer, SessionRequestSerializer

_TAGS = ["voice"]
_REFUSED = WRITING | refused(
    {
        404: "`conversation_not_found`, `session_not_found`",
        409: "`session_not_resumable`: the time to come back is over",
        429: "`throttled`, `too_many_sessions`, `daily_limit_reached`",
        500: "`session_creation_failed`: our fault; `detail` names the number under which it is in the log",
        503: (
            "`realtime_disabled`, `realtime_not_configured`; `provider_unavailable`: it did not answer for a while, "
            "`database_unavailable`: try again after `Retry-After` seconds"
        ),
    }
)
_ASKED = OpenApiExample(
    "Go on with a conversation, off the record",
    {"conversation_id": "0b9f3d6e-8f0c-4a57-9d1e-2f6c1f2a7b11", "voice": "marin", "save": False},
    request_only=True,
)
_ISSUED = OpenApiExample(
    "A session to connect to",
    {
        "url": "wss://voice.example.org/v1/realtime",
        "model": "gpt-realtime-2.1",
        "api_key": "ek_one-time-ticket",
        "session_id": "rtc_7_0d9f3b6c1a2e4f5061728394",
        "expires_at": 1795253698,
        "conversation_id": "0b9f3d6e-8f0c-4a57-9d1e-2f6c1f2a7b11",
        "voice_config": {
            "voice": "marin",
            "modalities": ["text", "audio"],
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm16",
            "input_audio_transcription": {"model": "gpt-transcribe"},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
            },
        },
        "provider": {"name": "openai", "label": "OpenAI gpt-realtime-2.1", "is_language_model": True},
    },
    response_only=True,
)


class _Issuing(Door):
    """Issues short-lived sessions. The ticket in the answer opens exactly one."""

    throttle_scope = SESSION_RATE
    failure_code = "session_creation_failed"
    is_tagged = False

    def issued(self, request: Request, config: RealtimeConfig) -> dict[str, Any]:
        """Open a session; the body of the answer."""
        raise NotImplementedError

    def answer(self, request: Request) -> Response:
        config: RealtimeConfig = settings.REALTIME
        if not config.enabled:
            raise RealtimeDisabled
        return Response(self.issued(request, config))


class RealtimeSessionView(_Issuing):
    @extend_schema(
        operation_id="create_realtime_session",
        summary="Ask for a session to speak in",
        description=_Issuing.__doc__,
        tags=_TAGS,
        parameters=[RETRY_AFTER],
        request=SessionRequestSerializer,
        responses={200: SessionConfigSerializer} | _REFUSED,
        examples=[_ASKED, _ISSUED],
    )
    def post(self, request: Request) -> Response:
        return self.answer(request)

    def issued(self, request: Request, config: RealtimeConfig) -> dict[str, Any]:
        description = provider_for(config).description
        body = SessionRequestSerializer(data=request.data, context={"description": description})
        body.is_valid(raise_exception=True)
        asked = services.SessionRequest(**body.validated_data, web_session_key=_web_session_key(request))
        return services.generate_session_config(user=self.user, request=asked, config=config)


class ClientSecretView(_Issuing):
    """Issues a session in OpenAI's shape, so that programs written for its ephemeral keys run against this server."""

    @extend_schema(
        operation_id="create_client_secret",
        summary="The same in OpenAI's shape",
        tags=_TAGS,
        parameters=[client_secrets.SecretQuerySerializer, RETRY_AFTER],
        request=client_secrets.ClientSecretRequestSerializer,
        responses={200: client_secrets.ClientSecretSerializer} | _REFUSED,
    )
    def post(self, request: Request) -> Response:
        return self.answer(request)

    def issued(self, request: Request, config: RealtimeConfig) -> dict[str, Any]:
        description = provider_for(config).description
        query = client_secrets.SecretQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        body = client_secrets.ClientSecretRequestSerializer(
            data=request.data, context={"description": description}
        )
        body.is_valid(raise_exception=True)
        asked = client_secrets.session_request(
            body.validated_data,
            conversation_id=query.validated_data.get("conversation_id"),
            description=description,
            web_session_key=_web_session_key(request),
        )
        issued = services.open_session(user=self.user, request=asked, config=config)
        return client_secrets.client_secret(issued, config=config, description=description)


def _web_session_key(request: Request) -> str:
    """The key of the web session that a cookie named; empty for callers with a token."""
    if not isinstance(request.successful_authenticator, SessionAuthentication):
        return ""
    session: Any = request.session
    return session.session_key or ""
