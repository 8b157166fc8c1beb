"""What sessions came to by day, provider and model: counted once, on the day they were opened, and nothing made up."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, get_args

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from realtime.errors import EndReason
from realtime.models import VoiceSession
from realtime.usage_report import FAULTS, Figures, FirstAudio, UsageReport, usage_report

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
TODAY = date(2026, 11, 21)
NO_FAULTS = {
    "client",
    "idle",
    "daily_limit",
    "session_limit",
    "ended_by_owner",
    "ended_by_admin",
    "replaced",
    "signed_out",
    "account_disabled",
    "erased",
    "conversation_deleted",
    "draining",
    "client_lost",
}
Held = Callable[..., VoiceSession]


@pytest.fixture
def held(alice: User) -> Held:
    """A session that ended after a minute; whatever matters to a test is given by name."""

    def add(*, at: datetime | None = NOW, minutes: float = 1, **given: Any) -> VoiceSession:
        number = VoiceSession.objects.count()
        usual: dict[str, Any] = {
            "state": "ended",
            "end_reason": "client",
            "provider": "openai",
            "model": "gpt-realtime-2.1",
            "started_at": at,
            "ended_at": at and at + timedelta(minutes=minutes),
            "expires_at": NOW,
        }
        return VoiceSession.objects.create(
            id=f"rtc_{alice.pk}_{number}", user=alice, ticket_digest=f"{number}", **(usual | given)
        )

    return add


def report(days: int = 7, provider: str = "") -> UsageReport:
    return usage_report(days=days, now=NOW, provider=provider)


def today(found: UsageReport) -> Figures:
    return found.days[TODAY].figures


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 7, 90])
def test_every_day_is_there_without_a_gap_and_today_is_the_last(days: int) -> None:
    found = list(report(days).days)
    assert len(found) == days
    assert found[-1] == TODAY
    assert all(after - before == timedelta(days=1) for before, after in pairwise(found))


def test_days_are_utc_and_a_session_counts_for_the_one_on_which_it_was_opened(held: Held) -> None:
    held(at=datetime(2026, 11, 20, 23, 59, 30, tzinfo=UTC), minutes=3)
    held(at=datetime(2026, 11, 21, 0, 0, tzinfo=UTC))
    found = report()
    assert found.days[date(2026, 11, 20)].figures == Figures(sessions=1, talked=timedelta(minutes=3))
    assert today(found) == Figures(sessions=1, talked=timedelta(minutes=1))


def test_what_was_before_the_range_is_left_out(held: Held) -> None:
    held(at=datetime(2026, 11, 14, 23, 59, tzinfo=UTC))
    held(at=datetime(2026, 11, 15, 0, 0, tzinfo=UTC))
    assert report(7).total.figures.sessions == 1
    assert report(8).total.figures.sessions == 2


def test_a_ticket_that_nobody_redeemed_is_no_session(held: Held) -> None:
    held(at=None, end_reason="client_lost")
    assert report().total.figures == Figures()


def test_who_still_talks_has_talked_until_now_and_who_was_lost_until_then(held: Held) -> None:
    before = NOW - timedelta(minutes=10)
    held(at=before, state="live", end_reason="", ended_at=None)
    held(at=before, state="waiting", end_reason="", ended_at=None, client_lost_at=NOW - timedelta(minutes=9))
    assert today(report()).talked == timedelta(minutes=11)


# --- figures ----------------------------------------------------------------------------------------------------------


def test_cost_is_summed_and_sessions_without_a_price_are_counted_apart(held: Held) -> None:
    used = {"input_tokens": 9}
    held(cost_usd=0.25, usage=used)
    held(cost_usd=0.5, usage=used)
    held(cost_usd=None, usage=used)
    held(cost_usd=None, usage={})
    held(cost_usd=None, usage=used, provider="embedded")
    figures = today(report())
    assert figures.cost_usd == pytest.approx(0.75)
    assert figures.unpriced == 1, "nothing used costs nothing, and the engine of the house has no price"


def test_good_bad_and_silence_are_told_apart(held: Held) -> None:
    for rating in ("good", "good", "bad", ""):
        held(rating=rating)
    figures = today(report())
    assert (figures.good, figures.bad, figures.unrated) == (2, 1, 1)


def test_every_end_is_a_fault_or_is_none() -> None:
    """Whoever adds a reason decides which."""
    assert set(FAULTS) | NO_FAULTS == set(get_args(EndReason))
    assert not set(FAULTS) & NO_FAULTS


def test_faults_are_counted_and_named_with_the_last_time_the_most_frequent_first(held: Held) -> None:
    for reason in ("internal", "provider_silent", "provider_silent", "client", "client_lost"):
        held(end_reason=reason)
    last = held(end_reason="provider_silent", minutes=5)
    found = report()
    assert today(found).faults == 4
    assert [(fault.reason, fault.sessions) for fault in found.faults] == [
        ("provider_silent", 3),
        ("internal", 1),
    ]
    assert found.faults[0].last_at == last.ended_at
    assert found.faults[0].meaning == "The speech provider did not answer in time"


def test_the_wait_is_the_median_of_the_sessions_and_the_slowest_of_all(held: Held) -> None:
    for usual, slowest in ((400, 900), (600, 700), (2000, 5000)):
        held(first_audio_ms=usual, slowest_first_audio_ms=slowest)
    held()
    found = report()
    assert found.days[TODAY].first_audio == FirstAudio(600, 5000)
    assert found.total.first_audio == FirstAudio(600, 5000)


def test_a_day_without_an_answer_has_no_wait_and_not_a_wait_of_nothing(held: Held) -> None:
    held()
    assert report().days[TODAY].first_audio is None
    assert report().total.first_audio is None


# --- splits -----------------------------------------------------------------------------------------------------------


def test_it_is_split_by_provider_and_model_the_most_talked_with_first(held: Held) -> None:
    held(first_audio_ms=500, slowest_first_audio_ms=800)
    held(provider="azure", model="a-deployment", minutes=9)
    held(provider="openai", model="gpt-realtime-mini", minutes=5)
    found = report()
    assert list(found.models) == [
        ("azure", "a-deployment"),
        ("openai", "gpt-realtime-mini"),
        ("openai", "gpt-realtime-2.1"),
    ]
    assert found.models["openai", "gpt-realtime-2.1"].first_audio == FirstAudio(500, 800)
    assert found.models["azure", "a-deployment"].first_audio is None


def test_one_provider_can_be_looked_at_alone(held: Held) -> None:
    held(end_reason="internal", first_audio_ms=500)
    held(provider="azure", end_reason="lost", first_audio_ms=900)
    found = report(provider="azure")
    assert (found.provider, found.providers) == ("azure", ("azure", "openai"))
    assert found.total.figures.sessions == 1
    assert [fault.reason for fault in found.faults] == ["lost"]
    assert found.total.first_audio == FirstAudio(900, 900)
    assert list(found.models) == [("azure", "gpt-realtime-2.1")]


@pytest.mark.parametrize("provider", ["nobody", "\x00", "OPENAI"])
def test_a_provider_that_was_not_spoken_with_is_taken_for_all(held: Held, provider: str) -> None:
    held()
    found = report(provider=provider)
    assert found.provider == ""
    assert found.total.figures.sessions == 1


def test_the_parts_come_to_the_whole(held: Held) -> None:
    for n in range(12):
        held(at=NOW - timedelta(days=n % 5), provider=("openai", "azure")[n % 2], minutes=n, cost_usd=n / 8)
    found = report()
    for shares in (found.days.values(), found.models.values()):
        assert sum((share.figures for share in shares), Figures()) == found.total.figures


def test_it_asks_the_database_three_times_however_much_there_is(held: Held) -> None:
    for n in range(30):
        held(at=NOW - timedelta(days=n % 5), model=f"model {n % 7}", end_reason="internal", first_audio_ms=n)
    with CaptureQueriesContext(connection) as queries:
        report()
    assert len(queries) == 3
