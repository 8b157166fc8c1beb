"""How sessions go on and end: by leases, from elsewhere, by themselves, and when nobody is left to end them."""

from typing import Any, get_args

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from conversations.models import Message
from realtime import allowance, leases, reaper, services
from realtime.errors import EndReason, SessionNotFound, SessionNotResumable, TicketRefused
from realtime.live import PROCESS_NAME
from realtime.models import VoiceSession
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event
from tests.support.sessions import (
    CONFIG,
    ask_for_the_end,
    issue,
    lease_of,
    lost,
    opened,
    put_back,
    renew,
    row_of,
    say,
)

# --- going on ---------------------------------------------------------------------------------------------------------


def test_a_session_that_may_go_on_is_seen(alice: User) -> None:
    session = opened(alice)
    put_back(session, 60, "seen_at")
    assert renew(session) is None
    assert (row_of(session).seen_at - session.created_at).total_seconds() >= 0  # type: ignore[operator]


def test_deactivation_ends_an_open_session(alice: User) -> None:
    session = opened(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert renew(session) == "account_disabled"


def test_a_changed_password_ends_an_open_session(alice: User) -> None:
    session = opened(alice)
    lease = lease_of(session)
    alice.set_password("another-teapot")
    alice.save()
    assert leases.renew_lease(lease).reason == "signed_out"


def test_a_session_that_was_taken_over_or_ended_elsewhere_learns_why(alice: User) -> None:
    older = opened(alice)
    opened(alice, conversation_id=older.conversation_id)
    assert renew(older) == "replaced"
    resumed = lost(alice)
    ticket = issue(alice, resume_session_id=resumed.pk).ticket
    services.redeem_ticket(ticket.secret, config=CONFIG)
    assert renew(resumed) == "replaced"


def test_an_end_that_was_asked_for_is_learned_with_its_reason(alice: User) -> None:
    session = opened(alice)
    assert services.end_now(sessions=VoiceSession.objects.filter(user=alice), reason="ended_by_admin") == 1
    assert row_of(session).state == "live", "its process writes the end"
    assert renew(session) == "ended_by_admin"


def test_what_nobody_holds_ends_at_once_and_what_is_over_stays_as_it_is(alice: User, bob: User) -> None:
    waiting, issued, over, his = lost(alice), issue(alice), opened(alice), opened(bob)
    services.end_session(session=over, reason="idle")
    put_back(waiting, 20, "client_lost_at")
    # Joined and sorted, as callers may have it.
    hers = VoiceSession.objects.filter(user__username="alice").select_related("conversation", "user")
    assert services.end_now(sessions=hers.order_by("-created_at"), reason="erased") == 2
    assert {row_of(waiting).end_reason, row_of(issued.session).end_reason} == {"erased"}
    assert row_of(over).end_reason == "idle"
    assert row_of(waiting).ended_at == row_of(waiting).client_lost_at, "waiting is not talking"
    assert renew(his) is None
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)


def test_where_nothing_is_open_nothing_is_ended(alice: User) -> None:
    assert services.end_now(sessions=VoiceSession.objects.all(), reason="erased") == 0


def test_signing_out_asks_for_the_end_of_what_was_opened_from_that_web_session_only(alice: User) -> None:
    here = opened(alice, web_session_key="this browser")
    elsewhere = opened(alice, web_session_key="another browser")
    ticket = issue(alice, web_session_key="this browser", conversation_id=elsewhere.conversation_id).ticket
    assert services.end_web_session("this browser") == 2
    assert renew(here) == "signed_out"
    assert renew(elsewhere) is None
    with pytest.raises(TicketRefused):
        services.redeem_ticket(ticket.secret, config=CONFIG)


# --- the end ----------------------------------------------------------------------------------------------------------


