"""What a server tidies up by itself, and when."""

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from conversations import services as remembering
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message
from realtime import allowance, housekeeping, services, turns
from realtime.errors import EndReason
from realtime.executors import in_database
from realtime.live import THIS_PROCESS, LiveSession
from realtime.models import TalkingTime, VoiceSession
from realtime.tasks import cancelled
from tests.support.sessions import (
    CONFIG,
    delete_unnoticed,
    held_in,
    issue,
    let_time_pass,
    lost,
    opened,
    put_back,
    row_of,
    say,
)

DAY = 24 * 3600.0


class Pauses:
    """Pauses that last until the test has seen them."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._begun = asyncio.Event()
        self._over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._begun.set()
        await self._over.wait()
        self._over.clear()

    async def next(self) -> float:
        """Wait until the next pause begins, and end it; how long it would have been."""
        async with asyncio.timeout(5):
            await self._begun.wait()
        self._begun.clear()
        self._over.set()
        return self.asked[-1]


# --- when -------------------------------------------------------------------------------------------------------------


async def test_it_is_done_after_the_start_and_then_every_day() -> None:
    pauses, done = Pauses(), []

    async def tidy() -> None:
        done.append(len(pauses.asked))

    chores = asyncio.create_task(housekeeping.keep_tidy(tidy=tidy, pause=pauses))
    assert [await pauses.next() for _ in range(3)] == [DAY, DAY, DAY]
    await cancelled([chores])
    assert done[:3] == [0, 1, 2]
    assert chores.cancelled()


async def test_a_database_that_is_away_is_told_in_the_log_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pauses = Pauses()
    failures = [OperationalError("the database is away")]

    async def tidy() -> None:
        if failures:
            raise failures.pop()

    with caplog.at_level(logging.WARNING):
        chores = asyncio.create_task(housekeeping.keep_tidy(tidy=tidy, pause=pauses))
        assert [await pauses.next() for _ in range(2)] == [housekeeping.AGAIN_SECONDS, DAY]
    await cancelled([chores])
    [record] = caplog.records
    assert "tried again later (the database is away)" in record.getMessage()
    assert record.exc_info is None


@pytest.mark.parametrize("keep", [housekeeping.keep_tidy, housekeeping.keep_reaping])
async def test_what_fails_while_a_server_stops_is_told_in_a_line_and_forgotten_by_nobody(
    keep: Any, caplog: pytest.LogCaptureFixture
) -> None:
    is_doing, may_fail = threading.Event(), threading.Event()

    def work() -> None:
        is_doing.set()
        may_fail.wait(5)
        raise OperationalError("the database is away")

    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0)

    name = {housekeeping.keep_tidy: "tidy", housekeeping.keep_reaping: "reap"}[keep]
    chore = asyncio.create_task(keep(pause=at_once, **{name: in_database(work)}))
    assert await asyncio.to_thread(is_doing.wait, 5)
    chore.cancel()
    await asyncio.sleep(0)
    may_fail.set()
    await asyncio.wait([chore])
    assert chore.cancelled()
    del chore
    gc.collect()  # asyncio tells of an exception that nobody asked for when its task goes
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]
    assert "with a chore undone (the database is away)" in caplog.text


async def test_a_server_that_stops_waits_for_what_is_being_done() -> None:
    is_doing, may_end, is_done = threading.Event(), threading.Event(), threading.Event()

    def tidy() -> None:
        is_doing.set()
        if may_end.wait(5):
            is_done.set()

    chores = asyncio.create_task(housekeeping.keep_tidy(tidy=in_database(tidy)))
    assert await asyncio.to_thread(is_doing.wait, 5)
    stopping = asyncio.create_task(cancelled([chores]))
    for _ in range(20):
        # A cancelled task that waited for nobody would be over after a few turns of the loop.
        await asyncio.sleep(0)
    assert not stopping.done()
    may_end.set()
    await stopping
    assert is_done.is_set()


async def test_what_nobody_ends_is_looked_for_every_fifteen_seconds_or_so() -> None:
    pauses, done, jitters = Pauses(), [], [0.0, 0.5, 1.0, 0.5]

    async def reap() -> None:
        done.append(len(pauses.asked))

    chores = asyncio.create_task(
        housekeeping.keep_reaping(reap=reap, pause=pauses, jitter=lambda: jitters.pop(0))
    )
    assert [await pauses.next() for _ in range(3)] == pytest.approx([12, 15, 18])
    await cancelled([chores])
    assert done[:2] == [1, 2]


async def test_a_reaper_without_a_database_says_so_once_and_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pauses = Pauses()
    away, our_fault = OperationalError("away"), RuntimeError("our fault")
    faults: list[Exception | None] = [away, away, None, our_fault, None]

    async def reap() -> None:
        if (fault := faults.pop(0) if faults else None) is not None:
            raise fault

    with caplog.at_level(logging.INFO, "realtime.housekeeping"):
        chores = asyncio.create_task(housekeeping.keep_reaping(reap=reap, pause=pauses))
        for _ in range(6):
            await pauses.next()
    await cancelled([chores])
    assert [(record.levelname, bool(record.exc_info)) for record in caplog.records] == [
        ("WARNING", False),
        ("INFO", False),
        ("ERROR", True),
    ]


@pytest.mark.django_db(transaction=True)
async def test_a_server_reaps_by_itself_what_a_killed_one_left(alice: User) -> None:
    dead = await in_database(opened)(alice)
    await in_database(put_back)(dead, allowance.LOST_SECONDS + 1, "seen_at")
    pauses = Pauses()
    chores = asyncio.create_task(housekeeping.keep_reaping(pause=pauses))
    try:
        await pauses.next()
        await pauses.next()
    finally:
        await cancelled([chores])
    assert (await in_database(row_of)(dead)).end_reason == "lost"


@pytest.mark.django_db(transaction=True)
async def test_who_hears_again_ends_what_others_asked_for_meanwhile(
    alice: User, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, unasked = [await in_database(opened)(alice) for _ in range(2)]
    await in_database(
        lambda: VoiceSession.objects.filter(pk=asked.pk).update(
            end_requested_at=timezone.now(), end_requested_reason="ended_by_admin"
        )
    )()
    ended: list[EndReason] = []
    lives = [
        LiveSession(session.pk, str(session.conversation_id), ended.append, lambda: False)
        for session in (asked, unasked)
    ]
    for live in lives:
        THIS_PROCESS.add(live)
    try:
        await housekeeping.catch_up()
        await asyncio.sleep(0)
        assert ended == ["ended_by_admin"]
    finally:
        for live in lives:
            THIS_PROCESS.remove(live)

    def away() -> Any:
        raise OperationalError("the database is away")

    monkeypatch.setattr(housekeeping, "_asked_to_end", away)
    await housekeeping.catch_up()
    assert "could not be looked up (the database is away)" in caplog.text


# --- what -------------------------------------------------------------------------------------------------------------


def ended(session: VoiceSession, days_ago: float) -> VoiceSession:
    services.end_now(sessions=VoiceSession.objects.filter(pk=session.pk), reason="client_lost")
    services.end_session(session=session, reason="client")
    put_back(session, days_ago * DAY, "ended_at")
    return session


def test_sessions_that_nobody_opened_are_gone_a_day_after_their_end(alice: User) -> None:
    old, young, waiting = (
        ended(issue(alice).session, 1.1),
        ended(issue(alice).session, 0.9),
        issue(alice).session,
    )
    used = ended(opened(alice), 400)
    housekeeping.tidy()
    left = set(VoiceSession.objects.values_list("pk", flat=True))
    assert old.pk not in left
    assert {young.pk, waiting.pk, used.pk} <= left


def test_who_is_long_gone_is_ended(alice: User) -> None:
    dead = opened(alice)
    put_back(dead, allowance.LOST_SECONDS + 1, "seen_at")
    housekeeping.tidy()
    assert row_of(dead).end_reason == "lost"


@pytest.mark.usefixtures("at_noon")
def test_the_talking_time_of_past_days_is_forgotten(alice: User) -> None:
    today = timezone.now().date()
    for days in range(3):
        TalkingTime.objects.create(user=alice, day=today - timedelta(days=days), seconds=60)
    housekeeping.tidy()
    assert TalkingTime.objects.get().day == today


def test_tokens_and_web_sessions_that_ran_out_are_forgotten_and_others_are_not(alice: User) -> None:
    expired, spent, fresh = (RefreshToken.for_user(alice) for _ in range(3))
    spent.blacklist()
    ran_out = OutstandingToken.objects.filter(jti__in=[expired["jti"], spent["jti"]])
    ran_out.update(expires_at=timezone.now())
    over, going_on = (web_session(timedelta(seconds=seconds)) for seconds in (-1, 60))
    housekeeping.tidy()
    assert OutstandingToken.objects.get().jti == fresh["jti"]
    assert not BlacklistedToken.objects.exists()
    assert not Session.objects.filter(pk=over).exists()
    assert Session.objects.filter(pk=going_on).exists()


def web_session(lasts: timedelta) -> str:
    """Somebody who is signed in for so long; the key."""
    store = SessionStore()
    store.set_expiry(timezone.now() + lasts)
    store.save()
    assert store.session_key is not None
    return store.session_key


@pytest.mark.parametrize(("days", "is_kept"), [(30, False), (60, True), (None, True)])
def test_words_are_kept_as_long_as_the_operator_says(
    alice: User, settings: Any, days: int | None, is_kept: bool
) -> None:
    settings.TRANSCRIPT_RETENTION_DAYS = days
    session = opened(alice)
    say(session)
    let_time_pass(timedelta(days=45))
    ended(session, 44)
    housekeeping.tidy()
    assert Message.objects.exists() == is_kept
    assert VoiceSession.objects.filter(pk=session.pk).exists()


@pytest.mark.parametrize(
    "begin", [opened, lost, lambda user: issue(user).session], ids=["live", "waiting", "issued"]
)
def test_a_session_outlives_the_last_words_of_its_conversation(
    alice: User, settings: Any, begin: Callable[[User], VoiceSession]
) -> None:
    settings.TRANSCRIPT_RETENTION_DAYS = 30
    session = begin(alice)
    remembering.append_message(
        conversation_id=turns.conversation_of(session),
        role="user",
        modality="text",
        status="final",
        text="Hello",
        spoken_at=timezone.now(),
    )
    let_time_pass(timedelta(days=45))
    before = row_of(session)
    housekeeping.tidy()
    assert not Message.objects.exists()
    after = row_of(session)
    assert (after.state, after.end_requested_reason) == (before.state, before.end_requested_reason)
    assert after.conversation == Conversation.objects.get()
    services.end_now(sessions=VoiceSession.objects.filter(pk=session.pk), reason="client")
    services.end_session(session=session, reason="client")
    housekeeping.tidy()
    assert not Conversation.objects.exists()


def test_a_session_whose_conversation_is_gone_spares_no_other(alice: User, bob: User) -> None:
    delete_unnoticed(held_in(opened(alice)))
    remembering.create_conversation(user=bob)
    let_time_pass(timedelta(days=2))
    assert housekeeping.purge(days=None).conversations == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_opens_a_session_meanwhile_has_it_or_is_told(
    alice: User, in_threads: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    many = [remembering.create_conversation(user=alice) for _ in range(20)]
    let_time_pass(timedelta(days=2))
    config = replace(CONFIG, sessions_per_user=50)

    def begun(conversation: Conversation) -> VoiceSession | None:
        try:
            return opened(alice, config, conversation_id=conversation.pk)
        except ConversationNotFound:
            return None

    def work(number: int) -> Any:
        return housekeeping.purge(days=None) if number == 0 else [begun(each) for each in reversed(many)]

    _, sessions = in_threads(2, work)
    begun_in = {session.conversation_id for session in sessions if session is not None}
    assert set(Conversation.objects.values_list("pk", flat=True)) == begun_in
    assert not VoiceSession.objects.filter(end_requested_reason="conversation_deleted").exists()
    assert set(VoiceSession.objects.values_list("conversation", "state")) == {
        (each, "live") for each in begun_in
    }


@pytest.mark.django_db(transaction=True)
def test_several_processes_may_tidy_up_at_once(
    alice: User, in_threads: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    for _ in range(20):
        expired = issue(alice).session
        put_back(expired, CONFIG.token_expiry_sec + 2 * DAY, "expires_at")
        RefreshToken.for_user(alice).blacklist()
        web_session(timedelta(seconds=-1))
    OutstandingToken.objects.update(expires_at=timezone.now())
    in_threads(4, lambda _: housekeeping.tidy())
    assert not VoiceSession.objects.exists()
    assert not OutstandingToken.objects.exists()
    assert not Session.objects.exists()
