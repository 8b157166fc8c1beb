"""Waiting for what no event tells: the state of another process, a row, a port."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PAUSE = 0.03


def eventually(ask: Callable[[], T], seconds: float, *, what: str = "it", pause: float = _PAUSE) -> T:
    """The first answer that is true, asked for again and again. Raises AssertionError with the last after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s; at last: {answer!r}"
        time.sleep(pause)


async def soon(ask: Callable[[], T], seconds: float, *, what: str = "it", pause: float = _PAUSE) -> T:
    """As `eventually`, while the loop goes on."""
    return await asyncio.to_thread(eventually, ask, seconds, what=what, pause=pause)
