"""How requests are read from a connection: as uvicorn does it, but nobody may take as long as they like over one."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_SECONDS = 10.0
"""How long the line and the headers of a request may take, from the first byte or, on a new connection, its opening."""
HEAD_BYTES = 64 * 1024
"""How long they may be together. Browsers and proxies stop far below."""
BODY_SECONDS = 60.0
"""How long the rest may take. A request's body is JSON or a form, a megabyte at most."""
BODY_PAUSE_SECONDS = 30.0
"""How long nothing may come of it in between."""


class BoundedHttp(HttpToolsProtocol):
    """A connection that is closed when the request on it does not get on.

    Without this a few thousand connections that send nothing, or a byte now and then, hold everybody else out.
    """

    head_seconds = HEAD_SECONDS
    body_seconds = BODY_SECONDS
    body_pause_seconds = BODY_PAUSE_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._is_in_body = False
        self._body_ends = 0.0
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_in_body:
            # Also of a connection that was kept open: what begins as a request has to become one.
            if self._deadline is None:
                self._expect(self.head_seconds)
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_body:
            left = self._body_ends - self.loop.time()
            self._expect(min(left, self.body_pause_seconds))
        elif self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._deadline is None:
            self._expect(self.head_seconds)

    def on_headers_complete(self) -> None:
        self._expect(None)
        self._is_in_body = True
        self._body_ends = self.loop.time() + self.body_seconds
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._expect(None)
        self._is_in_body = False
        self._head_bytes = 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._expect(None)
        self._is_in_body = False
        super().handle_websocket_upgrade()

    @property
    def _is_answering(self) -> bool:
        """Whether an earlier request on this connection has not got the whole of its answer."""
        # Before the first request there is none, whatever uvicorn's annotation says.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _expect(self, seconds: float | None) -> None:
        """What is being read has to be there in so many seconds; None: nothing is."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(max(0.0, seconds), self._is_late)

    def _is_late(self) -> None:
        self._deadline = None
        if not self._is_in_body and self._is_answering:
            # The request before it is still being answered: that is not this client's fault.
            self._expect(self.head_seconds)
        else:
            self.transport.close()

    def _refuse_head(self) -> None:
        if not self._is_answering:
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
        self.transport.close()
