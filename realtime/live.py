"""The sessions that live in this process: found by id or conversation, ended from any thread. Framework-free."""

import asyncio
import os
import secrets
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from concurrent import futures
from dataclasses import dataclass, field

from realtime.errors import EndReason
from realtime.light_event import LightEvent
from realtime.protocol.endings import ENDINGS
from realtime.relay import Relay
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event as Happening
from realtime.telemetry import Span

PROCESS_NAME = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(2)}"
"""What the rows of sessions call this process."""
REPLACE_SECONDS = 15.0
"""How long a newer session waits for the older one on its conversation to put everything down. One in another process
may take as long (`realtime.handover`)."""
PUT_DOWN_SECONDS = 10.0
"""How long sessions that were told to end may take to be written down before a process stops waiting for them."""


@dataclass(slots=True, eq=False)
class LiveSession:
    """A session while its relay runs, also while it waits for its client. `end` is called in the loop that holds it."""

    session_id: str
    conversation_id: str
    end: Callable[[EndReason], None]
    is_leaving: Callable[[], bool]
    """Whether its client is gone for good and it only puts down what was said."""
    relay: Relay | None = None
    """None until it is composed."""
    ticket_digest: str = ""
    """Of the ticket that its client came with."""
    epoch: int = 0
    ending: tuple[int, str] = (ENDINGS["internal"].close_code, "internal")
    """The close code and reason for whatever socket is its client's at the end."""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    composed: LightEvent = field(default_factory=LightEvent)
    """Set once it has its relay, or will have none."""
    over: LightEvent = field(default_factory=LightEvent)

    @property
    def is_parked(self) -> bool:
        """Whether it waits for its client to come back."""
        return self.relay is not None and self.relay.is_parked

    def lose_client(self, ticket_digest: str) -> None:
        """Its client wants another connection, with that ticket; unless it is there with it."""
        if self.relay is not None and self.ticket_digest != ticket_digest:
            self.relay.lose_client()

    def let_go(self) -> None:
        """Another process opens it: it ends here at once, and stays to be taken up there."""
        if self.relay is None:
            self.end("client_lost")
        else:
            self.relay.let_go()

    def drain(self, seconds: float) -> None:
        """End as soon as it is quiet; whoever calls ends it after so many seconds."""
        if self.relay is None:
            self.end("draining")
        else:
            self.relay.drain(seconds)


class LiveSessions:
    """All of one process. Adding and removing happen in the loop; `end` may be called from any thread."""

    def __init__(self) -> None:
        self._sessions: dict[str, LiveSession] = {}
        self._lock = threading.Lock()
        self._drains_until: float | None = None
        self._doors: weakref.WeakValueDictionary[tuple[int, str], asyncio.Lock] = (
            weakref.WeakValueDictionary()
        )

    def door(self, conversation_id: str) -> asyncio.Lock:
        """Held by whoever opens a session on a conversation, until it is added: then the next one finds it."""
        loop = asyncio.get_running_loop()
        return self._doors.setdefault((id(loop), conversation_id), asyncio.Lock())

    def add(self, session: LiveSession) -> None:
        """Make a session known."""
        with self._lock:
            self._sessions[session.session_id] = session
        if self._drains_until is not None:
            # It was admitted before anybody said so.
            session.drain(max(0.0, self._drains_until - time.monotonic()))

    def remove(self, session: LiveSession) -> None:
        """The session is over and all of it is saved."""
        with self._lock:
            if self._sessions.get(session.session_id) is session:
                del self._sessions[session.session_id]
        session.over.set()

    # --- from any thread ----------------------------------------------------------------------------------------

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

    # --- in the loop --------------------------------------------------------------------------------------------

    def find(self, session_id: str) -> LiveSession | None:
        """The session of that id, if it lives here."""
        with self._lock:
            return self._sessions.get(session_id)

    async def replace(self, conversation_id: str, *, by: str) -> None:
        """End what lives here on a conversation, and wait until its last words are saved.

        The session `by` itself is left alone: a second client that comes with the same ticket will be refused.
        """
        older = [s for s in self._all() if s.conversation_id == conversation_id and s.session_id != by]
        for session in older:
            session.loop.call_soon_threadsafe(session.end, "replaced")
        await _until_over(older)

    async def settle(self, session_id: str) -> None:
        """Wait for a session whose client has left to put everything down; one that is parked is let go."""
        session = self.find(session_id)
        if session is None:
            return
        if session.is_parked:
            session.let_go()
        if session.is_leaving():
            await _until_over([session])

    # --- the end of the process ---------------------------------------------------------------------------------

    @property
    def is_draining(self) -> bool:
        """Whether this process takes no further sessions, because it has to stop."""
        return self._drains_until is not None

    async def drain(self, seconds: float) -> None:
        """Tell every session, end each when it is quiet and the rest after `seconds`; returns when all is put down."""
        began = time.monotonic()
        self._drains_until = began + seconds
        for session in self._all():
            session.drain(seconds)
        await self._emptied(self._drains_until, "quiet")
        for session in self._all():
            session.end("draining")
        await self._emptied(time.monotonic() + PUT_DOWN_SECONDS, "cut")
        FIGURES.time(Span.DRAIN, time.monotonic() - began)

    def resume_work(self) -> None:
        """Take sessions again."""
        self._drains_until = None

    async def _emptied(self, until: float, label: str) -> None:
        """Wait, until then at most, for all sessions to be over, and count them."""
        loop = asyncio.get_running_loop()
        while (here := [session for session in self._all() if session.loop is loop]) and (
            left := until - time.monotonic()
        ) > 0:
            await _until_over(here, left)
            over = sum(session.over.is_set() for session in here)
            if over:
                FIGURES.count(Happening.SESSION_DRAINED, over, label)

    @property
    def parked(self) -> int:
        """How many wait for their clients."""
        return sum(session.is_parked for session in self._all())

    def _all(self) -> list[LiveSession]:
        with self._lock:
            return list(self._sessions.values())

    def __len__(self) -> int:
        return len(self._sessions)


async def _until_over(sessions: list[LiveSession], seconds: float = REPLACE_SECONDS) -> None:
    here = asyncio.get_running_loop()
    waits = [asyncio.create_task(session.over.wait()) for session in sessions if session.loop is here]
    if waits:
        _, late = await asyncio.wait(waits, timeout=seconds)
        for task in late:
            task.cancel()


THIS_PROCESS = LiveSessions()
