"""An open WebSocket to a Realtime server: frames both ways, and how it ended. Framework-free."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSProtocolError, WSTransport

from realtime.bursts import Burst
from realtime.errors import UpstreamClosed
from realtime.framing import acknowledge
from realtime.outbox import NOTHING
from realtime.stalls import StallTimer
from realtime.telemetry import Event, Telemetry

TEXT = WSMsgType.TEXT
LARGEST_FRAME = 16 * 1024 * 1024
"""Bytes. The Realtime API allows 15 MiB of base64 in one event."""
PIECE_BYTES = 256
"""What a piece of a message weighs beside what is in it: there may be nothing in it."""
FRAMES_IN_HAND = 16
"""How many received frames wait for us before we stop reading; TCP then slows the upstream down."""
UNSENT_BYTES = 32 * 1024
"""How much may lie in the socket's own buffer before whoever sends waits."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait for the other side, in seconds."""

    opening: float = 10
    ping_interval: float = 20
    ping_timeout: float = 20
    closing: float = 2


class WebSocketConnection(WSListener):
    """See `realtime.providers.base.UpstreamConnection`. One task may send while another has frames delivered."""

    def __init__(self, patience: Patience, telemetry: Telemetry) -> None:
        self._patience, self._telemetry = patience, telemetry
        self._loop = asyncio.get_running_loop()
        self._hear: Callable[[str], None] | None = None
        """Takes a frame at once, while nothing waits."""
        self._burst = Burst()
        self._arrived: deque[str] = NOTHING
        self._parts: list[bytes] = []
        """Of a message that comes in pieces."""
        self._parts_are_text = False
        self._parts_weigh = 0
        self._is_paused = False
        self._is_closing = False
        self._is_over = False
        """Nothing is heard any more: what follows stands behind a close, or behind what broke a rule."""
        self._somebody_waits: asyncio.Future[None] | None = None
        """For a frame that could not be heard at once, or for the end."""
        self._may_write: asyncio.Future[None] | None = None
        """Set while the peer takes nothing."""
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._waits = StallTimer(patience.ping_interval + patience.ping_timeout, self._hang_up)
        self._transport: WSTransport

    # --- for whoever talks to the server ------------------------------------------------------------------------

    async def send(self, frame: str) -> None:
        if self._gone.done() or self._transport.is_close_frame_sent:
            raise await self._ended()
        self._transport.send(TEXT, frame)
        while self._may_write is not None:
            # Pings cannot find out while it still speaks.
            self._waits.begins()
            try:
                await self._may_write
            finally:
                self._waits.ends()
            if self._gone.done():
                raise await self._ended()

    def takes(self, frame: str) -> bool:
        if self._may_write is not None or self._gone.done() or self._transport.is_close_frame_sent:
            return False
        self._transport.send(TEXT, frame)
        return True

    async def deliver(self, hear: Callable[[str], None]) -> None:
        while True:
            while self._arrived:
                hear(self._arrived.popleft())
                if self._is_paused and len(self._arrived) <= FRAMES_IN_HAND // 4:
                    self._read_on()
                await asyncio.sleep(0)
            if self._gone.done():
                raise await self._ended()
            self._hear, self._somebody_waits = hear, self._loop.create_future()
            try:
                await self._somebody_waits
            finally:
                self._hear = self._somebody_waits = None

    async def close(self) -> None:
        self._is_closing = True
        self._transport.send_close(WSCloseCode.OK)
        self._read_on()  # its goodbye stands behind what nobody reads any more
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience.closing):
                    await asyncio.shield(self._gone)
        finally:
            # Also when somebody hurries us: the file descriptor must not outlive us.
            self._hang_up()

    # --- what picows tells us -----------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=UNSENT_BYTES)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self._is_over:
            return
        is_plain = frame.fin and not (self._parts or frame.rsv1 or frame.rsv2 or frame.rsv3)
        if is_plain and frame.msg_type is TEXT:
            self._arrive(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            self._is_over = True
            # picows would write a zero for a close that gave no reason.
            code = frame.get_close_code()
            transport.send_close(WSCloseCode.OK if code == WSCloseCode.NO_INFO else code)
            transport.disconnect()
            self._hang_up_soon()
        elif frame.msg_type is not WSMsgType.PONG:
            self._put_together(frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._waits.close()
        acknowledge(transport)
        if not self._gone.done():
            self._gone.set_result(None)
        self.resume_writing()
        self._wake()

    def pause_writing(self) -> None:
        self._may_write = self._may_write or self._loop.create_future()

    def resume_writing(self) -> None:
        waiting, self._may_write = self._may_write, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    # --- frames -------------------------------------------------------------------------------------------------

    def _put_together(self, frame: WSFrame) -> None:
        """A message in pieces, or one that is no text."""
        begins = frame.msg_type is not WSMsgType.CONTINUATION
        if begins == bool(self._parts) or frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise self._broken(WSCloseCode.PROTOCOL_ERROR, "a piece of no message")
        if begins:
            self._parts_are_text, self._parts_weigh = frame.msg_type is WSMsgType.TEXT, 0
        self._parts.append(frame.get_payload_as_bytes())
        self._parts_weigh += frame.payload_size + PIECE_BYTES
        if self._parts_weigh > LARGEST_FRAME:
            raise self._broken(WSCloseCode.MESSAGE_TOO_BIG)
        if frame.fin:
            whole = b"".join(self._parts)
            self._parts.clear()
            if self._parts_are_text:
                self._arrive(whole)
            elif not self._is_closing:
                self._telemetry.count(Event.UPSTREAM_BINARY_FRAME)

    def _broken(self, code: WSCloseCode, why: str = "") -> WSProtocolError:
        """For picows, which closes with it."""
        self._is_over = True
        self._hang_up_soon()
        return WSProtocolError(code, why)

    def _arrive(self, message: bytes) -> None:
        """A whole text came."""
        if self._is_closing:
            return
        try:
            frame = message.decode()
        except UnicodeDecodeError:
            raise self._broken(WSCloseCode.INVALID_TEXT) from None
        if self._hear is not None and self._burst.has_more(self._loop.time()):
            # Should it raise, which is a fault of ours, picows closes, and `_ended` tells of it.
            self._is_over = True
            self._hear(frame)
            self._is_over = False
        else:
            self._queue(frame)

    def _queue(self, frame: str) -> None:
        if not self._arrived:
            self._arrived = deque()
        self._arrived.append(frame)
        self._wake()
        if len(self._arrived) >= FRAMES_IN_HAND and not self._is_paused:
            self._is_paused = True
            self._transport.underlying_transport.pause_reading()

    def _hang_up_soon(self) -> None:
        """A goodbye may take long where the other side takes nothing, or says none over TLS."""
        self._loop.call_later(self._patience.closing, self._hang_up)

    def _hang_up(self) -> None:
        if not self._gone.done():
            self._transport.disconnect(graceful=False)

    def _wake(self) -> None:
        self._hear = None
        if self._somebody_waits is not None and not self._somebody_waits.done():
            self._somebody_waits.set_result(None)

    def _read_on(self) -> None:
        if self._is_paused and not self._gone.done():
            self._is_paused = False
            self._transport.underlying_transport.resume_reading()

    # --- the end ------------------------------------------------------------------------------------------------

    async def _ended(self) -> UpstreamClosed:
        """Why it ended, once it has. Raises what was raised while a frame was heard."""
        with suppress(WSProtocolError):
            await self._transport.wait_disconnected()
        said = self._transport.close_handshake
        if said is None:
            return UpstreamClosed(1006)
        if said.recv is not None:
            return UpstreamClosed(_number(said.recv) or 1005, said.recv.reason or "")
        if said.sent is None:
            return UpstreamClosed(1006)
        if _number(said.sent) == 1001:
            return UpstreamClosed(1011, "it gave no sign of life")
        return UpstreamClosed(_number(said.sent), said.sent.reason or "")


def _number(close: Any) -> int:
    # An enumeration to type checkers; in truth whatever number was sent.
    return int(close.code)
