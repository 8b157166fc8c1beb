"""How many HTTP requests a process answers at a time, and how long the others wait for their turn.

Each is answered in a thread of its own. Without a bound, hundreds of pages that come back at once are as many threads:
they take the interpreter from each other and from the audio, until nobody is answered in time.
"""

import asyncio
import weakref

AT_ONCE = 10
"""As many as a worker has connections to its database (DATABASE_POOL_SIZE, if nobody changed it)."""
PATIENCE_SECONDS = 3.0
"""How long a request waits for its turn before it is told to come again later: a page gives up after ten."""


class Turns:
    """Of one process; each event loop has its own."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = PATIENCE_SECONDS) -> None:
        self._at_once, self._patience = at_once, patience
        self._places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )

    def turn(self) -> "Turn":
        """The turn of one request, which has not come yet."""
        places = self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._at_once))
        return Turn(places, self._patience)


class Turn:
    """Of one request."""

    def __init__(self, places: asyncio.Semaphore, patience: float) -> None:
        self._places, self._patience = places, patience
        self._has_place = False

    async def comes(self) -> bool:
        """Wait for it. False when it does not come in time."""
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError:
            return False
        self._has_place = True
        return True

    def ends(self) -> None:
        """The next one may come. May be called more than once."""
        if self._has_place:
            self._has_place = False
            self._places.release()
