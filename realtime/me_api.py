"""A person's own data over REST: all of it in one file, and all of it erased."""

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import audit
from conversations.doors import Door
from conversations.downloads import download
from conversations.models import Conversation
from conversations.refusals import RETRY_AFTER, refused, usual
from conversations.serializers import StrictSerializer
from realtime import personal_data

_TAGS = ["me"]
_ERASED = """\
Ends what is live with the reason `erased`, then deletes every conversation, every session, what was used in them and
the preferences.
Nothing of it can be brought back, by nobody: take it out first (`GET /api/me/export`).

The account stays, and so do its sign-ins, unless `account=true` is asked for: then it goes too, with all that names it.
What is kept in either case is the record of who looked at which conversation and when, by numbers alone.
"""


class LastSuperuser(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "last_superuser"
    default_detail = (
        "Nobody else can administer this server, so nothing was erased. Make another account a superuser first, "
        "or erase your data and keep the account."
    )


class ErasureSerializer(StrictSerializer):
    """What is to go. A misspelt `account` must not erase all and leave the account."""

    account = serializers.BooleanField(
        default=False, help_text="`true`: the account itself is deleted as well"
    )


@extend_schema(tags=_TAGS)
class Export(Door):
    is_tagged = False
    throttle_scope = "personal-data"

    @extend_schema(
        operation_id="export_my_data",
        summary="Everything this server holds on the caller, in one JSON file",
        description="The account, preferences, conversations with every message and review, sessions, talking time, "
        "tokens (without what they open), and who looked at the transcripts. A password, a ticket or a key is not "
        "among it.",
        parameters=[RETRY_AFTER],
        responses={
            (200, "application/json"): OpenApiResponse(
                OpenApiTypes.OBJECT, "The file. `schema_version` says how it is built."
            )
        }
        | usual(401, 406, 429, 500),
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        own = Conversation.objects.filter(user=self.user)
        audit.record(audit.Looker.of(request, audit.Via.API), audit.Action.EXPORT, own)
        return download(
            request,
            personal_data.export_of(self.user),
            filename=f"voiceassist-data-{timezone.now():%Y-%m-%d}.json",
            content_type="application/json",
        )


@extend_schema(tags=_TAGS)
class Data(Door):
    # Its own: whoever has taken out much may still erase it.
    throttle_scope = "erasure"
    serializer_class = ErasureSerializer

    @extend_schema(
        operation_id="erase_my_data",
        summary="Erase everything this server holds on the caller",
        description=_ERASED,
        parameters=[ErasureSerializer, RETRY_AFTER],
        responses={204: None}
        | usual(400, 401, 403, 406, 429, 500)
        | refused({409: "`last_superuser`: nobody else could administer the server; nothing was erased"}),
    )
    def delete(self, request: Request) -> Response:
        query = self.get_serializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        try:
            personal_data.erase(
                self.user,
                with_account=query.validated_data["account"],
                looker=audit.Looker.of(request, audit.Via.API),
            )
        except personal_data.LastSuperuser as error:
            raise LastSuperuser from error
        return Response(status=status.HTTP_204_NO_CONTENT)
