"""Connections to upstreams whose frames are taken one by one: real ones by tests, and those that tests make up."""

import asyncio
from collections.abc import Callable

from realtime.errors import UpstreamClosed
from realtime.providers.base import UpstreamConnection


class OneByOne:
    """What a connection of a test's own has to have beside `send`, `receive` and `close`."""

    def takes(self, frame: str) -> bool:
        return False

    async def receive(self) -> str:
        raise NotImplementedError

    async def deliver(self, hear: Callable[[str], None]) -> None:
        while True:
            hear(await self.receive())
            await asyncio.sleep(0)


class Heard:
    """`connection`, whose frames wait until they are received."""

    def __init__(self, connection: UpstreamConnection) -> None:
        self.connection = connection
        self._frames: asyncio.Queue[str | UpstreamClosed] = asyncio.Queue()
        self._delivery: asyncio.Task[None] | None = None
        self._end: UpstreamClosed | None = None

    async def send(self, frame: str) -> None:
        """As the connection does. What comes of it is delivered."""
        self._begin()
        await self.connection.send(frame)

    async def receive(self) -> str:
        """The next frame. Raises UpstreamClosed, now and for ever, once there are no more."""
        self._begin()
        if self._end is not None and self._frames.empty():
            raise self._end
        frame = await self._frames.get()
        if isinstance(frame, UpstreamClosed):
            self._end = frame
            raise frame
        return frame

    async def close(self) -> None:
        """As the connection does. That wakes whoever waits for a frame."""
        await self.connection.close()
        if self._delivery is not None:
            await asyncio.wait([self._delivery])

    def _begin(self) -> None:
        if self._delivery is None:
            self._delivery = asyncio.create_task(self._deliver())

    async def _deliver(self) -> None:
        try:
            await self.connection.deliver(self._frames.put_nowait)
        except UpstreamClosed as closed:
            self._frames.put_nowait(closed)