def test_every_reason_fits_its_column_and_is_written_down(alice: User) -> None:
    for reason in get_args(EndReason):
        session = opened(alice)
        services.end_session(session=session, reason=reason)
        expected = ("waiting", "") if reason in services.MAY_COME_BACK else ("ended", reason)
        assert (row_of(session).state, row_of(session).end_reason) == expected
        assert len(reason) <= 24


def test_a_place_held_for_words_that_never_came_is_failed_at_the_end(alice: User) -> None:
    session = opened(alice)
    other = opened(alice)
    say(session, "item_1", "", status="pending")
    say(other, "item_1", "", status="pending")
    services.end_session(session=session, reason="client")
    assert [m.status for m in Message.objects.filter(conversation=session.conversation)] == ["failed"]
    assert [m.status for m in Message.objects.filter(conversation=other.conversation)] == ["pending"]


def test_a_lost_client_may_come_back_with_the_same_ticket_or_a_fresh_one(alice: User) -> None:
    issued = issue(alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    services.end_session(session=session, reason="client_lost")
    again = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    assert (again.pk, again.epoch, again.started_at) == (session.pk, 2, session.started_at)
    services.end_session(session=again, reason="client_lost")
    fresh = issue(alice, resume_session_id=session.pk)
    assert fresh.session.conversation_id == session.conversation_id
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    assert services.redeem_ticket(fresh.ticket.secret, config=CONFIG).pk == session.pk


def test_signing_out_ends_what_was_taken_up_there_and_not_where_it_began(alice: User) -> None:
    session = lost(alice, web_session_key="the phone's")
    again = issue(alice, resume_session_id=session.pk, web_session_key="the laptop's")
    services.redeem_ticket(again.ticket.secret, config=CONFIG)
    assert services.end_web_session("the phone's") == 0
    assert services.end_web_session("the laptop's") == 1


def test_asking_once_more_tells_the_holder_once_more(
    alice: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        "realtime.handover.lose_client", lambda row, instead_of: told.append(row.ticket_digest)
    )
    session = opened(alice)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            issue(alice, resume_session_id=session.pk)
    assert len(set(told)) == 2
    assert told[-1] == row_of(session).ticket_digest


def test_what_cannot_be_taken_up_is_as_it_was(alice: User) -> None:
    session = opened(alice)
    VoiceSession.objects.filter(pk=session.pk).update(end_requested_at=timezone.now())
    with pytest.raises(SessionNotResumable):
        issue(alice, resume_session_id=session.pk)
    assert (row_of(session).state, row_of(session).client_lost_at) == ("live", None)


def test_a_resumed_session_says_until_when_it_can_be_resumed(alice: User) -> None:
    session = lost(alice)
    put_back(session, 10, "client_lost_at")
    resumed = issue(alice, resume_session_id=session.pk).session
    assert resumed.client_lost_at is not None
    assert (resumed.expires_at - resumed.client_lost_at).total_seconds() == services.RESUME_SECONDS


def test_after_thirty_seconds_nobody_comes_back(alice: User) -> None:
    issued = issue(alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    services.end_session(session=session, reason="client_lost")
    put_back(session, services.RESUME_SECONDS + 1, "client_lost_at")
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    with pytest.raises(SessionNotResumable):
        issue(alice, resume_session_id=session.pk)
    assert (row_of(session).state, row_of(session).end_reason) == ("ended", "client_lost")


def test_whom_a_restart_cut_off_may_come_back_and_else_the_restart_is_the_reason(alice: User) -> None:
    issued = issue(alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    services.end_session(session=session, reason="draining")
    again = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    assert again.end_requested_reason == ""
    services.end_session(session=again, reason="draining")
    put_back(session, services.RESUME_SECONDS + 1, "client_lost_at")
    reaper.reap()
    assert (row_of(session).state, row_of(session).end_reason) == ("ended", "draining")


def test_nobody_comes_back_to_a_session_whose_end_was_asked_for_before_its_client_was_lost(
    alice: User,
) -> None:
    issued = issue(alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    ask_for_the_end(session, "signed_out")
    services.end_session(session=session, reason="client_lost")
    assert (row_of(session).state, row_of(session).end_reason) == ("ended", "signed_out")
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)


def test_only_ones_own_lost_session_can_be_resumed(alice: User, bob: User) -> None:
    for session_id in (lost(bob).pk, "rtc_1_0123456789abcdef01234567", "nonsense"):
        with pytest.raises(SessionNotFound):
            issue(alice, resume_session_id=session_id)
    over = opened(alice)
    services.end_session(session=over, reason="client")
    for session in (over, issue(alice).session):
        with pytest.raises(SessionNotResumable):
            issue(alice, resume_session_id=session.pk)


def test_whoever_asks_for_their_live_session_has_lost_it_before_the_server_knows(alice: User) -> None:
    session = opened(alice)
    again = issue(alice, resume_session_id=session.pk)
    row = row_of(session)
    assert (row.state, row.epoch, row.holder) == ("waiting", session.epoch, PROCESS_NAME)
    assert row.client_lost_at is not None
    assert say(session, "item_1") is not None, "whoever holds it still writes down what was said"
    assert services.redeem_ticket(again.ticket.secret, config=CONFIG).epoch == session.epoch + 1
    assert say(session, "item_2") is None


def test_the_reaper_ends_what_nobody_will_end_and_nothing_else(alice: User, bob: User) -> None:
    expired, waiting, dead = issue(alice).session, lost(alice), opened(alice)
    say(dead, "item_1", "", status="pending")
    fresh, back_soon, alive = issue(bob).session, lost(bob), opened(bob)
    put_back(expired, CONFIG.token_expiry_sec + 1, "expires_at")
    put_back(waiting, services.RESUME_SECONDS + 1, "client_lost_at")
    put_back(dead, allowance.LOST_SECONDS + 1, "seen_at")

    reaper.reap()

    reasons = [(row_of(s).state, row_of(s).end_reason) for s in (expired, waiting, dead)]
    assert reasons == [("ended", "client_lost"), ("ended", "client_lost"), ("ended", "lost")]
    assert [row_of(s).state for s in (fresh, back_soon, alive)] == ["issued", "waiting", "live"]
    assert Message.objects.get().status == "failed"
    assert say(dead, "item_2") is None, "a process that was only asleep writes nothing any more"


def test_only_what_a_process_left_behind_is_told_to_whoever_runs_the_site(alice: User, bob: User) -> None:
    before = FIGURES.counted(Event.SESSION_REAPED)
    unopened, put_down, drained = issue(alice).session, lost(alice), opened(alice)
    services.end_session(session=drained, reason="draining")
    put_back(unopened, CONFIG.token_expiry_sec + 1, "expires_at")
    for session in (put_down, drained):
        put_back(session, services.RESUME_SECONDS + 1, "client_lost_at")
    reaper.reap()
    assert {row_of(session).state for session in (unopened, put_down, drained)} == {"ended"}
    assert FIGURES.counted(Event.SESSION_REAPED) == before, "nobody has to look into these"

    parked, live = opened(bob), opened(bob)
    leases.park_session(session=parked, lost_at=timezone.now())
    put_back(parked, allowance.LOST_SECONDS + 1, "client_lost_at", "seen_at")
    put_back(live, allowance.LOST_SECONDS + 1, "seen_at")
    reaper.reap()
    assert [row_of(session).end_reason for session in (parked, live)] == ["client_lost", "lost"]
    assert FIGURES.counted(Event.SESSION_REAPED) == before + 2
    reaper.reap()
    assert FIGURES.counted(Event.SESSION_REAPED) == before + 2, "each is counted once"


def test_waiting_to_be_reaped_is_not_counted_as_talking(alice: User) -> None:
    dead = opened(alice)
    put_back(dead, allowance.LOST_SECONDS + 3600, "seen_at", "started_at")
    reaper.reap()
    ended, seen = row_of(dead).ended_at, row_of(dead).seen_at
    assert ended == seen
