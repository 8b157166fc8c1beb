"""How much one person may talk."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from realtime import allowance, services
from realtime.errors import DailyLimitReached
from realtime.models import VoiceSession
from tests.support.sessions import CONFIG, issue, opened, put_back

TEN_MINUTES = replace(CONFIG, minutes_per_day=10)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of these tests begin a little while ago; that must not have been yesterday, whenever they are run."""
    real = timezone.now
    until_noon = real().replace(hour=12, minute=0, second=0, microsecond=0) - real()
    monkeypatch.setattr(timezone, "now", lambda: real() + until_noon)


def talked(user: User, minutes: float, *, ended: bool = True) -> VoiceSession:
    session = opened(user)
    put_back(session, minutes * 60, "started_at")
    if ended:
        services.end_session(session=session, reason="client")
    return session


def test_without_a_limit_nothing_is_counted(alice: User) -> None:
    talked(alice, 50)
    assert allowance.seconds_left_today(alice, CONFIG) is None


def test_the_minutes_of_all_sessions_are_added_up(alice: User, bob: User) -> None:
    talked(alice, 2)
    talked(alice, 3, ended=False)
    talked(bob, 9)
    left = allowance.seconds_left_today(alice, TEN_MINUTES)
    assert left is not None
    assert 295 <= left <= 300


def test_a_ticket_that_was_never_redeemed_costs_nothing(alice: User) -> None:
    issue(alice)
    assert allowance.seconds_left_today(alice, TEN_MINUTES) == 600


def test_when_they_are_used_up_no_session_is_issued_until_midnight(alice: User) -> None:
    talked(alice, 10)
    with pytest.raises(DailyLimitReached) as refused:
        issue(alice, TEN_MINUTES)
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= 24 * 3600 + 1


def test_a_ticket_from_before_opens_nothing_once_they_are_used_up(alice: User) -> None:
    ticket = issue(alice, TEN_MINUTES).ticket
    talked(alice, 10)
    with pytest.raises(DailyLimitReached):
        services.redeem_ticket(ticket.secret, config=TEN_MINUTES)


def test_a_live_session_learns_at_its_next_renewal_that_they_are_used_up(alice: User) -> None:
    session = talked(alice, 11, ended=False)
    auth_hash = alice.get_session_auth_hash()
    assert services.renew_lease(session=session, auth_hash=auth_hash, config=TEN_MINUTES) == "daily_limit"


def test_what_was_said_before_midnight_belongs_to_yesterday(alice: User) -> None:
    yesterday = opened(alice)
    services.end_session(session=yesterday, reason="client")
    put_back(yesterday, 24 * 3600, "started_at", "ended_at")
    over_midnight = opened(alice)
    put_back(over_midnight, 24 * 3600, "started_at")
    left = allowance.seconds_left_today(alice, replace(CONFIG, minutes_per_day=24 * 60))
    now = timezone.now()
    since_midnight = now.hour * 3600 + now.minute * 60 + now.second
    assert left is not None
    assert abs(24 * 3600 - since_midnight - left) <= 2
