"""Supervisors, load balancers and scrapers: they come by an address, not by the name that people type."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

ASKED_BY_MACHINES = frozenset({"/health", "/health/ready", "/metrics"})
"""Answers in which no host name occurs, so that a made-up one can do nothing there."""


class AnyHost:
    """Answers those paths whatever the Host header says; on every other path ALLOWED_HOSTS decides."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info in ASKED_BY_MACHINES:
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0]
        return self._get_response(request)
