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
from realtime import services
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


class SessionCreationFailed(APIException):
    """Our fault. Who runs the server finds the traceback in the log, under `number`."""

    status_code = 500
    default_code = "session_creation_failed"

    def __init__(self, number: str) -> None:
        super().__init__(
            "The session could not be made, and it is our fault. Try again; if it keeps happening, whoever runs this "
            f"server finds it in the log as {number}."
        )


class RealtimeSessionView(APIView):
    """Issues short-lived sessions. The ticket in the answer opens exactly one."""

    throttle_scope = "realtime-session"

    @extend_schema(
        operation_id="create_realtime_session",
        request=SessionRequestSerializer,
        responses={200: SessionConfigSerializer}
        | {status: OpenApiResponse(ErrorSerializer, codes) for status, codes in _REFUSALS.items()},
    )
    def post(self, request: Request) -> Response:
        config: RealtimeConfig = settings.REALTIME
        if not config.enabled:
            raise RealtimeDisabled
        try:
            return Response(self._issued(request, config))
        except (RealtimeError, ConversationError, APIException):
            raise
        except Exception as error:
            number = secrets.token_hex(4)
            log.exception("A session could not be created: %s", number)
            raise SessionCreationFailed(number) from error

    def _issued(self, request: Request, config: RealtimeConfig) -> dict[str, Any]:
        description = provider_for(config).description
        body = SessionRequestSerializer(data=request.data, context={"description": description})
        body.is_valid(raise_exception=True)
        asked = services.SessionRequest(**body.validated_data, web_session_key=_web_session_key(request))
        return services.generate_session_config(user=cast(User, request.user), request=asked, config=config)


def _web_session_key(request: Request) -> str:
    """The key of the web session that a cookie named; empty for callers with a token."""
    if not isinstance(request.successful_authenticator, SessionAuthentication):
        return ""
    session: Any = request.session
    return session.session_key or ""
