"""Which consumer answers on which socket path."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from django.urls import re_path

from realtime.consumers import RealtimeConsumer


async def nowhere(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Turn a handshake away (HTTP 403). Without a route, every scanner's guess would be a traceback in the log."""
    await receive()
    await send({"type": "websocket.close"})


websocket_urlpatterns = [
    # The stock SDKs build this path from their base URL.
    re_path(r"^v1/realtime/?$", cast(Any, RealtimeConsumer.as_asgi())),
    re_path(r"", cast(Any, nowhere)),
]
