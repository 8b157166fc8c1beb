"""A GA upstream for any number of connections that answers what it hears, and can be told to misbehave.

    with TalkingUpstream() as upstream:
        with home(tmp, upstream_url=upstream.url) as own, worker(own) as server:
            ...

What is typed is answered with "You said: …", what is spoken (`rig.speech`) is understood word for word. Unlike the
scripted one it minds nothing: faults are for `handle` and for the attributes below.
"""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from http import HTTPStatus
from itertools import count
from types import TracebackType
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.faults.rig.talk import Talk
from tests.support.scripted_session import Json

PATIENCE = 10.0


Handle = Callable[[Talk, Json], Awaitable[bool | None]]
"""Sees each event of a client first; whoever returns True has dealt with it."""


class TalkingUpstream:
    """The server. Attributes may be changed at any time, from any thread."""

    def __init__(self, *, port: int = 0) -> None:
        """It listens on `port`, or on any."""
        self.talks: list[Talk] = []
        """All connections, the latest last."""
        self.handshakes: list[Headers] = []
        self.port = 0
        self._wanted_port = port
        self._serial = count(1)
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.behave()

    def behave(self) -> None:
        """Do from now on as a new one would."""
        self.handle: Handle | None = None
        self.opened: Callable[[Talk], Awaitable[None]] | None = None
        """Called after each handshake, before `session.created`."""
        self.answer: Callable[[str], str] = lambda asked: f"You said: {asked}"
        self.word_seconds = 0.0
        """How long each word of an answer takes; 0: all at once."""
        self.tones_per_word = 2
        """Tenths of a second of sound in each word."""
        self.refusal: tuple[int, dict[str, str], bytes] | None = None
        """Answer handshakes with this status, headers and body instead."""
        self.stalls_handshakes = False
        """Take connections and never answer the handshake."""
        self.is_mute = False
        """Take everything and answer nothing; pings are answered."""
        self.answers = 0
        """How many were given to their end."""

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime"

    @property
    def open_talks(self) -> list[Talk]:
        return [
            talk for talk in self.talks if talk.socket.close_code is None and talk.socket.state.name == "OPEN"
        ]

    def begin_anew(self) -> None:
        """Behave, and know of nobody who was here before."""
        self.behave()
        self.reset_all()
        self.wait_until(lambda: not self.open_talks)
        self.talks.clear()
        self.handshakes.clear()

    def received(self, kind: str) -> list[Json]:
        """The events of one type, on all connections."""
        return [
            event for talk in list(self.talks) for event in list(talk.received) if event.get("type") == kind
        ]

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run something in the upstream's loop and wait for it: `upstream.run(talk.close(1011))`."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def reset_all(self) -> None:
        """Cut every open connection without a word."""
        self._loop.call_soon_threadsafe(lambda: list(map(Talk.reset, self.talks)))

    def close_all(self, code: int = 1001, reason: str = "") -> None:
        """Close every open connection."""

        async def close() -> None:
            await asyncio.gather(*(talk.close(code, reason) for talk in self.open_talks))

        self.run(close())

    def wait_until(self, is_so: Callable[[], object], *, patience: float = PATIENCE) -> None:
        """Block until `is_so`; it is asked whenever something happened here. Raises TimeoutError after seconds."""
        deadline = time.monotonic() + patience
        with self._changed:
            while not is_so():
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"did not happen; {len(self.talks)} connections so far")

    async def until(self, is_so: Callable[[], object], *, patience: float = PATIENCE) -> None:
        """As `wait_until`, for async tests."""
        await asyncio.to_thread(self.wait_until, is_so, patience=patience)

    def fresh(self, prefix: str) -> str:
        """A new id."""
        return f"{prefix}_Up{next(self._serial):018d}"

    def __enter__(self) -> "TalkingUpstream":
        self._thread.start()
        self.wait_until(lambda: self.port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the upstream did not stop"

    # --- in the upstream's thread -----------------------------------------------------------------------------

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with serve(
            self._connected,
            "127.0.0.1",
            self._wanted_port,
            process_request=self._shaken,
            select_subprotocol=_realtime,
            compression=None,
            max_size=None,
            open_timeout=None,
            ping_interval=None,
            close_timeout=1,
            backlog=2048,
        ) as server:
            with self._changed:
                self.port = server.sockets[0].getsockname()[1]
                self._changed.notify_all()
            await self._stopping.wait()
            for connection in server.connections:
                connection.transport.abort()

    async def _shaken(self, connection: ServerConnection, request: Request) -> Response | None:
        with self._changed:
            self.handshakes.append(request.headers)
            self._changed.notify_all()
        if self.stalls_handshakes:
            await self._stopping.wait()
        if self.refusal is not None:
            status, headers, body = self.refusal
            own = {"Content-Length": str(len(body)), "Connection": "close"} | headers
            return Response(status, HTTPStatus(status).phrase, Headers(own), body)
        return None

    async def _connected(self, socket: ServerConnection) -> None:
        talk = Talk(self, socket, "talking-1")
        with self._changed:
            self.talks.append(talk)
            self._changed.notify_all()
        with suppress(ConnectionClosed):
            if self.opened is not None:
                await self.opened(talk)
            await talk.send({"type": "session.created", "session": talk.session})
            async for frame in socket:
                await self._take(talk, json.loads(frame))
        with self._changed:
            self._changed.notify_all()

    async def _take(self, talk: Talk, event: Json) -> None:
        if event.get("type") != "input_audio_buffer.append":
            with self._changed:
                talk.received.append(event)
                self._changed.notify_all()
        if self.handle is not None and await self.handle(talk, event):
            return
        if not self.is_mute:
            await talk.take(event)


def _realtime(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return Subprotocol("realtime") if "realtime" in offered else None
