"""An event loop whose clock jumps to whatever is due next, so that minutes of conversation take milliseconds.

What takes time outside of the loop (a query in a database thread) is waited for; the clock stands still meanwhile.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 10.0
"""Real seconds that work in a thread may take."""
START = 1_000.0
MOST_STEPS = 400_000
"""A conversation that takes more turns of the loop than this goes round in circles."""


class Stuck(Exception):
    """Everybody waits for somebody else, or nobody comes to an end."""


class _Leaps(selectors.DefaultSelector):
    """Instead of waiting for the time to pass, lets it have passed."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # Nobody else writes to the loop: to ask the system at each turn would be a good part of a session's time.
        ready = super().select(0) if self.loop.in_threads else []
        if not ready and self.loop.in_threads and timeout != 0:
            ready = super().select(PATIENCE)
            if not ready:
                raise Stuck("a thread does not come back")
        if not ready:
            self.loop.leap(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Counts its turns, and can do something at the beginning of one of them."""

    def __init__(self) -> None:
        self.now = START
        self.steps = 0
        self.in_threads = 0
        self._at_step: dict[int, Callable[[], object]] = {}
        selector = _Leaps()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def at_step(self, step: int, call: Callable[[], object]) -> None:
        """Call something at the beginning of the `step`th turn of the loop from now."""
        self._at_step[self.steps + step] = call

    def leap(self, timeout: float | None) -> None:
        """Nothing is ready: go to where something is due."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Stuck("nobody comes to an end")
        call = self._at_step.pop(self.steps, None)
        if call is not None:
            self.call_soon(call)
            return
        if timeout is None:
            raise Stuck("everybody waits for somebody else")
        else:
            self.now += timeout

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        self.in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, _: object) -> None:
        self.in_threads -= 1


def virtual_loop() -> VirtualLoop:
    """The running loop. Raises AssertionError where it is another kind."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        # `runner.run` would take Ctrl-C over and give it back each time, which takes longer than many a session.
        return runner.get_loop().run_until_complete(work)
