"""How frames are read and written: as uvicorn does it, but cheaply, and without a traceback for what anybody may do."""

import logging
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# The library's own choice: in C where it was built with that.
from websockets.frames import apply_mask  # type: ignore[attr-defined]
from websockets.http11 import Request
from websockets.protocol import OPEN

from realtime.direct import DIRECT, Frame
from realtime.light_event import LightEvent
from realtime.outbox import NOTHING

log = logging.getLogger(__name__)

TEXT, BINARY = 0x81, 0x82
"""The first byte of a frame that is a whole message and has no bit of an extension."""
OPCODES = frozenset((0x0, 0x1, 0x2, 0x8, 0x9, 0xA))
MASKED = 0x80
MIDDLE, MIDDLE_HEADER = MASKED | 126, 8
"""The second byte of a client's frame whose length stands in two bytes, and how many come before its payload."""
LARGE_MESSAGE = 64 * 1024
"""Bytes of a message beyond which nothing more is read until it was taken."""


class _Messages:
    """What the application has not received yet: as much of `asyncio.Queue` as uvicorn asks for."""

    __slots__ = ("_came", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[ASGIReceiveEvent] = NOTHING
        self._came = LightEvent()

    def put_nowait(self, message: ASGIReceiveEvent) -> None:
        if not self.waiting:
            self.waiting = deque()
        self.waiting.append(message)
        self._came.set()

    async def get(self) -> ASGIReceiveEvent:
        while not self.waiting:
            self._came.clear()
            await self._came.wait()
        message = self.waiting.popleft()
        if not self.waiting:
            self.waiting = NOTHING
        return message

    def empty(self) -> bool:
        return not self.waiting

    def qsize(self) -> int:
        return len(self.waiting)


class QuietWebSocket(WebSocketsSansIOProtocol):
    """A socket whose peer may break the rules: it is closed for that, and one line tells of it.

    A plain frame, which is a whole message and has come in one piece, is unmasked and handed on right here: what a
    caller says is made of them, 25 a second. Every other one, allowed or not, is read by the library, which knows the
    rules. Both agree on where a frame begins, because the library is given one frame at a time.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # uvicorn's own hold four queues for tasks that wait, of which there is one here at most.
        self._messages = _Messages()
        self.queue = self._messages  # type: ignore[assignment]
        self.writable = LightEvent()  # type: ignore[assignment]
        self.writable.set()
        self._head = b""
        """The beginning of a frame whose length is not known yet; nine bytes at most."""
        self._owed = 0
        """How many bytes the library still needs for the frame that it has begun."""
        self.hears: Callable[[Frame], bool] | None = None
        """The application's way past the queue; see `realtime.direct`."""
        self._is_awaited = False
        """The application waits for a message."""
        self._is_free = True
        """The system takes what is written."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            # Before the application is called: its task was only made.
            self.scope["extensions"][DIRECT] = self  # type: ignore[assignment]

    # --- reading ------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if (
            len(data) > MIDDLE_HEADER
            and data[1] == MIDDLE
            and len(data) - MIDDLE_HEADER == data[2] << 8 | data[3]
            and not self._owed
            and not self._head
            and self.handshake_initiated
            # What `_is_plain` looks at, without the call.
            and (data[0] == BINARY or data[0] == TEXT)
            and len(data) - MIDDLE_HEADER <= self.config.ws_max_size
            and self.conn.current_size is None
            and not self.transport.is_closing()
        ):
            # Forty milliseconds of sound, and nothing else.
            self._hand_on(apply_mask(data[MIDDLE_HEADER:], data[4:MIDDLE_HEADER]), data[0] == TEXT)
        else:
            self._read(data)

    def _read(self, data: bytes) -> None:
        if not self.handshake_initiated:
            # The request, which uvicorn hands over as a whole.
            super().data_received(data)
            return
        at = 0
        if self._owed:
            at = min(self._owed, len(data))
            self._owed -= at
            super().data_received(data[:at])
        elif self._head:
            data = self._head + data
            self._head = b""
        while at < len(data) and not self.transport.is_closing():
            at = self._read_frame(data, at)

    def _read_frame(self, data: bytes, at: int) -> int:
        """Read what there is of the frame that begins at `at`; where the next one does."""
        start, stop = _payload(data, at)
        if not start:
            self._head = data[at:]
            return len(data)
        if stop <= len(data) and self._is_plain(data[at], data[at + 1], stop - start):
            self._hand_on(apply_mask(data[start:stop], data[start - 4 : start]), data[at] == TEXT)
        else:
            self._owed = max(0, stop - len(data))
            super().data_received(data[at:stop])
        return stop

    def _is_plain(self, first: int, second: int, size: int) -> bool:
        """Whether a frame is a message that may be sent now, as far as its header and those before it tell."""
        return (
            first in (TEXT, BINARY)
            and second & MASKED != 0
            and size <= self.config.ws_max_size
            # Set while a message in pieces has begun, into which no other one may come.
            and self.conn.current_size is None
        )

    def send_receive_event_to_app(self) -> None:
        message, self.frames = b"".join(self.frames), []
        self._hand_on(message, self.curr_msg_data_type == "text")

    def _hand_on(self, message: bytes, is_text: bool) -> None:
        """Put a message where the application takes it from."""
        if self.close_sent:
            # Nobody takes it any more, and the answer to the close is still to be read.
            return
        try:
            frame = message.decode() if is_text else message
        except UnicodeDecodeError:
            self._refuse_text()
            return
        if self.hears is not None and self._is_awaited and not self._messages.waiting and self.hears(frame):
            return
        self.queue.put_nowait({"type": "websocket.receive", "text" if is_text else "bytes": frame})  # type: ignore[arg-type]
        # One small message may wait: to stop the reading and to go on with it costs more than to read a frame.
        if not self.read_paused and (self.queue.qsize() > 1 or len(message) > LARGE_MESSAGE):
            self.read_paused = True
            self.transport.pause_reading()

    def _refuse_text(self) -> None:
        log.info("A text frame that is not UTF-8 closed its socket")
        if self.conn.state is OPEN:
            self.conn.send_close(1007)
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is None:
            # It was not let in yet: there is nothing to close but the connection.
            self.transport.close()
            return
        super().handle_parser_exception()

    async def receive(self) -> ASGIReceiveEvent:
        self._is_awaited = True
        try:
            return await super().receive()
        finally:
            self._is_awaited = False

    # --- writing ------------------------------------------------------------------------------------------------

    def takes(self, frame: Frame) -> bool:
        """See `realtime.direct.Direct`."""
        if (
            not self._is_free
            or self.conn.state is not OPEN
            or self.disconnected
            or self.transport.is_closing()
        ):
            return False
        self.transport.write(_framed(frame))
        return True

    def pause_writing(self) -> None:
        self._is_free = False
        super().pause_writing()

    def resume_writing(self) -> None:
        self._is_free = True
        super().resume_writing()

    async def send(self, message: ASGISendEvent) -> None:
        if not self.writable.is_set():
            await self.writable.wait()
        # Open is what was let in and has not been closed by either side.
        if message["type"] == "websocket.send" and self.conn.state is OPEN and not self.disconnected:
            content: Frame | None = message.get("bytes")
            if content is None:
                content = message.get("text")
            if content is not None:
                self.transport.write(_framed(content))
        else:
            await super().send(message)
            if self.conn.state is OPEN:
                # What made the handshake is not looked at again; the scope has what the application may ask for.
                self.request = self.response = None  # type: ignore[assignment]


def _payload(data: bytes, at: int) -> tuple[int, int]:
    """Where the payload of the frame that begins at `at` begins and ends; 0 and 0 when too little is there to tell."""
    left = len(data) - at
    if left < 2:
        return 0, 0
    second = data[at + 1]
    length = second & 0x7F
    extended = 0 if length < 126 else 2 if length == 126 else 8
    if not second & MASKED or (left < 2 + extended and data[at] & 0x0F not in OPCODES):
        # The library closes for these two bytes alone, so it need not wait for more.
        return at + 2, at + 2
    if left < 2 + extended:
        return 0, 0
    if extended:
        length = int.from_bytes(data[at + 2 : at + 2 + extended], "big")
    # Between the header and the payload are four bytes of mask.
    start = at + 2 + extended + 4
    return start, start + length


def _framed(message: Frame) -> bytes:
    """A message in one frame."""
    payload, first = (message, BINARY) if isinstance(message, bytes) else (message.encode(), TEXT)
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return bytes((first, 126, size >> 8, size & 0xFF)) + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload
