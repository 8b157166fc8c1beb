"""A stage for one relay: an upstream, a client and a ledger in memory, each of which can be slow, deaf or broken."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from realtime.errors import EndReason, UpstreamClosed
from realtime.ledger import Saved
from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.effects import Turn
from realtime.protocol.session import SessionSetup
from realtime.providers.base import Description
from realtime.relay import Relay
from realtime.telemetry import Tally
from realtime.timing import Ended, Timing
from tests.support import upstream_turns
from tests.support.heard import OneByOne

Event = dict[str, Any]
PATIENCE = 5.0
"""Seconds that a test waits for what it claims, before it says that it did not happen."""
BRISK = Timing(
    stall=0.2, trailing=0.3, farewell=0.05, parked=0.2, tick=0.02, behind=0.2, lease=0.05, haste=100.0
)
"""A relay's waits, short enough for tests."""


class Changes:
    """Wakes whoever waits until something is so, whenever something happened."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()

    def note(self) -> None:
        self._happened.set()

    async def until(self, is_so: Callable[[], object]) -> None:
        """Wait until `is_so`. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while not is_so():
                self._happened.clear()
                await self._happened.wait()


class Clock:
    """The running loop's time, which can be put forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self._ahead

    def forward(self, seconds: float) -> None:
        """Let so much time have passed."""
        self._ahead += seconds


class Gate:
    """A passage that can be shut; those who want through wait before it."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._open = asyncio.Event()
        self._open.set()
        self.waiting = 0
        self.arrivals = 0
        """How many ever came to it."""

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def through(self) -> None:
        self.waiting += 1
        self.arrivals += 1
        self._changes.note()
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1


class Connection(OneByOne):
    """One connection to an upstream. Its frames are those that were said before anybody opened it, and after."""

    def __init__(self, upstream: "Upstream") -> None:
        self.received: list[Event] = []
        self.frames: asyncio.Queue[str | UpstreamClosed] = asyncio.Queue()
        self.lost: UpstreamClosed | None = None
        self.is_taken = False
        self.times_closed = 0
        self._upstream = upstream

    async def send(self, frame: str) -> None:
        upstream = self._upstream
        await upstream.gate.through()
        if self.lost is not None:
            upstream.sends_failed += 1
            upstream.changes.note()
            raise self.lost
        self._take(frame)

    def takes(self, frame: str) -> bool:
        if not self._upstream.gate.is_open or self.lost is not None:
            return False
        self._take(frame)
        return True

    def _take(self, frame: str) -> None:
        event = json.loads(frame)
        self.received.append(event)
        if self._upstream.greets and event["type"] == "session.update":
            self.say(upstream_turns.updated(**event["session"]))
        self._upstream.changes.note()

    async def receive(self) -> str:
        await self._upstream.mouth.through()
        frame = await self.frames.get()
        self._upstream.changes.note()
        if isinstance(frame, UpstreamClosed):
            raise frame
        return frame

    async def close(self) -> None:
        self.times_closed += 1
        self._upstream.changes.note()
        await self._upstream.exit.through()

    def say(self, *events: Event) -> None:
        for event in events:
            self.frames.put_nowait(json.dumps(event))

    def kinds(self) -> list[str]:
        """The types of what was received, set-up left out."""
        return [event["type"] for event in self.received if event["type"] != "session.update"]

    def heard(self) -> bytes:
        """The microphone audio that was received."""
        return b"".join(
            base64.b64decode(event["audio"])
            for event in self.received
            if event["type"] == "input_audio_buffer.append"
        )


