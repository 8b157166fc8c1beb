"""A socket of the server's over a real connection, and its peer: a descriptor that is read only when a test says so."""

import asyncio
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from tests.support.raw_socket import BINARY, frame, upgrade
from voiceassist.management.websocket_protocol import QuietWebSocket

PATIENCE = 10.0
MUCH = 1_000_000
"""Bytes that are read at a time."""


class Noted(QuietWebSocket):
    """A socket that notes how it is told of its transport."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.changes: list[str] = []
        self.lost, self.resumed = asyncio.Event(), asyncio.Event()

    def pause_writing(self) -> None:
        self.changes.append("pause")
        super().pause_writing()

    def resume_writing(self) -> None:
        self.changes.append("resume")
        self.resumed.set()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.changes.append("lost")
        self.lost.set()


class Pair:
    """A socket that was let in, and its peer: a descriptor that is read only when a test says so."""

    def __init__(self, socket: Noted, peer: sockets.socket) -> None:
        self.socket, self.peer = socket, peer
        self.got = b""
        self.sent: list[bytes] = []
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._in_hand = 0
        self.at_once = 0

    # --- as an application writes -------------------------------------------------------------------------------

    def put(self, size: int, *, sends: bool = False) -> None:
        """Write a message: at once if nothing waits and it is taken, else in its turn."""
        message = (len(self.sent).to_bytes(3, "little") * (size // 3 + 1))[:size]
        self.sent.append(message)
        if not sends and not self._in_hand and self.socket.takes(message):
            self.at_once += 1
        else:
            self._in_hand += 1
            self._waiting.put_nowait(message)

    async def write(self) -> None:
        """Send what has to wait."""
        while True:
            message: Any = {"type": "websocket.send", "bytes": await self._waiting.get()}
            await self.socket.send(message)
            self._in_hand -= 1

    @property
    def expected(self) -> bytes:
        return b"".join(frame(BINARY, message, masked=False) for message in self.sent)

    # --- as a peer reads ----------------------------------------------------------------------------------------

    def read(self, size: int = MUCH) -> int:
        """Read what is there by now."""
        try:
            got = self.peer.recv(size)
        except BlockingIOError:
            return 0
        self.got += got
        return len(got)

    async def read_all(self) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            while len(self.got) < len(self.expected):
                got = await loop.sock_recv(self.peer, MUCH)
                assert got, "it ends too early"
                self.got += got


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def listening() -> sockets.socket:
    """Of its connections little is on its way at a time."""
    listener = sockets.socket()
    listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 8192)
    listener.bind(("127.0.0.1", 0))
    return listener


@asynccontextmanager
async def paired() -> AsyncIterator[Pair]:
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    async def site(scope: Any, receive: Any, send: Any) -> None:
        await over.wait()

    config = Config(site, interface="asgi3", ws_per_message_deflate=False, log_config=None)
    config.load()
    socket, listener, peer = Noted(config, ServerState(), {}), listening(), sockets.socket()
    server = await loop.create_server(lambda: socket, sock=listener)
    peer.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 8192)
    peer.setblocking(False)
    pair = Pair(socket, peer)
    writing = asyncio.create_task(pair.write())
    try:
        await loop.sock_connect(peer, listener.getsockname())
        await loop.sock_sendall(peer, upgrade(80))
        async with asyncio.timeout(PATIENCE):
            assert await socket.receive() == {"type": "websocket.connect"}
            await socket.send({"type": "websocket.accept"})
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += await loop.sock_recv(peer, 1)
        yield pair
    finally:
        writing.cancel()
        if not socket.lost.is_set():
            socket.transport.abort()
        peer.close()
        server.close()
        over.set()
        await asyncio.wait_for(socket.lost.wait(), PATIENCE)
        await asyncio.gather(*socket.tasks)
        await asyncio.wait([writing])
