"""How much one person may talk: sessions at once, and minutes a day."""

from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from conversations.models import Conversation
from realtime.config import RealtimeConfig
from realtime.errors import DailyLimitReached, TooManySessions
from realtime.models import VoiceSession


def seconds_left_today(user: User, config: RealtimeConfig) -> int | None:
    """How long the user may still talk today (UTC), in seconds; None without a limit."""
    if config.minutes_per_day is None:
        return None
    now = timezone.now()
    midnight = _midnight_before(now)
    started = VoiceSession.objects.filter(user=user).exclude(started_at=None)
    today = started.filter(Q(ended_at__gte=midnight) | Q(ended_at=None))
    spent = sum(
        max(0.0, ((ended or seen or now) - max(began, midnight)).total_seconds())
        for began, seen, ended in today.values_list("started_at", "seen_at", "ended_at")
        if began is not None
    )
    return max(0, int(config.minutes_per_day * 60 - spent))


def check_minutes(user: User, config: RealtimeConfig) -> None:
    """Raise DailyLimitReached when today's minutes are used up."""
    if seconds_left_today(user, config) == 0:
        now = timezone.now()
        tomorrow = _midnight_before(now) + timedelta(days=1)
        raise DailyLimitReached(retry_after=int((tomorrow - now).total_seconds()) + 1)


def check_live_sessions(user: User, conversation: Conversation, config: RealtimeConfig) -> None:
    """Raise TooManySessions when the user speaks in as many other conversations as one may.

    On the same conversation the newer session takes the older one's place, so that one does not count.
    """
    elsewhere = VoiceSession.objects.filter(user=user, state=VoiceSession.State.LIVE).exclude(
        conversation=conversation
    )
    if elsewhere.count() >= config.sessions_per_user:
        raise TooManySessions


def _midnight_before(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
