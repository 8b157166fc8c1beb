"""Notices that one of very many waits takes too long. Framework-free."""

import asyncio
from collections.abc import Callable


class StallTimer:
    """For somebody who waits very often, and nearly never for long: one timer now and then, where a timeout around each
    wait would set and cancel one every time."""

    def __init__(self, seconds: float, stalled: Callable[[], None]) -> None:
        """`stalled` is called once for a wait that has taken `seconds`."""
        self._seconds, self._stalled = seconds, stalled
        self._clock = asyncio.get_running_loop().time
        self._due: float | None = None
        """When the wait that is under way has taken too long."""
        self._timer: asyncio.TimerHandle | None = None

    def begins(self) -> None:
        """A wait begins."""
        self._due = self._clock() + self._seconds
        if self._timer is None:
            self._set(self._due)

    def ends(self) -> None:
        """It is over."""
        self._due = None

    def close(self) -> None:
        """There will be no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, due: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return  # the next wait sets it again
        if self._clock() < self._due:
            self._set(self._due)
        else:
            self._due = None
            self._stalled()
