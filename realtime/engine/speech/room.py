"""Room: how much of something may be under way at once, and who waits for some of it."""

import asyncio

from realtime.errors import SpeechUnavailable


class Room:
    """Room for `size` of something. Belongs to one event loop."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._waiters: list[asyncio.Future[None]] = []
        self._closed = False

    async def take(self, amount: int) -> None:
        """Wait until there is room for `amount` and occupy it. Raises SpeechUnavailable once closed."""
        while not self._closed and self._taken + amount > self._size:
            freed = asyncio.get_running_loop().create_future()
            self._waiters.append(freed)
            await freed
        if self._closed:
            raise SpeechUnavailable
        self._taken += amount

    def give(self, amount: int) -> None:
        """Make `amount` of room again."""
        self._taken -= amount
        self._wake()

    def close(self) -> None:
        """Turn everybody away who waits or comes later."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
