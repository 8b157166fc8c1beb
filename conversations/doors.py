"""What every door of the REST API does: it knows its caller, bounds what it reads, and names what it answers."""

from functools import partial
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.encoding import force_bytes
from django.utils.http import parse_etags
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response


class LengthRequired(APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = "The body came without its length, so it was not read. Send it with a Content-Length."


class PreconditionFailed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = "It was changed since you read it, so nothing was done. Read it again and decide anew."


class BoundedJSON(JSONParser):
    """JSON of a depth that a program could mean. Its size is bounded by DATA_UPLOAD_MAX_MEMORY_SIZE."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError from error


def require_length(request: Request) -> None:
    """Raise LengthRequired for a body in chunks: the framework would take it for none, and `save: false` for nothing
    said."""
    if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
        raise LengthRequired


class Door(GenericAPIView[Any]):
    """A view of the API for people who are signed in.

    What it answers in JSON carries an ETag, and a caller who has it already (`If-None-Match`) gets 304 without a body.
    """

    # No OPTIONS: what there is stands in the schema.
    http_method_names = ("get", "head", "post", "patch", "delete")
    parser_classes = (BoundedJSON,)
    is_tagged = True
    """False for answers that are made anew each time, such as tickets."""

    @property
    def user(self) -> User:
        """The caller."""
        if not isinstance(self.request.user, User):
            raise TypeError("A door for people who are signed in was opened to anonymous callers.")
        return self.request.user

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require_length(request)

    # Any: a view may also answer with what is no Response, such as a file.
    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.is_tagged and isinstance(response, Response) and response.status_code in (200, 201):
            response.add_post_render_callback(partial(_tagged, request))
        return response

    def require_match(self, instance: Any) -> None:
        """Raise PreconditionFailed when the caller read something else (`If-Match`) than `instance` is now."""
        known = self.request.headers.get("If-Match")
        if known is None:
            return
        request, data = self.request, self.get_serializer(instance).data
        now = request.accepted_renderer.render(data, request.accepted_media_type, self.get_renderer_context())
        if not {"*", _tag(force_bytes(now))} & set(parse_etags(known)):
            raise PreconditionFailed


def _tagged(request: Request, response: HttpResponse) -> HttpResponseNotModified | None:
    """Name a rendered answer. A 304 in its place when the caller has it."""
    response.headers["ETag"] = tag = _tag(response.getvalue())
    known = {each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))}
    if request.method not in SAFE_METHODS or not {"*", tag} & known:
        return None
    return HttpResponseNotModified(headers={"ETag": tag})


def _tag(body: bytes) -> str:
    return f'"{sha256(body).hexdigest()[:32]}"'
