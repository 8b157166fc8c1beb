"""A client's end of our socket, without a server in between: what it sends and hears, and how it was closed."""

import asyncio
import contextvars
import json
from collections.abc import Callable
from typing import Any, cast

from channels.routing import URLRouter
from django.urls import re_path

from realtime.config import RealtimeConfig
from realtime.consumers import RealtimeConsumer
from realtime.direct import DIRECT, Frame
from realtime.providers.base import Provider
from realtime.timing import Timing
from tests.support.relay_stage import BRISK, Changes, Clock, Upstream

Event = dict[str, Any]
PATIENCE = 5.0
OWN = "voiceassist.v1"
GA = "realtime"


def key(secret: str) -> str:
    """A credential as browsers send it, in a subprotocol."""
    return f"openai-insecure-api-key.{secret}"


class Socket:
    """One socket, served by our consumer as a server would: through `receive` and `send` of an ASGI application.

    `direct`: the server hands frames over past its queue as well, where nobody has to wait; see `realtime.direct`.
    """

    def __init__(
        self,
        *subprotocols: str,
        bearer: str = "",
        origin: str | None = None,
        query: str = "model=gpt-realtime",
        timing: Timing = BRISK,
        provider_for: Callable[[RealtimeConfig], Provider] | None = None,
        direct: bool = False,
    ) -> None:
        self.changes = Changes()
        self.clock = Clock()
        self.upstream = Upstream(self.changes)
        self.accepted: Event | None = None
        self.heard: list[Event | bytes] = []
        self.closed: tuple[int, str] | None = None
        headers = [(b"host", b"127.0.0.1:8000")]
        if bearer:
            headers.append((b"authorization", f"Bearer {bearer}".encode()))
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        consumer = RealtimeConsumer.as_asgi(
            timing=timing, provider_for=provider_for or (lambda config: self.upstream), clock=self.clock
        )
        self._application = URLRouter([re_path(r"^v1/realtime$", cast(Any, consumer))])
        self._scope: Event = {
            "type": "websocket",
            "path": "/v1/realtime",
            "query_string": query.encode(),
            "headers": headers,
            "subprotocols": list(subprotocols),
        }
        self.hears: Callable[[Frame], bool] | None = None
        """The application's way past the queue."""
        self.heard_at_once = 0
        """How many frames the application took that way."""
        self.sent_at_once = 0
        """How many frames went to the client past `send`."""
        if direct:
            self._scope["extensions"] = {DIRECT: self}
        self._to_consumer: asyncio.Queue[Event] = asyncio.Queue()
        self._is_awaited = False
        """The consumer waits for a message."""
        self.serving: asyncio.Task[None] | None = None
        self.flows = asyncio.Event()
        """While this is not set, nothing goes over it."""
        self.flows.set()
        self.is_gone = False
        """Sending fails, and nobody has told the consumer."""

    # --- being there --------------------------------------------------------------------------------------------

    async def open(self) -> "Socket":
        """Shake hands."""
        self.connect()
        await self.until(lambda: self.accepted)
        return self

    def connect(self) -> None:
        """Begin to shake hands."""
        self._to_consumer.put_nowait({"type": "websocket.connect"})
        # A server calls the application in a context of its own, not in that of whoever happens to call.
        application: Any = self._application(
            cast(Any, self._scope), cast(Any, self._receive), cast(Any, self._send)
        )
        self.serving = asyncio.create_task(application, context=contextvars.Context())

    async def ready(self) -> "Socket":
        """Shake hands, if that is still to do, and wait for the greeting."""
        if self.serving is None:
            await self.open()
        await self.until(lambda: self.events("session.created") or self.closed)
        assert self.closed is None, self.heard
        return self

    def drop(self, code: int = 1006) -> None:
        """Vanish, and wait for nothing."""
        self._to_consumer.put_nowait({"type": "websocket.disconnect", "code": code})

    async def leave(self, code: int | None = 1000, **more: str) -> None:
        """Close the socket and wait until the consumer is done with it."""
        self._to_consumer.put_nowait({"type": "websocket.disconnect", "code": code} | more)
        await self.over()

    async def over(self) -> None:
        """Wait until the consumer is done, and raise what it raised."""
        assert self.serving is not None
        async with asyncio.timeout(PATIENCE):
            await self.serving

    # --- speaking and hearing -----------------------------------------------------------------------------------

    def say(self, kind: str, **members: Any) -> None:
        self.text(json.dumps({"type": kind, **members}))

    def types(self, text: str, item_id: str) -> None:
        content = [{"type": "input_text", "text": text}]
        item = {"id": item_id, "type": "message", "role": "user", "content": content}
        self.say("conversation.item.create", item=item)

    def text(self, frame: str) -> None:
        self._hand_on(frame, "text")

    def audio(self, pcm: bytes) -> None:
        self._hand_on(pcm, "bytes")

    def _hand_on(self, frame: Frame, kind: str) -> None:
        if self.hears is not None and self._is_awaited and self._to_consumer.empty() and self.hears(frame):
            self.heard_at_once += 1
            return
        self._to_consumer.put_nowait({"type": "websocket.receive", kind: frame})

    async def until(self, is_so: Callable[[], object]) -> None:
        await self.changes.until(is_so)

    async def refused(self) -> tuple[int, str]:
        """Shake hands, and be turned away: the close code, and the code of the error that was told before."""
        await self.open()
        await self.until(lambda: self.closed)
        [told] = self.events("error")
        assert self.closed is not None
        await self.leave(self.closed[0])
        return self.closed[0], told["error"]["code"]

    def events(self, kind: str) -> list[Event]:
        return [thing for thing in self.heard if isinstance(thing, dict) and thing["type"] == kind]

    def sounds(self) -> list[bytes]:
        return [thing for thing in self.heard if isinstance(thing, bytes)]

    async def _receive(self) -> Event:
        self._is_awaited = True
        try:
            return await self._to_consumer.get()
        finally:
            self._is_awaited = False

    def takes(self, frame: Frame) -> bool:
        """Send a frame at once, unless it would have to wait, or to fail."""
        if not self.flows.is_set() or self.is_gone or self.accepted is None or self.closed is not None:
            return False
        self.sent_at_once += 1
        self._hear(frame)
        self.changes.note()
        return True

    def _hear(self, frame: Frame) -> None:
        self.heard.append(frame if isinstance(frame, bytes) else json.loads(frame))

    async def _send(self, message: Event) -> None:
        await self.flows.wait()
        if self.is_gone:
            raise OSError("the client is gone")
        match message["type"]:
            case "websocket.accept":
                self.accepted = message
            case "websocket.close":
                self.closed = (message["code"], message["reason"])
            case "websocket.send":
                self._hear(message["bytes"] if message.get("bytes") else message["text"])
        self.changes.note()
