"""A connection to a server of another dialect, seen from inside as one that speaks GA."""

import asyncio
from collections import deque
from typing import Any

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
        self._incoming: asyncio.Task[str] | None = None
        """The frame that is being waited for. It outlives a `receive` that is cut short, so that none is lost."""
        self._waking: asyncio.Future[None] | None = None
        """Wakes whoever waits for upstream when what was sent has an answer here, or has to have one in time."""

    async def send(self, frame: str) -> None:
        passed = self._door.sent(frame)
        # Before the rest goes out: what upstream makes of it comes after.
        self._arrived.extend(passed.answered)
        # Where the door has answered, nobody else is waited for.
        asks = not passed.answered and self._agreement.asked(frame, asyncio.get_running_loop().time())
        if (asks or passed.answered) and self._waking is not None and not self._waking.done():
            self._waking.set_result(None)
        for each in passed.upstream:
            await self._connection.send(each)

    async def receive(self) -> str:
        while not self._arrived:
            await self._one_more()
        return self._arrived.popleft()

    async def close(self) -> None:
        try:
            await self._connection.close()
        finally:
            incoming, self._incoming = self._incoming, None
            if incoming is not None:
                incoming.cancel()
                await asyncio.gather(incoming, return_exceptions=True)

    async def _one_more(self) -> None:
        """Wait until a frame of upstream's was translated, the door has answered, or no answer is to be expected."""
        clock = asyncio.get_running_loop().time
        incoming = self._incoming = self._incoming or asyncio.create_task(self._connection.receive())
        due = self._agreement.due
        self._waking = asyncio.get_running_loop().create_future()
        reasons: set[asyncio.Future[Any]] = {incoming, self._waking}
        await asyncio.wait(
            reasons,
            timeout=None if due is None else max(0.0, due - clock()),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if incoming.done():
            self._take(incoming)
        elif (due := self._agreement.due) is not None and due <= clock():
            self._arrived.append(self._agreement.assumed())

    def _take(self, incoming: "asyncio.Task[str]") -> None:
        if self._incoming is incoming:
            self._incoming = None
        if incoming.cancelled():
            raise UpstreamClosed(1000)
        for frame in self._door.received(incoming.result()):
            self._agreement.heard(frame)
            self._arrived.append(frame)
