"""How long a caller's voice takes through a worker, frame by frame, and whether a fault can be heard."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.faults.rig.caller import Caller
from tests.faults.rig.patience import soon
from tests.faults.rig.talk import Talk
from tests.faults.rig.upstream import Handle, TalkingUpstream

FRAME = bytes(1920)
"""Forty milliseconds."""
FRAME_SECONDS = 0.04
UNMOVED = 0.020
"""Seconds by which the slowest hundredth may be slower, for something not to be heard."""
TRIES = 3
"""What is late because this machine has other work to do is not late every time."""


async def carried(
    caller: Caller, upstream: TalkingUpstream, seconds: float, *, talk: Talk | None = None
) -> list[float]:
    """How long each frame of so many seconds of microphone took to the upstream, to the latest `talk` there."""
    there = talk or upstream.open_talks[-1]
    sent: list[float] = []
    before = there.heard_bytes
    arrived: list[tuple[float, int]] = []
    told = upstream.handle
    upstream.handle = _watching(there, lambda: arrived.append((time.monotonic(), there.heard_bytes - before)))
    try:
        while len(sent) * FRAME_SECONDS < seconds:
            sent.append(time.monotonic())
            await caller.send(FRAME)
            await asyncio.sleep(FRAME_SECONDS)
        whole = len(sent) * len(FRAME)
        await soon(lambda: there.heard_bytes - before >= whole, 10, what="the last frame's arrival")
    finally:
        upstream.handle = told
    # What was heard before an event is the number of the frame that it brings.
    return [moment - sent[heard // len(FRAME)] for moment, heard in arrived]


def _watching(there: Talk, heard: Callable[[], None]) -> Handle:
    async def watch(talk: Talk, event: dict[str, object]) -> None:
        if talk is there and event["type"] == "input_audio_buffer.append":
            heard()

    return watch


def p99(delays: list[float]) -> float:
    return sorted(delays)[int(len(delays) * 0.99)]


class Voice:
    """Somebody who talks while others do something to the worker, and whose frames are timed."""

    def __init__(self, caller: Caller, upstream: TalkingUpstream) -> None:
        """The caller was greeted last of all, so that the latest connection to the upstream is theirs."""
        self._caller, self._upstream, self._talk = caller, upstream, upstream.open_talks[-1]

    async def timed(self, seconds: float) -> list[float]:
        return await carried(self._caller, self._upstream, seconds, talk=self._talk)

    async def timed_until(self, over: "asyncio.Task[Any]") -> list[float]:
        delays = await self.timed(0.4)
        while not over.done():
            delays += await self.timed(0.4)
        return delays


async def unheard(measured: Callable[[], Awaitable[tuple[list[float], list[float]]]]) -> None:
    """Fails unless what was `measured`, without a fault and with it, differs by too little to be heard."""
    told: list[str] = []
    for _ in range(TRIES):
        before, during = await measured()
        if p99(during) - p99(before) < UNMOVED:
            return
        told.append(f"from {p99(before):.3f} to {p99(during):.3f} s")
    pytest.fail(f"p99 rose {', '.join(told)}")
