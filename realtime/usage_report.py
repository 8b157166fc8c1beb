"""What sessions came to, day by day: how long people talked, what it cost, what broke, how soon, and what they thought.

A session counts for the day (UTC) on which it was opened. Tickets that nobody redeemed are no sessions.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import add
from statistics import median
from typing import Self, TypeVar

from django.db.models import Count, DateTimeField, F, Max, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, TruncDate

from realtime.errors import EndReason
from realtime.models import VoiceSession

Key = TypeVar("Key")
EMBEDDED = "embedded"
"""The engine of this house has no price."""
FAULTS: Mapping[EndReason, str] = {
    "provider_auth": "The speech provider refused the key",
    "provider_quota": "The speech provider's quota was used up",
    "provider_failed": "The speech provider failed",
    "provider_silent": "The speech provider did not answer in time",
    "engine_busy": "Every speech worker was taken",
    "internal": "A fault of this server",
    "lost": "The server process that held it was gone",
    "protocol_error": "The client sent what is not understood",
    "slow_client": "The client took in too little for too long",
}
"""The ends that something broke for, and in words what. All others somebody asked for, a limit set, or a client made by
going away, which a closed lid does as well as a dead line."""
_DAY = TruncDate("started_at", tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a number of sessions come to."""

    sessions: int = 0
    talked: timedelta = timedelta()
    cost_usd: float = 0.0
    unpriced: int = 0
    """Sessions that used something of which no price is known; their cost is not in the sum."""
    faults: int = 0
    good: int = 0
    bad: int = 0

    def __add__(self, other: Self) -> Self:
        pairs = ((getattr(self, each.name), getattr(other, each.name)) for each in fields(self))
        return type(self)(*(one + another for one, another in pairs))

    @property
    def unrated(self) -> int:
        return self.sessions - self.good - self.bad


@dataclass(frozen=True, slots=True)
class FirstAudio:
    """How long people waited for the first sound of an answer, in milliseconds."""

    median_ms: float
    """Of the sessions' own medians."""
    slowest_ms: int


@dataclass(frozen=True, slots=True)
class Share:
    """The part of the sessions that a day, or a model of a provider, has; or all of them."""

    figures: Figures
    first_audio: FirstAudio | None = None
    """None where nothing was measured."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How often sessions ended for one reason, and when the last one did."""

    reason: EndReason
    sessions: int
    last_at: datetime

    @property
    def meaning(self) -> str:
        return FAULTS[self.reason]


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The figures of a range of days, oldest first, without a gap; the last one is today and not over."""

    provider: str
    """The one it is about; empty for all."""
    providers: tuple[str, ...]
    """All that were spoken with in these days."""
    days: dict[date, Share]
    models: dict[tuple[str, str], Share]
    """By provider and model, the most talked with first."""
    total: Share
    faults: tuple[Fault, ...]


def usage_report(*, days: int, now: datetime, provider: str = "") -> UsageReport:
    """The last `days` days, today included. A provider that was not spoken with in them is taken for all."""
    today = now.astimezone(UTC).date()
    range_of_days = [today - timedelta(days=days - 1 - n) for n in range(days)]
    started = VoiceSession.objects.filter(started_at__gte=datetime.combine(range_of_days[0], time(), UTC))
    sums = list(_sums(started, now))
    providers = tuple(sorted({each.provider for each in sums}))
    if provider in providers:
        sums = [each for each in sums if each.provider == provider]
        started = started.filter(provider=provider)
    else:
        provider = ""
    waits = _waits(started)
    by_day = _summed((each.day, each.figures) for each in sums)
    by_model = _summed(((each.provider, each.model), each.figures) for each in sums)
    talked_most = sorted(by_model, key=lambda model: by_model[model].talked, reverse=True)
    return UsageReport(
        provider=provider,
        providers=providers,
        days={day: Share(by_day.get(day, Figures()), waits.get(day)) for day in range_of_days},
        models={model: Share(by_model[model], waits.get(model)) for model in talked_most},
        total=Share(reduce(add, by_day.values(), Figures()), waits.get(None)),
        faults=tuple(_faults(started)),
    )


@dataclass(frozen=True, slots=True)
class _Sum:
    """One day's sessions with one model."""

    day: date
    provider: str
    model: str
    figures: Figures


def _sums(started: QuerySet[VoiceSession], now: datetime) -> Iterator[_Sum]:
    until = Coalesce("ended_at", "client_lost_at", Value(now, output_field=DateTimeField()))
    unpriced = Q(cost_usd=None) & ~Q(usage={}) & ~Q(provider=EMBEDDED)
    rows = started.annotate(day=_DAY).values_list("day", "provider", "model")
    for day, provider, model, *counts in rows.annotate(
        sessions=Count("pk"),
        talked=Sum(until - F("started_at"), default=timedelta()),
        cost=Sum("cost_usd", default=0.0),
        unpriced=Count("pk", filter=unpriced),
        faults=Count("pk", filter=Q(end_reason__in=list(FAULTS))),
        good=Count("pk", filter=Q(rating=VoiceSession.Rating.GOOD)),
        bad=Count("pk", filter=Q(rating=VoiceSession.Rating.BAD)),
    ).order_by():
        yield _Sum(day, provider, model, Figures(*counts))


def _faults(started: QuerySet[VoiceSession]) -> Iterator[Fault]:
    """Why sessions broke, the most frequent first."""
    broken = started.filter(end_reason__in=list(FAULTS)).values_list("end_reason")
    counted = broken.annotate(sessions=Count("pk"), last_at=Max("ended_at"))
    for reason, sessions, last_at in counted.order_by("-sessions", "end_reason"):
        yield Fault(reason, sessions, last_at)


def _summed(parts: Iterable[tuple[Key, Figures]]) -> dict[Key, Figures]:
    sums: dict[Key, Figures] = defaultdict(Figures)
    for key, figures in parts:
        sums[key] += figures
    return dict(sums)


def _waits(started: QuerySet[VoiceSession]) -> dict[object, FirstAudio]:
    """By day, by provider and model, and under None all of them. Medians are made here: few databases know one."""
    measured = started.filter(first_audio_ms__isnull=False).annotate(day=_DAY)
    groups: dict[object, list[tuple[int, int]]] = defaultdict(list)
    for day, provider, model, usual, slowest in measured.order_by().values_list(
        "day", "provider", "model", "first_audio_ms", Coalesce("slowest_first_audio_ms", "first_audio_ms")
    ):
        for key in (day, (provider, model), None):
            groups[key].append((usual, slowest))
    return {
        key: FirstAudio(median(usual for usual, _ in waits), max(slowest for _, slowest in waits))
        for key, waits in groups.items()
    }
