"""Everybody in turn, round after round, so that what else the machine does meets all of them alike."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from bench.load.callers import Caller, leave, talk
from bench.load.sound import FRAME_SECONDS, spread
from bench.relay.contenders import Running
from bench.relay.readings import Reading, Rounds
from bench.relay.usage import cpu_seconds, memory_bytes

WARM_UP_SECONDS = 0.5
FIRST_CALLERS = 2
"""Who comes and goes before anything is measured: what a server loads with its first session is not each session's."""
_SETTLING_SECONDS = 0.3


async def interleaved(contenders: Sequence[Running], sessions: int, rounds: int, seconds: float) -> Rounds:
    """So many rounds of all of them. Who begins moves on by one from round to round."""
    found: Rounds = {each.name: [] for each in contenders}
    for each in contenders:
        async with callers_at(each, FIRST_CALLERS) as first:
            await talk(first, WARM_UP_SECONDS)
    for number in range(rounds):
        begins = number % len(contenders)
        for each in [*contenders[begins:], *contenders[:begins]]:
            found[each.name].append(await reading(each, sessions, seconds))
    return found


async def reading(contender: Running, sessions: int, seconds: float) -> Reading:
    """Let so many come, talk through one contender for so long, and go."""
    before = memory_bytes(contender.pid)
    async with callers_at(contender, sessions) as callers:
        silent = memory_bytes(contender.pid)
        await talk(callers, WARM_UP_SECONDS)
        told = await reading_of(contender, callers, seconds)
        talking = memory_bytes(contender.pid)
    return replace(told, silent=(silent - before) // sessions, talking=(talking - before) // sessions)


async def reading_of(contender: Running, callers: list[Caller], seconds: float) -> Reading:
    """Let these talk for so long. Of their memory nothing is told."""
    # A collection of the callers' own garbage would be taken for a slow relay.
    gc.collect()
    before = cpu_seconds(contender.pid)
    told = await talk(callers, seconds)
    used = cpu_seconds(contender.pid) - before
    times = spread(told.milliseconds)
    # By what came back: who is too slow and carries a half of it would look cheap by the clock.
    carried = told.received * FRAME_SECONDS
    cpu = used * 1000 / carried
    return Reading(len(callers), times, cpu, told.sent, told.lost, told.disorder, told.closed)


@asynccontextmanager
async def callers_at(contender: Running, sessions: int) -> AsyncIterator[list[Caller]]:
    """So many, greeted; they are gone and the server is done with them afterwards."""
    callers = await contender.open(sessions)
    await asyncio.sleep(_SETTLING_SECONDS)
    try:
        yield callers
    finally:
        await leave(callers)
        await asyncio.sleep(_SETTLING_SECONDS)
