"""How much one person may talk."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from conversations import services as remembering
from realtime import allowance, reaper, services
from realtime.errors import DailyLimitReached
from realtime.models import TalkingTime, VoiceSession
from tests.support.sessions import CONFIG, held_in, issue, opened, put_back, renew

pytestmark = pytest.mark.usefixtures("at_noon")

TEN_MINUTES = replace(CONFIG, minutes_per_day=10)


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
    assert renew(session, TEN_MINUTES) == "daily_limit"


def test_who_is_talking_is_counted_until_now_though_the_lease_was_renewed_a_while_ago(alice: User) -> None:
    session = talked(alice, 9, ended=False)
    put_back(session, allowance.LOST_SECONDS - 30, "seen_at")
    left = allowance.seconds_left_today(alice, TEN_MINUTES)
    assert left is not None
    assert 57 <= left <= 60
    put_back(session, 60, "started_at")
    assert renew(session, TEN_MINUTES) == "daily_limit"


def test_what_was_talked_while_no_lease_could_be_renewed_is_counted_at_the_first_renewal(alice: User) -> None:
    session = talked(alice, 11, ended=False)
    put_back(session, 5 * 60, "seen_at")
    assert renew(session, TEN_MINUTES) == "daily_limit"


def test_a_lost_process_is_counted_until_it_was_last_seen(alice: User) -> None:
    session = talked(alice, 9, ended=False)
    put_back(session, 4 * 60, "seen_at")
    left = allowance.seconds_left_today(alice, TEN_MINUTES)
    assert left is not None
    assert 297 <= left <= 300
    reaper.reap()
    assert allowance.seconds_left_today(alice, TEN_MINUTES) in (left, left - 1)


def test_waiting_for_a_client_to_come_back_is_not_talking(alice: User) -> None:
    session = talked(alice, 9, ended=False)
    services.end_session(session=session, reason="client_lost")
    put_back(session, 60, "started_at", "seen_at", "client_lost_at")
    left = allowance.seconds_left_today(alice, TEN_MINUTES)
    assert left is not None
    assert 57 <= left <= 60


def test_it_is_asked_again_before_as_many_sessions_as_one_may_hold_have_used_up_what_is_left(
    alice: User,
) -> None:
    assert allowance.surely_left(alice, TEN_MINUTES) == 600 / TEN_MINUTES.sessions_per_user
    assert allowance.surely_left(alice, CONFIG) is None


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


def test_deleting_the_conversation_gives_no_minute_back(alice: User) -> None:
    session = talked(alice, 10)
    remembering.delete_conversation(conversation=held_in(session))
    with pytest.raises(DailyLimitReached):
        issue(alice, TEN_MINUTES)


def test_minutes_whose_rows_are_erased_are_kept_and_added_up(alice: User, bob: User) -> None:
    for minutes in (2, 3):
        talked(alice, minutes)
        talked(bob, 1)
        erase_sessions(alice)
    left = allowance.seconds_left_today(alice, TEN_MINUTES)
    assert left is not None
    assert 297 <= left <= 300
    assert TalkingTime.objects.get().user == alice


def test_who_did_not_talk_today_leaves_no_row_behind(alice: User) -> None:
    issue(alice)
    yesterday = talked(alice, 5)
    put_back(yesterday, 24 * 3600, "started_at", "ended_at")
    allowance.keep_todays_seconds(alice)
    assert not TalkingTime.objects.exists()


def test_what_was_erased_yesterday_is_not_counted_today(alice: User) -> None:
    yesterday = timezone.now().date() - timedelta(days=1)
    TalkingTime.objects.create(user=alice, day=yesterday, seconds=600)
    assert allowance.seconds_left_today(alice, TEN_MINUTES) == 600


@pytest.mark.django_db(transaction=True)
def test_two_erasures_at_once_count_every_minute_once(
    alice: User, in_threads: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    talked(alice, 4)
    in_threads(4, lambda _: erase_sessions(alice))
    left = allowance.seconds_left_today(alice, TEN_MINUTES)
    assert left is not None
    assert 358 <= left <= 360


def erase_sessions(user: User) -> None:
    with transaction.atomic():
        allowance.keep_todays_seconds(user)
        VoiceSession.objects.filter(user=user).delete()
