"""What processes ask of each other about sessions: orders that come late, and last words that take their time."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from conversations.models import Message
from realtime import admission, control, handover, services
from realtime.control import Order
from realtime.executors import in_database
from realtime.live import THIS_PROCESS, LiveSessions
from realtime.models import VoiceSession
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event
from tests.support import upstream_turns as turns
from tests.support.relay_stage import BRISK
from tests.support.sessions import CONFIG, issue, row_of, say
from tests.support.socket_stage import OWN, Socket, key

PATIENT = replace(BRISK, parked=60.0)
TOLD_ENOUGH = 3
"""So often a process says that it is busy, and is waited for."""
LOOKS = 6
"""So many looks at the rows take half a second, and nobody is waited for so long who says nothing."""


class Dial:
    """A clock in the test's hands."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  # what it asks about tells nobody
            await asyncio.sleep(0.01)


def texts() -> list[str]:
    return list(Message.objects.order_by("position").values_list("text", flat=True))


# --- how long another process is waited for ---------------------------------------------------------------------------


def test_who_says_nothing_is_waited_for_as_long_as_it_is_given() -> None:
    clock = Dial()
    patience = handover.Orders(LiveSessions(), clock=clock).expect(["rtc_1"])
    assert patience.lasts(["rtc_1"], 3.0)
    clock.now += 2.9
    assert patience.lasts(["rtc_1"], 3.0)
    clock.now += 0.1
    assert not patience.lasts(["rtc_1"], 3.0)


def test_who_says_that_it_is_busy_is_waited_for_until_it_falls_silent() -> None:
    clock = Dial()
    orders = handover.Orders(LiveSessions(), clock=clock)
    patience = orders.expect(["rtc_1", "rtc_2"])
    clock.now += 2.0
    orders.obey(Order("busy", ("rtc_1",)))
    clock.now += handover.SILENT_SECONDS - 0.1
    assert patience.lasts(["rtc_1"], 3.0)
    assert not patience.lasts(["rtc_2"], 3.0), "it is about the other one"
    clock.now += 0.1
    assert not patience.lasts(["rtc_1"], 3.0)


def test_who_is_busy_for_ever_is_not_waited_for_for_ever() -> None:
    clock = Dial()
    orders = handover.Orders(LiveSessions(), clock=clock)
    patience = orders.expect(["rtc_1"])
    began = clock.now
    while patience.lasts(["rtc_1"], 3.0):
        orders.obey(Order("busy", ("rtc_1",)))
        clock.now += 1.0
    assert clock.now - began == handover.PUT_DOWN_SECONDS


def test_what_was_said_of_a_session_that_nobody_waits_for_any_more_is_forgotten() -> None:
    clock = Dial()
    orders = handover.Orders(LiveSessions(), clock=clock)
    orders.obey(Order("busy", ("rtc_1",)))
    first = orders.expect(["rtc_1"])
    assert not first.lasts(["rtc_1"], 0.0), "said before anybody waited"
    orders.obey(Order("busy", ("rtc_1",)))
    assert first.lasts(["rtc_1"], 0.0)
    first.close()
    assert not orders.expect(["rtc_1"]).lasts(["rtc_1"], 0.0)


# --- with sessions --------------------------------------------------------------------------------------------------


@pytest.fixture
def site(settings: Any, transactional_db: None) -> Any:
    settings.REALTIME = CONFIG
    settings.ALLOWED_ORIGINS = []
    yield
    assert len(THIS_PROCESS) == 0


