"""What a server tidies up by itself, once after its start and then every day, or when it is told to."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from conversations import retention
from conversations.models import Conversation
from realtime import services
from realtime.executors import in_database
from realtime.models import TalkingTime, VoiceSession
from realtime.tasks import finished

log = logging.getLogger(__name__)

DAY_SECONDS = 24 * 3600.0
AGAIN_SECONDS = 600.0
"""After how long it is tried again when it could not be done."""
_UNOPENED_IS_KEPT = timedelta(days=1)


def tidy() -> None:
    """End what is over, and delete what is kept no longer. Several processes may do so at once."""
    services.reap()
    purge(days=settings.TRANSCRIPT_RETENTION_DAYS)
    now = timezone.now()
    over = VoiceSession.objects.filter(state=VoiceSession.State.ENDED, ended_at__lt=now - _UNOPENED_IS_KEPT)
    over.filter(started_at=None).delete()
    TalkingTime.objects.filter(day__lt=now.date()).delete()


def purge(*, days: int | None, dry_run: bool = False) -> retention.Purged:
    """Delete words that are too old, and empty conversations; one in which somebody speaks, or is about to, stays."""
    not_over = VoiceSession.objects.exclude(state=VoiceSession.State.ENDED)
    in_use = Conversation.objects.filter(voice_sessions__in=not_over)
    return retention.purge(days=days, dry_run=dry_run, sparing=in_use)


_tidy = in_database(tidy)


async def keep_tidy(
    *,
    tidy: Callable[[], Awaitable[None]] = _tidy,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Tidy up now and every day, until cancelled. What is being done at that moment is done to its end."""
    while True:
        await pause(DAY_SECONDS if await _tidied(tidy) else AGAIN_SECONDS)


async def _tidied(tidy: Callable[[], Awaitable[None]]) -> bool:
    """Whether it could be done."""
    doing = asyncio.ensure_future(tidy())
    # A thread cannot be told to stop: whoever cancels waits for it rather than leave it behind.
    await finished([doing])
    try:
        doing.result()
    except DatabaseError:
        log.warning("What is too old could not be tidied up; it is tried again later", exc_info=True)
        return False
    except Exception:
        # A fault of ours in one chore must not keep words for longer than they may be kept, unnoticed.
        log.exception("Tidying up failed; it is tried again later")
        return False
    return True
