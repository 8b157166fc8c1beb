"""The frames on their way to the client: one queue with a bound, and how the connection ended."""

import asyncio
from collections import deque


class EngineClosed(Exception):
    """The session has ended with this WebSocket close code; no frame follows."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"the engine's session is closed ({code} {reason})".strip())
        self.code = code
        self.reason = reason


class Outbox:
    """Frames in order. Whoever puts some waits, afterwards, until the reader has caught up: so it cannot grow."""

    HIGH_WATER = 4_000_000
    """Characters: about a minute of spoken answer."""

    def __init__(self) -> None:
        self._frames: deque[str] = deque()
        self._waiting = 0
        """Characters in the queue."""
        self._ended: EngineClosed | None = None
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def put(self, frame: str) -> None:
        """Queue one frame; after the end it goes nowhere."""
        if self._ended is not None:
            return
        self._frames.append(frame)
        self._waiting += len(frame)
        self._readable.set()
        if self._waiting >= self.HIGH_WATER:
            self._writable.clear()

    async def drained(self) -> None:
        """Wait while more frames wait than the bound allows."""
        await self._writable.wait()

    def end(self, code: int, reason: str) -> None:
        """No more frames. What is queued can still be read; the first end counts."""
        if self._ended is None:
            self._ended = EngineClosed(code, reason)
        self._readable.set()
        self._writable.set()

    def check_open(self) -> None:
        """Raises EngineClosed after the end."""
        if self._ended is not None:
            raise EngineClosed(self._ended.code, self._ended.reason)

    async def get(self) -> str:
        """The next frame. Raises EngineClosed when there is none left."""
        while not self._frames:
            self.check_open()
            self._readable.clear()
            await self._readable.wait()
        frame = self._frames.popleft()
        self._waiting -= len(frame)
        if self._waiting < self.HIGH_WATER // 2:
            self._writable.set()
        return frame
