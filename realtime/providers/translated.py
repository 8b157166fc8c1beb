"""A connection to a server of another dialect, seen from inside as one that speaks GA."""

import asyncio
from collections import deque

from realtime.errors import UpstreamClosed
from realtime.protocol.dialects import Door
from realtime.providers.agreement import Agreement
from realtime.providers.base import UpstreamConnection

PATIENCE = 3.0
"""Seconds in which a server that has an answer to an update of the session gives it."""


class TranslatedConnection:
    """`connection` behind `door`; see `realtime.providers.base.UpstreamConnection`.

    One task may send while another receives; each direction has one task.
    """

    def __init__(self, connection: UpstreamConnection, door: Door, *, patience: float | None = None) -> None:
        self._connection = connection
        self._door = door
        self._agreement = Agreement(PATIENCE if patience is None else patience)
        self._arrived: deque[str] = deque()
        """GA frames that nobody has taken yet."""
        self._is_closed = False
        self._waiting: asyncio.Timeout | None = None
        """Ends the wait for upstream when what was sent has an answer here, or has to have one in time."""

    async def send(self, frame: str) -> None:
        passed = self._door.sent(frame)
        # Before the rest goes out: what upstream makes of it comes after.
        self._arrived.extend(passed.answered)
        # Where the door has answered, nobody else is waited for.
        if passed.answered or self._agreement.asked(frame, asyncio.get_running_loop().time()):
            self._wake()
        for each in passed.upstream:
            await self._connection.send(each)

    async def receive(self) -> str:
        while not self._arrived:
            await self._one_more()
        return self._arrived.popleft()

    async def close(self) -> None:
        self._is_closed = True
        try:
            await self._connection.close()
        finally:
            self._wake()

    def _wake(self) -> None:
        """Let whoever waits for upstream look again."""
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def _one_more(self) -> None:
        """Wait until a frame of upstream's was translated, the door has answered, or no answer is to be expected."""
        try:
            # No task of its own for each frame: they are many. A connection loses nothing to a wait that ends.
            async with asyncio.timeout_at(self._agreement.due) as self._waiting:
                frame = await self._connection.receive()
        except TimeoutError:
            if self._is_closed:
                raise UpstreamClosed(1000) from None
            due = self._agreement.due
            if not self._arrived and due is not None and due <= asyncio.get_running_loop().time():
                self._arrived.append(self._agreement.assumed())
            return
        finally:
            self._waiting = None
        for each in self._door.received(frame):
            self._agreement.heard(each)
            self._arrived.append(each)
