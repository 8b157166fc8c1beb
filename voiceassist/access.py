"""Who came and what they were told: a line and a figure for each HTTP request.

A line has the route and not the path, an account's number and not its name: whatever a stranger typed stays out.
"""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from realtime.telemetry import THIS_PROCESS, Event, Span
from voiceassist.limits import address_of
from voiceassist.logs import REQUEST

log = logging.getLogger(__name__)

_REFUSED = frozenset({401, 403, 429})
"""Answers that whoever watches for attacks wants to see, though everything works."""
_WATCHERS = frozenset({"health", "health/ready", "metrics"})
"""Routes that machines ask every few seconds."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")


async def watched(
    request: HttpRequest, answer: Callable[[HttpRequest], Awaitable[HttpResponseBase]]
) -> HttpResponseBase:
    """Answer a request; whatever is logged meanwhile has its id, which its sender finds in X-Request-Id."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(8)
    began = time.perf_counter()
    mark = REQUEST.set(request_id)
    try:
        response = await answer(request)
        response["X-Request-Id"] = request_id
        _told(request, response.status_code, time.perf_counter() - began)
        return response
    finally:
        REQUEST.reset(mark)


def _told(request: HttpRequest, status: int, seconds: float) -> None:
    """Count an answer, and write it down."""
    THIS_PROCESS.count(Event.HTTP_REQUEST, label=f"{status // 100}xx")
    THIS_PROCESS.time(Span.HTTP_REQUEST, seconds)
    if status == 403:
        THIS_PROCESS.count(Event.PERMISSION_REFUSED)
    route = getattr(request.resolver_match, "route", None) or "-"
    level = logging.DEBUG if route in _WATCHERS and status < 400 else logging.INFO
    told = {"method": request.method, "route": route, "status": status, "seconds": round(seconds, 4)}
    known = {"user_id": _known_user(request), "address": address_of(request)}
    name = _refusals if status in _REFUSED else _requests
    name.log(level, "%s %s: %d", request.method, route, status, extra=told | known)


_requests = logging.getLogger("voiceassist.requests")
"""One line for each answer: for programs to read; where people read the log, settings keep it quiet."""
_refusals = logging.getLogger("voiceassist.refusals")


def _known_user(request: HttpRequest) -> int | None:
    """The account's number, if answering has looked at it already: watching asks nothing of the database."""
    for user in (getattr(request, "_cached_user", None), request.__dict__.get("user")):
        # By its type, which a lazy object tells without looking; `isinstance` would make it look.
        if type(user) is User:
            return user.pk
    return None
