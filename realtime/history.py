"""Where a relay's turns and figures are kept: the database, patiently."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from statistics import median
from typing import TypeVar

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from realtime import allowance, services
from realtime.config import RealtimeConfig
from realtime.errors import EndReason
from realtime.executors import in_database
from realtime.ledger import Saved
from realtime.models import VoiceSession
from realtime.protocol.effects import Turn
from realtime.protocol.events import Event

log = logging.getLogger(__name__)
T = TypeVar("T")
WAITS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries while the database is away: words wait, they are not dropped."""


class Patience:
    """Tries a write again while the database is away.

    When it was of no use, what follows is tried once each until something succeeds: a session's end must not wait
    for every one of its turns in turn.
    """

    def __init__(self, waits: tuple[float, ...] = WAITS) -> None:
        """`waits` are the seconds between tries."""
        self._waits = waits
        self._is_used_up = False

    async def write(self, write: Callable[[], Awaitable[T]]) -> T:
        """The result of `write`, or the database's own error after the last try."""
        for wait in () if self._is_used_up else self._waits:
            try:
                return await write()
            except (OperationalError, InterfaceError) as error:
                log.warning("the database is away (%s), trying again in %s s", type(error).__name__, wait)
                await asyncio.sleep(wait)
        self._is_used_up = True
        result = await write()
        self._is_used_up = False
        return result


class DatabaseLedger:
    """The ledger of one live session (see `realtime.ledger`)."""

    def __init__(
        self, session: VoiceSession, config: RealtimeConfig, *, patience: Patience | None = None
    ) -> None:
        self._session = session
        self._config = config
        self._patience = patience or Patience()
        self._auth_hash = session.user.get_session_auth_hash()
        # Of the answers that the session gave elsewhere, before it was taken up here, only their median is known.
        self._waits = [session.first_audio_ms or 0] * session.answers
        self._slowest = session.slowest_first_audio_ms or 0

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        spoken_at = timezone.now() - timedelta(seconds=max(0.0, seconds_ago))
        write = in_database(services.record_turn)
        message = await self._patience.write(
            lambda: write(session=self._session, turn=turn, spoken_at=spoken_at)
        )
        return None if message is None else Saved(str(message.pk), message.position)

    async def record_usage(self, usage: Event) -> None:
        write = in_database(services.record_usage)
        await self._patience.write(
            lambda: write(session=self._session, usage=usage, prices=self._config.prices)
        )

    async def record_first_audio(self, milliseconds: int) -> None:
        self._waits.append(milliseconds)
        self._slowest = max(self._slowest, milliseconds)
        figures = {
            "answers": len(self._waits),
            "median_ms": round(median(self._waits)),
            "slowest_ms": self._slowest,
        }
        write = in_database(services.record_first_audio)
        await self._patience.write(lambda: write(session=self._session, **figures))

    async def renew(self) -> EndReason | None:
        renew = in_database(services.renew_lease)
        try:
            return await renew(session=self._session, auth_hash=self._auth_hash, config=self._config)
        except (OperationalError, InterfaceError):
            log.warning("session %s: the lease could not be renewed, trying again later", self._session.pk)
            return None

    async def surely_left(self) -> float | None:
        try:
            return await in_database(allowance.surely_left)(self._session.user, self._config)
        except (OperationalError, InterfaceError):
            return None

    async def end(self, reason: EndReason) -> None:
        """Write the end down."""
        write = in_database(services.end_session)
        await self._patience.write(lambda: write(session=self._session, reason=reason))
