"""A real WebSocket server on this machine that plays a GA upstream from a script and is strict about it.

    with ScriptedUpstream([*set_up(), *typed_turn("Hello.")]) as upstream:
        ...  # lead a client to upstream.url

It runs in a thread with a loop of its own, so it serves async tests and servers in other processes alike. One script
is one connection. Whatever was not as scripted fails the test when the `with` ends: steps that were never reached,
frames that nobody expected, connections too many or too few, frames that a strict server would refuse.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.support.client_frames import complaint
from tests.support.scripted_session import Json, new_session
from tests.support.scripted_steps import AnswerHandshake, Handshake, Link, OffScript, Script, StallHandshake

PATIENCE = 10.0
"""Seconds that somebody waits for something before it is said not to happen."""
OFF_SCRIPT = 4999
"""The code with which a connection is closed whose client did something else than the script says."""


@dataclass(frozen=True, slots=True)
class InvalidFrame:
    """A frame that a strict server would refuse, and why."""

    frame: str | bytes
    why: str


class ScriptedUpstream:
    """Plays `scripts`, one for each connection in turn; with `repeats` the last one goes on for every further one.

    Not `strict`: for clients that are meant to leave in the middle. Then nobody is told what was not as scripted,
    unless by `verify`. Each session may last `lifetime` seconds, or so it says. It listens on `port`, or on any: a site
    that runs on while upstreams come and go knows one address.
    """

    def __init__(
        self,
        *scripts: Script,
        repeats: bool = False,
        strict: bool = True,
        lifetime: int = 3600,
        port: int = 0,
    ) -> None:
        self.handshakes: list[Handshake] = []
        self.links: list[Link] = []
        self.invalid_frames: list[InvalidFrame] = []
        self.problems: list[str] = []
        self.port = 0
        self._wanted_port = port
        self._scripts = scripts
        self._repeats = repeats
        self._strict = strict
        self._lifetime = lifetime
        self._serial = count(1)
        self._by_connection: dict[UUID, Link] = {}
        self._gates: dict[str, asyncio.Event] = {}
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime"

    @property
    def frames(self) -> list[Json]:
        """Everything received so far, on all connections."""
        return [frame for link in self.links for frame in link.frames]

    def received(self, kind: str) -> list[Json]:
        """The frames of one type received so far, on all connections."""
        return [frame for frame in self.frames if frame.get("type") == kind]

    @property
    def is_played(self) -> bool:
        """Whether every script was played to its last step."""
        links = list(self.links)
        return len(links) >= len(self._scripts) and not any(link.unplayed for link in links)

    def open_gate(self, name: str) -> None:
        """Let scripts pass `Gate(name)`, now and from now on."""
        self._loop.call_soon_threadsafe(lambda: self._gates.setdefault(name, asyncio.Event()).set())

    def wait_until(self, is_so: Callable[[], object], *, patience: float = PATIENCE) -> None:
        """Block until `is_so`; it is asked whenever something happened here. Raises TimeoutError after seconds."""
        deadline = time.monotonic() + patience
        with self._changed:
            while not is_so():
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"did not happen; the upstream's story so far: {self._story()}")

    async def until(self, is_so: Callable[[], object], *, patience: float = PATIENCE) -> None:
        """As `wait_until`, for async tests."""
        await asyncio.to_thread(self.wait_until, is_so, patience=patience)

    def verify(self) -> None:
        """Raise AssertionError when something was not as scripted."""
        found = list(self.problems) + [
            f"invalid: {bad.why}: {bad.frame!r:.300}" for bad in self.invalid_frames
        ]
        if len(self.links) < len(self._scripts):
            found.append(f"{len(self._scripts)} connections were scripted, {len(self.links)} were made")
        for number, link in enumerate(list(self.links), 1):
            if left := link.unplayed:
                found.append(f"connection {number}: {len(left)} steps were not reached, {left[0]} first")
        if found:
            raise AssertionError("; ".join(found) + f" (story: {self._story()})")

    # --- with and async with ---------------------------------------------------------------------------------

    def __enter__(self) -> "ScriptedUpstream":
        self._thread.start()
        self.wait_until(lambda: self.port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._strict:
            # The client may have what it wanted a moment before the script knows that it is over.
            with suppress(TimeoutError):
                self.wait_until(lambda: self.is_played or self.problems, patience=0.5)
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the scripted upstream did not stop"
        if error is None and self._strict:
            self.verify()

    async def __aenter__(self) -> "ScriptedUpstream":
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    # --- in the server's thread ------------------------------------------------------------------------------

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with serve(
            self._connection,
            "127.0.0.1",
            self._wanted_port,
            process_request=self._handshake,
            select_subprotocol=_realtime,
            compression=None,
            max_size=None,
            open_timeout=None,
            ping_interval=None,
            close_timeout=1,
        ) as server:
            with self._changed:
                self.port = server.sockets[0].getsockname()[1]
                self._changed.notify_all()
            await self._stopping.wait()
            # Nobody waits for farewells of a test that is over.
            for connection in server.connections:
                connection.transport.abort()

    async def _handshake(self, connection: ServerConnection, request: Request) -> Response | None:
        handshake = _read_handshake(request)
        self.handshakes.append(handshake)
        script = self._script(len(self.links))
        if script is None:
            self._note_problem("a connection that no script foresees")
            return Response(503, "Service Unavailable", Headers({"Content-Length": "0"}))
        model = handshake.query.get("model", "")
        session = new_session(self._fresh("sess"), model, expires_at=int(time.time()) + self._lifetime)
        link = Link(handshake, session, script, self._fresh, self._stopping, self._gates)
        self.links.append(link)
        first = script[0] if script else None
        if isinstance(first, AnswerHandshake | StallHandshake):
            self._played(link)
            if isinstance(first, StallHandshake):
                await self._stopping.wait()
                return None
            return _http_answer(first)
        self._by_connection[connection.id] = link
        return None

    async def _connection(self, socket: ServerConnection) -> None:
        link = self._by_connection.get(socket.id)
        if link is None:
            return
        link.begin(socket)
        reading = asyncio.create_task(self._read(link))
        try:
            for step in link.script:
                await step.play(link)
                self._played(link)
            await reading
            await self._complain_of_leftovers(link)
        except OffScript as surprise:
            if not self._stopping.is_set():
                self._note_problem(str(surprise))
            await socket.close(OFF_SCRIPT, "off script")
        except ConnectionClosed:
            if not self._stopping.is_set():
                self._note_problem("the client left while something was being said to it")
        finally:
            reading.cancel()

    async def _read(self, link: Link) -> None:
        try:
            while True:
                frame = await link.socket.recv()
                if why := complaint(frame):
                    self.invalid_frames.append(InvalidFrame(frame, why))
                event = _json(frame)
                if event is not None:
                    link.arrived(event)
                with self._changed:
                    self._changed.notify_all()
        except ConnectionClosed:
            link.left()

    async def _complain_of_leftovers(self, link: Link) -> None:
        while True:
            try:
                frame = await link.next()
            except OffScript:
                return
            self._note_problem(f"nobody expected {json.dumps(frame)[:500]}")

    def _script(self, number: int) -> Script | None:
        if number < len(self._scripts):
            return self._scripts[number]
        return self._scripts[-1] if self._repeats else None

    def _fresh(self, prefix: str) -> str:
        return f"{prefix}_Up{next(self._serial):019d}"

    def _played(self, link: Link) -> None:
        with self._changed:
            link.steps_played += 1
            self._changed.notify_all()

    def _note_problem(self, problem: str) -> None:
        with self._changed:
            self.problems.append(problem)
            self._changed.notify_all()

    def _story(self) -> str:
        kinds = [[frame.get("type") for frame in link.frames] for link in self.links]
        return f"{len(self.handshakes)} handshakes, received {kinds}"


def _realtime(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return Subprotocol("realtime") if "realtime" in offered else None


def _read_handshake(request: Request) -> Handshake:
    parts = urlsplit(request.path)
    offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
    subprotocols = tuple(name.strip() for name in offered.split(",") if name.strip())
    return Handshake(parts.path, dict(parse_qsl(parts.query)), request.headers, subprotocols)


def _http_answer(answer: AnswerHandshake) -> Response:
    headers = Headers({"Content-Length": str(len(answer.body)), "Connection": "close"} | answer.headers)
    return Response(answer.status, HTTPStatus(answer.status).phrase, headers, answer.body)


def _json(frame: str | bytes) -> Json | None:
    try:
        event: Any = json.loads(frame)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
