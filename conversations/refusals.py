"""How the API says no, as its schema tells it: one shape, and for each status the codes that may stand in it."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[Any]):
    """How every error of the API is told."""

    code = serializers.CharField(help_text="for programs; it stays as it is")
    detail = serializers.CharField(help_text="for people: what happened, and what to do")
    # DRF takes fields off the class, so the property of that name stays.
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="with `invalid`: what is wrong with each field, by its path (`expires_after.seconds`)",
    )


_CODES = {
    400: "`invalid`",
    401: "`not_authenticated`, `token_not_valid`",
    403: "`csrf_failed`: the site's cookie came without its CSRF token",
    406: "`not_acceptable`: this address answers in JSON only",
    411: "`length_required`: the body came without its length",
    412: "`precondition_failed`: it was changed since it was read",
    413: "`too_large`: the body is larger than this server reads",
    415: "`unsupported_media_type`: send JSON",
    429: "`throttled`",
    500: "`internal`: our fault; `detail` names the number under which it is in the log",
}

Answers = dict[Any, Any]
"""Statuses and what they come with, as `extend_schema(responses=...)` takes them."""


def refused(codes: Mapping[int, str]) -> Answers:
    """Refusals with the codes they come with."""
    return {status: OpenApiResponse(ErrorSerializer, told) for status, told in codes.items()}


def usual(*statuses: int) -> Answers:
    """Refusals that mean the same at every door."""
    return refused({status: _CODES[status] for status in statuses})


ALWAYS = usual(401, 406, 500)
"""What a door that people sign in for may always answer."""
READING = {304: OpenApiResponse(description="It still is as in `If-None-Match`.")} | ALWAYS
WRITING = usual(400, 403, 411, 413, 415) | ALWAYS
"""A body is read, and the site's cookie needs its CSRF token."""

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="the `ETag` of an earlier answer; while nothing has changed, the answer is 304 without a body",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="the `ETag` of what was read; if it has changed since, nothing is done and the answer is 412",
)
ETAG = OpenApiParameter(
    "ETag",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200, 201, 304],
    description="names this answer, for `If-None-Match` and `If-Match`",
)
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    OpenApiTypes.INT,
    OpenApiParameter.HEADER,
    response=[429],
    description="seconds to wait",
)
TAGGED = [IF_NONE_MATCH, ETAG]
