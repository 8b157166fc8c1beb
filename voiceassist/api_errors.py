"""One shape for everything that goes wrong over HTTP: {"code", "detail"}, and "fields" where a body was not valid."""

import logging
import math
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from conversations.errors import ConversationError
from realtime.errors import RealtimeError
from voiceassist.limits import in_words

log = logging.getLogger(__name__)

NON_FIELD_ERRORS = api_settings.NON_FIELD_ERRORS_KEY
API_PATHS = ("/api/", "/v1/")
"""Below these a program is asking, so it gets JSON; everywhere else a person gets a page."""

_SENTENCES = {
    "csrf_failed": "This page's security token is missing or out of date. Reload the page and try again.",
    "invalid": "What was sent could not be understood.",
    "method_not_allowed": "This address does not answer that kind of request.",
    "no_active_account": "The name or the password is wrong, or the account is switched off.",
    "not_acceptable": "This address answers in JSON only.",
    "not_authenticated": "Sign in first, or send a valid access token.",
    "not_found": "There is nothing at this address.",
    "permission_denied": "This account may not do that.",
    "token_not_valid": "The token is not valid, has expired or was withdrawn. Sign in again for a new one.",
    "unsupported_media_type": "Send the body as JSON (Content-Type: application/json).",
}


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The body is larger than this server reads. Send less at once."


def answer(exception: Exception, context: dict[str, Any]) -> Response:
    """The response to an exception raised in an API view (Django REST framework's EXCEPTION_HANDLER).

    What nobody expected is `internal`, or the `failure_code` of a view that has a name for its own failing.
    """
    set_rollback()
    if isinstance(exception, ConversationError | RealtimeError):
        return _domain_error(exception)
    if isinstance(exception, Http404):
        exception = exceptions.NotFound()
    elif isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied()
    elif isinstance(exception, RequestDataTooBig):
        exception = BodyTooLarge()
    if isinstance(exception, exceptions.APIException):
        return _api_error(exception)
    code = getattr(context.get("view"), "failure_code", "internal")
    return Response(_internal(exception) | {"code": code}, status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """400 outside of API views, such as a Host header that is not ours."""
    return _plain(request, 400, "invalid") or defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """403 outside of API views."""
    return _plain(request, 403, "permission_denied") or defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404 for an address that no route has."""
    return _plain(request, 404, "not_found") or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """500 outside of API views. Django has logged the traceback; the id is what its reader can be asked for."""
    if not request.path.startswith(API_PATHS):
        return defaults.server_error(request)
    return JsonResponse(_internal(None), status=500)


def _domain_error(error: ConversationError | RealtimeError) -> Response:
    retry_after = getattr(error, "retry_after", None)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    # A program whose credential is refused learns from this header which kind to send.
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response({"code": error.code, "detail": error.detail}, status=error.status, headers=headers)


def _api_error(error: exceptions.APIException) -> Response:
    code = _code_of(error)
    body: dict[str, Any] = {"code": code, "detail": _SENTENCES.get(code) or str(error.detail)}
    headers = {}
    if isinstance(error, exceptions.ValidationError):
        body |= _validation(error)
    if isinstance(error, exceptions.Throttled):
        seconds = max(1, math.ceil(getattr(error, "wait", None) or 1))
        headers["Retry-After"] = str(seconds)
        body["detail"] = f"That was too often. Try again in {in_words(seconds)}."
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    return Response(body, status=error.status_code, headers=headers)


def _code_of(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.AuthenticationFailed):
        return _credential_code(error)
    # Session authentication has no class of its own for this, and the answer differs: reload, not "you may not".
    if isinstance(error, exceptions.PermissionDenied) and str(error.detail).startswith("CSRF Failed"):
        return "csrf_failed"
    if isinstance(error, exceptions.ValidationError | exceptions.ParseError):
        return "invalid"
    return error.default_code


def _credential_code(error: exceptions.AuthenticationFailed) -> str:
    """Whatever is wrong with a token, one code: the library's finer ones tell strangers about accounts."""
    if isinstance(error.detail, Mapping):
        return "token_not_valid"
    if error.get_codes() == "no_active_account":
        return "no_active_account"
    return "not_authenticated"


def _validation(error: exceptions.ValidationError) -> dict[str, Any]:
    fields = dict(_told(error.detail))
    bare = " ".join(fields.pop("", []))
    # Not all of the framework's sentences end.
    return {"detail": (bare or _sentence_of(fields)).rstrip(".") + ".", "fields": fields}


def _told(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """What is wrong with each field, by its path: `expires_after.seconds`. Of the whole body: under no path."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _told(inner, path if name == NON_FIELD_ERRORS else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list) and not all(isinstance(sentence, str) for sentence in detail):
        for number, inner in enumerate(detail):
            yield from _told(inner, f"{path}.{number}".lstrip("."))
    elif detail:
        yield path, [detail] if isinstance(detail, str) else [str(sentence) for sentence in detail]


def _sentence_of(fields: Mapping[str, list[str]]) -> str:
    """One field's own words, or the names of all that need a look."""
    if len(fields) == 1:
        [(name, sentences)] = fields.items()
        return f"{name}: {' '.join(sentences)}"
    return f"Not valid: {', '.join(fields)}"


def _internal(exception: BaseException | None) -> dict[str, str]:
    """The body of a 500. Its id stands in the log beside the traceback; what went wrong is not told to the caller."""
    number = secrets.token_hex(4)
    log.error("Unexpected failure %s", number, exc_info=exception or True)
    return {
        "code": "internal",
        "detail": f"Something went wrong on our side. Whoever runs this server finds it in the log as {number}.",
    }


def _plain(request: HttpRequest, status: int, code: str) -> JsonResponse | None:
    if not request.path.startswith(API_PATHS):
        return None
    # Written as the framework writes it: an address that is not there looks like one that is not for the caller.
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    return JsonResponse({"code": code, "detail": _SENTENCES[code]}, status=status, json_dumps_params=compact)
