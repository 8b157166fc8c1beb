"""A stage for one relay: an upstream, a client and a ledger in memory, each of which can be slow, deaf or broken."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from realtime.errors import EndReason, UpstreamClosed
from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.effects import Turn
from realtime.protocol.session import SessionSetup
from realtime.providers.base import Description
from realtime.relay import Ended, Relay, Saved, Timing
from tests.support import upstream_turns

Event = dict[str, Any]
PATIENCE = 5.0
"""Seconds that a test waits for what it claims, before it says that it did not happen."""
BRISK = Timing(stall=0.2, trailing=0.3, farewell=0.05, tick=0.02, lease=0.05)
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


class Gate:
    """A passage that can be shut; those who want through wait before it."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._open = asyncio.Event()
        self._open.set()
        self.waiting = 0

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def through(self) -> None:
        self.waiting += 1
        self._changes.note()
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1


class Upstream:
    """A provider and its only connection. `greets`: it takes part in the set-up by itself."""

    description = Description("scripted", "Scripted", "scripted-1", True, ("marin",), "marin")

    def __init__(self, changes: Changes, *, greets: bool = True) -> None:
        self.received: list[Event] = []
        self.gate = Gate(changes)
        """Before what is sent to it."""
        self.mouth = Gate(changes)
        """Before what it says."""
        self.sends_failed = 0
        self.refusal: Exception | None = None
        self.is_open = False
        self.times_closed = 0
        self._greets = greets
        self._changes = changes
        self._frames: asyncio.Queue[str | UpstreamClosed] = asyncio.Queue()
        self._closed: UpstreamClosed | None = None

    # --- for the test -------------------------------------------------------------------------------------------

    def say(self, *events: Event) -> None:
        for event in events:
            self._frames.put_nowait(json.dumps(event))

    def drop(self, code: int = 1006, reason: str = "") -> None:
        """End the connection, after all that was said. Sending fails from now on."""
        self._closed = UpstreamClosed(code, reason)
        self._frames.put_nowait(self._closed)

    @property
    def is_read(self) -> bool:
        """Whether all that was said has been taken."""
        return self._frames.empty()

    def kinds(self) -> list[str]:
        """The types of what was received, set-up left out."""
        return [event["type"] for event in self.received if event["type"] != "session.update"]

    # --- for the relay ------------------------------------------------------------------------------------------

    def check(self) -> None: ...

    async def connect(self, *, safety_identifier: str) -> "Upstream":
        if self.refusal is not None:
            raise self.refusal
        self.is_open = True
        if self._greets:
            self.say(upstream_turns.created())
        return self

    async def send(self, frame: str) -> None:
        await self.gate.through()
        if self._closed is not None:
            self.sends_failed += 1
            self._changes.note()
            raise self._closed
        event = json.loads(frame)
        self.received.append(event)
        if self._greets and event["type"] == "session.update":
            self.say(upstream_turns.updated(**event["session"]))
        self._changes.note()

    async def receive(self) -> str:
        await self.mouth.through()
        frame = await self._frames.get()
        self._changes.note()
        if isinstance(frame, UpstreamClosed):
            raise frame
        return frame

    async def close(self) -> None:
        self.is_open = False
        self.times_closed += 1
        self._changes.note()


class Audience:
    """A client."""

    def __init__(self, changes: Changes) -> None:
        self.heard: list[Event | bytes] = []
        self.gate = Gate(changes)
        self.is_gone = False
        self._changes = changes

    async def send_text(self, frame: str) -> None:
        await self._take(json.loads(frame))

    async def send_audio(self, pcm: bytes) -> None:
        await self._take(pcm)

    async def _take(self, thing: Event | bytes) -> None:
        await self.gate.through()
        if self.is_gone:
            raise OSError("the client is gone")
        self.heard.append(thing)
        self._changes.note()

    def events(self, kind: str) -> list[Event]:
        return [thing for thing in self.heard if isinstance(thing, dict) and thing["type"] == kind]


class Book:
    """A ledger in memory."""

    def __init__(self, changes: Changes) -> None:
        self.turns: dict[str, Turn] = {}
        self.usage: list[Event] = []
        self.gate = Gate(changes)
        self.verdict: EndReason | None = None
        self.is_taken_over = False
        self.failure: Exception | None = None
        self.renewals = 0
        self._changes = changes

    async def record_turn(self, turn: Turn, seconds_ago: float) -> Saved | None:
        await self.gate.through()
        if self.failure is not None:
            raise self.failure
        if self.is_taken_over:
            return None
        self.turns[turn.item_id] = turn
        self._changes.note()
        return Saved(f"message of {turn.item_id}", list(self.turns).index(turn.item_id))

    async def record_usage(self, usage: Event) -> None:
        self.usage.append(usage)
        self._changes.note()

    async def renew(self) -> EndReason | None:
        self.renewals += 1
        self._changes.note()
        return self.verdict

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
    *, greets: bool = True, timing: Timing = BRISK, begins: bool = True, **setup: Any
) -> AsyncIterator[Stage]:
    """A running relay. Whatever it leaves running at the end is a failure."""
    before = asyncio.all_tasks()
    changes = Changes()
    upstream, audience, book = Upstream(changes, greets=greets), Audience(changes), Book(changes)
    clock = asyncio.get_running_loop().time
    relay = Relay(
        core=RealtimeProtocol(setup_of(**setup), clock()),
        client=audience,
        provider=upstream,
        ledger=book,
        safety_identifier="somebody",
        clock=clock,
        timing=timing,
    )
    stage = Stage(relay, upstream, audience, book, changes)
    if begins:
        stage.running = asyncio.create_task(relay.run())
    yield stage
    relay.client_left(clean=True)
    for gate in (upstream.gate, upstream.mouth, audience.gate, book.gate):
        gate.open()
    await asyncio.wait([stage.running], timeout=PATIENCE)
    left_behind = asyncio.all_tasks() - before
    assert not left_behind, left_behind
