"""Django's HTTP, taken to a thread once for each request, and to so many threads at a time."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from voiceassist import access, api_errors
from voiceassist.probes import ASKED_BY_MACHINES
from voiceassist.turns import Turn, Turns

_TURN: ContextVar[Turn | None] = ContextVar("turn", default=None)
"""Of the request that is being answered."""


class Handler(ASGIHandler):
    """Runs the middleware and the view together in the request's thread.

    Django's own handler runs the middleware in the event loop, from which most of them take a trip to that thread and
    back, twice: that was a quarter of what a request for a session cost.
    """

    def __init__(self, turns: Turns | None = None) -> None:
        super().__init__()
        self._turns = turns or Turns()

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        turn = self._turns.turn()
        mark = _TURN.set(turn)
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Of a client that went away: its thread was at it until now.
            turn.ends()
            _TURN.reset(mark)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await access.watched(request, self._in_turn)

    async def _in_turn(self, request: HttpRequest) -> HttpResponseBase:
        answer: Callable[[HttpRequest], Awaitable[HttpResponseBase]] = sync_to_async(self.get_response)
        if request.path_info in ASKED_BY_MACHINES:
            # Whoever looks whether we live must not take a crowd for our death.
            return await answer(request)
        turn = _TURN.get() or self._turns.turn()
        if not await turn.comes():
            return api_errors.too_busy(request)
        response = await answer(request)
        # Before it is sent: whoever reads slowly keeps nobody waiting.
        turn.ends()
        return response
