"""What many sessions of a process ask, at the same moments and answered all at once. Framework-free."""

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from realtime.tasks import cancelled

Q = TypeVar("Q")
A = TypeVar("A")
WINDOW_SECONDS = 0.02
"""How long the first one of a round waits for others."""
SHARED = 8
"""Moments at which sessions do what each does once in a while."""
_origins: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, float] = weakref.WeakKeyDictionary()


def until_beat(seconds: float) -> float:
    """How long it is until the next of the moments that come every so many `seconds`.

    They are the same for everybody in a loop, counted from when the first one there asked for them.
    """
    loop = asyncio.get_running_loop()
    now = loop.time()
    return seconds - (now - _origins.setdefault(loop, now)) % seconds


def until_shared_beat(seconds: float) -> float:
    """For somebody who does a little every so many `seconds`: how long until then, or a little less, so that others do
    theirs at the same moment. A process that wakes once for several of them spares most of what each would cost, and
    as there are SHARED moments, nobody waits until all have done theirs."""
    step = seconds / SHARED
    return seconds - step + until_beat(step)


@dataclass(slots=True, eq=False)
class _Round(Generic[Q, A]):
    """Those who are answered together."""

    asked: dict[object, Q] = field(default_factory=dict)
    """What each of them wants to know."""
    task: "asyncio.Task[dict[object, A]] | None" = None


class Rounds(Generic[Q, A]):
    """Collects what is asked within a short while, and has it answered in one go. Each loop has rounds of its own."""

    def __init__(
        self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], window: float = WINDOW_SECONDS
    ) -> None:
        """`answer` is given what was asked and gives the answers in that order; what it raises, all of them raise.

        `window` is for how many seconds a round collects.
        """
        self._answer, self._window = answer, window
        self._collecting: dict[asyncio.AbstractEventLoop, _Round[Q, A]] = {}

    async def ask(self, question: Q) -> A:
        """The answer to a question. Raises what answering its round raised."""
        loop, asker = asyncio.get_running_loop(), object()
        joined = self._collecting.get(loop)
        if joined is None or joined.task is None:
            joined = self._collecting[loop] = _Round()
            # In no session's context: what is logged of a round is about all of them.
            joined.task = loop.create_task(self._hold(joined, loop), name="round", context=Context())
        joined.asked[asker] = question
        try:
            # Whoever gives up leaves the others theirs.
            return (await asyncio.shield(joined.task))[asker]
        finally:
            del joined.asked[asker]
            if not joined.asked:
                # The last one to go ends it: nothing is left running when its sessions are over.
                self._close(joined, loop)
                await cancelled([joined.task])

    async def _hold(self, held: _Round[Q, A], loop: asyncio.AbstractEventLoop) -> dict[object, A]:
        await asyncio.sleep(self._window)
        self._close(held, loop)
        asked = dict(held.asked)
        answers = await self._answer(list(asked.values()))
        return dict(zip(asked, answers, strict=True))

    def _close(self, closed: _Round[Q, A], loop: asyncio.AbstractEventLoop) -> None:
        if self._collecting.get(loop) is closed:
            del self._collecting[loop]
