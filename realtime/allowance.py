"""How much one person may talk: sessions at once, and minutes a day."""

import math
from collections.abc import Collection
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
    return left_of_the_day(seconds_spent_today([user.pk])[user.pk], config)


def seconds_spent_today(user_ids: Collection[int]) -> dict[int, float]:
    """How long each of the users has talked today (UTC), in seconds."""
    now = timezone.now()
    spent = _seconds_in_rows(user_ids, now)
    erased = TalkingTime.objects.filter(user__in=user_ids, day=_midnight_before(now).date())
    for user_id, seconds in erased.values_list("user_id", "seconds"):
        spent[user_id] += seconds
    return spent


def left_of_the_day(spent: float, config: RealtimeConfig) -> int | None:
    """How long somebody who has talked for `spent` seconds may still talk today, in seconds; None without a limit."""
    return None if config.minutes_per_day is None else max(0, int(config.minutes_per_day * 60 - spent))


def surely_left(user: User, config: RealtimeConfig) -> float | None:
    """For how many seconds the user's time lasts, in however many sessions at once it is talked away; None without a
    limit."""
    return surely_left_of(seconds_left_today(user, config), config)


def surely_left_of(left: int | None, config: RealtimeConfig) -> float | None:
    """The same of somebody who may still talk for `left` seconds today."""
    return None if left is None else left / config.sessions_per_user


@transaction.atomic
def keep_todays_seconds(user: User) -> None:
    """Write down how long the user has talked today, for when the rows that say so are deleted.

    To be called once before each deletion, in its transaction. What was kept earlier in the day stays counted.
    """
    # Of two erasures at once the second waits here, and finds no rows left to count.
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    now = timezone.now()
    seconds = math.ceil(_seconds_in_rows([user.pk], now)[user.pk])
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


def parked_too_many(user: User, conversation_id: UUID | None, config: RealtimeConfig) -> list[str]:
    """Which sessions that wait for their clients in other conversations have to be given up for another one; those lost
    longest ago come first.

    Each costs what a live one costs. Who comes from a reload is not to be told that there are too many, all the same.
    """
    not_over = VoiceSession.objects.filter(user=user, end_requested_at=None)
    if conversation_id:
        not_over = not_over.exclude(conversation_id=conversation_id)
    parked = not_over.filter(state=VoiceSession.State.WAITING).exclude(holder="").order_by("client_lost_at")
    names = list(parked.values_list("pk", flat=True))
    live = not_over.filter(state=VoiceSession.State.LIVE).count()
    return names[: max(0, len(names) + live + 1 - config.sessions_per_user)]


def _seconds_in_rows(user_ids: Collection[int], now: datetime) -> dict[int, float]:
    """How long each of the users has talked since midnight in sessions whose rows are there.

    Who is talking was last seen up to a lease ago and counts until now. A process that is lost was there until it was
    last seen, as `reap` will have it; and waiting for a client is not talking, unless it came back.
    """
    midnight = _midnight_before(now)
    not_lost = now - timedelta(seconds=LOST_SECONDS)
    talking = Q(state=VoiceSession.State.LIVE, seen_at__gt=not_lost)
    started = VoiceSession.objects.filter(user__in=user_ids).exclude(started_at=None).order_by()
    today = started.filter(Q(ended_at__gte=midnight) | Q(ended_at=None))
    until = Case(
        When(talking, then=Value(now)), default=Coalesce("ended_at", "client_lost_at", "seen_at", Value(now))
    )
    seconds = dict.fromkeys(user_ids, 0.0)
    for user_id, began, ended in today.annotate(until=until).values_list("user_id", "started_at", "until"):
        if began is not None:
            seconds[user_id] += max(0.0, (ended - max(began, midnight)).total_seconds())
    return seconds


def _midnight_before(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
