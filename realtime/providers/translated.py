"""A connection to a server of another dialect, seen from inside as one that speaks GA."""

import asyncio
from collections.abc import Callable

from realtime.protocol.dialects import Door
from realtime.providers.agreement import Agreement
from realtime.providers.base import UpstreamConnection

PATIENCE = 3.0
"""Seconds in which a server that has an answer to an update of the session gives it."""


class TranslatedConnection:
    """`connection` behind `door`; see `realtime.providers.base.UpstreamConnection`.

    One task may send while another has frames delivered; each direction has one task.
    """

    def __init__(self, connection: UpstreamConnection, door: Door, *, patience: float | None = None) -> None:
        self._connection = connection
        self._door = door
        self._agreement = Agreement(PATIENCE if patience is None else patience)
        self._hear: Callable[[str], None] | None = None
        self._unheard: list[str] = []
        """GA frames that came before anybody had frames delivered."""
        self._assuming: asyncio.TimerHandle | None = None
        """Ends the wait for an answer that may never come."""

    async def send(self, frame: str) -> None:
        passed = self._door.sent(frame)
        # Before the rest goes out: what upstream makes of it comes after.
        for each in passed.answered:
            self._tell(each)
        # Where the door has answered, nobody else is waited for.
        if not passed.answered and self._agreement.asked(frame, asyncio.get_running_loop().time()):
            self._wait_for_agreement()
        for each in passed.upstream:
            await self._connection.send(each)

    def takes(self, frame: str) -> bool:
        return self._door.is_sound(frame) and self._connection.takes(frame)

    async def deliver(self, hear: Callable[[str], None]) -> None:
        self._hear = hear
        while self._unheard:
            hear(self._unheard.pop(0))
        try:
            await self._connection.deliver(self._received)
        finally:
            self._hear = None

    async def close(self) -> None:
        if self._assuming is not None:
            self._assuming.cancel()
        await self._connection.close()

    def _received(self, frame: str) -> None:
        for each in self._door.received(frame):
            self._agreement.heard(each)
            self._tell(each)

    def _tell(self, frame: str) -> None:
        if self._hear is None:
            self._unheard.append(frame)
        else:
            self._hear(frame)

    def _wait_for_agreement(self) -> None:
        due = self._agreement.due
        if self._assuming is not None:
            self._assuming.cancel()
        if due is not None:
            self._assuming = asyncio.get_running_loop().call_at(due, self._assume)

    def _assume(self) -> None:
        """The server has an answer for nobody, and is taken to agree."""
        if self._agreement.due is not None:
            self._tell(self._agreement.assumed())
