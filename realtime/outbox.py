"""A queue for one writer that knows how many bytes wait in it. Framework-free."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T", str, bytes, str | bytes)


class Outbox(Generic[T]):
    """Frames on their way to one destination. Putting never waits; whoever fills it waits for `room` afterwards."""

    def __init__(self, bound: int) -> None:
        """`bound` is the number of characters or bytes above which there is no room."""
        self._bound = bound
        self._frames: deque[T] = deque()
        self._waiting = 0
        self._in_delivery = False
        self._filled = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, frame: T) -> None:
        """Queue a frame, whatever its size."""
        self._frames.append(frame)
        self._waiting += len(frame)
        self._filled.set()
        self._idle.clear()
        if self._waiting > self._bound:
            self._has_room.clear()

    async def get(self) -> T:
        """The next frame; call `done` when it is delivered."""
        while not self._frames:
            self._filled.clear()
            await self._filled.wait()
        self._in_delivery = True
        return self._taken(self._frames.popleft())

    def done(self) -> None:
        """The frame last taken is delivered."""
        self._in_delivery = False
        self._settle()

    def purge(self, belongs: Callable[[T], bool]) -> None:
        """Drop the waiting frames for which `belongs` says yes."""
        kept = deque(frame for frame in self._frames if not belongs(frame))
        self._frames = kept
        self._waiting = sum(len(frame) for frame in kept)
        self._settle()

    def release(self) -> None:
        """Nobody takes frames any more: forget them, and let go of everybody who waits for room."""
        self._frames.clear()
        self._waiting = 0
        self._bound = 1 << 62
        self._has_room.set()
        self._idle.set()

    @property
    def is_over_full(self) -> bool:
        return self._waiting > self._bound

    async def room(self) -> None:
        """Wait until there is room."""
        await self._has_room.wait()

    async def drained(self) -> None:
        """Wait until every frame is delivered."""
        await self._idle.wait()

    def _taken(self, frame: T) -> T:
        self._waiting -= len(frame)
        self._settle()
        return frame

    def _settle(self) -> None:
        if self._waiting <= self._bound:
            self._has_room.set()
        if not self._frames and not self._in_delivery:
            self._idle.set()
