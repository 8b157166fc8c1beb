"""Which consumer answers on which socket path, and how many sockets a process takes."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import orjson
from django.conf import settings
from django.urls import URLPattern, re_path

from realtime.admission import Brake
from realtime.consumers import RealtimeConsumer
from realtime.errors import Draining, RealtimeError, TooManySockets
from realtime.live import THIS_PROCESS
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


async def nowhere(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Turn a handshake away (HTTP 403). Without a route, every scanner's guess would be a traceback in the log."""
    await receive()
    await send({"type": "websocket.close"})


def websocket_routes(brake: Brake) -> list[URLPattern]:
    """The paths of sockets. `brake` slows down whoever opens sessions with an access token."""
    return [
        # The stock SDKs build this path from their base URL.
        re_path(r"^v1/realtime/?$", cast(Any, RealtimeConsumer.as_asgi(brake=brake))),
        re_path(r"", cast(Any, nowhere)),
    ]


class Sockets:
    """Counts the sockets of a process, and turns handshakes away that are too many or come when it has to stop.

    That is told before they are accepted, as HTTP 503: who is turned away costs no session, no thread and no row, and a
    proxy hands the same handshake to the next process.
    """

    def __init__(self) -> None:
        self.open = 0

    def capped(self, application: Application) -> Application:
        """`application`, for at most REALTIME_SOCKETS sockets at a time, and none more while the process drains."""

        async def answer(scope: dict[str, Any], receive: Receive, send: Send) -> None:
            if THIS_PROCESS.is_draining:
                await _refuse(Draining, scope, receive, send)
                return
            if self.open >= settings.REALTIME_SOCKETS:
                FIGURES.count(Event.SOCKET_OVER_CAP)
                await _refuse(TooManySockets, scope, receive, send)
                return
            place = _Place(self, receive, send)
            try:
                await application(scope, place.receive, place.send)
            finally:
                place.leave()

        return answer


class _Place:
    """What one socket takes up, until it is closed from either side.

    The application may be at it for longer: the first socket of a session is, until that session is over, also while
    that waits for its client or has it on another socket.
    """

    def __init__(self, sockets: Sockets, receive: Receive, send: Send) -> None:
        self._sockets, self._receive, self._send = sockets, receive, send
        self._is_taken = True
        sockets.open += 1

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self.leave()
        return message

    async def send(self, message: Any) -> None:
        await self._send(message)
        if message["type"] == "websocket.close":
            self.leave()

    def leave(self) -> None:
        if self._is_taken:
            self._is_taken = False
            self._sockets.open -= 1


async def _refuse(error: type[RealtimeError], scope: dict[str, Any], receive: Receive, send: Send) -> None:
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    body = orjson.dumps({"code": error.code, "detail": error.detail})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(error.retry_after).encode()),
    ]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


SOCKETS = Sockets()
"""Those of the process we are in."""
