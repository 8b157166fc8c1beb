"""Which consumer answers on which socket path."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from django.urls import URLPattern, re_path

from realtime.admission import Brake
from realtime.consumers import RealtimeConsumer


async def nowhere(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
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
