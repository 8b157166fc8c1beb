"""The steps of a scripted upstream, and the connection as they see it."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers

from realtime.tasks import first_of
from tests.support.scripted_session import Json

_BYTES_PER_MS = 48
_APPEND = "input_audio_buffer.append"

Emission = Json | str | bytes
"""An event, or a frame as it is: text that is no JSON, or a binary frame."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """How a client introduced itself."""

    path: str
    query: dict[str, str]
    headers: Headers
    subprotocols: tuple[str, ...]
    at: float = field(default_factory=time.monotonic)
    """When it came, on the monotonic clock."""


class OffScript(Exception):
    """The client did something else than the script says."""


class Step(Protocol):
    """One line of a script."""

    async def play(self, link: "Link") -> None: ...


Script = Sequence[Step]


@dataclass(slots=True)
class Link:
    """One connection, as the steps of its script see it."""

    handshake: Handshake
    session: Json
    script: Script
    fresh: Callable[[str], str]
    """Makes an id from a prefix such as `item`."""
    stopping: asyncio.Event
    gates: dict[str, asyncio.Event]
    frames: list[Json] = field(default_factory=list)
    """Everything received on this connection that was JSON."""
    last: Json = field(default_factory=dict)
    """The latest frame that a step expected."""
    last_item: str | None = None
    """The id of the latest item of the conversation."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What one step leaves for a later one."""
    heard_ms: float = 0
    """Milliseconds of audio received and not yet taken by `ExpectAudio`."""
    steps_played: int = 0
    _socket: ServerConnection | None = None
    _arrivals: "asyncio.Queue[Json | None]" = field(default_factory=asyncio.Queue)
    _audio_arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _has_left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def unplayed(self) -> Script:
        """The steps to come. One that hangs is played as soon as its turn has come."""
        left = self.script[self.steps_played :]
        return left[1:] if left and isinstance(left[0], Hang) else left

    @property
    def socket(self) -> ServerConnection:
        assert self._socket is not None, "the handshake is not over"
        return self._socket

    def begin(self, socket: ServerConnection) -> None:
        self._socket = socket

    def arrived(self, frame: Json) -> None:
        self.frames.append(frame)
        if frame.get("type") == _APPEND:
            self.heard_ms += len(frame.get("audio", "")) * 3 / 4 / _BYTES_PER_MS
            self._audio_arrived.set()
        else:
            self._arrivals.put_nowait(frame)

    def left(self) -> None:
        self._has_left.set()
        self._arrivals.put_nowait(None)
        self._audio_arrived.set()

    async def next(self) -> Json:
        """The next frame that is not microphone audio. Raises OffScript when the client has left."""
        frame = await self._arrivals.get()
        if frame is None:
            raise OffScript("the client left")
        return frame

    async def audio(self, ms: float) -> None:
        """Wait for that much microphone audio. Raises OffScript when the client has left."""
        while self.heard_ms < ms:
            if self._has_left.is_set():
                raise OffScript(f"the client left after {self.heard_ms:.0f} ms of audio")
            self._audio_arrived.clear()
            await self._audio_arrived.wait()
        self.heard_ms -= ms

    async def send(self, emission: Emission) -> None:
        if isinstance(emission, dict):
            emission = json.dumps({"type": emission["type"], "event_id": self.fresh("event")} | emission)
        await self.socket.send(emission)


@dataclass(frozen=True, slots=True)
class Expect:
    """The next frame is of that type, and `such_that` holds for it. Microphone audio in between is no matter."""

    kind: str
    such_that: Callable[[Json], object] = lambda frame: True

    async def play(self, link: Link) -> None:
        frame = await link.next()
        if frame.get("type") != self.kind:
            raise OffScript(f"expected {self.kind}, received {json.dumps(frame)[:500]}")
        if not self.such_that(frame):
            raise OffScript(f"a {self.kind} that is not as expected: {json.dumps(frame)[:500]}")
        link.last = frame


@dataclass(frozen=True, slots=True)
class ExpectAudio:
    """At least that many milliseconds of microphone audio arrive."""

    ms: float

    async def play(self, link: Link) -> None:
        await link.audio(self.ms)


class Emit:
    """Send events (or raw frames), or what a function of the connection makes of its state."""

    def __init__(self, *emissions: Emission | Callable[[Link], Iterable[Emission]]) -> None:
        self._emissions = emissions

    async def play(self, link: Link) -> None:
        for emission in self._emissions:
            for each in emission(link) if callable(emission) else (emission,):
                await link.send(each)


@dataclass(frozen=True, slots=True)
class Gate:
    """Go on when the test calls `upstream.open_gate(name)`."""

    name: str

    async def play(self, link: Link) -> None:
        gate = link.gates.setdefault(self.name, asyncio.Event())
        await first_of(gate.wait(), link.stopping.wait())
        if not gate.is_set():
            raise OffScript(f"the gate {self.name!r} was not opened")


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection with a code and a reason."""

    code: int = 1000
    reason: str = ""

    async def play(self, link: Link) -> None:
        await link.socket.close(self.code, self.reason)


class Drop:
    """Cut the connection without a word."""

    async def play(self, link: Link) -> None:
        link.socket.transport.abort()


class Reset:
    """Cut the connection with an RST, as a machine does that knows nothing of it any more."""

    async def play(self, link: Link) -> None:
        transport = link.socket.transport
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        link.notes["reset_at"] = time.monotonic()
        transport.abort()


class Hang:
    """Read nothing and answer nothing from now on, not even pings."""

    async def play(self, link: Link) -> None:
        link.socket.transport.pause_reading()
        await link.stopping.wait()


@dataclass(frozen=True, slots=True)
class AnswerHandshake:
    """Instead of the upgrade: an HTTP answer. Must be the first step."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def play(self, link: Link) -> None:
        raise OffScript("AnswerHandshake must be the first step")


class StallHandshake:
    """Take the connection and never answer the handshake. Must be the first step."""

    async def play(self, link: Link) -> None:
        raise OffScript("StallHandshake must be the first step")
