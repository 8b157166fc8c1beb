"""A socket that was lost and the next one: the same session goes on where it was, or begins anew with its history."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from realtime import admission, handover, leases, services
from realtime.config import RealtimeConfig
from realtime.control import Order
from realtime.errors import Draining, ProviderUnavailable, TicketRefused
from realtime.executors import in_database
from realtime.live import PROCESS_NAME, THIS_PROCESS, LiveSession
from realtime.models import VoiceSession
from realtime.providers.base import Provider
from tests.support import upstream_turns as turns
from tests.support.relay_stage import BRISK
from tests.support.sessions import CONFIG, issue, put_back, row_of, say
from tests.support.socket_stage import GA, OWN, Socket, key

pytestmark = pytest.mark.django_db(transaction=True)
PATIENT = replace(BRISK, parked=60.0)


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.REALTIME = CONFIG
    settings.ALLOWED_ORIGINS = []


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Any:
    yield
    THIS_PROCESS.resume_work()
    assert len(THIS_PROCESS) == 0


@pytest.fixture
def issued(alice: User) -> services.Issued:
    return issue(alice)


async def lost(issued: services.Issued, code: int = 1006) -> Socket:
    """A socket whose client vanished, and whose session waits for it."""
    socket = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    socket.drop(code)
    await until(lambda: THIS_PROCESS.parked == 1)
    return socket


async def redeem(ticket: str) -> VoiceSession:
    """Open the session of a ticket in this process, with nobody at its socket."""
    return await admission.redeem(ticket, config=CONFIG, live=THIS_PROCESS, enter=lambda opened: opened)


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110  # what it asks about tells nobody
            await asyncio.sleep(0.01)


async def row_until(session: VoiceSession, state: str) -> VoiceSession:
    async with asyncio.timeout(5):
        while (row := await in_database(row_of)(session)).state != state:  # noqa: ASYNC110  # a row tells nobody
            await asyncio.sleep(0.01)
    return row


def resume(socket: Socket, last_event_id: str | None, **more: Any) -> None:
    socket.say("voiceassist.resume", event_id="mine", last_event_id=last_event_id, **more)


async def back(ticket: str, last_event_id: str | None) -> Socket:
    """The same client on another socket, in the very session that it had."""
    socket = await Socket(OWN, key(ticket), timing=PATIENT).open()
    resume(socket, last_event_id, item_id=None, played_ms=0)
    await socket.until(lambda: socket.heard)
    return socket


def last_of(socket: Socket) -> str:
    return str([thing for thing in socket.heard if isinstance(thing, dict)][-1]["event_id"])


async def asked_again(user: User, issued: services.Issued) -> str:
    """A fresh ticket for that session."""
    again = await in_database(issue)(user, resume_session_id=issued.session.pk)
    return again.ticket.secret


async def test_it_goes_on_where_it_was(alice: User, issued: services.Issued) -> None:
    old = await lost(issued)
    row = await row_until(issued.session, "waiting")
    assert (row.holder, row.epoch) == (PROCESS_NAME, 1)
    old.upstream.say(*turns.answer("item_2", "Since when?", after=""))
    new = await back(await asked_again(alice, issued), last_of(old))
    assert new.heard[0]["type"] == "voiceassist.resumed"  # type: ignore[call-overload]
    await new.until(lambda: new.events("voiceassist.message.saved"))
    assert new.events("session.created") == []
    assert new.upstream.received == [], "it has no upstream of its own"
    row = await row_until(issued.session, "live")
    assert (row.holder, row.epoch, row.client_lost_at) == (PROCESS_NAME, 1, None)
    new.types("And my elbow", "item_9")
    await old.upstream.changes.until(lambda: "conversation.item.create" in old.upstream.kinds())
    await new.leave()
    await old.over()
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.end_reason, row.holder) == ("ended", "client", "")


async def test_the_same_ticket_leads_back_as_well_and_only_once(issued: services.Issued) -> None:
    old = await lost(issued)
    new = await back(issued.ticket.secret, last_of(old))
    assert new.heard[0]["type"] == "voiceassist.resumed"  # type: ignore[call-overload]
    third = Socket(OWN, key(issued.ticket.secret), timing=PATIENT)
    assert await third.refused() == (4401, "ticket_refused")
    await new.leave()
    await old.over()


async def test_of_two_sockets_at_once_one_goes_on_and_the_other_is_refused(issued: services.Issued) -> None:
    old = await lost(issued)
    sockets = [await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).open() for _ in range(2)]
    for socket in sockets:
        resume(socket, last_of(old))
    await until(
        lambda: any(s.closed for s in sockets) and any(s.events("voiceassist.resumed") for s in sockets)
    )
    [refused] = [socket for socket in sockets if socket.closed]
    assert refused.closed is not None
    assert refused.closed[0] == 4401
    for socket in sockets:
        await socket.leave()
    await old.over()
    assert (await in_database(row_of)(issued.session)).epoch == 1


async def test_a_network_that_died_unnoticed_is_lost_when_its_owner_asks_for_another(
    alice: User, issued: services.Issued
) -> None:
    old = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    ticket = await asked_again(alice, issued)
    await old.until(lambda: old.closed)
    assert old.closed == (4409, "replaced")
    new = await back(ticket, last_of(old))
    assert new.heard[0]["type"] == "voiceassist.resumed"  # type: ignore[call-overload]
    old.drop()
    new.say("voiceassist.ping", id="1")
    await new.until(lambda: new.events("voiceassist.pong"))
    assert new.closed is None, "the dead socket takes nobody with it"
    await new.leave()
    await old.over()


async def test_a_client_that_lacks_too_much_begins_anew_in_the_next_epoch(
    alice: User, issued: services.Issued
) -> None:
    old = await lost(issued)
    new = await Socket(OWN, key(await asked_again(alice, issued)), timing=PATIENT).open()
    resume(new, "event_of_long_ago", item_id=None, played_ms=0)
    await new.until(lambda: new.events("voiceassist.session"))
    [told] = new.events("voiceassist.session")
    assert (told["resumed"], told["taken_up"]) == (False, True)
    assert new.events("error") == []
    await old.over()
    assert (await in_database(row_of)(issued.session)).epoch == 2
    resume(new, None)
    await new.until(lambda: new.events("error"))
    assert new.events("error")[0]["error"]["code"] == "unsupported_event"
    assert new.closed is None
    await new.leave()


async def test_who_does_not_say_that_it_resumes_begins_anew_and_its_first_frame_counts(
    issued: services.Issued,
) -> None:
    old = await lost(issued)
    new = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).open()
    new.types("Hello?", "item_9")
    await new.until(lambda: "conversation.item.create" in new.upstream.kinds())
    await old.over()
    await new.leave()


async def test_a_spoken_turn_without_an_answer_is_answered_after_a_fresh_start(
    alice: User, issued: services.Issued
) -> None:
    old = await lost(issued)
    old.upstream.say(*turns.spoken("item_1"), turns.heard("item_1", "go forward ten meters"))
    await until(lambda: old.upstream.is_read)
    new = await Socket(OWN, key(await asked_again(alice, issued)), timing=PATIENT).open()
    resume(new, "event_of_long_ago")
    await new.until(lambda: "response.create" in new.upstream.kinds())
    assert "go forward ten meters" in new.upstream.received[0]["session"]["instructions"]
    await old.over()
    await new.leave()


async def test_a_server_that_stops_takes_nobody_and_keeps_nobody_waiting(issued: services.Issued) -> None:
    socket = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    await THIS_PROCESS.drain(25)
    assert len(THIS_PROCESS) == 0
    await socket.until(lambda: socket.closed)
    assert socket.closed == (1001, "draining")
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.holder, row.end_requested_reason) == ("waiting", "", "draining")
    await socket.leave(1001)
    again = Socket(OWN, key(issued.ticket.secret), timing=PATIENT)
    assert await again.refused() == (Draining.close_code, "draining")
    THIS_PROCESS.resume_work()
    taken_up = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    await taken_up.leave()


async def test_what_does_not_get_quiet_ends_when_the_time_is_over(issued: services.Issued) -> None:
    socket = await Socket(GA, key(issued.ticket.secret), timing=PATIENT).ready()
    socket.upstream.say(*turns.answer_begins("item_1", "Once upon a time", after=""))
    await socket.until(lambda: socket.events("response.output_text.delta"))
    await THIS_PROCESS.drain(0.3)
    assert socket.closed == (1001, "draining")
    await socket.leave(1001)


async def test_pages_that_come_at_once_on_one_conversation_have_one_session_at_a_time(
    alice: User, issued: services.Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0
    add = THIS_PROCESS.add

    def added(session: LiveSession) -> None:
        nonlocal most
        add(session)
        most = max(most, len(THIS_PROCESS))

    monkeypatch.setattr(THIS_PROCESS, "add", added)
    first = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    tickets = [
        (await in_database(issue)(alice, conversation_id=issued.session.conversation_id)).ticket.secret
        for _ in range(5)
    ]
    sockets = [first, *(Socket(OWN, key(ticket), timing=PATIENT) for ticket in tickets)]
    for socket in sockets[1:]:
        socket.connect()
    await until(lambda: sum(socket.closed is None for socket in sockets) == 1)
    assert {socket.closed for socket in sockets if socket.closed} == {(4409, "replaced")}
    assert most == 1
    for socket in sockets:
        await socket.leave()


async def test_a_socket_that_comes_and_goes_without_a_word_leaves_the_session_as_it_was(
    issued: services.Issued,
) -> None:
    old = await lost(issued)
    await row_until(issued.session, "waiting")
    flapping = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).open()
    await flapping.leave(1006)
    assert THIS_PROCESS.parked == 1
    new = await back(issued.ticket.secret, last_of(old))
    assert new.heard[0]["type"] == "voiceassist.resumed"  # type: ignore[call-overload]
    assert (await in_database(row_of)(issued.session)).epoch == 1
    await new.leave()
    await old.over()


async def test_who_comes_and_goes_at_once_opens_nothing(issued: services.Issued) -> None:
    socket = Socket(OWN, key(issued.ticket.secret), timing=PATIENT)
    socket.connect()
    await socket.leave(1006)
    assert (await in_database(row_of)(issued.session)).epoch == 0


async def test_nobody_goes_on_where_another_process_has_taken_over(issued: services.Issued) -> None:
    """No order of its reached us, and it took over while the client was on its way, or about to say what it has."""
    old = await lost(issued)
    await row_until(issued.session, "waiting")
    new = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).open()
    await in_database(VoiceSession.objects.update)(epoch=2, holder="other-1-abcd")
    resume(new, last_of(old), item_id=None, played_ms=0)
    await new.until(lambda: new.events("voiceassist.session"))
    assert new.events("voiceassist.resumed") == []
    assert new.closed is None
    assert (await in_database(row_of)(issued.session)).epoch == 3
    await old.over()
    await new.leave()


async def test_sessions_that_wait_for_their_clients_count_and_the_oldest_make_room(alice: User) -> None:
    olds: list[tuple[services.Issued, Socket]] = []
    for _ in range(4):
        issued = await in_database(issue)(alice)
        socket = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
        olds.append((issued, socket))
        socket.drop()
        await row_until(issued.session, "waiting")
    await until(lambda: len(THIS_PROCESS) == CONFIG.sessions_per_user)
    states = [(await in_database(row_of)(issued.session)).state for issued, _ in olds]
    assert states == ["ended", "ended", "waiting", "waiting"]
    for number, (issued, socket) in enumerate(olds):
        if number > 1:
            handover.obey(Order("let_go", (issued.session.pk,)))
        await socket.over()
    row = await in_database(row_of)(olds[0][0].session)
    assert (row.end_reason, row.ended_at) == ("client_lost", row.client_lost_at)


async def test_waiting_for_a_client_is_not_talking_whoever_ends_it(issued: services.Issued) -> None:
    old = await lost(issued)
    await row_until(issued.session, "waiting")
    await in_database(put_back)(issued.session, 20, "client_lost_at")
    before = (await in_database(row_of)(issued.session)).client_lost_at
    rows = VoiceSession.objects.filter(pk=issued.session.pk)
    await in_database(services.end_now)(sessions=rows, reason="ended_by_owner")
    await old.over()
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.ended_at) == ("ended", before)


async def test_what_could_not_be_taken_up_just_now_is_there_for_the_next_try(issued: services.Issued) -> None:
    def busy(config: RealtimeConfig) -> Provider:
        raise ProviderUnavailable

    session = await in_database(services.redeem_ticket)(issued.ticket.secret, config=CONFIG)
    await in_database(services.end_session)(session=session, reason="client_lost")
    socket = Socket(OWN, key(issued.ticket.secret), timing=PATIENT, provider_for=busy)
    assert await socket.refused() == (ProviderUnavailable.close_code, ProviderUnavailable.code)
    assert (await in_database(row_of)(issued.session)).state == "waiting"
    again = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    await again.leave()


async def test_a_line_that_takes_nothing_is_closed_so_that_its_client_comes_back(
    issued: services.Issued,
) -> None:
    socket = await Socket(OWN, key(issued.ticket.secret), timing=replace(PATIENT, stall=0.2)).ready()
    socket.flows.clear()
    socket.say("voiceassist.ping", id="1")
    await until(lambda: THIS_PROCESS.parked == 1)
    socket.flows.set()
    await socket.until(lambda: socket.closed)
    assert socket.closed == (4408, "slow_client")
    socket.drop()
    new = await back(issued.ticket.secret, last_of(socket))
    await new.until(lambda: new.events("voiceassist.pong"))
    await new.leave()
    await socket.over()


async def test_who_comes_with_a_newer_ticket_has_the_place_though_nobody_could_say_so(
    alice: User, issued: services.Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process gave the ticket out, and no order of its reached us."""
    old = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    monkeypatch.setattr("realtime.handover.lose_client", lambda session, instead_of: None)
    ticket = await asked_again(alice, issued)
    assert old.closed is None
    new = await back(ticket, last_of(old))
    assert new.heard[0]["type"] == "voiceassist.resumed"  # type: ignore[call-overload]
    await old.until(lambda: old.closed)
    assert old.closed == (4409, "replaced")
    old.drop()
    await new.leave()
    await old.over()


