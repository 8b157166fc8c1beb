"""Django's HTTP, taken to a thread once for each request."""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class Handler(ASGIHandler):
    """Runs the middleware and the view together in the request's thread.

    Django's own handler runs the middleware in the event loop, from which most of them take a trip to that thread and
    back, twice: that was a quarter of what a request for a session cost.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        answer: Any = sync_to_async(self.get_response)
        response: HttpResponseBase = await answer(request)
        return response
