"""The web server of `manage.py serve`: uvicorn, bounded everywhere, saying when it really listens."""

import asyncio
import errno
import logging
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn

from voiceassist.management.http_protocol import BoundedHttp
from voiceassist.management.websocket_protocol import QuietWebSocket

log = logging.getLogger(__name__)

LARGEST_FRAME = 4 * 1024 * 1024
"""Bytes of one WebSocket frame; anything larger is closed with 1009. Twice what a session takes, so that whoever sends
a little too much is told so in words, which only the session can do."""
PING_SECONDS = 20
TICKS_A_SECOND = 10
"""Uvicorn counts so many, and renews the `date` of its answers with each tenth of them."""
GRACE_SECONDS = 20
"""How long what is left may take to end, beyond the time of the drain. A supervisor's own patience must be longer than
the two together, by a quarter of a minute."""
LEAST_GRACE_SECONDS = 5
PUT_DOWN_SECONDS = 12
"""How long sessions that the drain has ended may take to save their last words before it goes on without them."""


class AddressTaken(Exception):
    """Another program listens there."""


class AddressRefused(Exception):
    """The system does not let us listen there: not an address of this machine, or a port for administrators."""


async def nothing_to_drain(seconds: float) -> None:
    """The drain of a server without sessions."""


class Server(uvicorn.Server):
    """Uvicorn with a word when it listens, and with a drain.

    On SIGTERM and Ctrl-C it goes on answering until `drain` is through, or was so for too long; then it closes what is
    left with 1012 and waits for that. A second signal stops it at once. After a SIGTERM `run` returns; after Ctrl-C it
    raises KeyboardInterrupt.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        when_listening: Callable[[], None],
        drain: Callable[[float], Awaitable[None]] = nothing_to_drain,
        drain_seconds: float = 0.0,
        when_over: Callable[[bool], None] = lambda at_once: None,
    ) -> None:
        """`when_over` is told, once there is no server any more, whether it had to stop at once."""
        super().__init__(config)
        self._when_listening = when_listening
        self._drain = drain
        self._drain_seconds = drain_seconds
        self._when_over = when_over
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hurry = asyncio.Event()
        self._asked_to_stop = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        if self.started:
            self._when_listening()

    async def main_loop(self) -> None:
        # Uvicorn looks ten times a second whether it has to stop. Whoever asks for that wakes this one.
        seconds = 0
        while not await self.on_tick(seconds * TICKS_A_SECOND):
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._asked_to_stop.wait()
            seconds += 1

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        began = time.monotonic()
        await self._drained()
        left = self._drain_seconds + GRACE_SECONDS - (time.monotonic() - began)
        self.config.timeout_graceful_shutdown = max(LEAST_GRACE_SECONDS, int(left))
        await super().shutdown(sockets=sockets)
        # Uvicorn raises each signal again, which would make an orderly end look like a killed process.
        self._captured_signals = [number for number in self._captured_signals if number != signal.SIGTERM]
        self._when_over(self.force_exit)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Uvicorn's own hurries over a second Ctrl-C alone; a supervisor that asks twice means it, too.
        if self.should_exit:
            self.force_exit = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stop_at_once)
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._asked_to_stop.set)

    def _stop_at_once(self) -> None:
        self._hurry.set()
        for connection in list(self.server_state.connections):
            # Whoever does not read what is still to be sent to them is not waited for either.
            connection.shutdown()
            connection.transport.abort()

    async def _drained(self) -> None:
        """Drain, for as long as that may take, or until it is to stop at once."""
        draining = asyncio.ensure_future(self._drain(self._drain_seconds))
        hurried = asyncio.create_task(self._hurry.wait())
        most = self._drain_seconds + PUT_DOWN_SECONDS
        await asyncio.wait({draining, hurried}, timeout=most, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not draining.done():
            log.warning("Not all sessions ended in time; the server stops without them")
            draining.cancel()
        elif not draining.cancelled() and (fault := draining.exception()) is not None:
            log.error("Sessions could not be drained; the server stops without that", exc_info=fault)


def configuration(application: Any, *, trusted_proxies: Sequence[str]) -> uvicorn.Config:
    """How uvicorn is run: small frames, no compression of audio, no line in a log that could hold a secret."""
    return uvicorn.Config(
        application,
        http=BoundedHttp,
        ws=QuietWebSocket,
        ws_max_size=LARGEST_FRAME,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        # Its line about each accepted WebSocket carries the query, whatever a client put there. Warnings are kept,
        # through the project's own logging and its filter of secrets.
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=GRACE_SECONDS,
        # Given, so that WEB_CONCURRENCY is not read: this process is one worker, a supervisor starts more.
        workers=1,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`; who connects waits until a server accepts.

    Raises AddressTaken or AddressRefused.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            # A restarted server may have its port back while old connections still linger in TIME_WAIT.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            # At once: with SO_REUSEADDR two sockets may be bound to one port, as long as neither listens.
            listener.listen()
        except OSError:
            listener.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressTaken from error
        raise AddressRefused(error.strerror or str(error)) from error
    return listener