@pytest.fixture
def told(site: None, monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """What this process tells the others of its site."""
    told: list[Order] = []
    monkeypatch.setattr(control, "is_shared", lambda: True)
    monkeypatch.setattr(control, "tell", told.append)
    return told


@pytest.fixture
def issued(alice: User, site: None) -> services.Issued:
    return issue(alice)


async def elsewhere(issued: services.Issued) -> VoiceSession:
    """The session, opened by another process."""
    session = await in_database(services.redeem_ticket)(issued.ticket.secret, config=CONFIG)
    await in_database(VoiceSession.objects.filter(pk=session.pk).update)(holder="other-1-abcd")
    return session


async def asked_again(user: User, issued: services.Issued) -> str:
    again = await in_database(issue)(user, resume_session_id=issued.session.pk)
    return again.ticket.secret


async def test_an_order_about_an_older_ticket_does_not_close_whoever_came_with_a_newer_one(
    alice: User, issued: services.Issued, told: list[Order]
) -> None:
    """Asked for twice in short order at another worker, whose first order is overtaken by the client itself."""
    old = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    holder = (await in_database(row_of)(issued.session)).holder
    rows = VoiceSession.objects.filter(pk=issued.session.pk)
    await in_database(rows.update)(holder="this-process-seen-from-another")
    await asked_again(alice, issued)
    ticket = await asked_again(alice, issued)
    await in_database(rows.update)(holder=holder)
    first, second = told
    assert [order.kind for order in told] == ["lose", "lose"]

    new = await Socket(OWN, key(ticket), timing=PATIENT).open()
    new.say("voiceassist.resume", event_id="mine", last_event_id=None)
    await new.until(lambda: new.heard)
    assert new.heard[0]["type"] == "voiceassist.resumed"  # type: ignore[call-overload]
    for late in (first, second):
        handover.obey(late)
    new.say("voiceassist.ping", id="1")
    await new.until(lambda: new.events("voiceassist.pong") or new.closed)
    assert new.closed is None
    assert THIS_PROCESS.parked == 0
    old.drop()
    await new.leave()
    await old.over()


async def test_an_order_about_the_next_ticket_loses_the_client_that_has_the_one_before(
    alice: User, issued: services.Issued, told: list[Order]
) -> None:
    socket = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    rows = VoiceSession.objects.filter(pk=issued.session.pk)
    await in_database(rows.update)(holder="this-process-seen-from-another")
    await asked_again(alice, issued)
    [order] = told
    handover.obey(order)
    await socket.until(lambda: socket.closed)
    assert socket.closed == (4409, "replaced")
    handover.obey(Order("let_go", order.session_ids, epoch=1))
    await until(lambda: len(THIS_PROCESS) == 0)
    await socket.leave(4409)


async def test_a_process_says_that_it_is_busy_as_long_as_its_last_words_are_being_stored(
    issued: services.Issued, told: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_storing, may_go_on = threading.Event(), threading.Event()
    store = services.record_turn

    def slowly(**given: Any) -> Any:
        is_storing.set()
        assert may_go_on.wait(20)
        return store(**given)

    monkeypatch.setattr(services, "record_turn", slowly)
    orders = handover.Orders(THIS_PROCESS, busy_seconds=0.02)
    socket = await Socket(OWN, key(issued.ticket.secret), timing=PATIENT).ready()
    socket.upstream.say(*turns.spoken("item_1"), turns.heard("item_1", "The last word"))
    await until(is_storing.is_set)
    orders.obey(Order("let_go", (issued.session.pk,), epoch=1))
    await until(lambda: len(told) == TOLD_ENOUGH)
    assert set(told) == {Order("busy", (issued.session.pk,))}
    may_go_on.set()
    await until(lambda: len(THIS_PROCESS) == 0)
    assert await in_database(texts)() == ["The last word"]
    assert (await in_database(row_of)(issued.session)).holder == ""
    count = len(told)
    await socket.leave(4409)
    assert len(told) <= count + 1, "one that was on its way at most"


async def test_a_last_word_that_takes_longer_than_the_silent_are_given_is_stored_before_the_next_epoch(
    alice: User, issued: services.Issued, told: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that needs a second for each statement: the turn was fenced off after three."""
    monkeypatch.setattr(admission, "HANDOVER_SECONDS", 0.3)
    looks = 0
    look = handover.held_elsewhere

    def counted(session: VoiceSession) -> list[str]:
        nonlocal looks
        looks += 1
        return look(session)

    monkeypatch.setattr(handover, "held_elsewhere", counted)
    theirs = await elsewhere(issued)
    ticket = await asked_again(alice, issued)
    opening = asyncio.create_task(
        admission.redeem(ticket, config=CONFIG, live=THIS_PROCESS, enter=lambda opened: opened)
    )

    def is_looked_at_often() -> bool:
        handover.obey(Order("busy", (theirs.pk,)))
        return looks >= LOOKS

    await until(is_looked_at_often)
    assert not opening.done()
    assert await in_database(say)(theirs, "item_1", "the last word") is not None
    forced = FIGURES.counted(Event.SESSION_HANDED_OVER, "forced")
    await in_database(services.end_session)(session=theirs, reason="client_lost")
    opened = await asyncio.wait_for(opening, 5)
    assert opened.epoch == theirs.epoch + 1
    assert FIGURES.counted(Event.SESSION_HANDED_OVER, "forced") == forced
    assert await in_database(texts)() == ["the last word"]
    await in_database(services.end_session)(session=opened, reason="client")
