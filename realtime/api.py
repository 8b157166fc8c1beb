"""The REST door to sessions. Translates HTTP; decides nothing."""

import logging
import secrets
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.errors import ConversationError
from realtime import client_secrets, services
from realtime.config import RealtimeConfig
from realtime.errors import RealtimeDisabled, RealtimeError
from realtime.providers.registry import provider_for
from realtime.serializers import ErrorSerializer, SessionConfigSerializer, SessionRequestSerializer

log = logging.getLogger(__name__)
_REFUSALS = {
    400: "invalid",
    401: "not_authenticated, token_not_valid",
    403: "csrf_failed",
    404: "conversation_not_found, session_not_found",
    409: "session_not_resumable",
    429: "throttled, too_many_sessions, daily_limit_reached; with Retry-After",
    500: "session_creation_failed",
    503: "realtime_disabled, realtime_not_configured",
}
_REFUSED = {status: OpenApiResponse(ErrorSerializer, codes) for status, codes in _REFUSALS.items()}


class SessionCreationFailed(APIException):
    """Our fault. Who runs the server finds the traceback in the log, under `number`."""

    status_code = 500
    default_code = "session_creation_failed"

    def __init__(self, number: str) -> None:
        super().__init__(
            "The session could not be made, and it is our fault. Try again; if it keeps happening, whoever runs this "
            f"server finds it in the log as {number}."
        )


class _Issuing(APIView):
    """Issues short-lived sessions. The ticket in the answer opens exactly one."""

    throttle_scope = "realtime-session"

    def issued(self, request: Request, config: RealtimeConfig) -> dict[str, Any]:
        """Open a session; the body of the answer."""
        raise NotImplementedError

    def answer(self, request: Request) -> Response:
        config: RealtimeConfig = settings.REALTIME
        if not config.enabled:
            raise RealtimeDisabled
        try:
            return Response(self.issued(request, config))
        except (RealtimeError, ConversationError, APIException):
            raise
        except Exception as error:
            number = secrets.token_hex(4)
            log.exception("A session could not be created: %s", number)
            raise SessionCreationFailed(number) from error


class RealtimeSessionView(_Issuing):
    @extend_schema(
        operation_id="create_realtime_session",
        description=_Issuing.__doc__,
        request=SessionRequestSerializer,
        responses={200: SessionConfigSerializer} | _REFUSED,
    )
    def post(self, request: Request) -> Response:
        return self.answer(request)

    def issued(self, request: Request, config: RealtimeConfig) -> dict[str, Any]:
        description = provider_for(config).description
        body = SessionRequestSerializer(data=request.data, context={"description": description})
        body.is_valid(raise_exception=True)
        asked = services.SessionRequest(**body.validated_data, web_session_key=_web_session_key(request))
        return services.generate_session_config(user=cast(User, request.user), request=asked, config=config)


class ClientSecretView(_Issuing):
    """Issues a session in OpenAI's shape, so that programs written for its ephemeral keys run against this server."""

    @extend_schema(
        operation_id="create_client_secret",
        parameters=[client_secrets.ConversationQuerySerializer],
        request=client_secrets.ClientSecretRequestSerializer,
        responses={200: client_secrets.ClientSecretSerializer} | _REFUSED,
    )
    def post(self, request: Request) -> Response:
        return self.answer(request)

    def issued(self, request: Request, config: RealtimeConfig) -> dict[str, Any]:
        description = provider_for(config).description
        query = client_secrets.ConversationQuerySerializer(data=request.query_params)
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
        issued = services.open_session(user=cast(User, request.user), request=asked, config=config)
        return client_secrets.client_secret(issued, config=config, description=description)


def _web_session_key(request: Request) -> str:
    """The key of the web session that a cookie named; empty for callers with a token."""
    if not isinstance(request.successful_authenticator, SessionAuthentication):
        return ""
    session: Any = request.session
    return session.session_key or ""
