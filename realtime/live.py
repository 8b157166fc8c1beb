"""The sessions that live in this process: found by id or conversation, ended from any thread. Framework-free."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent import futures
from dataclasses import dataclass, field

from realtime.errors import EndReason

REPLACE_SECONDS = 5.0
"""How long a newer session waits for the older one on its conversation to put everything down."""


@dataclass(slots=True, eq=False)
class LiveSession:
    """A session while its relay runs. `end` is called in the loop that holds it."""

    session_id: str
    conversation_id: str
    end: Callable[[EndReason], None]
    is_leaving: Callable[[], bool]
    """Whether its client is gone and it only puts down what was said."""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class LiveSessions:
    """All of one process. Adding and removing happen in the loop; `end` may be called from any thread."""

    def __init__(self) -> None:
        self._sessions: dict[str, LiveSession] = {}
        self._lock = threading.Lock()

    def add(self, session: LiveSession) -> None:
        """Make a session known."""
        with self._lock:
            self._sessions[session.session_id] = session

    def remove(self, session: LiveSession) -> None:
        """The session is over and all of it is saved."""
        with self._lock:
            if self._sessions.get(session.session_id) is session:
                del self._sessions[session.session_id]
        session.over.set()

    def end(self, session_ids: Iterable[str], reason: EndReason) -> None:
        """End those of the sessions that live here. Returns at once."""
        for session in self._found(session_ids):
            session.loop.call_soon_threadsafe(session.end, reason)

    def wait(self, session_ids: Iterable[str], seconds: float) -> None:
        """Wait, in a thread that is no loop's, until those that live here have put everything down; at most so long."""
        waits = [
            asyncio.run_coroutine_threadsafe(session.over.wait(), session.loop)
            for session in self._found(session_ids)
        ]
        for late in futures.wait(waits, timeout=seconds).not_done:
            late.cancel()

    def _found(self, session_ids: Iterable[str]) -> list[LiveSession]:
        with self._lock:
            return [self._sessions[name] for name in session_ids if name in self._sessions]

    async def replace(self, conversation_id: str, *, by: str) -> None:
        """End what lives here on a conversation, and wait until its last words are saved.

        The session `by` itself is left alone: a second client that comes with the same ticket will be refused.
        """
        with self._lock:
            here = [s for s in self._sessions.values() if s.conversation_id == conversation_id]
        older = [session for session in here if session.session_id != by]
        for session in older:
            session.loop.call_soon_threadsafe(session.end, "replaced")
        await _until_over(older)

    async def settle(self, session_id: str) -> None:
        """Wait for a session whose client has left to put everything down."""
        with self._lock:
            session = self._sessions.get(session_id)
        if session is not None and session.is_leaving():
            await _until_over([session])

    def __len__(self) -> int:
        return len(self._sessions)


async def _until_over(sessions: list[LiveSession]) -> None:
    here = asyncio.get_running_loop()
    waits = [asyncio.create_task(session.over.wait()) for session in sessions if session.loop is here]
    if waits:
        _, late = await asyncio.wait(waits, timeout=REPLACE_SECONDS)
        for task in late:
            task.cancel()


THIS_PROCESS = LiveSessions()
