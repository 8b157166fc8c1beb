"""HTTP to Django, sockets to the relay, and what a server prepares before the first and ends after the last of them."""

import os
from collections.abc import Awaitable, Callable
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")
http = get_asgi_application()

# These need the apps that the line above has loaded.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from realtime.providers import registry  # noqa: E402
from realtime.routing import websocket_urlpatterns  # noqa: E402


async def lifespan(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Warm the provider up, so that the first session is as quick as the others, and let go of it at the end."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            if settings.REALTIME.enabled:
                await registry.warm_up(settings.REALTIME)
            await send({"type": "lifespan.startup.complete"})
        else:
            await registry.close_all()
            await send({"type": "lifespan.shutdown.complete"})
            return


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter(cast(Any, websocket_urlpatterns)),
        "lifespan": cast(Any, lifespan),
    }
)
