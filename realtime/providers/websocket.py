"""A connection to a Realtime server over WebSocket: frames both ways, every failure in our own words."""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxy,
    InvalidStatus,
    ProxyError,
    WebSocketException,
)
from websockets.http11 import Response

from realtime.errors import UpstreamClosed, UpstreamError, UpstreamSilent, UpstreamUnreachable
from realtime.protocol.refusals import refusal_of_status
from realtime.stalls import StallTimer
from realtime.telemetry import THIS_PROCESS, Event, Span, Telemetry

USER_AGENT = f"VoiceAssist/{version('voiceassist')}"
LARGEST_FRAME = 16 * 1024 * 1024
"""Bytes. The Realtime API allows 15 MiB of base64 in one event."""
FRAMES_IN_HAND = 16
"""How many received frames wait for us before we stop reading; TCP then slows the upstream down."""
LONGEST_RETRY_AFTER = 3600
_WRONG_KEY = re.compile(rb"(?i)\b(?:incorrect|invalid) api[ _-]?key\b")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait for the other side, in seconds."""

    opening: float = 10
    ping_interval: float = 20
    ping_timeout: float = 20
    closing: float = 2


class WebSocketConnection:
    """An open connection; see `realtime.providers.base.UpstreamConnection`."""

    def __init__(self, socket: ClientConnection, patience: Patience, telemetry: Telemetry) -> None:
        self._socket = socket
        # The pings cannot find out: behind a full send buffer they wait as we do.
        self._waits = StallTimer(patience.ping_interval + patience.ping_timeout, self._stalled)
        self._is_stalled = False
        self._telemetry = telemetry

    async def send(self, frame: str) -> None:
        self._waits.begins()
        try:
            await self._socket.send(frame)
        except ConnectionClosed as closed:
            raise self._ended(closed) from None
        finally:
            self._waits.ends()

    async def receive(self) -> str:
        # recv() rather than iteration, which ends without a word when the peer closes with 1000 or 1001; and
        # 1001 is how an upstream says that its sixty minutes are over.
        while True:
            try:
                frame = await self._socket.recv()
            except ConnectionClosed as closed:
                raise self._ended(closed) from None
            if isinstance(frame, str):
                return frame
            self._telemetry.count(Event.UPSTREAM_BINARY_FRAME)

    async def close(self) -> None:
        try:
            await self._socket.close()
        except asyncio.CancelledError:
            # Whoever hurries us cannot wait for the peer's goodbye; the file descriptor must not outlive us.
            self._socket.transport.abort()
            raise
        finally:
            self._waits.close()

    def _stalled(self) -> None:
        self._is_stalled = True
        self._socket.transport.abort()

    def _ended(self, closed: ConnectionClosed) -> UpstreamClosed:
        if self._is_stalled:
            return UpstreamClosed(1006, "it took nothing for too long")
        close = closed.rcvd or closed.sent
        return UpstreamClosed(close.code, close.reason) if close else UpstreamClosed(1006)


async def open_websocket(
    url: str,
    *,
    headers: Mapping[str, str],
    patience: Patience = Patience(),
    telemetry: Telemetry = THIS_PROCESS,
) -> WebSocketConnection:
    """Open `url` (ws or wss).

    Raises UpstreamUnreachable when no WebSocket could be had, UpstreamSilent when the handshake was not answered in
    time, UpstreamRefused when the server answered it with a status that says why. No error text holds a header, the
    URL or a word of the server's.
    """
    began = time.monotonic()
    try:
        socket = await _Opening(
            url,
            additional_headers=headers,
            user_agent_header=USER_AGENT,
            # Audio in base64 gains little and costs both sides CPU on the audio path.
            compression=None,
            # HTTPS_PROXY and its kin are honoured: behind many firewalls they are the only way out. A server
            # on this very machine is never behind one, whatever NO_PROXY forgets to say.
            proxy=None if is_this_machine(url) else True,
            open_timeout=patience.opening,
            ping_interval=patience.ping_interval,
            ping_timeout=patience.ping_timeout,
            close_timeout=patience.closing,
            max_size=LARGEST_FRAME,
            max_queue=FRAMES_IN_HAND,
            logger=_Discreet(logging.getLogger(__name__)),
        )
    except InvalidStatus as refused:
        telemetry.count(Event.UPSTREAM_REFUSED)
        raise _counted(_refused(refused.response), telemetry) from None
    except (OSError, TimeoutError, WebSocketException, ImportError) as error:
        # ImportError: a SOCKS proxy in the environment without the package that speaks SOCKS.
        telemetry.count(Event.UPSTREAM_UNREACHABLE)
        raise _counted(_unreachable(error), telemetry) from None
    telemetry.count(Event.UPSTREAM_OPENED)
    telemetry.time(Span.UPSTREAM_OPENING, time.monotonic() - began)
    return WebSocketConnection(socket, patience, telemetry)


class _Opening(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        # A redirect to another host would take an `api-key` header along; only Authorization is stripped.
        return exc


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """A logger without a DEBUG level: at DEBUG, websockets writes the key's header and every spoken word."""

    def isEnabledFor(self, level: int) -> bool:
        return level > logging.DEBUG and super().isEnabledFor(level)

    def process(self, msg: object, kwargs: Any) -> tuple[object, Any]:
        return msg, kwargs


