"""One timer for very many waits: it notices the one that takes too long, and none of the others."""

import asyncio

from realtime.stalls import StallTimer

SECONDS = 0.05


class Stalls:
    def __init__(self) -> None:
        self.happened = asyncio.Event()
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        self.happened.set()


async def test_a_wait_that_takes_too_long_is_noticed_once() -> None:
    stalls = Stalls()
    timer = StallTimer(SECONDS, stalls)
    clock = asyncio.get_running_loop().time
    began = clock()
    timer.begins()
    async with asyncio.timeout(5):
        await stalls.happened.wait()
    assert clock() - began >= SECONDS * 0.9
    await asyncio.sleep(SECONDS * 3)
    assert stalls.count == 1


async def test_many_short_waits_are_none_however_long_they_take_together() -> None:
    stalls = Stalls()
    # A second: a machine that is busy may keep a short wait for longer than it is, and that would be one.
    timer = StallTimer(1.0, stalls)
    for _ in range(25):
        timer.begins()
        await asyncio.sleep(0.05)
        timer.ends()
    assert stalls.count == 0
    timer.close()


async def test_the_first_long_wait_after_many_short_ones_and_after_a_pause_is_noticed() -> None:
    stalls = Stalls()
    timer = StallTimer(SECONDS, stalls)
    timer.begins()
    timer.ends()
    await asyncio.sleep(SECONDS * 2)
    assert stalls.count == 0
    timer.begins()
    async with asyncio.timeout(5):
        await stalls.happened.wait()
    stalls.happened.clear()
    timer.begins()
    async with asyncio.timeout(5):
        await stalls.happened.wait()
    assert stalls.count == 2


async def test_after_the_close_nothing_is_noticed() -> None:
    stalls = Stalls()
    timer = StallTimer(SECONDS, stalls)
    timer.begins()
    timer.close()
    await asyncio.sleep(SECONDS * 2)
    assert stalls.count == 0
