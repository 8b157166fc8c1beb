"""Frames past the queues, both ways: in order, once, and to nobody who is not there any more."""

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime import services
from realtime.executors import in_database
from realtime.live import THIS_PROCESS
from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.policy import Seen
from realtime.telemetry import SPEAKING
from tests.support import upstream_turns as turns
from tests.support.relay_stage import BRISK, Audience, Stage, staged
from tests.support.sessions import CONFIG, issue
from tests.support.socket_stage import OWN, Socket, key

PATIENT = replace(BRISK, parked=60.0, stall=5.0)
NOTHING = Seen(None, None, 0)


def pcm(number: int) -> bytes:
    """Forty milliseconds that are told from all others."""
    return number.to_bytes(4, "little") * 480


def numbers(sound: bytes) -> list[int]:
    return [int.from_bytes(sound[at : at + 4], "little") for at in range(0, len(sound), 1920)]


# --- what the client says -------------------------------------------------------------------------------------------

SAYING = st.lists(
    st.sampled_from(
        ["say", "say", "say", "burst", "turn", "turn", "shut", "open", "store", "stuck", "later"]
    ),
    max_size=50,
)


async def say_in_order(steps: list[str]) -> None:
    async with staged(timing=PATIENT, binary_audio=True, announces=True) as stage:
        await stage.ready()
        said, waiting = 0, list[bytes]()
        offering: asyncio.Task[None] | None = None

        async def offer() -> None:
            while waiting:
                await stage.relay.offer(waiting[0], stage.audience)
                waiting.pop(0)

        def say() -> None:
            # As a server does: asked only while nothing is queued and nothing is being received.
            nonlocal said, offering
            said += 1
            is_received = not waiting and (offering is None or offering.done())
            if not (is_received and stage.relay.takes(pcm(said), stage.audience)):
                waiting.append(pcm(said))
                if is_received:
                    offering = asyncio.create_task(offer())

        for step in steps:
            match step:
                case "say":
                    say()
                case "burst":
                    for _ in range(12):
                        say()
                case "turn":
                    await asyncio.sleep(0)
                case "shut":
                    stage.upstream.gate.shut()
                case "open":
                    stage.upstream.gate.open()
                case "stuck":
                    stage.book.gate.shut()
                case "store":
                    stage.book.gate.open()
                case "later":
                    stage.clock.forward(0.04)
        stage.upstream.gate.open()
        stage.book.gate.open()
        stage.clock.forward(60)
        await stage.until(lambda: len(stage.upstream.latest.heard()) == 1920 * said)
        assert numbers(stage.upstream.latest.heard()) == list(range(1, said + 1))


@settings(max_examples=60, deadline=None)
@given(SAYING)
def test_what_a_client_says_arrives_in_order_and_once(steps: list[str]) -> None:
    asyncio.run(say_in_order(steps))


async def test_while_upstream_is_away_nothing_is_heard_at_once_and_nothing_is_lost() -> None:
    async with staged(timing=PATIENT, binary_audio=True) as stage:
        await stage.ready()
        assert stage.relay.takes(pcm(1), stage.audience)
        stage.upstream.door.shut()
        stage.upstream.drop()
        await stage.until(lambda: stage.upstream.door.waiting)
        assert not stage.relay.takes(pcm(2), stage.audience)
        await stage.relay.offer(pcm(2), stage.audience)
        stage.upstream.door.open()
        await stage.until(lambda: 2 in numbers(stage.upstream.latest.heard()))
        await stage.until(lambda: stage.relay.takes(pcm(3), stage.audience))
        await stage.until(lambda: numbers(stage.upstream.latest.heard())[-2:] == [2, 3])


async def test_beyond_the_pace_nothing_is_heard_at_once() -> None:
    async with staged(timing=PATIENT, binary_audio=True) as stage:
        await stage.ready()
        frame = bytes(48_000)
        for _ in range(31):
            stage.clock.forward(0.001)
            assert stage.relay.takes(frame, stage.audience)
        assert not stage.relay.takes(frame, stage.audience)
        stage.clock.forward(5)
        assert stage.relay.takes(frame, stage.audience)


async def test_a_client_that_was_dismissed_is_not_heard() -> None:
    async with staged(timing=PATIENT, binary_audio=True, announces=True) as stage:
        await stage.ready()
        stage.relay.lose_client()
        assert stage.relay.takes(pcm(1), stage.audience), "nobody need receive it"
        assert stage.upstream.latest.heard() == b""


# --- what upstream says ---------------------------------------------------------------------------------------------

HEARING = st.lists(
    st.sampled_from(["sound", "sound", "sound", "words", "turn", "turn", "shut", "open", "break"]),
    max_size=40,
)


async def hear_in_order(steps: list[str]) -> None:
    async with staged(timing=PATIENT, binary_audio=True, announces=True) as stage:
        await stage.ready()
        client, got, said = stage.audience, list[Any](), 0
        stage.relay.upstream_said(json.dumps(turns.event("response.created", response={"id": "resp_1"})))

        def tell(event: dict[str, Any]) -> None:
            stage.relay.upstream_said(json.dumps(event))

        for step in steps:
            match step:
                case "sound":
                    said += 1
                    tell(turns.sound("item_1", pcm(said)))
                case "words":
                    tell(turns.event("rate_limits.updated", rate_limits=[]))
                case "turn":
                    await asyncio.sleep(0)
                case "shut":
                    client.gate.shut()
                case "open":
                    client.gate.open()
                case "break":
                    # What is on its way over the line is lost with it.
                    client.is_gone = True
                    client.gate.open()
                    got += client.heard
                    stage.relay.client_left(clean=False)
                    client = Audience(stage.changes)
                    assert stage.relay.take_up(client, seen_of(got))
        client.gate.open()
        await stage.until(lambda: len(sound_of(got + client.heard)) == 1920 * said)
        assert numbers(sound_of(got + client.heard)) == list(range(1, said + 1))


