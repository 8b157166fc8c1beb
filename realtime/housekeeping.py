"""What a server tidies up by itself, once after its start and then every day, or when it is told to."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.core.management import call_command
from django.db import Error as DatabaseError
from django.utils import timezone

from conversations import retention
from conversations.models import Conversation
from realtime import reaper
from realtime.errors import EndReason
from realtime.executors import in_database
from realtime.live import PROCESS_NAME, THIS_PROCESS
from realtime.models import TalkingTime, VoiceSession
from realtime.tasks import finished

log = logging.getLogger(__name__)

DAY_SECONDS = 24 * 3600.0
AGAIN_SECONDS = 600.0
"""After how long it is tried again when it could not be done."""
REAP_SECONDS = 15.0
"""How often a server looks for sessions that nobody will end: those of a process that was killed, for instance."""
_UNOPENED_IS_KEPT = timedelta(days=1)


def tidy() -> None:
    """End what is over, and delete what is kept no longer. Several processes may do so at once."""
    reaper.reap()
    purge(days=settings.TRANSCRIPT_RETENTION_DAYS)
    now = timezone.now()
    over = VoiceSession.objects.filter(state=VoiceSession.State.ENDED, ended_at__lt=now - _UNOPENED_IS_KEPT)
    over.filter(started_at=None).delete()
    TalkingTime.objects.filter(day__lt=now.date()).delete()
    # Refresh tokens and web sessions that ran out: their owners never delete them, and nobody else does.
    call_command("flushexpiredtokens")
    call_command("clearsessions")


def purge(*, days: int | None, dry_run: bool = False) -> retention.Purged:
    """Delete words that are too old, and empty conversations; one in which somebody speaks, or is about to, stays."""
    not_over = VoiceSession.objects.exclude(state=VoiceSession.State.ENDED)
    in_use = Conversation.objects.filter(voice_sessions__in=not_over)
    return retention.purge(days=days, dry_run=dry_run, sparing=in_use)


_tidy = in_database(tidy)
_reap = in_database(reaper.reap)


async def keep_tidy(
    *,
    tidy: Callable[[], Awaitable[None]] = _tidy,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Tidy up now and every day, until cancelled. What is being done at that moment is done to its end."""
    while True:
        await pause(DAY_SECONDS if await _tidied(tidy) else AGAIN_SECONDS)


async def keep_reaping(
    *,
    reap: Callable[[], Awaitable[None]] = _reap,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> None:
    """End what nobody will end, every fifteen seconds or so, until cancelled. Several processes may do so at once.

    A database that is away is told of once, and when it is back. The pauses differ, lest all processes of a site come
    at the same time.
    """
    is_away = False
    while True:
        await pause(REAP_SECONDS * (0.8 + 0.4 * jitter()))
        fault = await _fault_of(reap())
        was_away, is_away = is_away, isinstance(fault, DatabaseError)
        if fault is not None and not is_away:
            log.error("Sessions that are over could not be ended; it is tried again", exc_info=fault)
        elif is_away and not was_away:
            log.warning("Sessions that are over cannot be ended: the database is away (%s)", fault)
        elif was_away and not is_away:
            log.info("The database is back; sessions that are over are ended again")


def _asked_to_end() -> list[tuple[str, EndReason]]:
    """The sessions of this process that somebody asked to end, as their rows say."""
    held = VoiceSession.objects.filter(holder=PROCESS_NAME).exclude(state=VoiceSession.State.ENDED)
    asked = held.exclude(end_requested_at=None).values_list("pk", "end_requested_reason")
    return cast(list[tuple[str, EndReason]], list(asked))


async def catch_up() -> None:
    """End what other processes asked for while their orders could not be heard; a lease would find it later."""
    asked: list[tuple[str, EndReason]] = []

    async def look() -> None:
        asked.extend(await in_database(_asked_to_end)())

    fault = await _fault_of(look())
    if fault is not None:
        ours = None if isinstance(fault, DatabaseError) else fault
        log.warning(
            "What was asked while orders were not heard could not be looked up (%s)", fault, exc_info=ours
        )
    for session_id, reason in asked:
        THIS_PROCESS.end([session_id], reason)


async def _tidied(tidy: Callable[[], Awaitable[None]]) -> bool:
    """Whether it could be done."""
    fault = await _fault_of(tidy())
    if isinstance(fault, DatabaseError):
        log.warning("What is too old could not be tidied up; it is tried again later (%s)", fault)
    elif fault is not None:
        # A fault of ours in one chore must not keep words for longer than they may be kept, unnoticed.
        log.error("Tidying up failed; it is tried again later", exc_info=fault)
    return fault is None


async def _fault_of(work: Awaitable[None]) -> BaseException | None:
    """Do it to its end; what went wrong, if anything did.

    A thread cannot be told to stop: whoever cancels waits for it rather than leave it behind.
    """
    doing = asyncio.ensure_future(work)
    try:
        await finished([doing])
    except asyncio.CancelledError:
        # Nobody asks for it any more, and asyncio would tell it as one that was forgotten.
        if not doing.cancelled() and (fault := doing.exception()) is not None:
            log.warning("The server stops with a chore undone (%s)", fault)
        raise
    return doing.exception()