def _counted(error: UpstreamError, telemetry: Telemetry) -> UpstreamError:
    telemetry.count(Event.UPSTREAM_ERROR, label=error.code)
    return error


def _unreachable(error: Exception) -> UpstreamError:
    if isinstance(error, TimeoutError):
        return UpstreamSilent()
    if isinstance(error, InvalidProxy | ProxyError):
        return UpstreamUnreachable(
            "The proxy of this server did not lead to the speech provider. "
            "Ask whoever runs it to check HTTPS_PROXY and NO_PROXY."
        )
    if isinstance(error, WebSocketException):
        return UpstreamUnreachable(
            "What answers at the speech provider's address does not speak WebSocket. "
            "Ask whoever runs this server to check REALTIME_BASE_URL."
        )
    if isinstance(error, ImportError):
        return UpstreamUnreachable(
            "This server is told to use a SOCKS proxy and cannot. Its operator has to install python-socks."
        )
    return UpstreamUnreachable()


def _refused(response: Response) -> UpstreamError:
    refusal = refusal_of_status(response.status_code, _error_code(response.body))
    return refusal.as_error(retry_after=_seconds(response.headers.get("Retry-After", "")))


def _error_code(body: bytes | bytearray | memoryview | None) -> str:
    """The error code in the JSON body of a refusal, as OpenAI and its likes write it.

    Some answer a wrong key with a status that says nothing of keys and tell the reason in a sentence alone.
    """
    if _WRONG_KEY.search(body or b""):
        return "invalid_api_key"
    with suppress(orjson.JSONDecodeError):
        answer = orjson.loads(body or b"{}")
        if isinstance(answer, dict):
            error = answer.get("error", answer)
            code = error.get("code") if isinstance(error, dict) else None
            return code if isinstance(code, str) else ""
    return ""


def _seconds(retry_after: str) -> int | None:
    """Retry-After, a number of seconds or a date, as whole seconds between 1 and LONGEST_RETRY_AFTER."""
    if retry_after.isdecimal():
        return min(max(1, int(retry_after)), LONGEST_RETRY_AFTER)
    with suppress(ValueError, TypeError):
        wait = parsedate_to_datetime(retry_after) - datetime.now(UTC)
        return min(max(1, round(wait.total_seconds())), LONGEST_RETRY_AFTER)
    return None


def is_this_machine(url: str) -> bool:
    """Whether `url` leads to where we are."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def is_in_the_clear(url: str) -> bool:
    """Whether what is sent to `url` can be read by others on its way."""
    return urlsplit(url).scheme in {"ws", "http"} and not is_this_machine(url)
