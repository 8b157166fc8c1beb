"""Where a relay's turns and figures are kept: the database, patiently."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TypeVar

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from realtime import allowance, leases, services
from realtime.config import RealtimeConfig
from realtime.errors import EndReason
from realtime.executors import in_database
from realtime.ledger import Saved
from realtime.models import VoiceSession
from realtime.protocol.effects import Turn
from realtime.protocol.events import Event
from realtime.rounds import Rounds

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


@dataclass(frozen=True, slots=True)
class _Known:
    """How long, as of a moment, somebody may surely go on talking; None without a limit, or when nobody could say."""

    seconds: float | None
    at: float

    def left(self, now: float) -> float | None:
        return None if self.seconds is None else max(0.0, self.seconds - (now - self.at))


async def _renewed(asked: Sequence[leases.Lease]) -> list[leases.Renewal]:
    try:
        return await in_database(leases.renew_leases)(asked)
    except (OperationalError, InterfaceError) as error:
        problem = type(error).__name__
        log.warning("%d leases could not be renewed (%s), trying again later", len(asked), problem)
        raise


_leases = Rounds(_renewed)
"""The sessions of this process renew theirs together."""


class DatabaseLedger:
    """The ledger of one live session (see `realtime.ledger`)."""

    def __init__(
        self, session: VoiceSession, config: RealtimeConfig, *, patience: Patience | None = None
    ) -> None:
        self._session = session
        self._config = config
        self._patience = patience or Patience()
        self._lease = leases.Lease(session, session.user.get_session_auth_hash(), config)
        self._known: _Known | None = None
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
        write = in_database(leases.record_usage)
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
        write = in_database(leases.record_first_audio)
        await self._patience.write(lambda: write(session=self._session, **figures))

    async def park(self, seconds_ago: float) -> None:
        self._lease.is_parked = True
        lost_at = timezone.now() - timedelta(seconds=max(0.0, seconds_ago))
        try:
            await in_database(leases.park_session)(session=self._session, lost_at=lost_at)
        except (OperationalError, InterfaceError):
            log.warning("session %s: that its client is lost could not be written down", self._session.pk)

    async def take_back(self) -> bool:
        self._lease.is_parked = False
        try:
            return await in_database(leases.take_back_session)(session=self._session)
        except (OperationalError, InterfaceError):
            log.warning("session %s: that its client is back could not be written down", self._session.pk)
            return True

    async def renew(self) -> EndReason | None:
        self._known = None
        try:
            renewal = await _leases.ask(self._lease)
            if renewal.is_put_off:
                renewal = await in_database(leases.renew_lease)(self._lease)
        except (OperationalError, InterfaceError):
            self._known = _Known(None, time.monotonic())
            return None
        self._known = _Known(renewal.surely_left, time.monotonic())
        return renewal.reason

    async def surely_left(self) -> float | None:
        """See `Ledger.surely_left`; what the last renewal has found is not looked up again."""
        if self._known is not None:
            return self._known.left(time.monotonic())
        try:
            return await in_database(allowance.surely_left)(self._session.user, self._config)
        except (OperationalError, InterfaceError):
            return None

    async def end(self, reason: EndReason) -> None:
        """Write the end down."""
        write = in_database(services.end_session)
        await self._patience.write(lambda: write(session=self._session, reason=reason))