class Upstream:
    """A provider and its connections, of which the latest speaks. `greets`: each takes part in the set-up by itself."""

    description = Description("scripted", "Scripted", "scripted-1", True, ("marin",), "marin")

    def __init__(self, changes: Changes, *, greets: bool = True) -> None:
        self.greets = greets
        self.changes = changes
        self.door = Gate(changes)
        """Before a connection is made."""
        self.gate = Gate(changes)
        """Before what is sent to it."""
        self.mouth = Gate(changes)
        """Before what it says."""
        self.exit = Gate(changes)
        """Before a connection is closed."""
        self.sends_failed = 0
        self.refusal: Exception | None = None
        self.refused = 0
        """How often a connection was refused."""
        self.connections: list[Connection] = [Connection(self)]

    # --- for the test -------------------------------------------------------------------------------------------

    @property
    def latest(self) -> Connection:
        return self.connections[-1]

    def say(self, *events: Event) -> None:
        self.latest.say(*events)

    def drop(self, code: int = 1006, reason: str = "") -> None:
        """End the connection, after all that was said. Sending fails from now on."""
        self.latest.lost = UpstreamClosed(code, reason)
        self.latest.frames.put_nowait(self.latest.lost)

    @property
    def is_read(self) -> bool:
        """Whether all that was said has been taken."""
        return self.latest.frames.empty()

    @property
    def received(self) -> list[Event]:
        """All that was received, on whatever connection."""
        return [event for connection in self.connections for event in connection.received]

    def kinds(self) -> list[str]:
        """The types of what was received, set-up left out."""
        return [kind for connection in self.connections for kind in connection.kinds()]

    @property
    def is_open(self) -> bool:
        return any(connection.is_taken and not connection.times_closed for connection in self.connections)

    @property
    def times_closed(self) -> int:
        return sum(connection.times_closed for connection in self.connections)

    # --- for the relay ------------------------------------------------------------------------------------------

    def check(self) -> None: ...

    async def connect(self, *, safety_identifier: str) -> Connection:
        await self.door.through()
        if self.refusal is not None:
            self.refused += 1
            self.changes.note()
            raise self.refusal
        if self.latest.is_taken:
            self.connections.append(Connection(self))
        self.latest.is_taken = True
        if self.greets:
            self.say(upstream_turns.created())
        self.changes.note()
        return self.latest


class Audience:
    """A client."""

    def __init__(self, changes: Changes) -> None:
        self.heard: list[Event | bytes] = []
        self.gate = Gate(changes)
        self.is_gone = False
        self.is_dismissed = False
        self._changes = changes

    async def send_text(self, frame: str) -> None:
        await self._take(json.loads(frame))

    async def send_audio(self, pcm: bytes) -> None:
        await self._take(pcm)

    def takes(self, frame: str | bytes) -> bool:
        if not self.gate.is_open or self.is_gone:
            return False
        self._hear(json.loads(frame) if isinstance(frame, str) else frame)
        return True

    async def _take(self, thing: Event | bytes) -> None:
        await self.gate.through()
        if self.is_gone:
            raise OSError("the client is gone")
        self._hear(thing)

    def _hear(self, thing: Event | bytes) -> None:
        self.heard.append(thing)
        self._changes.note()

    def dismiss(self, *, may_return: bool = False) -> None:
        self.is_dismissed = True
        self._changes.note()

    def events(self, kind: str) -> list[Event]:
        return [thing for thing in self.heard if isinstance(thing, dict) and thing["type"] == kind]


