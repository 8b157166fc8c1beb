"""Orders between processes, over a Redis of our own that is stopped and paused meanwhile."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from channels.layers import channel_layers

from realtime.control import GROUP, ControlLine, Order, is_shared
from realtime.tasks import cancelled
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event
from tests.faults.rig.services import Redis, private_redis

END = Order("end", ("rtc_1_a", "rtc_1_b"), "ended_by_admin")
LOSE = Order("lose", ("rtc_1_c",), ticket_digest="0a1b", instead_of="2c3d")
LET_GO = Order("let_go", ("rtc_1_c",), epoch=3)
BUSY = Order("busy", ("rtc_1_c",))
PATIENCE = 30.0
IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with private_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def shared(redis_server: Redis, settings: Any) -> Iterator[Redis]:
    """The channel layer of a site with Redis."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": redis_server.url, "socket_timeout": 15}]},
        }
    }
    yield redis_server
    if not redis_server.answers():
        redis_server.go_on()


class Process:
    """A process of the site: its line, and what it was told."""

    def __init__(self, line: ControlLine | None = None) -> None:
        self.line = line or ControlLine(beat_seconds=0.2, deaf_seconds=1.0)
        self.told: asyncio.Queue[Order] = asyncio.Queue()
        self.caught_up = 0

    async def catch_up(self) -> None:
        self.caught_up += 1

    async def next(self) -> Order:
        async with asyncio.timeout(PATIENCE):
            return await self.told.get()

    async def until(self, is_heard: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            # Its one reader is the health view, which nobody wakes up either.
            while self.line.is_heard is not is_heard:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(
    obey: Callable[[Order], None] | None = None, line: ControlLine | None = None
) -> AsyncIterator[Process]:
    process = Process(line)
    task = asyncio.create_task(process.line.listen(obey or process.told.put_nowait, process.catch_up))
    try:
        await process.until(True)
        yield process
    finally:
        await cancelled([task])


async def test_an_order_reaches_every_other_process_once_and_not_the_one_that_gave_it(shared: Redis) -> None:
    async with listening() as here, listening() as there, listening() as elsewhere:
        here.line.tell(END)
        here.line.tell(LOSE)
        here.line.tell(LET_GO)
        here.line.tell(BUSY)
        for other in (there, elsewhere):
            assert [await other.next() for _ in range(4)] == [END, LOSE, LET_GO, BUSY]
        there.line.tell(LET_GO)
        assert await here.next() == LET_GO, "the first that this process hears"
        assert [each.told.qsize() for each in (here, there)] == [0, 0]


async def test_it_is_given_in_whatever_thread(shared: Redis) -> None:
    async with listening() as here, listening() as there:
        await asyncio.to_thread(here.line.tell, END)
        assert await there.next() == END


async def test_a_command_gives_orders_though_it_does_not_listen(shared: Redis) -> None:
    async with listening() as there:
        await asyncio.to_thread(ControlLine().tell, END)
        assert await there.next() == END


async def test_a_redis_that_is_started_anew_is_found_again(
    shared: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening() as here, listening() as there:
        with caplog.at_level(logging.WARNING, "realtime.control"):
            shared.stop()
            await here.until(False)
            await there.until(False)
            here.line.tell(END)
            shared.start()
            await here.until(True)
            await there.until(True)
        here.line.tell(LET_GO)
        told = await there.next()
        assert (told if told == LET_GO else await there.next()) == LET_GO
    away = [record for record in caplog.records if "is away" in record.getMessage()]
    assert len(away) == 2, "once for each process"
    assert all(record.exc_info is None for record in away)


async def test_a_redis_that_hangs_holds_nobody_up_and_is_heard_again(shared: Redis) -> None:
    async with listening() as here, listening() as there:
        shared.pause()
        try:
            began = time.perf_counter()
            for _ in range(100):
                here.line.tell(END)
            assert time.perf_counter() - began < 0.5
            await here.until(False)
            await there.until(False)
        finally:
            shared.go_on()
        await here.until(True)
        await there.until(True)
        here.line.tell(LET_GO)
        while await there.next() != LET_GO:
            pass  # what was said into the silence may arrive late


async def test_an_order_that_is_given_as_soon_as_a_killed_redis_is_back_is_heard(shared: Redis) -> None:
    """With the real beats: two seconds without it were over before anybody had noticed, and what was said was lost."""
    async with listening(line=ControlLine()) as here, listening(line=ControlLine()) as there:
        caught_up = there.caught_up
        await asyncio.to_thread(shared.kill9)
        await asyncio.sleep(2)  # that long it is away
        await asyncio.to_thread(shared.start)
        here.line.tell(END)
        began = time.monotonic()
        assert await there.next() == END
        assert time.monotonic() - began < 6  # 2 on a quiet machine
        await there.until(True)
        assert there.caught_up > caught_up


async def test_who_hears_nothing_says_so_after_a_few_beats_and_catches_up_when_it_hears_again(
    shared: Redis,
) -> None:
    async with listening(line=ControlLine(beat_seconds=0.2, deaf_seconds=600)) as here:
        caught_up = here.caught_up
        shared.pause()
        try:
            await here.until(False)
        finally:
            shared.go_on()
        await here.until(True)
        assert here.caught_up > caught_up


async def test_who_missed_an_end_the_first_time_hears_it_the_second_time_and_other_orders_are_told_once(
    shared: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.control.TWICE_SECONDS", 0.1)
    async with listening() as here, listening() as there:
        for order in (LOSE, END, LET_GO):
            here.line.tell(order)
        assert [await there.next() for _ in range(4)] == [LOSE, END, LET_GO, END]
        here.line.tell(LOSE)
        assert await there.next() == LOSE


async def test_what_nobody_waits_for_any_more_is_not_told_when_the_layer_is_back(
    shared: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has come back meanwhile would be thrown out by it."""
    monkeypatch.setattr("realtime.control.TOO_LATE_SECONDS", 0.5)
    async with listening() as here, listening() as there:
        shared.stop()
        await here.until(False)
        await there.until(False)
        untold = FIGURES.counted(Event.ORDER_UNTOLD)
        for order in (LOSE, LET_GO, END):
            here.line.tell(order)
        await asyncio.sleep(0.6)  # their time runs out: the clock is the loop's
        shared.start()
        await there.until(True)
        await here.until(True)
        here.line.tell(LOSE)
        told = [await there.next()]
        while told[-1] != LOSE:
            told.append(await there.next())
    # `end` may have been spoken before the other process heard again; it stands in the row.
    assert set(told[:-1]) <= {END}
    assert FIGURES.counted(Event.ORDER_UNTOLD) >= untold + 2


async def test_a_server_that_stops_does_not_wait_for_a_redis_that_hangs(shared: Redis) -> None:
    async with listening() as here:
        shared.pause()
        await here.until(False)
        began = time.monotonic()
    try:
        assert time.monotonic() - began < 10
    finally:
        shared.go_on()


async def test_a_redis_that_is_not_there_costs_whoever_gives_an_order_nothing(
    settings: Any, free_port: int
) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [f"redis://127.0.0.1:{free_port}/0"]},
        }
    }
    before = set(threading.enumerate())
    ControlLine().tell(END)
    for thread in set(threading.enumerate()) - before:
        await asyncio.to_thread(thread.join, PATIENCE)
        assert not thread.is_alive()


async def test_what_another_version_says_is_left_aside(
    shared: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening() as here, listening() as there:
        stranger = channel_layers.make_backend("default")
        order = {"type": "order", "sender": "x", "kind": "end", "session_ids": ["a"], "reason": "idle"}
        for strange in (
            {"kind": "dance"},
            {"reason": "bored"},
            {"session_ids": "abc"},
            {"session_ids": [1]},
            {"kind": ["end"]},
            {"ticket_digest": 7},
            {"epoch": "last"},
        ):
            await stranger.group_send(GROUP, order | strange)
        await stranger.flush()
        here.line.tell(END)
        assert await there.next() == END
    assert sum("not understood" in record.getMessage() for record in caplog.records) == 14


async def test_an_order_that_cannot_be_obeyed_is_told_in_the_log_and_the_next_one_is_heard(
    shared: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    told: asyncio.Queue[Order] = asyncio.Queue()

    def obey(order: Order) -> None:
        told.put_nowait(order)
        raise RuntimeError("not today")

    async with listening() as here, listening(obey):
        for _ in range(2):
            here.line.tell(END)
            async with asyncio.timeout(PATIENCE):
                assert await told.get() == END
    assert "could not be obeyed" in caplog.text


def test_without_redis_there_is_nobody_to_tell(settings: Any) -> None:
    settings.CHANNEL_LAYERS = IN_MEMORY
    assert not is_shared()
    before = threading.active_count()
    ControlLine().tell(END)
    assert threading.active_count() == before


async def test_without_redis_a_server_hears_itself_and_needs_nothing_more(settings: Any) -> None:
    settings.CHANNEL_LAYERS = IN_MEMORY
    async with listening() as here:
        here.line.tell(END)
        assert here.line.is_heard
        assert here.told.empty()


def test_nothing_is_said_about_no_session(shared: Redis, tmp_path: Path) -> None:
    before = threading.active_count()
    ControlLine().tell(Order("end", ()))
    assert threading.active_count() == before
