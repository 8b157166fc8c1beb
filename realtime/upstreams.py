"""The upstreams of one session, one after another: each on a line of its own. Framework-free."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from realtime.errors import RealtimeError, UpstreamClosed
from realtime.light_event import LightEvent
from realtime.providers.base import UpstreamConnection
from realtime.upstream_line import Farewells, UpstreamLine


class Listener(Protocol):
    """What is told of them. Nothing is told of one that was left."""

    def upstream_said(self, frame: str) -> None:
        """It sent a frame."""

    def upstream_closed(self, error: UpstreamClosed) -> None:
        """It ended without our asking."""

    def upstream_unreachable(self, error: RealtimeError) -> None:
        """It could not be had."""


class Upstreams:
    """One at a time. Whoever leaves one has another in its place."""

    def __init__(self, connect: Callable[[], Awaitable[UpstreamConnection]], listener: Listener) -> None:
        self.line = UpstreamLine()
        """The line to the one of the moment."""
        self._connect, self._listener = connect, listener
        self._farewells = Farewells()
        self.is_ready = False
        """The one of the moment takes what the client says."""
        self._ready = LightEvent()

    # --- how it is ----------------------------------------------------------------------------------------------

    def now_ready(self) -> None:
        """It took our configuration."""
        self.is_ready = True
        self._ready.set()

    async def ready(self) -> None:
        """Wait until one does."""
        await self._ready.wait()

    # --- having them --------------------------------------------------------------------------------------------

    async def hold(self) -> None:
        """Have one after another, until one is over and no other was asked for."""
        line = None
        while line is not self.line:
            line = self.line
            await self.hold_line(line)

    async def hold_line(self, line: UpstreamLine) -> None:
        """Have one."""
        try:
            await line.hold(self._connect, self._listener.upstream_said, self._farewells)
        except UpstreamClosed as error:
            if line is self.line:
                self._listener.upstream_closed(error)
        except RealtimeError as error:
            if line is self.line:
                self._listener.upstream_unreachable(error)

    def replace(self, pause: float) -> int:
        """Leave this one; the next one follows after `pause` seconds. How many frames had not been sent."""
        self.is_ready = False
        self._ready.clear()
        unsent = self.line.let_go()
        self.line = UpstreamLine(pause)
        return unsent

    @property
    def farewells(self) -> set["asyncio.Task[None]"]:
        """Those that are still being closed."""
        return self._farewells.under_way
