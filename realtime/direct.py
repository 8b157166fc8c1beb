"""Past the event loop's queues: an ASGI extension with which a server and an application hand frames over at once.

In ASGI every message wakes a task, twice on its way through. Where nobody has to wait, a call does. Both sides go on
with `receive` and `send` for all that cannot be taken at once; a server without the extension is served the same way.
"""

from collections.abc import Callable
from typing import Protocol

DIRECT = "direct.frames"
"""Its key in `scope["extensions"]`, where the `Direct` of this socket stands."""
Frame = str | bytes


class Direct(Protocol):
    """One socket's. All calls are made in the event loop's thread, and none of them waits."""

    hears: Callable[[Frame], bool] | None
    """The application's: whether it took a message at once. It is asked while it waits in `receive` and no message is
    queued; what it does not take is received. None: all is received."""

    def takes(self, frame: Frame) -> bool:
        """The server's: whether it sent a message at once. What it does not take has to be sent, in its turn: the
        application asks only when nothing of its own is being sent."""
