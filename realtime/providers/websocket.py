"""The way to an open WebSocket to a Realtime server: the handshake, and every refusal in our own words."""

import logging
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidProxy, InvalidStatus, ProxyError, WebSocketException
from websockets.http11 import Response
from websockets.protocol import State

from realtime.errors import UpstreamError, UpstreamSilent, UpstreamUnreachable
from realtime.framing import carry
from realtime.protocol.refusals import refusal_of_status
from realtime.providers.connection import LARGEST_FRAME, Patience, WebSocketConnection
from realtime.telemetry import THIS_PROCESS, Event, Span, Telemetry

USER_AGENT = f"VoiceAssist/{version('voiceassist')}"
LONGEST_RETRY_AFTER = 3600
PATIENCE = Patience()
_YES = b"HTTP/1.1 101"
LARGEST_HEAD = 256 * 1024
"""Bytes. The library gives up earlier, once it is given them; a session may stand right behind the head."""
_WRONG_KEY = re.compile(rb"(?i)\b(?:incorrect|invalid) api[ _-]?key\b")


async def open_websocket(
    url: str,
    *,
    headers: Mapping[str, str],
    patience: Patience = PATIENCE,
    telemetry: Telemetry = THIS_PROCESS,
) -> WebSocketConnection:
    """Open `url` (ws or wss).

    Raises UpstreamUnreachable when no WebSocket could be had, UpstreamSilent when the handshake was not answered in
    time, UpstreamRefused when the server answered it with a status that says why. No error text holds a header, the
    URL or a word of the server's.
    """
    began = time.monotonic()
    connection = WebSocketConnection(patience, telemetry)
    try:
        await _Opening(
            url,
            additional_headers=headers,
            user_agent_header=USER_AGENT,
            # Audio in base64 gains little and costs both sides CPU on the audio path.
            compression=None,
            # HTTPS_PROXY and its kin are honoured: behind many firewalls they are the only way out. A server
            # on this very machine is never behind one, whatever NO_PROXY forgets to say.
            proxy=None if is_this_machine(url) else True,
            open_timeout=patience.opening,
            ping_interval=None,  # it is handed over before the first would be due
            create_connection=cast(type[ClientConnection], partial(_Handover, connection, patience)),
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
    return connection


class _Handover(ClientConnection):
    """Makes the handshake and hands the connection over with what stands behind it: some servers say at once all that
    they have to say."""

    def __init__(self, to: WebSocketConnection, patience: Patience, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._to, self._patience = to, patience
        self._head: bytes | None = b""
        """What came so far of an answer that is a yes, or may become one."""

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            super().data_received(data)
            return
        self._head += data
        if not self._head.startswith(_YES[: len(self._head)]) or len(self._head) > LARGEST_HEAD:
            data, self._head = self._head, None
            super().data_received(data)
        elif (end := self._head.find(b"\r\n\r\n") + 4) > 3:
            super().data_received(self._head[:end])
            if self.protocol.state is State.OPEN:
                self._hand_over(self._head[end:])

    def _hand_over(self, early: bytes) -> None:
        carry(
            self.transport,
            self._to,
            is_client=True,
            largest=LARGEST_FRAME,
            early=early,
            ping_interval=self._patience.ping_interval,
            ping_timeout=self._patience.ping_timeout,
        )


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
