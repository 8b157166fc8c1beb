"""The web server of `manage.py serve`: uvicorn, bounded everywhere, saying when it really listens."""

import errno
import socket
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn

LARGEST_FRAME = 4 * 1024 * 1024
"""Bytes of one WebSocket frame; anything larger is closed with 1009. Twice what a session takes, so that whoever sends
a little too much is told so in words, which only the session can do."""
PING_SECONDS = 20
GRACE_SECONDS = 20
"""How long sessions may take to end after SIGTERM. A supervisor's own patience must be longer."""


class AddressTaken(Exception):
    """Another program listens there."""


class AddressRefused(Exception):
    """The system does not let us listen there: not an address of this machine, or a port for administrators."""


class Server(uvicorn.Server):
    """Uvicorn with a word when it listens. On SIGTERM and Ctrl-C it closes the sockets with 1012 and waits for them."""

    def __init__(self, config: uvicorn.Config, *, when_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_listening = when_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._when_listening()


def configuration(application: Any, *, trusted_proxies: Sequence[str]) -> uvicorn.Config:
    """How uvicorn is run: small frames, no compression of audio, no line in a log that could hold a secret."""
    return uvicorn.Config(
        application,
        http="httptools",
        ws="websockets-sansio",
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
