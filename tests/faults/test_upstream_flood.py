"""Fault 9: an upstream that pours out more than its client reads."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from tests.faults.conftest import IS_LONG
from tests.faults.rig import kin
from tests.faults.rig.caller import Caller
from tests.faults.rig.forms import cases
from tests.faults.rig.pace import Voice, p99
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.fault_stage import GA, OWN, Stage
from tests.support.raw_socket import RawSocket

MEGABYTE = 1024 * 1024
FLOOD = (200 if IS_LONG else 40) * MEGABYTE
TONES = 100
"""Tenths of a second of sound in each word: half a megabyte."""
WORDS = FLOOD // (TONES * 4800)
GROWTH = 20 * MEGABYTE
SWIFT = 1.0
STALL = 0.1
"""Seconds by which the slowest hundredth of somebody else's frames may be slower, and so long as the machine had other
work on top."""
SMALL = 16 * 1024
PARKED = 30.0 if IS_LONG else 3.0
"""How long a session of our own dress waits for a client that was lost."""


async def sip(socket: RawSocket) -> None:
    """Read ten kilobytes a second, to the end."""
    with suppress(ConnectionError):
        for _ in range(FLOOD // 1024):
            if not await socket.reader.read(1024):
                return
            await asyncio.sleep(0.1)


async def be_deaf(socket: RawSocket) -> None:
    """Read nothing at all; what the stream takes by itself is twice SMALL."""
    await asyncio.Event().wait()


Listen = Callable[[RawSocket], Awaitable[None]]
WHO_AND_HOW: dict[str, tuple[str, Listen]] = {
    f"{dress} {listen.__name__}": (dress, listen) for dress in (OWN, GA) for listen in (sip, be_deaf)
}


@pytest.mark.alone
@pytest.mark.fault(9)
@pytest.mark.parametrize(("dress", "listen"), cases(WHO_AND_HOW, quick=[f"{GA} be_deaf"]))
async def test_a_client_that_cannot_keep_up_costs_little_and_is_let_go(
    fresh: Stage, dress: str, listen: Listen, remarks: list[str]
) -> None:
    with TalkingUpstream(port=fresh.upstream_port) as upstream:
        await flooded(fresh, upstream, dress, listen, remarks)
        await upstream.until(lambda: not upstream.open_talks)
    assert "Traceback" not in fresh.worker.screen


async def flooded(
    stage: Stage, upstream: TalkingUpstream, dress: str, listen: Listen, remarks: list[str]
) -> None:
    """Let somebody ask for a flood, and see what becomes of them, of others and of the memory."""
    upstream.tones_per_word = TONES
    upstream.answer = lambda asked: "la " * (WORDS if asked == "flood" else 1)
    loop = asyncio.get_running_loop()
    async with (
        Caller(stage.people[1], stage.url) as neighbour,
        Caller(stage.people[2], stage.url) as speaker,
        stage.visitor(dress, receive_buffer=SMALL, output="audio") as visitor,
    ):
        await neighbour.call(output="text")
        await neighbour.type("one")
        await neighbour.until_answered()
        await speaker.call(output="text")
        voice = Voice(speaker, upstream)
        # What the first answer with sound costs a process is not this session's.
        await visitor.ask("warm up", "item_0")
        await visitor.answered()
        delays = await voice.timed(1.0)
        before, starved = stage.forget_memory(), kin.starved_seconds(stage.worker.pid)
        await visitor.ask("flood", "item_1")
        listening = asyncio.ensure_future(listen(visitor.socket))
        over = asyncio.create_task(visitor.state(lambda row: row["state"] == "ended", within=30))
        speaking = asyncio.create_task(voice.timed_until(over))
        answers, slowest = 1, 0.0
        while not over.done():
            began = loop.time()
            answers += 1
            await neighbour.type("next")
            await neighbour.until_answered(answers=answers)
            slowest = max(slowest, loop.time() - began)
            await asyncio.wait([over], timeout=0.1)
        grown = stage.highest_memory() - before
        remarks.append(
            f"A flood of {FLOOD // MEGABYTE} MiB to a client that could not keep up ({dress}, {listen.__name__}): "
            f"{grown / MEGABYTE:.1f} MiB more"
        )
        assert (await over)["end_reason"] == "slow_client"
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        starved = kin.starved_seconds(stage.worker.pid) - starved
        meanwhile = await speaking
        assert p99(meanwhile) < p99(delays) + STALL + starved, "somebody else was held up"
        assert grown < GROWTH
        assert slowest < SWIFT


@pytest.mark.thorough
@pytest.mark.fault(9)
@pytest.mark.parametrize("dress", [OWN, GA])
async def test_a_client_that_reads_nothing_is_let_go(stage: Stage, dress: str) -> None:
    """Less than the bound is waiting; it is the silence that ends it. Who can come back is lost rather than slow."""
    with TalkingUpstream(port=stage.upstream_port) as upstream:
        upstream.tones_per_word = TONES
        upstream.answer = lambda asked: "la " * 8
        async with stage.visitor(dress, receive_buffer=SMALL, output="audio") as visitor:
            await visitor.ask("sing", "item_1")
            if dress == GA:
                row = await visitor.state(lambda row: row["state"] == "ended", within=20)
                assert row["end_reason"] == "slow_client"
            else:
                await visitor.state(lambda row: row["state"] == "waiting", within=20)
            await upstream.until(lambda: not upstream.open_talks, patience=PARKED + 5)
