"""What a frame costs, counted in calls of functions: no more in a long session than in a fresh one, or among many.

Calls are counted instead of seconds, which this machine and its neighbours would decide.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from realtime.protocol.core import RealtimeProtocol
from realtime.relay import Relay
from realtime.telemetry import Tally
from tests.support import upstream_turns as turns
from tests.support.relay_stage import Book, Changes, Clock, Upstream, setup_of

PCM = bytes(range(1, 241)) * 8
"""Forty milliseconds."""
COUNTED = 100
LONG = 2000
"""Frames after which all is full that is kept of them: from then on each new one takes the place of an old one."""
UP, DOWN = 38.0, 45.0
"""Calls that a frame may cost each way. Whoever makes frames cheaper lowers them."""


class Upwards:
    """An upstream's connection that takes all, and keeps nothing of it."""

    def __init__(self) -> None:
        self.hear: Callable[[str], None]
        self.taken = 0

    async def send(self, frame: str) -> None:
        event = json.loads(frame)
        if event["type"] == "session.update":
            self.hear(json.dumps(turns.updated(**event["session"])))

    def takes(self, frame: str) -> bool:
        self.taken += 1
        return True

    async def deliver(self, hear: Callable[[str], None]) -> None:
        self.hear = hear
        hear(json.dumps(turns.created()))
        await asyncio.Event().wait()

    async def close(self) -> None: ...


class Provider:
    description = Upstream.description

    def __init__(self) -> None:
        self.connection = Upwards()

    def check(self) -> None: ...

    async def connect(self, *, safety_identifier: str) -> Upwards:
        return self.connection


class Listener:
    """A client that takes all, and keeps nothing of it."""

    def __init__(self) -> None:
        self.got = 0

    async def send_text(self, frame: str) -> None: ...

    async def send_audio(self, pcm: bytes) -> None: ...

    def takes(self, frame: str | bytes) -> bool:
        self.got += 1
        return True

    def dismiss(self, *, may_return: bool = False) -> None: ...


class Talk:
    """A relay in the middle of an answer that is spoken, while its client speaks as well."""

    def __init__(self) -> None:
        self.clock, self.client, self.provider, self.changes = Clock(), Listener(), Provider(), Changes()
        self.book = Book(self.changes)
        self.relay = Relay(
            core=RealtimeProtocol(setup_of(binary_audio=True, announces=True), self.clock()),
            client=self.client,
            provider=self.provider,
            ledger=self.book,
            safety_identifier="somebody",
            clock=self.clock,
            telemetry=Tally(),
        )

    def say(self, *events: dict[str, Any]) -> None:
        for event in events:
            self.relay.upstream_said(json.dumps(event))

    async def begin(self, past: int) -> None:
        """Come to the middle of an answer, with so many turns before it."""
        async with asyncio.timeout(10):
            while not self.relay._was_ready:  # noqa: ASYNC110  # a relay tells nobody
                await asyncio.sleep(0)
        previous = ""
        for number in range(past):
            item_id = f"item_{number}"
            self.say(*turns.answer(item_id, "Once more", after=previous, response_id=f"resp_{number}"))
            previous = item_id
            await self.calm()
        self.say(*turns.answer_begins("item_now", "Well", after=previous, response_id="resp_now"))

    async def calm(self) -> None:
        """Let others have their turn, as a loop does between two frames; the next one is 40 ms later."""
        self.clock.forward(0.04)
        await asyncio.sleep(0)

    async def talk(self, frames: int) -> None:
        """That many of them each way."""
        sound = self.sound()
        for _ in range(frames):
            await self.calm()
            assert self.relay.takes(PCM, self.client), "it had to wait"
            self.relay.upstream_said(sound)

    @staticmethod
    def sound() -> str:
        return json.dumps(turns.sound("item_now", PCM, response_id="resp_now"))

    async def cost(self, one: str) -> float:
        """Calls of Python and C functions for each frame."""
        sound, calls = self.sound(), 0

        def count(frame: Any, event: str, argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        for _ in range(COUNTED):
            await self.calm()
            before = sys.getprofile()
            sys.setprofile(count)
            if one == "up":
                self.relay.takes(PCM, self.client)
            else:
                self.relay.upstream_said(sound)
            sys.setprofile(before)
        return calls / COUNTED - 1  # the last one is that of setprofile


@asynccontextmanager
async def talking(frames: int = 50, past: int = 0) -> AsyncIterator[Talk]:
    talk = Talk()
    running = asyncio.create_task(talk.relay.run())
    try:
        await talk.begin(past)
        await talk.talk(frames)
        yield talk
    finally:
        talk.relay.client_left(clean=True)
        await running


async def costs(talk: Talk) -> dict[str, float]:
    taken, got = talk.provider.connection.taken, talk.client.got
    found = {one: await talk.cost(one) for one in ("up", "down")}
    assert talk.provider.connection.taken == taken + COUNTED, "it was not heard at once"
    assert talk.client.got == got + COUNTED, "it did not go at once"
    return found


async def plainly(frames: int = 50) -> dict[str, float]:
    async with talking(frames) as talk:
        return await costs(talk)


def assert_the_same(found: dict[str, float], plain: dict[str, float]) -> None:
    for one, calls in found.items():
        assert 0.95 * plain[one] <= calls <= 1.05 * plain[one], (found, plain)


async def test_a_frame_costs_no_more_calls_than_it_does_today() -> None:
    found = await plainly(LONG)
    assert found["up"] <= UP, found
    assert found["down"] <= DOWN, found


async def test_a_frame_costs_the_same_after_ten_thousand_each_way() -> None:
    assert_the_same(await plainly(10_000), await plainly(LONG))


async def test_what_a_fresh_session_saves_is_only_the_forgetting_of_what_is_old() -> None:
    fresh, old = await plainly(), await plainly(LONG)
    for one, calls in fresh.items():
        assert 0 <= old[one] - calls <= 8, (fresh, old)


async def test_a_frame_costs_the_same_behind_a_thousand_turns() -> None:
    async with talking(LONG, past=1000) as talk:
        assert len(talk.book.turns) == 1000
        found = await costs(talk)
    assert_the_same(found, await plainly(LONG))


async def test_a_frame_costs_the_same_among_two_hundred_other_sessions() -> None:
    plain = await plainly()
    async with AsyncExitStack() as others:
        for _ in range(200):
            await others.enter_async_context(talking())
        async with talking() as talk:
            assert_the_same(await costs(talk), plain)
