"""HTTP to Django, sockets to the relay, and what a server prepares before the first and ends after the last of them."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")
django.setup(set_prefix=False)

# These need the apps that the line above has loaded.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402

from realtime.housekeeping import keep_tidy  # noqa: E402
from realtime.options import SESSION_RATE  # noqa: E402
from realtime.providers import registry  # noqa: E402
from realtime.routing import websocket_routes  # noqa: E402
from realtime.tasks import cancelled  # noqa: E402
from voiceassist.handler import Handler  # noqa: E402
from voiceassist.limits import party_at, wait_for  # noqa: E402


async def lifespan(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Warm the provider up, so that the first session is as quick as the others, and let go of it at the end.

    In between it owns the housekeeping.
    """
    chores: list[asyncio.Task[None]] = []
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            if settings.REALTIME.enabled:
                await registry.warm_up(settings.REALTIME)
            chores.append(asyncio.create_task(keep_tidy()))
            await send({"type": "lifespan.startup.complete"})
        else:
            await cancelled(chores)
            await registry.close_all()
            await send({"type": "lifespan.shutdown.complete"})
            return


def brake(user: User, address: str) -> int | None:
    """Count a session that is opened with an access token as one that is asked for over REST."""
    return wait_for(SESSION_RATE, user.pk, party_at(address))


application = ProtocolTypeRouter(
    {
        "http": Handler(),
        "websocket": URLRouter(cast(Any, websocket_routes(brake))),
        "lifespan": cast(Any, lifespan),
    }
)
