"""The engine as a Realtime server on a port of its own, for any client that speaks the Realtime API."""

import asyncio
import hmac
import http
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from realtime.engine.dialogue.frames import ClientError, Json, encode, error_body, fresh_id
from realtime.engine.server import Engine, EngineClosed, EngineSession

FRAME_LIMIT = 16 * 1024 * 1024
"""Bytes of one frame: an append may carry 15 MiB of base64."""

PROTOCOL = "realtime"
_KEY_PREFIX = "openai-insecure-api-key."
_BETA_PROTOCOL = "openai-beta.realtime-v1"
_LOOPBACK_ORIGIN = re.compile(r"https?://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?")
_CALL_NOT_FOUND: Json = {
    "message": "No session found for the provided call_id",
    "type": "invalid_request_error",
    "code": "call_id_not_found",
    "param": "",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Told after the upgrade, as OpenAI does: a browser sees nothing of a refused handshake."""

    close_code: int
    code: str
    message: str

    @property
    def reason(self) -> str:
        return f"invalid_request_error.{self.code}"


_WRONG_KEY = Refusal(3000, "invalid_api_key", "Incorrect API key provided.")
_BETA = Refusal(
    4000,
    "beta_api_shape_disabled",
    "The beta shape of the Realtime API is not served. Leave the beta header out.",
)
_NO_CONVERSATION = Refusal(
    4000, "invalid_value", "This engine holds conversations only: leave the intent parameter out."
)


class RealtimeServer:
    """Lets clients in and joins each to a session of the engine."""

    def __init__(self, engine: Engine, *, api_key: str = "") -> None:
        self._engine = engine
        self._api_key = api_key

    def process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer over HTTP what cannot become a session."""
        address = urlsplit(request.path)
        if not address.path.rstrip("/").endswith("/realtime"):
            return connection.respond(
                http.HTTPStatus.NOT_FOUND, "The Realtime API is at /v1/realtime, as a WebSocket.\n"
            )
        if "call_id" in parse_qs(address.query):
            return connection.respond(http.HTTPStatus.NOT_FOUND, encode(_CALL_NOT_FOUND))
        origin = request.headers.get("Origin")
        if not self._api_key and origin is not None and not _LOOPBACK_ORIGIN.fullmatch(origin):
            # Without a key nothing else would keep a web page somewhere from talking to this machine.
            return connection.respond(
                http.HTTPStatus.FORBIDDEN, "Pages of other machines need a server with a key.\n"
            )
        return None

    def select_subprotocol(
        self, connection: ServerConnection, offered: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        return Subprotocol(PROTOCOL) if PROTOCOL in offered else None

    async def handle(self, connection: ServerConnection) -> None:
        """One connection, from the upgrade to its end."""
        request = connection.request
        if request is None:
            return  # without a handshake there is nobody to serve; the types ask, it does not happen
        query = parse_qs(urlsplit(request.path).query)
        offered = [
            name.strip() for name in ",".join(request.headers.get_all("Sec-WebSocket-Protocol")).split(",")
        ]
        refusal = self._refusal(request, offered, query)
        if refusal is not None:
            await _refuse(connection, refusal)
            return
        session = await self._engine.open(query.get("model", [""])[0])
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_upward(connection, session))
                tasks.create_task(_downward(connection, session))
        finally:
            await session.close()

    def _refusal(
        self, request: Request, offered: Sequence[str], query: dict[str, list[str]]
    ) -> Refusal | None:
        if "realtime=v1" in request.headers.get("OpenAI-Beta", "") or _BETA_PROTOCOL in offered:
            return _BETA
        if self._api_key and not self._holds_key(request, offered):
            return _WRONG_KEY
        return _NO_CONVERSATION if "intent" in query else None

    def _holds_key(self, request: Request, offered: Sequence[str]) -> bool:
        given = [name.removeprefix(_KEY_PREFIX) for name in offered if name.startswith(_KEY_PREFIX)]
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given.append(bearer.strip())
        return any(hmac.compare_digest(key.encode(), self._api_key.encode()) for key in given)


@asynccontextmanager
async def serving(engine: Engine, *, host: str, port: int, api_key: str = "") -> AsyncIterator[str]:
    """Serve `engine` and give the address clients connect to; port 0 takes a free one. The engine is closed at the end.

    Raises OSError when the port cannot be had.
    """
    server = RealtimeServer(engine, api_key=api_key)
    try:
        async with serve(
            server.handle,
            host,
            port,
            process_request=server.process_request,
            select_subprotocol=server.select_subprotocol,
            # Audio does not compress, and every frame would pay for the attempt.
            compression=None,
            max_size=FRAME_LIMIT,
        ) as listener:
            taken = next(iter(listener.sockets)).getsockname()[1]
            yield f"ws://{f'[{host}]' if ':' in host else host}:{taken}/v1/realtime"
    finally:
        await engine.close()


async def _upward(connection: ServerConnection, session: EngineSession) -> None:
    try:
        async for frame in connection:
            await session.send(frame if isinstance(frame, str) else frame.decode(errors="replace"))
    except (ConnectionClosed, EngineClosed):
        pass
    finally:
        await session.close()


async def _downward(connection: ServerConnection, session: EngineSession) -> None:
    try:
        while True:
            await connection.send(await session.receive())
    except EngineClosed as closed:
        await connection.close(closed.code, closed.reason)
    except ConnectionClosed:
        await session.close()


async def _refuse(connection: ServerConnection, refusal: Refusal) -> None:
    error = error_body(ClientError(refusal.code, refusal.message), None)
    await connection.send(encode({"type": "error", "event_id": fresh_id("event"), "error": error}))
    await connection.close(refusal.close_code, refusal.reason)