def seen_of(heard: list[Any]) -> Seen:
    """What a client says that it has, which has all that was handed to it."""
    events = [thing["event_id"] for thing in heard if isinstance(thing, dict)]
    behind = sound_of(heard)
    return Seen(events[-1], "item_1" if behind else None, len(behind) / 48)


def sound_of(heard: list[Any]) -> bytes:
    return b"".join(thing for thing in heard if isinstance(thing, bytes))


@settings(max_examples=60, deadline=None)
@given(HEARING)
def test_what_upstream_says_arrives_in_order_and_once_over_however_many_sockets(steps: list[str]) -> None:
    asyncio.run(hear_in_order(steps))


async def spoken(stage: Stage, *sounds: int) -> None:
    for number in sounds:
        stage.relay.upstream_said(json.dumps(turns.sound("item_1", pcm(number))))


async def test_what_went_at_once_is_kept_and_comes_again_before_anything_new() -> None:
    async with staged(timing=PATIENT, binary_audio=True, announces=True) as stage:
        await stage.ready()
        await stage.until(lambda: stage.relay._seat.line.is_idle)
        seen = seen_of(stage.audience.heard)
        await spoken(stage, 1, 2)
        assert numbers(sound_of(stage.audience.heard)) == [1, 2], "before anybody else had a turn"
        stage.relay.client_left(clean=False)
        await spoken(stage, 3)
        assert len(sound_of(stage.audience.heard)) == 2 * 1920, "it was lost"
        client = Audience(stage.changes)
        assert stage.relay.take_up(client, seen)
        await spoken(stage, 4)
        assert client.heard == [], "what it lacks goes first"
        await stage.until(lambda: len(sound_of(client.heard)) == 4 * 1920)
        assert client.heard[0]["type"] == "voiceassist.resumed"  # type: ignore[call-overload]
        assert numbers(sound_of(client.heard)) == [1, 2, 3, 4]
        await stage.until(lambda: stage.relay._seat.line.is_idle)
        await spoken(stage, 5)
        assert numbers(sound_of(client.heard))[-1] == 5
        assert len(sound_of(stage.audience.heard)) == 2 * 1920


# --- through the consumer -------------------------------------------------------------------------------------------

database = pytest.mark.django_db(transaction=True)


@pytest.fixture
def issued(alice: User, settings: Any) -> services.Issued:
    settings.REALTIME = CONFIG
    settings.ALLOWED_ORIGINS = []
    return issue(alice)


async def direct(secret: str) -> Socket:
    """A socket whose first frame was received, as all first ones are."""
    socket = await Socket(OWN, key(secret), timing=PATIENT, direct=True).ready()
    socket.audio(pcm(1))
    await socket.upstream.changes.until(lambda: socket.upstream.latest.heard())
    await socket.until(lambda: socket.hears)
    assert socket.heard_at_once == 0
    return socket


@database
async def test_from_the_second_frame_on_all_goes_at_once_both_ways(issued: services.Issued) -> None:
    socket = await direct(issued.ticket.secret)
    for number in range(2, 6):
        socket.audio(pcm(number))
    assert numbers(socket.upstream.latest.heard()) == [1, 2, 3, 4, 5]
    assert socket.heard_at_once == 4
    before = socket.sent_at_once
    socket.upstream.say(turns.sound("item_1", pcm(1)))
    await socket.until(lambda: socket.sounds() == [pcm(1)])
    assert socket.sent_at_once > before
    await socket.leave()


@database
async def test_what_is_logged_while_a_frame_is_heard_at_once_has_the_sessions_ids(
    issued: services.Issued, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    socket = await direct(issued.ticket.secret)
    ids: list[tuple[str, str]] = []
    logged = logging.getLogger("realtime.tasks")

    def note(record: logging.LogRecord) -> bool:
        ids.append(SPEAKING.get())
        return True

    logged.addFilter(note)

    def broken(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(RealtimeProtocol, "takes_voice", broken)
    try:
        socket.audio(pcm(2))
    finally:
        logged.removeFilter(note)
    assert socket.heard_at_once == 1
    assert ids == [(issued.session.pk, str(issued.session.conversation_id))]
    assert SPEAKING.get() == ("", ""), "whoever reads sockets works for none of them"
    await socket.until(lambda: socket.closed)
    await socket.leave()


@database
async def test_a_socket_that_was_left_for_another_one_neither_hears_nor_is_heard(
    alice: User, issued: services.Issued
) -> None:
    old = await direct(issued.ticket.secret)
    last = [thing for thing in old.heard if isinstance(thing, dict)][-1]["event_id"]
    again = await in_database(issue)(alice, resume_session_id=issued.session.pk)
    new = await Socket(OWN, key(again.ticket.secret), timing=PATIENT, direct=True).open()
    new.say("voiceassist.resume", event_id="mine", last_event_id=last, item_id=None, played_ms=0)
    await new.until(lambda: new.events("voiceassist.resumed"))
    heard, at_once = len(old.heard), old.sent_at_once
    old.audio(pcm(7))
    await new.until(lambda: new.hears)
    new.audio(pcm(8))
    assert numbers(old.upstream.latest.heard()) == [1, 8]
    old.upstream.say(turns.sound("item_1", pcm(9)))
    await new.until(lambda: new.sounds() == [pcm(9)])
    assert (len(old.heard), old.sent_at_once) == (heard, at_once)
    await new.leave()
    await old.leave()
    assert len(THIS_PROCESS) == 0
