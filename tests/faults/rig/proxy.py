"""A network that can be spoilt while it is used: TCP, forwarded to a port of this machine, with Toxiproxy's toxics.

It runs in a thread with a loop of its own, so it serves tests of every kind and servers in other processes. Every
toxic counts for the open connections and for new ones, `up` (from who connects), `down`, or both ways, until `heal`.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal

Way = Literal["up", "down", "both"]
_CHUNK = 16 * 1024
_IN_HAND = 8
"""Chunks that wait in one direction: little, so that whoever sends feels a slow network soon."""
PATIENCE = 10.0


@dataclass(slots=True)
class _Flow:
    """What is wrong with one direction."""

    latency: float = 0.0
    jitter: float = 0.0
    bytes_per_second: float = 0.0
    slow_close: float = 0.0
    piece: int = 0
    limit: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while it hangs."""

    def heal(self) -> None:
        self.latency = self.jitter = self.bytes_per_second = self.slow_close = 0.0
        self.piece = self.limit = 0
        self.open.set()


class FaultProxy:
    """Forwards what comes to `port` to `to_port`. `with FaultProxy(worker.port) as network: …`"""

    def __init__(self, to_port: int, *, seed: int = 0) -> None:
        self.to_port = to_port
        self.port = 0
        self.connections = 0
        """How many were made so far."""
        self._chance = random.Random(seed)  # noqa: S311 - it hides nothing
        self._refuses = False
        self._open: set[_Connection] = set()
        self._joins: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def open_connections(self) -> int:
        """How many there are now."""
        return len(self._open)

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        assert self._ready.wait(PATIENCE), "the proxy did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the proxy did not stop"

    # --- toxics -----------------------------------------------------------------------------------------------

    def latency(self, ms: float, jitter: float = 0.0, *, way: Way = "both") -> None:
        """Every byte arrives so many milliseconds later, more or less by `jitter`."""
        self._change(way, lambda flow: _set(flow, latency=ms / 1000, jitter=jitter / 1000))

    def bandwidth(self, bytes_per_second: float, *, way: Way = "both") -> None:
        """No more than that on each connection."""
        self._change(way, lambda flow: _set(flow, bytes_per_second=bytes_per_second))

    def hang(self, *, way: Way = "both") -> None:
        """Nothing gets through and nobody is told, as on a network that is gone. What is held goes on after `heal`."""
        self._change(way, lambda flow: flow.open.clear())

    def slow_close(self, seconds: float, *, way: Way = "both") -> None:
        """An end is passed on so much later."""
        self._change(way, lambda flow: _set(flow, slow_close=seconds))

    def slice(self, bytes: int, *, way: Way = "both") -> None:
        """What comes is passed on in pieces of so many bytes, each a packet of its own."""
        self._change(way, lambda flow: _set(flow, piece=bytes))

    def limit(self, bytes: int, *, way: Way = "both") -> None:
        """A connection is reset after that many more bytes."""
        self._change(way, lambda flow: _set(flow, limit=bytes))
        self._each(_Connection.count_anew)

    def reset(self) -> None:
        """Break every open connection with a TCP reset, now. New ones are as good as before."""
        self._each(_Connection.reset)

    def refuse(self) -> None:
        """As `reset`, and so is every new connection until `heal`."""

        def begin() -> None:
            self._refuses = True
            for connection in list(self._open):
                connection.reset()

        self._call(begin)

    def heal(self) -> None:
        """Take everything back that was done to the network."""

        def whole() -> None:
            self._refuses = False
            for flow in (self._up, self._down):
                flow.heal()

        self._call(whole)

    # --- in the proxy's thread --------------------------------------------------------------------------------

    def _change(self, way: Way, change: Callable[[_Flow], object]) -> None:
        flows = {"up": [self._up], "down": [self._down], "both": [self._up, self._down]}[way]
        self._call(lambda: list(map(change, flows)))

    def _each(self, act: "Callable[[_Connection], None]") -> None:
        """Do something to every open connection."""
        self._call(lambda: list(map(act, list(self._open))))

    def _call(self, change: Callable[[], object]) -> None:
        """Do it over there, and come back when it is done."""
        done = threading.Event()

        def there() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(there)
        assert done.wait(PATIENCE), "the proxy hangs by itself"

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._up, self._down = _Flow(), _Flow()
        for flow in (self._up, self._down):
            flow.heal()
        server = await asyncio.start_server(self._joined, "127.0.0.1", 0, limit=_CHUNK)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for connection in list(self._open):
            connection.reset()
        await asyncio.gather(*self._joins, return_exceptions=True)

    async def _joined(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        if task is not None:
            self._joins.add(task)
            task.add_done_callback(self._joins.discard)
        if self._refuses:
            _reset(back)
            return
        try:
            far, forth = await asyncio.open_connection("127.0.0.1", self.to_port, limit=_CHUNK)
        except OSError:
            _reset(back)
            return
        connection = _Connection(back, forth)
        self._open.add(connection)
        ways = [
            asyncio.create_task(connection.forward(near, forth, self._up, self._chance)),
            asyncio.create_task(connection.forward(far, back, self._down, self._chance)),
        ]
        connection.ways = ways
        try:
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._open.discard(connection)
            for writer in (back, forth):
                writer.close()


class _Connection:
    """Two sockets and what runs between them."""

    def __init__(self, back: asyncio.StreamWriter, forth: asyncio.StreamWriter) -> None:
        self._writers = (back, forth)
        self._passed: dict[int, int] = {}
        self.ways: list[asyncio.Task[None]] = []

    def reset(self) -> None:
        """Break it with a TCP reset to both sides."""
        for writer in self._writers:
            _reset(writer)
        for way in self.ways:
            way.cancel()

    def count_anew(self) -> None:
        self._passed.clear()

    async def forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: _Flow, chance: random.Random
    ) -> None:
        """Pass on what comes in one direction, and its end."""
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_HAND)
        writing = asyncio.create_task(self._deliver(due, writer, flow))
        try:
            await self._collect(reader, due, flow, chance)
            await writing
        except ConnectionError:
            self.reset()
        finally:
            writing.cancel()

    async def _collect(
        self,
        reader: asyncio.StreamReader,
        due: "asyncio.Queue[tuple[float, bytes]]",
        flow: _Flow,
        chance: random.Random,
    ) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await flow.open.wait()
            data = await reader.read(_CHUNK)
            late = flow.latency + chance.uniform(-flow.jitter, flow.jitter)
            await due.put((clock() + max(0.0, late), data))
            if not data:
                return

    async def _deliver(
        self, due: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter, flow: _Flow
    ) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            moment, data = await due.get()
            if moment > clock():
                await asyncio.sleep(moment - clock())
            await flow.open.wait()
            if not data:
                await asyncio.sleep(flow.slow_close)
                with suppress(OSError, RuntimeError):
                    writer.write_eof()
                return
            for piece in _pieces(data, flow):
                await self._write(piece, writer, flow)

    async def _write(self, piece: bytes, writer: asyncio.StreamWriter, flow: _Flow) -> None:
        passed = self._passed[id(flow)] = self._passed.get(id(flow), 0) + len(piece)
        if flow.limit and passed > flow.limit:
            raise ConnectionResetError("that many bytes and no more")
        writer.write(piece)
        await writer.drain()
        if flow.bytes_per_second:
            await asyncio.sleep(len(piece) / flow.bytes_per_second)
        elif flow.piece:
            await asyncio.sleep(0)


def _pieces(data: bytes, flow: _Flow) -> list[bytes]:
    size = flow.piece or len(data)
    if flow.bytes_per_second:
        # A tenth of a second's worth at once: a slow line is slow all the time, not in jumps.
        size = max(1, min(size, int(flow.bytes_per_second / 10)))
    return [data[at : at + size] for at in range(0, len(data), size)]


def _set(flow: _Flow, **toxics: float) -> None:
    for name, value in toxics.items():
        setattr(flow, name, value)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side gets a reset and not an end."""
    end = writer.get_extra_info("socket")
    if end is not None:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