class Book:
    """A ledger in memory."""

    def __init__(self, changes: Changes) -> None:
        self.turns: dict[str, Turn] = {}
        self.usage: list[Event] = []
        self.waits: list[int] = []
        """How many milliseconds each answer took to sound."""
        self.gate = Gate(changes)
        self.verdict: EndReason | None = None
        self.is_taken_over = False
        self.failure: Exception | None = None
        self.renewals = 0
        self.states: list[str] = []
        """What was written down of the client: that it is waited for, that it is there."""
        self.left: float | None = None
        """For how many seconds the person may surely go on talking."""
        self._changes = changes

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        await self.gate.through()
        if self.failure is not None:
            raise self.failure
        if self.is_taken_over:
            return None
        key = turn.key or turn.item_id
        self.turns[key] = turn
        self._changes.note()
        return Saved(f"message of {key}", list(self.turns).index(key))

    async def record_usage(self, usage: Event) -> None:
        self.usage.append(usage)
        self._changes.note()

    async def record_first_audio(self, milliseconds: int) -> None:
        self.waits.append(milliseconds)
        self._changes.note()

    async def park(self, seconds_ago: float) -> None:
        self.states.append("waiting")
        self._changes.note()

    async def take_back(self) -> bool:
        self.states.append("live")
        self._changes.note()
        return not self.is_taken_over

    async def renew(self) -> EndReason | None:
        self.renewals += 1
        self._changes.note()
        return self.verdict

    async def surely_left(self) -> float | None:
        return self.left

    def said(self) -> list[tuple[str, str, str]]:
        """Role, status and words of every turn, in the order in which they were first told."""
        return [(turn.role, turn.status, turn.text) for turn in self.turns.values()]


def setup_of(**given: Any) -> SessionSetup:
    """A session's setup; whatever matters to a test is given by name."""
    plain: dict[str, Any] = {
        "session_id": "rtc_1_0123456789abcdef01234567",
        "conversation_id": "5f0e6c36-60b8-4bd0-8ea4-0d6f8f3f4c11",
        "model": "scripted-1",
        "provider_name": "scripted",
        "provider_label": "Scripted",
        "is_language_model": True,
        "instructions": "Be kind.",
        "voice": "marin",
        "transcription_model": "gpt-transcribe",
    }
    return SessionSetup(**(plain | given))


@dataclass(slots=True)
class Stage:
    """A relay that runs, and those around it."""

    relay: Relay
    upstream: Upstream
    audience: Audience
    book: Book
    changes: Changes
    clock: Clock
    tally: Tally
    running: "asyncio.Task[Ended]" = field(init=False)

    async def until(self, is_so: Callable[[], object]) -> None:
        await self.changes.until(is_so)

    async def ready(self) -> None:
        """Wait until the client was greeted."""
        await self.until(lambda: self.audience.events("session.created"))

    async def client(self, kind: str, **members: Any) -> None:
        """The client sends an event."""
        await self.relay.offer(json.dumps({"type": kind, **members}))

    async def types(self, text: str, item_id: str) -> None:
        """The client types a turn."""
        content = [{"type": "input_text", "text": text}]
        item = {"id": item_id, "type": "message", "role": "user", "content": content}
        await self.client("conversation.item.create", item=item)

    async def ended(self) -> Ended:
        """Wait for the end of the session."""
        async with asyncio.timeout(PATIENCE):
            return await self.running


@asynccontextmanager
async def staged(
    *,
    greets: bool = True,
    timing: Timing = BRISK,
    begins: bool = True,
    left: float | None = None,
    **setup: Any,
) -> AsyncIterator[Stage]:
    """A running relay. Whatever it leaves running at the end is a failure."""
    before = asyncio.all_tasks()
    changes = Changes()
    upstream, audience, book = Upstream(changes, greets=greets), Audience(changes), Book(changes)
    book.left = left
    clock, tally = Clock(), Tally()
    relay = Relay(
        core=RealtimeProtocol(setup_of(**setup), clock()),
        client=audience,
        provider=upstream,
        ledger=book,
        safety_identifier="somebody",
        clock=clock,
        timing=timing,
        telemetry=tally,
    )
    stage = Stage(relay, upstream, audience, book, changes, clock, tally)
    if begins:
        stage.running = asyncio.create_task(relay.run())
    yield stage
    relay.client_left(clean=True)
    for gate in (upstream.door, upstream.gate, upstream.mouth, upstream.exit, audience.gate, book.gate):
        gate.open()
    await asyncio.wait([stage.running], timeout=PATIENCE)
    left_behind = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left_behind, left_behind
