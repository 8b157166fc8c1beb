"""What tasks of one loop wait for. Framework-free."""

import asyncio


class LightEvent:
    """Given or not, like `asyncio.Event`, which holds a queue for those who wait: here it is made when somebody does.

    A session has dozens of them, and nearly always nobody waits.
    """

    __slots__ = ("_is_set", "_waiting")

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: list[asyncio.Future[None]] | None = None

    def is_set(self) -> bool:
        """Whether it is given."""
        return self._is_set

    def set(self) -> None:
        """Give it, and let go of everybody who waits."""
        self._is_set = True
        for each in self._waiting or ():
            if not each.done():
                each.set_result(None)

    def clear(self) -> None:
        """Take it back; whoever was let go stays so."""
        self._is_set = False

    async def wait(self) -> None:
        """Wait until it is given."""
        if self._is_set:
            return
        waits = asyncio.get_running_loop().create_future()
        if self._waiting is None:
            self._waiting = []
        self._waiting.append(waits)
        try:
            await waits
        finally:
            self._waiting.remove(waits)
            if not self._waiting:
                self._waiting = None
