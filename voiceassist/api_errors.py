"""One shape for everything that goes wrong over HTTP: {"code", "detail"}, and "fields" where a body was not valid."""

import logging
import math
import secrets
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from conversations.errors import ConversationError
from realtime.errors import RealtimeError
from realtime.telemetry import THIS_PROCESS, Event
from voiceassist.limits import in_words
from voiceassist.outages import CACHE, DATABASE, Outage, outage_of
from voiceassist.staticfiles import NotGathered

log = logging.getLogger(__name__)

NON_FIELD_ERRORS = api_settings.NON_FIELD_ERRORS_KEY
API_PATHS = ("/api/", "/v1/")
"""Below these a program is asking, so it gets JSON; everywhere else a person gets a page."""

_COUNTED = {DATABASE: Event.DATABASE_AWAY, CACHE: Event.CACHE_AWAY}
# As on the pages that can be shown in full (templates/500.html, 503.html).
_OUR_FAULT = (
    "It was written down for whoever runs this server. What was said so far is kept. Try again in a moment."
)
_AWAY = "This server cannot reach everything it needs just now. What was said so far is kept. Try again in a moment."
_BUSY_SECONDS = 2
_BUSY = gettext_noop("More is asked of this server just now than it can answer. Try again in a moment.")
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
    response = _answered(exception, context)
    if response.status_code == 503:
        _need_not_be_logged(response)
    return response


def _answered(exception: Exception, context: dict[str, Any]) -> Response:
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
    outage = outage_of(exception)
    if outage is not None:
        headers = {"Retry-After": str(outage.retry_after)}
        _noted(outage, exception)
        return Response({"code": outage.code, "detail": outage.detail}, status=503, headers=headers)
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
    """500 outside of API views. Django has logged the traceback; the id is what its reader can be asked for.

    503 when a part of the house is away: Django comes here in the midst of handling that exception.
    """
    outage = outage_of(sys.exception())
    if outage is not None:
        return _unavailable(request, outage)
    if request.path.startswith(API_PATHS):
        return JsonResponse(_internal(None), status=500)
    try:
        return defaults.server_error(request)
    except NotGathered:
        return _bare(500, _("Something went wrong on our side"), _(_OUR_FAULT))


def too_busy(request: HttpRequest) -> HttpResponseBase:
    """503 for a request whose turn did not come in time. No middleware sees it, so it brings its own headers."""
    response: HttpResponse
    if request.path.startswith(API_PATHS):
        response = JsonResponse({"code": "server_busy", "detail": _BUSY}, status=503)
    else:
        response = _bare(503, _("Back in a moment"), _(_BUSY))
    response["Retry-After"] = str(_BUSY_SECONDS)
    response["Cache-Control"] = "no-store"
    response["Content-Security-Policy"] = "default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _unavailable(request: HttpRequest, outage: Outage) -> HttpResponseBase:
    response: HttpResponse
    if request.path.startswith(API_PATHS):
        response = JsonResponse({"code": outage.code, "detail": outage.detail}, status=503)
    else:
        response = _page_of_outage()
    response["Retry-After"] = str(outage.retry_after)
    _noted(outage, sys.exception())
    _need_not_be_logged(response)
    return response


def _page_of_outage() -> HttpResponse:
    try:
        # Without the request: who is signed in stands in the very database that is away.
        return HttpResponse(loader.get_template("503.html").render(), status=503)
    except NotGathered:
        return _bare(503, _("Back in a moment"), _(_AWAY))


def _bare(status: int, heading: str, words: str) -> HttpResponse:
    """A page that needs no static file."""
    page = loader.get_template("bare.html").render({"heading": heading, "words": words})
    return HttpResponse(page, status=status)


def _need_not_be_logged(response: HttpResponse | Response) -> None:
    """Keep Django from an error of its own, with a traceback where it has one: whoever is away was told of already."""
    response._has_been_logged = True  # type: ignore[union-attr]


def _noted(outage: Outage, exception: BaseException | None) -> None:
    if outage in _COUNTED:
        THIS_PROCESS.count(_COUNTED[outage])
    log.warning("The %s is away, and a request was answered so: %s", outage.part, exception)


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
    wait = getattr(error, "wait", None)
    if wait is not None or isinstance(error, exceptions.Throttled):
        seconds = max(1, math.ceil(wait or 1))
        headers["Retry-After"] = str(seconds)
    if isinstance(error, exceptions.Throttled):
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
