"""The line to one upstream: what waits to be sent on it, and how it is held until it is let go. Framework-free."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from realtime.errors import UpstreamClosed
from realtime.light_event import LightEvent
from realtime.outbox import Outbox
from realtime.protocol import wire
from realtime.providers.base import UpstreamConnection
from realtime.tasks import first_of

log = logging.getLogger(__name__)

UPSTREAM_BYTES = 2 * 1024 * 1024
"""What may wait for one upstream: about thirty seconds of audio in base64."""
LETTING_GO_SECONDS = 5.0
"""How long the end of a connection may take."""
MAKING_WAY_SECONDS = 0.25
"""How long the next connection waits for that: who counts sessions counts the old one until then."""

Connect = Callable[[], Awaitable[UpstreamConnection]]


class Farewells:
    """Connections that are being closed. The next one need not wait for a peer that does not answer."""

    def __init__(self) -> None:
        self.under_way: set[asyncio.Task[None]] = set()

    def begin(self, connection: UpstreamConnection) -> None:
        """Close a connection, without waiting for it."""
        closing = asyncio.create_task(_closed(connection), name="upstream farewell")
        self.under_way.add(closing)
        closing.add_done_callback(self._over)

    def _over(self, closing: "asyncio.Task[None]") -> None:
        self.under_way.discard(closing)
        fault = None if closing.cancelled() else closing.exception()
        if fault is not None:
            log.error("an upstream could not be closed", exc_info=fault)

    async def made_way(self) -> None:
        """Wait a moment for those that are still being closed."""
        if self.under_way:
            await asyncio.wait(self.under_way, timeout=MAKING_WAY_SECONDS)


class UpstreamLine:
    """One upstream's life. A session that outlives it goes on with another line; this one is not heard any more."""

    def __init__(self, pause: float = 0.0) -> None:
        """`pause` is how many seconds to wait before it is opened."""
        self.unsent_audio = 0
        """How many bytes of microphone audio have not been handed over."""
        self._pause = pause
        self.waiting: Outbox[str | bytes] = Outbox(UPSTREAM_BYTES, _weight)
        """To be sent on it; whoever fills it waits for its `room`, and a line that was let go holds nobody up."""
        self._connection: UpstreamConnection | None = None
        """While it is open."""
        self._is_let_go = False
        self._let_go = LightEvent()

    def put(self, frame: str | bytes) -> None:
        """Queue an event, or microphone audio as PCM16. Never waits; whoever fills it waits for room."""
        if self._is_let_go:
            return
        if isinstance(frame, bytes):
            # Nearly all audio needs nobody to wait for it.
            if (
                self._connection is not None
                and self.waiting.is_idle
                and self._connection.takes(wire.append_frame(frame))
            ):
                return
            self.unsent_audio += len(frame)
        self.waiting.put(frame)

    def let_go(self) -> int:
        """End it: what waits is forgotten, and `hold` returns. How many frames were forgotten."""
        self._is_let_go = True
        self._let_go.set()
        forgotten = len(self.waiting)
        self.waiting.release()
        self.unsent_audio = 0
        return forgotten

    async def hold(self, connect: Connect, hear: Callable[[str], None], farewells: Farewells) -> None:
        """Open it, send what waits and hand every frame to `hear`, until it is let go.

        Raises what `connect` raises, and UpstreamClosed.
        """
        await first_of(self._held(connect, hear, farewells), self._let_go.wait())

    async def _held(self, connect: Connect, hear: Callable[[str], None], farewells: Farewells) -> None:
        await asyncio.sleep(self._pause)
        await farewells.made_way()
        self._connection = connection = await connect()
        try:
            await first_of(connection.deliver(partial(self._hear, hear)), self._write(connection))
        finally:
            self._connection = None
            farewells.begin(connection)

    def _hear(self, hear: Callable[[str], None], frame: str) -> None:
        if not self._is_let_go:
            hear(frame)

    async def _write(self, connection: UpstreamConnection) -> None:
        """In order. Audio is encoded only now: until then its length can be told."""
        with suppress(UpstreamClosed):
            while True:
                frame = await self.waiting.get()
                if isinstance(frame, str):
                    await connection.send(frame)
                else:
                    await connection.send(wire.append_frame(frame))
                    self.unsent_audio -= len(frame)
                self.waiting.done()
                del frame  # it would be held until the next one waits
        # Why it was closed is the reader's to tell: the reason may stand in a frame that is still to be read.
        await self._let_go.wait()


async def _closed(connection: UpstreamConnection) -> None:
    try:
        async with asyncio.timeout(LETTING_GO_SECONDS):
            await connection.close()
    except TimeoutError:
        log.info("an upstream did not let itself be closed in time")


def _weight(frame: str | bytes) -> int:
    """What a frame weighs on the wire, where audio is base64."""
    return len(frame) * 4 // 3 if isinstance(frame, bytes) else len(frame)
