"""HTTP to Django, sockets to the relay, and what a server prepares before the first and ends after the last of them."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")
django.setup(set_prefix=False)

# These need the apps that the line above has loaded.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402

from realtime import control, handover  # noqa: E402
from realtime.housekeeping import catch_up, keep_reaping, keep_tidy  # noqa: E402
from realtime.options import SESSION_RATE  # noqa: E402
from realtime.providers import registry  # noqa: E402
from realtime.routing import SOCKETS, websocket_routes  # noqa: E402
from voiceassist import metrics, postgres  # noqa: E402
from voiceassist.handler import Handler  # noqa: E402
from voiceassist.limits import party_at, wait_for  # noqa: E402

log = logging.getLogger(__name__)

STATEMENT_SECONDS = 60.0
"""How long a server waits for a statement. A command, such as a migration, waits for as long as it takes."""
LETTING_GO_SECONDS = 5.0
"""How long each of the things that a server does at its end may take."""


async def lifespan(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Warm the provider up, so that the first session is as quick as the others, and let go of it at the end.

    In between it owns the chores: the housekeeping, the reaper, the line to other processes and the loop's watch.
    """
    chores: list[asyncio.Task[None]] = []
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            postgres.bound_statements(STATEMENT_SECONDS)
            if settings.REALTIME.enabled:
                await registry.warm_up(settings.REALTIME)
            works = (
                keep_tidy(),
                keep_reaping(),
                control.listen(handover.obey, catch_up),
                metrics.watch_loop(),
            )
            chores += [asyncio.create_task(work) for work in works]
            await send({"type": "lifespan.startup.complete"})
        else:
            for chore in chores:
                chore.cancel()
            await _within(asyncio.wait(chores), "the chores")
            await _within(registry.close_all(), "the provider")
            postgres.bound_statements(None)
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _within(work: Coroutine[Any, Any, Any], what: str) -> None:
    """Do it, or go on without: a database that hangs must not keep a server that is told to stop."""
    try:
        async with asyncio.timeout(LETTING_GO_SECONDS):
            await work
    except TimeoutError:
        log.warning("The server stops without waiting any longer for %s", what)


def brake(user: User, address: str) -> int | None:
    """Count a session that is opened with an access token as one that is asked for over REST."""
    return wait_for(SESSION_RATE, user.pk, party_at(address))


application = ProtocolTypeRouter(
    {
        "http": Handler(),
        "websocket": cast(Any, SOCKETS.capped(cast(Any, URLRouter(cast(Any, websocket_routes(brake)))))),
        "lifespan": cast(Any, lifespan),
    }
)
