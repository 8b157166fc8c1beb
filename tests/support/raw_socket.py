"""A client's end of a WebSocket down to the bytes: whatever frames a test likes, valid or not, and sudden ends.

    async with raw_socket(port, "voiceassist.v1", key(ticket)) as socket:
        await socket.send(TEXT, b"{}", rsv=4)
        assert await socket.closed() == 1002

The clients of libraries refuse to break the rules; servers have to survive whoever does.
"""

import asyncio
import base64
import json
import os
import socket as sockets
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
PATIENCE = 20.0
"""Seconds that a test waits for an event; pings of the server's do not prolong it."""
LONGEST = 130.0
"""Seconds that it waits for the end: a session may try six upstreams before."""
LOST = 1006
"""What a connection is said to be closed with that ended without a close frame."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of the server's."""

    opcode: int
    payload: bytes


@dataclass(slots=True)
class RawSocket:
    """A TCP connection that was upgraded. Answers pings while it is read, and a close only when it is told to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    subprotocol: str = ""
    answers_pings: bool = True
    heard: list[Json | bytes] = field(default_factory=list)
    """Events and audio that were read so far, in order."""

    # --- sending ------------------------------------------------------------------------------------------------

    async def send(
        self,
        opcode: int,
        payload: bytes = b"",
        *,
        fin: bool = True,
        rsv: int = 0,
        masked: bool = True,
        length: int | None = None,
    ) -> None:
        """Send one frame; `length` is what its header claims, if that is to be a lie."""
        await self.bytes(frame(opcode, payload, fin=fin, rsv=rsv, masked=masked, length=length))

    async def bytes(self, data: bytes) -> None:
        """Send bytes as they are. Raises OSError when the server is gone."""
        self.writer.write(data)
        await self.writer.drain()

    async def say(self, kind: str, **members: Any) -> None:
        """Send an event as an honest client would."""
        await self.send(TEXT, json.dumps({"type": kind, **members}).encode())

    def reset(self) -> None:
        """End the connection with an RST, as a machine does that knows nothing of it any more."""
        handle = self.writer.get_extra_info("socket")
        handle.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    # --- reading ------------------------------------------------------------------------------------------------

    async def frame(self) -> Frame | None:
        """The next frame; None when the connection has ended."""
        try:
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", await self.reader.readexactly(8))
            return Frame(first & 0x0F, await self.reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def closed(self) -> int:
        """Read on until the server closes; its code, or LOST. What it said until then is in `heard`."""
        async with asyncio.timeout(LONGEST):
            while (got := await self.frame()) is not None:
                if got.opcode == CLOSE:
                    return int.from_bytes(got.payload[:2], "big") if got.payload else 1005
                await self._note(got)
        return LOST

    async def until(self, is_so: Callable[[Json], object]) -> Json:
        """Read on until an event for which `is_so` holds. Raises AssertionError when the end comes first."""
        why = "the connection ended"
        try:
            async with asyncio.timeout(PATIENCE):
                while (got := await self.frame()) is not None and got.opcode != CLOSE:
                    event = await self._note(got)
                    if event is not None and is_so(event):
                        return event
        except TimeoutError:
            why = f"{PATIENCE} seconds were over"
        raise AssertionError(f"{why} first; heard: {self.kinds}")

    async def event(self, kind: str) -> Json:
        """Read on until an event of that type."""
        return await self.until(lambda event: event["type"] == kind)

    @property
    def kinds(self) -> list[str]:
        """The types of the events that were read so far."""
        return [event["type"] for event in self.heard if isinstance(event, dict)]

    def events(self, kind: str) -> list[Json]:
        """The events of one type that were read so far."""
        return [event for event in self.heard if isinstance(event, dict) and event["type"] == kind]

    async def _note(self, got: Frame) -> Json | None:
        if got.opcode == PING and self.answers_pings:
            with suppress(OSError):  # it may be gone, and what it said last is still to be read
                await self.send(PONG, got.payload)
        if got.opcode == TEXT:
            event: Json = json.loads(got.payload)
            self.heard.append(event)
            return event
        if got.opcode == BINARY:
            self.heard.append(got.payload)
        return None


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    length: int | None = None,
) -> bytes:
    """The bytes of one frame of a client's."""
    claimed = len(payload) if length is None else length
    head = bytes([fin << 7 | rsv << 4 | opcode])
    flag = masked << 7
    if claimed < 126:
        head += bytes([flag | claimed])
    elif claimed < 1 << 16:
        head += bytes([flag | 126]) + struct.pack(">H", claimed)
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", claimed)
    if not masked:
        return head + payload
    # A mask of zeros is a mask; whoever sends 200 MB has no time for another one.
    return head + bytes(4) + payload


def key(secret: str) -> str:
    """A credential as browsers send it, in a subprotocol."""
    return f"openai-insecure-api-key.{secret}"


def upgrade(port: int, *subprotocols: str, path: str = "/v1/realtime?model=any") -> bytes:
    """The request that asks for a WebSocket."""
    nonce = base64.b64encode(os.urandom(16)).decode()
    offered = f"Sec-WebSocket-Protocol: {', '.join(subprotocols)}\r\n" if subprotocols else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\n{offered}\r\n"
    ).encode()


@asynccontextmanager
async def raw_socket(
    port: int,
    *subprotocols: str,
    path: str = "/v1/realtime?model=any",
    receive_buffer: int | None = None,
) -> AsyncIterator[RawSocket]:
    """An upgraded connection to this machine; `receive_buffer` is the kernel's, in bytes, for clients that read slowly.

    Raises AssertionError with the server's answer when it does not upgrade.
    """
    handle = sockets.socket()
    handle.setblocking(False)
    if receive_buffer is not None:
        handle.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_buffer)
    await asyncio.get_running_loop().sock_connect(handle, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=handle, limit=receive_buffer or 1 << 16)
    try:
        writer.write(upgrade(port, *subprotocols, path=path))
        async with asyncio.timeout(PATIENCE):
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        assert answer.startswith("HTTP/1.1 101"), answer
        headers = dict(line.lower().split(": ", 1) for line in answer.split("\r\n")[1:] if ": " in line)
        yield RawSocket(reader, writer, headers.get("sec-websocket-protocol", ""))
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
