"""WebSocket frames in C, on a connection that somebody else has opened: client's side or server's.

picows reads and writes frames for a fraction of what it costs in Python, but wants to make the handshake itself. Those
who make ours know proxies, refusals and what a browser may ask for, so it is made without picows, and played to it
afterwards.
"""

import asyncio
import logging
import re
import socket
from typing import Any

from picows import WSAutoPingStrategy, WSListener, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # it has no stub
from websockets.utils import accept_key

READ_BUFFER = 4 * 1024
"""Bytes that a connection holds for what comes. picows lets it grow with frames that are larger."""
SOCKET_BUFFER = 128 * 1024
"""Bytes that the system may hold of what comes, which it doubles. A flood is read in pieces of that size."""
_KEY = re.compile(rb"Sec-WebSocket-Key: ([^\r]+)\r\n")
_REQUEST = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_RESPONSE = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: {}\r\n\r\n"
)


class _Silent(logging.LoggerAdapter[logging.Logger]):
    """A logger for nothing: picows tells of each connection, and of frames of which its listener tells in our words."""

    def isEnabledFor(self, level: int) -> bool:
        return False


_NOBODY = asyncio.Protocol()
_SILENT = _Silent(logging.getLogger(__name__))


class _Opened:
    """What picows takes for its transport. What it says of a handshake goes nowhere."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.is_playing = True
        self.said = b""
        self.get_write_buffer_size = transport.get_write_buffer_size

    def write(self, data: Any) -> None:
        if self.is_playing:
            self.said += bytes(data)
        else:
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def carry(
    transport: asyncio.Transport,
    listener: WSListener,
    *,
    is_client: bool,
    largest: int,
    early: bytes = b"",
    ping_interval: float | None = None,
    ping_timeout: float = 20.0,
) -> WSTransport:
    """Hand an open connection over: from now on `listener` is told of its frames, of `early` ones at once.

    `early` is what came behind the handshake, `largest` the most bytes that a frame may have. A peer of which nothing
    came for `ping_interval` seconds is asked for a sign of life; one that gives none within `ping_timeout` is left with
    1001.
    """
    protocol = WSProtocol(
        host_port="here",
        ws_path="/",
        is_client_side=is_client,
        ws_listener_factory=lambda *_: listener,
        logger=_SILENT,
        disconnect_on_exception=True,
        websocket_handshake_timeout=None,
        enable_auto_ping=ping_interval is not None,
        auto_ping_idle_timeout=ping_interval or ping_timeout,
        auto_ping_reply_timeout=ping_timeout,
        auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
        enable_auto_pong=True,
        max_frame_size=largest,
        extra_headers=None,
        read_buffer_init_size=READ_BUFFER,
    )
    opened = _Opened(transport)
    protocol.connection_made(opened)
    _tune(transport)
    _feed(protocol, _answer(opened.said) if is_client else _REQUEST)
    opened.is_playing, opened.said = False, b""
    # uvloop keeps the `data_received` of the last protocol that had one, and with it all that made the handshake.
    transport.set_protocol(_NOBODY)
    transport.set_protocol(protocol)
    _feed(protocol, early)
    frames: WSTransport = protocol.transport
    return frames


def _answer(request: bytes) -> bytes:
    (key,) = _KEY.findall(request)
    return _RESPONSE.format(accept_key(key.decode())).encode()


def _feed(protocol: Any, data: bytes) -> None:
    while data:
        room = protocol.get_buffer(-1)
        piece, data = data[: len(room)], data[len(room) :]
        room[: len(piece)] = piece
        protocol.buffer_updated(len(piece))


def _tune(transport: asyncio.Transport) -> None:
    opened: socket.socket | None = transport.get_extra_info("socket")
    if opened is None or opened.family == socket.AF_UNIX:
        return
    # picows reads all that is there, and keeps a buffer for the most that ever was.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
    if hasattr(socket, "TCP_QUICKACK"):
        # picows wants each frame acknowledged by a packet of its own. In a conversation what is said next does that.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)


def acknowledge(transport: WSTransport) -> None:
    """Its listener was told that the connection is over, and why: picows tells it once more to whoever awaits it, and
    asyncio would complain that nobody did."""
    over = asyncio.ensure_future(transport.wait_disconnected())
    over.add_done_callback(lambda each: each.cancelled() or each.exception())
