"""The sessions of a process renew their leases together; each learns of its own end alone."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.db.backends.signals import connection_created
from django.utils import timezone

from conversations.models import Conversation
from realtime import leases, services, tickets
from realtime.executors import in_database
from realtime.history import DatabaseLedger
from realtime.live import PROCESS_NAME
from realtime.models import VoiceSession
from tests.support.sessions import (
    CONFIG,
    ask_for_the_end,
    delete_unnoticed,
    held_in,
    issue,
    lease_of,
    lost,
    opened,
    put_back,
    row_of,
)

pytestmark = pytest.mark.usefixtures("at_noon")

LIMITED = replace(CONFIG, minutes_per_day=10)
MANY = 200


class Statements:
    """Every statement of every connection that the threads of the database open, and whether it fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        if self.fails:
            raise OperationalError("the database is away")
        self.asked.append(sql)
        return execute(sql, params, many, context)


@contextmanager
def watched() -> Iterator[Statements]:
    statements = Statements()
    wrapped = []

    def watch(*, connection: Any, **given: Any) -> None:
        wrapped.append(connection)
        if statements not in connection.execute_wrappers:
            connection.execute_wrappers.append(statements)

    connection_created.connect(watch)
    try:
        yield statements
    finally:
        connection_created.disconnect(watch)
        for each in wrapped:
            each.execute_wrappers.clear()


def many_opened(count: int = MANY) -> list[VoiceSession]:
    """So many live sessions, each of a person of its own: written down at once, as opening each would leave them."""
    people = User.objects.bulk_create(User(username=f"person{number}") for number in range(count))
    held = Conversation.objects.bulk_create(Conversation(user=each) for each in people)
    now = timezone.now()
    rows = [
        VoiceSession(
            id=tickets.new_session_id(conversation.user_id),
            user=conversation.user,
            conversation=conversation,
            ticket_digest=tickets.new_ticket().digest,
            expires_at=now,
            state=VoiceSession.State.LIVE,
            epoch=1,
            holder=PROCESS_NAME,
            provider=CONFIG.provider,
            started_at=now,
            seen_at=now,
        )
        for conversation in held
    ]
    return VoiceSession.objects.bulk_create(rows)


@pytest.mark.django_db(transaction=True)
class TestTogether:
    async def test_two_hundred_sessions_renew_in_six_statements(self) -> None:
        sessions = await in_database(many_opened)()
        ledgers = [DatabaseLedger(session, LIMITED) for session in sessions]
        before = timezone.now()
        with watched() as statements:
            reasons = await asyncio.gather(*(ledger.renew() for ledger in ledgers))
            left = await asyncio.gather(*(ledger.surely_left() for ledger in ledgers))
        assert reasons == [None] * MANY
        assert 0 < len(statements.asked) <= 6, statements.asked
        assert await in_database(VoiceSession.objects.filter(seen_at__gte=before).count)() == MANY
        assert all(seconds is not None and 280 < seconds <= 300 for seconds in left)

    async def test_more_than_fit_into_one_statement_are_all_renewed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(leases, "AT_ONCE", 4)
        sessions = await in_database(many_opened)(9)
        await in_database(ask_for_the_end)(sessions[5], "ended_by_admin")
        reasons = await asyncio.gather(*(DatabaseLedger(each, CONFIG).renew() for each in sessions))
        assert reasons == [None] * 5 + ["ended_by_admin"] + [None] * 3

    async def test_a_database_that_is_away_harms_nobody_and_is_told_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        sessions = await in_database(many_opened)(20)
        ledgers = [DatabaseLedger(session, LIMITED) for session in sessions]
        await in_database(ask_for_the_end)(sessions[7], "ended_by_admin")
        with watched() as statements, caplog.at_level(logging.WARNING):
            statements.fails = True
            assert await asyncio.gather(*(ledger.renew() for ledger in ledgers)) == [None] * 20
            assert await asyncio.gather(*(ledger.surely_left() for ledger in ledgers)) == [None] * 20
            [told] = [record for record in caplog.records if "renewed" in record.getMessage()]
            assert told.getMessage().startswith("20 leases could not be renewed")
            statements.fails = False
            reasons = await asyncio.gather(*(ledger.renew() for ledger in ledgers))
        assert [number for number, reason in enumerate(reasons) if reason] == [7]

    async def test_of_whom_next_to_nothing_is_left_is_not_looked_up_twice(self, alice: User) -> None:
        session = await in_database(opened)(alice, LIMITED)
        ledger = DatabaseLedger(session, LIMITED)
        await in_database(put_back)(session, 590, "started_at")
        assert await ledger.renew() is None
        await in_database(put_back)(session, 5, "started_at")
        left = await ledger.surely_left()
        assert left is not None
        assert 4 < left <= 5, "what the renewal found, for two sessions at once"

    async def test_a_row_that_somebody_writes_delays_its_own_session_alone(
        self, alice: User, bob: User
    ) -> None:
        busy = await in_database(opened)(alice)
        free = await in_database(opened)(bob)
        held, may_go = Event(), Event()

        def write() -> None:
            with transaction.atomic():
                VoiceSession.objects.select_for_update().get(pk=busy.pk)
                held.set()
                may_go.wait(20)

        before = timezone.now()
        writing = asyncio.create_task(in_database(write)())
        await asyncio.to_thread(held.wait)
        renewals = [asyncio.create_task(DatabaseLedger(each, CONFIG).renew()) for each in (busy, free)]
        try:
            if connection.features.has_select_for_update_skip_locked:
                await renewals[1]
                assert not renewals[0].done()
        finally:
            may_go.set()
        await writing
        assert await asyncio.gather(*renewals) == [None, None]
        for each in (busy, free):
            seen_at = (await in_database(row_of)(each)).seen_at
            assert seen_at is not None
            assert seen_at >= before


