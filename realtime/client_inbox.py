"""What a session's client said and the session has not heard yet. Framework-free."""

import asyncio
from collections.abc import Callable

from realtime.bursts import Burst
from realtime.ledger import Bookkeeper
from realtime.outbox import Outbox
from realtime.protocol.core import RealtimeProtocol
from realtime.upstreams import Upstreams

INBOX_BYTES = 256 * 1024
"""What may wait of a client before its socket is read no further."""


class ClientInbox:
    """Its frames are heard in order, as soon as upstream, the books and the pace that a client may have allow it."""

    def __init__(
        self,
        core: RealtimeProtocol,
        upstreams: Upstreams,
        books: Bookkeeper,
        clock: Callable[[], float],
        hear: Callable[[str | bytes], None],
    ) -> None:
        """`hear` takes a frame; what it raises, whoever reads raises."""
        self._core, self._upstreams, self._books, self._clock = core, upstreams, books, clock
        self._hear = hear
        self._frames: Outbox[str | bytes] = Outbox(INBOX_BYTES, len)
        self._burst = Burst()

    def __len__(self) -> int:
        """How many frames wait."""
        return len(self._frames)

    async def put(self, frame: str | bytes) -> None:
        """Take a frame. Waits while too much waits."""
        self._frames.put(frame)
        await self._frames.room()

    def take(self) -> str | bytes:
        """The next frame. Raises IndexError when there is none."""
        return self._frames.take()

    def release(self) -> None:
        """Nothing is heard any more."""
        self._frames.release()

    def may_hear_at_once(self, now: float) -> bool:
        """Whether a frame that comes now would only wait for `read` to wake up, which nearly every frame can be spared,
        if the client keeps the pace.

        Nobody is kept waiting for all of a burst.
        """
        return (
            self._frames.is_idle
            and self._upstreams.is_ready
            and self._upstreams.line.waiting.has_room
            and self._books.waiting.has_room
            and self._burst.has_more(now)
        )

    async def read(self) -> None:
        """Hear what waits, until it is cancelled."""
        while True:
            await self._frames.filled()
            await self._upstreams.ready()
            await self._upstreams.line.waiting.room()
            await self._books.waiting.room()
            if pause := self._core.pause(self._clock()):
                await asyncio.sleep(pause)
            if self._frames and self._upstreams.is_ready:  # it may happen while we wait for the others
                self._hear(self._frames.take())
                # What is there already would keep the others waiting until all of it is heard.
                await asyncio.sleep(0)
