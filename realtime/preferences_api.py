"""A person's own preferences over REST: what sessions begin with when nothing else is asked for."""

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.doors import Door
from conversations.refusals import ETAG, IF_MATCH, READING, TAGGED, WRITING, usual
from realtime.preferences import choose, preferences_of
from realtime.providers.base import Description
from realtime.providers.registry import describe
from realtime.serializers import PreferencesSerializer

_CHOSEN = OpenApiExample(
    "A calmer voice, and the server's own for the rest",
    {
        "voice": "cedar",
        "speed": 0.9,
        "pitch": None,
        "language": None,
        "output": None,
        "turn_detection": "push_to_talk",
    },
    response_only=True,
)
_CHANGES = OpenApiExample(
    "Another voice, and the usual speed again", {"voice": "cedar", "speed": None}, request_only=True
)


@extend_schema(tags=["me"])
class PreferencesView(Door):
    serializer_class = PreferencesSerializer
    pagination_class = None

    @extend_schema(
        operation_id="get_my_preferences",
        summary="What the caller chose for all their sessions",
        description="What the provider of this server does not have is left out; it counts again where it is there.",
        parameters=TAGGED,
        responses={200: PreferencesSerializer} | READING,
        examples=[_CHOSEN],
    )
    def get(self, request: Request) -> Response:
        return self._shown(describe(settings.REALTIME))

    @extend_schema(
        operation_id="change_my_preferences",
        summary="Choose for all sessions from the next one on",
        description="What is not named stays as it is; `null` takes a choice back. Fills what a "
        "session is asked for without: over REST, as a client secret, or on the socket with an access token. What is "
        "open keeps what it began with.",
        parameters=[IF_MATCH, ETAG],
        request=PreferencesSerializer,
        responses={200: PreferencesSerializer} | WRITING | usual(412),
        examples=[_CHANGES, _CHOSEN],
    )
    @transaction.atomic
    def patch(self, request: Request) -> Response:
        description = describe(settings.REALTIME)
        self._require_as_read(description)
        changes = PreferencesSerializer(data=request.data, partial=True, context={"description": description})
        changes.is_valid(raise_exception=True)
        choose(self.user, changes.validated_data)
        return self._shown(description)

    def _require_as_read(self, description: Description) -> None:
        """Raise PreconditionFailed unless they are as the caller has read them."""
        if "If-Match" in self.request.headers:
            # Of several who have read the same, one gets to change it. Their own row may not be there yet.
            User.objects.select_for_update(no_key=True).filter(pk=self.user.pk).first()
            self.require_match(preferences_of(self.user, description))

    def _shown(self, description: Description) -> Response:
        return Response(self.get_serializer(preferences_of(self.user, description)).data)
