"""Fault 16: a client that sends audio as fast as it is taken, also while the upstream reads nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults.conftest import IS_LONG
from tests.faults.rig.caller import Caller
from tests.faults.rig.forms import cases
from tests.faults.rig.talk import Talk
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.fault_stage import Stage
from tests.support.raw_socket import BINARY, RawSocket, frame

MEGABYTE = 1024 * 1024
FLOOD = (200 if IS_LONG else 24) * MEGABYTE
PATIENCE = 10.0 if IS_LONG else 1.0
"""How long a client may press against the bound before it is closed."""
GROWTH = 10 * MEGABYTE
SWIFT = 1.0
"""Seconds within which somebody else's turn is answered meanwhile."""
LARGEST = 64 * 1024
UPSTREAMS = {"to one that reads": [False], "to one that reads nothing": [True]}


@pytest.fixture
def upstream(fresh: Stage) -> Iterator[TalkingUpstream]:
    with TalkingUpstream(port=fresh.upstream_port) as running:
        yield running


async def swiftly_answered(caller: Caller, answers: int) -> None:
    """Somebody else's turn is answered as if nothing was."""
    began = asyncio.get_running_loop().time()
    await caller.type(f"number {answers}")
    await caller.until_answered(answers=answers)
    assert asyncio.get_running_loop().time() - began < SWIFT


@pytest.mark.alone
@pytest.mark.fault(16)
@pytest.mark.parametrize("is_deaf", cases(UPSTREAMS, quick=["to one that reads nothing"]))
async def test_a_flood_of_audio_costs_little_memory_and_is_closed(
    fresh: Stage, upstream: TalkingUpstream, is_deaf: bool, remarks: list[str]
) -> None:
    async with Caller(fresh.people[1], fresh.url) as neighbour, fresh.visitor() as visitor:
        talk = upstream.talks[-1]
        if is_deaf:
            await asyncio.to_thread(upstream.run, deafen(talk))
        await neighbour.call(output="text")
        await swiftly_answered(neighbour, 1)
        before = fresh.forget_memory()
        flood = asyncio.create_task(_pour(visitor.socket))
        began = asyncio.get_running_loop().time()
        closing = asyncio.create_task(visitor.socket.closed())
        answers = 1
        while not closing.done():
            answers += 1
            await swiftly_answered(neighbour, answers)
            await asyncio.wait([closing], timeout=0.2)
        took = asyncio.get_running_loop().time() - began
        flood.cancel()
        with suppress(asyncio.CancelledError):
            await flood
        [told] = visitor.socket.events("voiceassist.ended")
        assert (await closing, told["code"]) == (4429, "pace_exceeded")
        assert took < PATIENCE + 3
        await visitor.state(lambda row: row["state"] == "ended" and row["end_reason"] == "protocol_error")
        grown = fresh.highest_memory() - before
        remarks.append(
            f"A flood of {FLOOD // MEGABYTE} MiB to an upstream that reads {'nothing' if is_deaf else 'all'}: "
            f"{grown / MEGABYTE:.1f} MiB more"
        )
        assert grown < GROWTH
        assert (talk.heard_bytes == 0) == is_deaf
    await asyncio.to_thread(upstream.run, cut(talk))


async def deafen(talk: Talk) -> None:
    """In the loop of the upstream."""
    talk.pause_reading()


async def cut(talk: Talk) -> None:
    """In the loop of the upstream, which does not see by itself that somebody left whom it does not read."""
    talk.reset()


async def _pour(socket: RawSocket) -> None:
    """Send as much and as fast as the other side takes it."""
    drop = frame(BINARY, bytes(LARGEST))
    with suppress(OSError):
        for _ in range(FLOOD // LARGEST):
            await socket.bytes(drop)