async def test_a_client_is_back_though_the_database_was_away_just_then(
    issued: services.Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = asyncio.Event()
    loop = asyncio.get_running_loop()

    def away(*, session: VoiceSession) -> bool:
        loop.call_soon_threadsafe(tried.set)
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr("realtime.leases.take_back_session", away)
    old = await lost(issued)
    await row_until(issued.session, "waiting")
    new = await back(issued.ticket.secret, last_of(old))
    await asyncio.wait_for(tried.wait(), 5)
    third = Socket(OWN, key(issued.ticket.secret), timing=PATIENT)
    assert await third.refused() == (4401, "ticket_refused")
    assert (await in_database(row_of)(issued.session)).state == "waiting"
    await in_database(put_back)(issued.session, leases.RESUME_SECONDS + 1, "client_lost_at")
    await row_until(issued.session, "live")
    new.types("And my elbow", "item_9")
    await old.upstream.changes.until(lambda: "conversation.item.create" in old.upstream.kinds())
    await new.leave()
    await old.over()


async def test_a_client_is_back_before_it_is_written_down_that_it_was_lost(
    issued: services.Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()
    park = leases.park_session

    def slowly(**parked: Any) -> None:
        assert may_go_on.wait(5)
        park(**parked)

    monkeypatch.setattr("realtime.leases.park_session", slowly)
    old = await lost(issued)
    new = await back(issued.ticket.secret, last_of(old))
    assert new.heard[0]["type"] == "voiceassist.resumed"  # type: ignore[call-overload]
    may_go_on.set()
    new.types("And my elbow", "item_9")
    await old.upstream.changes.until(lambda: "conversation.item.create" in old.upstream.kinds())
    old.upstream.say(*turns.answer("item_2", "Since when?", after=""))
    await new.until(lambda: new.events("voiceassist.message.saved"))
    assert (await row_until(issued.session, "live")).client_lost_at is None
    await new.leave()
    await old.over()


async def test_whoever_waits_in_line_when_the_server_stops_is_not_taken(issued: services.Issued) -> None:
    async with THIS_PROCESS.door(str(issued.session.conversation_id)):
        opening = asyncio.create_task(redeem(issued.ticket.secret))
        await asyncio.sleep(0)
        await THIS_PROCESS.drain(0)
    with pytest.raises(Draining):
        await opening
    assert (await in_database(row_of)(issued.session)).state == "issued"


# --- from one process to another --------------------------------------------------------------------------------------


async def elsewhere(issued: services.Issued, holder: str = "other-1-abcd", **columns: Any) -> VoiceSession:
    """The session, opened by another process."""
    session = await in_database(services.redeem_ticket)(issued.ticket.secret, config=CONFIG)
    rows = VoiceSession.objects.filter(pk=session.pk)
    await in_database(rows.update)(holder=holder, **columns)
    return session


async def test_what_another_process_holds_is_waited_for_until_it_is_put_down(
    alice: User, issued: services.Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr("realtime.control.is_shared", lambda: True)
    monkeypatch.setattr("realtime.control.tell", told.append)
    theirs = await elsewhere(issued)
    ticket = await asked_again(alice, issued)
    opening = asyncio.create_task(redeem(ticket))
    await until(lambda: len(told) == 2)
    assert [(order.kind, order.session_ids) for order in told] == [
        ("lose", (theirs.pk,)),
        ("let_go", (theirs.pk,)),
    ]
    row = await in_database(row_of)(theirs)
    assert (told[0].ticket_digest, told[1].epoch) == (row.ticket_digest, theirs.epoch)
    assert not opening.done()
    assert await in_database(say)(theirs, "item_1", "the last word") is not None
    await in_database(services.end_session)(session=theirs, reason="client_lost")
    opened = await asyncio.wait_for(opening, 2)
    assert (opened.epoch, opened.holder) == (theirs.epoch + 1, PROCESS_NAME)
    assert await in_database(say)(theirs, "item_2") is None
    await in_database(services.end_session)(session=opened, reason="client")


async def test_one_that_does_not_let_go_is_taken_by_force_and_one_that_is_dead_at_once(
    alice: User, issued: services.Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.control.is_shared", lambda: True)
    monkeypatch.setattr("realtime.control.tell", lambda order: None)
    monkeypatch.setattr("realtime.admission.HANDOVER_SECONDS", 0.3)
    theirs = await elsewhere(issued)
    opened = await redeem(await asked_again(alice, issued))
    assert opened.epoch == theirs.epoch + 1
    assert await in_database(say)(theirs, "item_1") is None

    monkeypatch.setattr("realtime.admission.HANDOVER_SECONDS", 60)
    await in_database(VoiceSession.objects.update)(holder="other-2-abcd")
    ticket = await asked_again(alice, issued)
    await in_database(put_back)(opened, handover.STALE_SECONDS + 5, "seen_at")
    again = await asyncio.wait_for(redeem(ticket), 5)
    await in_database(services.end_session)(session=again, reason="client")


async def test_a_newer_session_asks_for_the_end_of_the_older_one_elsewhere(
    alice: User, issued: services.Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr("realtime.control.is_shared", lambda: True)
    monkeypatch.setattr("realtime.control.tell", told.append)
    theirs = await elsewhere(issued)
    newer = await in_database(issue)(alice, conversation_id=theirs.conversation_id)
    opening = asyncio.create_task(redeem(newer.ticket.secret))
    await until(lambda: told)
    assert (told[0].kind, told[0].session_ids, told[0].reason) == ("end", (theirs.pk,), "replaced")
    row = await in_database(row_of)(theirs)
    assert (row.state, row.end_requested_reason) == ("live", "replaced")
    await in_database(services.end_session)(session=theirs, reason="replaced")
    opened = await asyncio.wait_for(opening, 2)
    await in_database(services.end_session)(session=opened, reason="client")


async def test_whoever_opens_a_session_last_tells_the_process_that_opened_one_just_before(
    alice: User, issued: services.Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both had found the conversation free."""
    told: list[Any] = []
    monkeypatch.setattr("realtime.control.tell", told.append)
    theirs = await elsewhere(issued)
    newer = await in_database(issue)(alice, conversation_id=theirs.conversation_id)
    opened = await in_database(services.redeem_ticket)(newer.ticket.secret, config=CONFIG)
    assert [(order.kind, order.session_ids, order.reason) for order in told] == [
        ("end", (theirs.pk,), "replaced")
    ]
    assert await in_database(say)(theirs, "item_1") is None
    await in_database(services.end_session)(session=opened, reason="client")


async def test_an_order_from_another_process_is_obeyed(issued: services.Issued) -> None:
    socket = await lost(issued)
    handover.obey(Order("let_go", (issued.session.pk, "rtc_unknown")))
    await socket.over()
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.holder) == ("waiting", "")


async def test_a_session_that_is_parked_is_ended_by_its_owner_with_all_that_was_said(
    alice: User, issued: services.Issued
) -> None:
    socket = await lost(issued)
    await row_until(issued.session, "waiting")
    socket.upstream.say(*turns.typed("item_1", "My knee hurts"))
    await until(lambda: socket.upstream.is_read)
    await in_database(services.end_now)(
        sessions=VoiceSession.objects.filter(pk=issued.session.pk), reason="ended_by_owner"
    )
    await socket.over()
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.end_reason) == ("ended", "ended_by_owner")
    with pytest.raises(TicketRefused):
        await in_database(services.redeem_ticket)(issued.ticket.secret, config=CONFIG)


async def test_orders_that_come_late_are_about_nobody(alice: User, issued: services.Issued) -> None:
    old = await lost(issued)
    new = await back(await asked_again(alice, issued), last_of(old))
    row = await in_database(row_of)(issued.session)
    handover.obey(Order("lose", (row.pk,), ticket_digest=row.ticket_digest))
    handover.obey(Order("let_go", (row.pk,), epoch=row.epoch - 1))
    new.say("voiceassist.ping", id="1")
    await new.until(lambda: new.events("voiceassist.pong"))
    assert new.closed is None
    assert THIS_PROCESS.parked == 0
    handover.obey(Order("lose", (row.pk,), ticket_digest="another"))
    await until(lambda: THIS_PROCESS.parked == 1)
    await new.until(lambda: new.closed)
    handover.obey(Order("let_go", (row.pk,), epoch=row.epoch))
    await old.over()
    new.drop()
    await new.over()


async def test_a_session_with_its_client_there_is_let_go_at_once_when_another_process_opens_it(
    issued: services.Issued,
) -> None:
    socket = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    handover.obey(Order("let_go", (issued.session.pk,), epoch=1))
    await until(lambda: len(THIS_PROCESS) == 0)
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.holder) == ("waiting", "")
    await socket.until(lambda: socket.closed)
    await socket.leave(4409)
