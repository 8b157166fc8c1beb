"""A queue for one writer that knows how much waits in it. Framework-free."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from realtime.light_event import LightEvent

T = TypeVar("T")
NOTHING: deque[Any] = deque(maxlen=0)
"""Stays empty whatever is put into it. A queue of its own takes more than half a kilobyte, and of a session's nearly
all are always empty."""


class Outbox(Generic[T]):
    """Things on their way to one destination. Putting never waits; whoever fills it waits for `room` afterwards."""

    def __init__(self, bound: int, weigh: Callable[[T], int]) -> None:
        """There is no room while more than `bound` waits, in the unit of `weigh`."""
        self._bound = bound
        self._weigh = weigh
        self._things: deque[T] = NOTHING
        self.weight = 0
        """How much waits."""
        self.is_idle = True
        """Every thing is delivered."""
        self.has_room = True
        """`room` would not wait."""
        self._in_delivery = False
        self._is_released = False
        self._filled = LightEvent()
        self._roomy = LightEvent()
        self._roomy.set()
        self._idle = LightEvent()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._things)

    def put(self, thing: T) -> None:
        """Queue a thing, whatever its weight. Once released, it is forgotten."""
        if self._is_released:
            return
        self._own()
        self._things.append(thing)
        self.weight += self._weigh(thing)
        self._fill()
        if self.is_over_full:
            self.has_room = False
            self._roomy.clear()

    def put_back(self, things: Sequence[T]) -> None:
        """Queue things before all that wait."""
        if things:
            self._own()
        for thing in reversed(things):
            self._things.appendleft(thing)
            self.weight += self._weigh(thing)
        if things:
            self._fill()

    async def get(self) -> T:
        """The next thing; call `done` when it is delivered."""
        if not self._things:
            await self.filled()
        self._in_delivery = True
        return self.take()

    async def filled(self) -> None:
        """Wait until there is something, without taking it."""
        while not self._things:
            self._filled.clear()
            await self._filled.wait()

    def take(self) -> T:
        """The next thing, for somebody who counts no deliveries. Raises IndexError when there is none."""
        thing = self._things.popleft()
        if not self._things:
            self._things = NOTHING
        self.weight -= self._weigh(thing)
        self._settle()
        return thing

    def done(self) -> None:
        """The thing last got is delivered."""
        self._in_delivery = False
        self._settle()

    def purge(self, belongs: Callable[[T], bool]) -> None:
        """Drop what waits and for which `belongs` says yes."""
        self._things = deque(thing for thing in self._things if not belongs(thing)) or NOTHING
        self.weight = sum(map(self._weigh, self._things))
        self._settle()

    def release(self) -> None:
        """Nobody takes things any more: forget them, and let go of everybody who waits."""
        self._is_released = True
        self._things = NOTHING
        self.weight = 0
        self._settle()

    @property
    def is_over_full(self) -> bool:
        return self.weight > self._bound

    async def room(self) -> None:
        """Wait until there is room."""
        await self._roomy.wait()

    async def drained(self) -> None:
        """Wait until every thing is delivered."""
        await self._idle.wait()

    def _own(self) -> None:
        if self._things is NOTHING:
            self._things = deque()

    def _fill(self) -> None:
        self._filled.set()
        self.is_idle = False
        self._idle.clear()

    def _settle(self) -> None:
        if not self.is_over_full:
            self.has_room = True
            self._roomy.set()
        if self._is_released or not (self._things or self._in_delivery):
            self.is_idle = True
            self._idle.set()
