"""What a client said: heard at once where nothing would be waited for, and otherwise in order, when it may be."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from realtime.bursts import AT_ONCE
from realtime.client_inbox import INBOX_BYTES, ClientInbox


class Gate:
    """Room, or none."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @property
    def waiting(self) -> "Gate":
        """What waits is all that there is of it."""
        return self

    @property
    def has_room(self) -> bool:
        return self._open.is_set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def room(self) -> None:
        await self._open.wait()


class Upstream:
    def __init__(self) -> None:
        self.line = Gate()
        self.taking = Gate()

    @property
    def is_ready(self) -> bool:
        return self.taking.has_room

    async def ready(self) -> None:
        await self.taking.room()


class Stage:
    def __init__(self) -> None:
        self.now = 1.0
        self.pause = 0.0
        self.heard: list[str | bytes] = []
        self._more = asyncio.Event()
        self.upstream, self.books = Upstream(), Gate()
        core: Any = SimpleNamespace(pause=lambda now: self.pause)
        upstreams: Any = self.upstream
        books: Any = self.books
        self.inbox = ClientInbox(core, upstreams, books, lambda: self.now, self._hear)

    async def until_heard(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self._more.clear()
                await self._more.wait()

    def _hear(self, frame: str | bytes) -> None:
        self.heard.append(frame)
        self._more.set()


@pytest.fixture
async def stage() -> Stage:
    return Stage()


async def test_a_frame_on_its_own_may_be_heard_at_once(stage: Stage) -> None:
    assert stage.inbox.may_hear_at_once(stage.now)
    stage.now += 0.04
    assert stage.inbox.may_hear_at_once(stage.now)


async def test_of_frames_that_come_together_only_the_first_few(stage: Stage) -> None:
    together = [stage.inbox.may_hear_at_once(stage.now) for _ in range(2 * AT_ONCE)]
    assert together == [True] * AT_ONCE + [False] * AT_ONCE
    stage.now += 0.04
    assert stage.inbox.may_hear_at_once(stage.now)


async def test_a_flood_that_waits_leaves_others_their_turn(stage: Stage) -> None:
    for number in range(100):
        await stage.inbox.put(f"{number}")
    reading = asyncio.create_task(stage.inbox.read())
    most = before = 0
    while len(stage.heard) < 100:
        await asyncio.sleep(0)
        most, before = max(most, len(stage.heard) - before), len(stage.heard)
    reading.cancel()
    assert 0 < most <= AT_ONCE


@pytest.mark.parametrize("what", ["upstream", "line", "books", "waiting"])
async def test_not_while_anything_is_waited_for(stage: Stage, what: str) -> None:
    match what:
        case "upstream":
            stage.upstream.taking.shut()
        case "line":
            stage.upstream.line.shut()
        case "books":
            stage.books.shut()
        case _:
            await stage.inbox.put("before it")
    assert not stage.inbox.may_hear_at_once(stage.now)


@pytest.mark.parametrize("what", ["upstream", "line", "books"])
async def test_what_waits_is_heard_in_order_when_it_may_be(stage: Stage, what: str) -> None:
    gate = {"upstream": stage.upstream.taking, "line": stage.upstream.line, "books": stage.books}[what]
    gate.shut()
    reading = asyncio.create_task(stage.inbox.read())
    for frame in ("one", b"two", "three"):
        await stage.inbox.put(frame)
    for _ in range(10):
        await asyncio.sleep(0)
    assert stage.heard == []
    gate.open()
    await stage.until_heard(3)
    assert stage.heard == ["one", b"two", "three"]
    reading.cancel()


async def test_an_upstream_that_is_left_meanwhile_hears_nothing_and_the_next_one_all(stage: Stage) -> None:
    stage.books.shut()
    reading = asyncio.create_task(stage.inbox.read())
    await stage.inbox.put("said between two")
    for _ in range(10):
        await asyncio.sleep(0)
    stage.upstream.taking.shut()
    stage.books.open()
    for _ in range(10):
        await asyncio.sleep(0)
    assert stage.heard == []
    stage.upstream.taking.open()
    await stage.until_heard(1)
    reading.cancel()


async def test_whoever_says_too_much_waits_until_it_is_let_go(stage: Stage) -> None:
    stage.books.shut()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await stage.inbox.put(bytes(INBOX_BYTES + 1))
    assert len(stage.inbox) == 1
    stage.inbox.release()
    async with asyncio.timeout(5):
        await stage.inbox.put(bytes(INBOX_BYTES + 1))
    assert len(stage.inbox) == 0
