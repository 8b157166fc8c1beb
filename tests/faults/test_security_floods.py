"""A flood of small things that are all allowed: it is read at its pace, loses nothing, and harms nobody else."""

import asyncio
import json
import sys
import time
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from realtime.protocol.pace import EVENTS_IN_HAND, EVENTS_PER_SECOND
from tests.faults.rig import kin
from tests.faults.rig.caller import Caller
from tests.faults.rig.pace import Voice, p99
from tests.faults.rig.processes import Worker
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.strange_visitor import Knock

MIB = 1024 * 1024
STALL = 0.1
"""Seconds by which the slowest hundredth of somebody else's frames may be slower, and so long as the machine had other
work on top."""


class Flood:
    """Somebody in our own dress who sends one event after another, and reads what comes."""

    def __init__(self, server: Worker, person: int) -> None:
        self._knock = Knock(server.ws_url, bearer=server.home.people[person].token)
        self.sent = 0
        self.answers = 0

    async def begin(self) -> None:
        assert (await self._knock.reception()).is_in

    async def send(self, most: int) -> None:
        """Up to `most` pings, as fast as they are taken."""
        socket = self._knock.socket
        assert socket is not None
        with suppress(ConnectionClosed):
            for number in range(most):
                await socket.send(json.dumps({"type": "voiceassist.ping", "id": f"ping{number}"}))
                self.sent += 1

    async def read(self, most: int = sys.maxsize) -> None:
        """Count the answers until there are so many, or the connection ends."""
        socket = self._knock.socket
        assert socket is not None
        with suppress(ConnectionClosed):
            async for frame in socket:
                self.answers += isinstance(frame, str) and "voiceassist.pong" in frame
                if self.answers == most:
                    return

    async def closed(self) -> tuple[int, str]:
        return await self._knock.closed(60)

    async def leave(self) -> None:
        """Be gone. A goodbye would wait its turn behind all that was sent before."""
        assert self._knock.socket is not None
        self._knock.socket.transport.abort()
        await self._knock.socket.wait_closed()


@pytest.mark.thorough
@pytest.mark.fault(16)
async def test_a_burst_that_somebody_might_mean_is_taken_whole(server: Worker) -> None:
    burst = EVENTS_IN_HAND - 20
    flood = Flood(server, 0)
    await flood.begin()
    async with asyncio.timeout(10):
        await asyncio.gather(flood.send(burst), flood.read(burst))
    await flood.leave()
    assert flood.answers == burst


@pytest.mark.thorough
@pytest.mark.alone
@pytest.mark.fault(16)
async def test_a_flood_of_small_events_is_read_at_its_pace_and_harms_nobody(
    server: Worker, upstream: TalkingUpstream, is_long: bool
) -> None:
    flood = Flood(server, 1)
    await flood.begin()
    async with (
        Caller(server.home.people[2], server.url) as other,
        Caller(server.home.people[3], server.url) as speaker,
    ):
        await other.call(output="text")
        await speaker.call(output="text")
        voice = Voice(speaker, upstream)
        delays, starved = await voice.timed(1.0), kin.starved_seconds(server.pid)
        rss, began = server.rss_bytes(), time.monotonic()
        sending = asyncio.create_task(flood.send(100_000))
        reading = asyncio.create_task(flood.read())
        meanwhile = await voice.timed(1.0)
        for answers in (1, 2, 3):
            asked = time.monotonic()
            await other.type("Are you still there?")
            await other.until_answered(answers=answers)
            assert time.monotonic() - asked < 5, "somebody else waits for the flood"
        starved = kin.starved_seconds(server.pid) - starved
        assert p99(meanwhile) < p99(delays) + STALL + starved, "somebody else was held up"
        seconds = time.monotonic() - began
        # Read on a second later, since what is counted and what has arrived are not the same moment.
        assert flood.answers <= EVENTS_IN_HAND + EVENTS_PER_SECOND * (seconds + 1)
        assert server.rss_bytes() - rss < 20 * MIB
        if is_long:
            assert (await flood.closed())[0] == 4429
            assert 10 <= time.monotonic() - began < 30
            assert server.rss_bytes() - rss < 20 * MIB
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await flood.leave()
    await reading