@pytest.mark.django_db
class TestEachAlone:
    def test_of_many_that_have_to_end_each_learns_its_own_reason(self) -> None:
        config = replace(LIMITED, session_hours=2)
        ends: dict[str, Callable[[VoiceSession], Any]] = {
            "erased": lambda each: VoiceSession.objects.filter(pk=each.pk).delete(),
            "conversation_deleted": lambda each: delete_unnoticed(held_in(each)),
            "idle": lambda each: services.end_session(session=each, reason="idle"),
            "replaced": _take_up_elsewhere,
            "ended_by_admin": lambda each: ask_for_the_end(each, "ended_by_admin"),
            "account_disabled": lambda each: User.objects.filter(pk=each.user_id).update(is_active=False),
            "signed_out": lambda each: User.objects.filter(pk=each.user_id).update(password="another one"),
            "session_limit": lambda each: put_back(each, 3 * 3600, "started_at"),
            "daily_limit": lambda each: put_back(each, 11 * 60, "started_at"),
        }
        sessions = many_opened(2 * len(ends))
        asked = [lease_of(each, config) for each in sessions]
        for each, end in zip(sessions[::2], ends.values(), strict=True):
            end(each)
        renewals = leases.renew_leases(asked)
        assert [renewal.reason for renewal in renewals[::2]] == list(ends)
        assert [renewal.reason for renewal in renewals[1::2]] == [None] * len(ends)

    def test_of_several_reasons_the_one_that_was_first_in_order_is_told(self, alice: User) -> None:
        """Each is removed in turn, and the next one is told."""
        session = opened(alice, LIMITED)
        lease = lease_of(session, replace(LIMITED, session_hours=2))
        row, person = VoiceSession.objects.filter(pk=session.pk), User.objects.filter(pk=alice.pk)
        password, conversation = alice.password, session.conversation_id
        put_back(session, 3 * 3600, "started_at")
        ask_for_the_end(session, "ended_by_admin")
        person.update(is_active=False, password="another one")
        row.update(conversation=None, epoch=session.epoch + 1)
        told = []
        for mend in (
            lambda: row.update(conversation=conversation),
            lambda: row.update(epoch=session.epoch),
            lambda: row.update(end_requested_at=None, end_requested_reason=""),
            lambda: person.update(is_active=True),
            lambda: person.update(password=password),
            lambda: put_back(session, -2 * 3600, "started_at"),
            lambda: put_back(session, -3590, "started_at"),
        ):
            told.append(_alone_and_together(lease))
            mend()
        assert told == [
            "conversation_deleted",
            "replaced",
            "ended_by_admin",
            "account_disabled",
            "signed_out",
            "session_limit",
            "daily_limit",
        ]
        assert _alone_and_together(lease) is None

    def test_one_that_has_to_end_is_not_said_to_be_alive(self, alice: User, bob: User) -> None:
        over, alive = opened(alice), opened(bob)
        for each in (over, alive):
            put_back(each, 60, "seen_at")
        ask_for_the_end(over, "ended_by_admin")
        before = timezone.now()
        leases.renew_leases([lease_of(each) for each in (over, alive)])
        assert (_seen_at(over) < before, _seen_at(alive) >= before) == (True, True)

    def test_of_a_session_that_was_taken_up_again_only_the_later_epoch_is_renewed(self, alice: User) -> None:
        first = lost(alice)
        second = services.redeem_ticket(issue(alice, resume_session_id=first.pk).ticket.secret, config=CONFIG)
        put_back(second, 60, "seen_at")
        before = timezone.now()
        assert [each.reason for each in leases.renew_leases([lease_of(first)])] == ["replaced"]
        assert _seen_at(second) < before
        both = leases.renew_leases([lease_of(first), lease_of(second)])
        assert [each.reason for each in both] == ["replaced", None]
        assert _seen_at(second) >= before

    def test_one_that_is_taken_up_elsewhere_while_it_is_looked_at_is_not_said_to_be_alive(
        self, alice: User
    ) -> None:
        session = opened(alice)
        put_back(session, 60, "seen_at")
        before = timezone.now()
        row = VoiceSession.objects.filter(pk=session.pk)

        def take_up(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            result = execute(sql, *rest)
            if "auth_user" in sql:
                row.update(epoch=session.epoch + 1)
            return result

        lease = lease_of(session)
        with connection.execute_wrapper(take_up):
            leases.renew_leases([lease])
        assert (row.get().epoch, _seen_at(session) < before) == (session.epoch + 1, True)

    def test_one_whose_client_is_there_is_live_again_and_one_that_is_parked_goes_on_waiting(
        self, alice: User, bob: User
    ) -> None:
        long_ago = timezone.now() - timedelta(seconds=leases.RESUME_SECONDS + 5)
        there, parked, asked_for = opened(alice), opened(bob), opened(alice)
        for each in (there, parked):
            leases.park_session(session=each, lost_at=long_ago)
        leases.park_session(session=asked_for, lost_at=timezone.now())
        asked = [lease_of(there), replace(lease_of(parked), is_parked=True), lease_of(asked_for)]
        assert [each.reason for each in leases.renew_leases(asked)] == [None] * 3
        assert [row_of(each).state for each in (there, parked, asked_for)] == ["live", "waiting", "waiting"]
        assert (row_of(there).client_lost_at, row_of(parked).client_lost_at) == (None, long_ago)

    def test_the_minutes_of_one_person_are_not_anothers(self, alice: User, bob: User) -> None:
        hers, her_other, his = opened(alice), opened(alice), opened(bob)
        put_back(hers, 6 * 60, "started_at")
        put_back(her_other, 5 * 60, "started_at")
        put_back(his, 9 * 60, "started_at")
        renewals = leases.renew_leases([lease_of(each, LIMITED) for each in (hers, her_other, his)])
        assert [each.reason for each in renewals] == ["daily_limit", "daily_limit", None]
        assert renewals[2].surely_left == pytest.approx(30, abs=1)

    def test_limits_are_those_of_the_session_that_asks(self, alice: User, bob: User) -> None:
        strict, free = opened(alice), opened(bob)
        for each in (strict, free):
            put_back(each, 11 * 60, "started_at")
        renewals = leases.renew_leases([lease_of(strict, LIMITED), lease_of(free, CONFIG)])
        assert renewals == [leases.Renewal("daily_limit", 0), leases.Renewal(None)]

    def test_where_none_may_talk_at_all_none_goes_on(self, alice: User) -> None:
        session = opened(alice)
        assert (
            leases.renew_lease(lease_of(session, replace(CONFIG, minutes_per_day=0))).reason == "daily_limit"
        )


def _alone_and_together(lease: leases.Lease) -> str | None:
    [together] = leases.renew_leases([lease])
    assert leases.renew_lease(lease).reason == together.reason
    return together.reason


def _take_up_elsewhere(session: VoiceSession) -> None:
    services.end_session(session=session, reason="client_lost")
    ticket = issue(session.user, resume_session_id=session.pk).ticket
    services.redeem_ticket(ticket.secret, config=CONFIG)


def _seen_at(session: VoiceSession) -> Any:
    return row_of(session).seen_at
