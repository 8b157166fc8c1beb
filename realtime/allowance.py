"""How much one person may talk: sessions at once, and minutes a day."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from realtime.config import RealtimeConfig
from realtime.errors import DailyLimitReached, TooManySessions
from realtime.models import TalkingTime, VoiceSession

LOST_SECONDS = 90
"""A live session whose process has not been heard of for so long is lost."""


def seconds_left_today(user: User, config: RealtimeConfig) -> int | None:
    """How long the user may still talk today (UTC), in seconds; None without a limit."""
    if config.minutes_per_day is None:
        return None
    now = timezone.now()
    erased = TalkingTime.objects.filter(user=user, day=_midnight_before(now).date())
    spent = _seconds_in_rows(user, now) + sum(erased.values_list("seconds", flat=True))
    return max(0, int(config.minutes_per_day * 60 - spent))


def surely_left(user: User, config: RealtimeConfig) -> float | None:
    """For how many seconds the user's time lasts, in however many sessions at once it is talked away; None without a
    limit."""
    left = seconds_left_today(user, config)
    return None if left is None else left / config.sessions_per_user


@transaction.atomic
def keep_todays_seconds(user: User) -> None:
    """Write down how long the user has talked today, for when the rows that say so are deleted.

    To be called once before each deletion, in its transaction. What was kept earlier in the day stays counted.
    """
    # Of two erasures at once the second waits here, and finds no rows left to count.
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    now = timezone.now()
    seconds = math.ceil(_seconds_in_rows(user, now))
    if seconds:
        TalkingTime.objects.update_or_create(
            user=user,
            day=_midnight_before(now).date(),
            defaults={"seconds": F("seconds") + seconds},
            create_defaults={"seconds": seconds},
        )


def check_minutes(user: User, config: RealtimeConfig) -> None:
    """Raise DailyLimitReached when today's minutes are used up."""
    if seconds_left_today(user, config) == 0:
        now = timezone.now()
        tomorrow = _midnight_before(now) + timedelta(days=1)
        raise DailyLimitReached(retry_after=int((tomorrow - now).total_seconds()) + 1)


def check_live_sessions(user: User, conversation_id: UUID | None, config: RealtimeConfig) -> None:
    """Raise TooManySessions when the user speaks in as many other conversations as one may.

    On the same conversation the newer session takes the older one's place, so that one does not count. None: a
    conversation that is about to begin.
    """
    live = VoiceSession.objects.filter(user=user, state=VoiceSession.State.LIVE)
    elsewhere = live.exclude(conversation_id=conversation_id) if conversation_id else live
    if elsewhere.count() >= config.sessions_per_user:
        raise TooManySessions


def _seconds_in_rows(user: User, now: datetime) -> float:
    """How long the user has talked since midnight in sessions whose rows are there.

    Who is talking was last seen up to a lease ago and counts until now. A process that is lost was there until it was
    last seen, as `reap` will have it; and waiting for a client to come back is not talking.
    """
    midnight = _midnight_before(now)
    not_lost = now - timedelta(seconds=LOST_SECONDS)
    talking = Q(state=VoiceSession.State.LIVE, seen_at__gt=not_lost)
    started = VoiceSession.objects.filter(user=user).exclude(started_at=None)
    today = started.filter(Q(ended_at__gte=midnight) | Q(ended_at=None))
    until = Case(When(talking, then=Value(now)), default=Coalesce("ended_at", "seen_at", Value(now)))
    seconds: float = sum(
        max(0.0, (ended - max(began, midnight)).total_seconds())
        for began, ended in today.annotate(until=until).values_list("started_at", "until")
        if began is not None
    )
    return seconds


def _midnight_before(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
