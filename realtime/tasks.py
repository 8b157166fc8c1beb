"""Every task has an owner that waits for its end: how an owner does that. Framework-free."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from realtime.errors import InternalFault, RealtimeError

log = logging.getLogger(__name__)
Work = Callable[[], Awaitable[None]]
Tasks = Iterable["asyncio.Task[Any]"]


async def finished(tasks: Tasks) -> None:
    """Wait until tasks are over. Whoever is told to stop meanwhile stops, but not before."""
    told: asyncio.CancelledError | None = None
    left = {task for task in tasks if not task.done()}
    while left:
        try:
            _, left = await asyncio.wait(left)
        except asyncio.CancelledError as error:
            told = error
    if told is not None:
        raise told


async def cancelled(tasks: Tasks) -> None:
    """Cancel tasks and wait until they are over."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await finished(tasks)


async def first_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Do several things at once until one of them is over; the others are stopped. Raises what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancelled(tasks)
    for task in done:
        task.result()


class Crew:
    """The tasks of one session. What goes wrong in one of them is told to it in our words, and ends no other."""

    def __init__(self, name: str, failed: Callable[[RealtimeError], None]) -> None:
        """`name` is whose they are, for the log."""
        self._name, self._failed = name, failed
        self.helpers: set[asyncio.Task[None]] = set()
        """Those that come and go."""

    def task(self, work: Work) -> asyncio.Task[None]:
        """A task for its starter to wait for."""
        return asyncio.create_task(self.guarded(work))

    def help(self, work: Work) -> asyncio.Task[None]:
        """A task that may be over at any time."""
        task = self.task(work)
        self.helpers.add(task)
        task.add_done_callback(self.helpers.discard)
        return task

    async def guarded(self, work: Work) -> None:
        """Do the work; never raises but when it is cancelled."""
        try:
            await work()
        except Exception as error:
            self.went_wrong(error)

    def went_wrong(self, error: Exception) -> None:
        """Something was raised that is nobody else's to catch."""
        if isinstance(error, RealtimeError):
            self._failed(error)
        else:
            log.error("%s ends over a fault of ours", self._name, exc_info=error)
            self._failed(InternalFault())
