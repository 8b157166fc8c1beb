"""The pump of one session: two readers, three writers, one core. Knows neither Django nor Channels.

Whoever reads never waits between a frame and the queueing of its effects; whoever writes owns its destination alone.
The history writer outlives the others: hanging up cancels nothing that is being saved. Upstreams come and go: the
client stays, and what it says meanwhile waits until the next one is ready.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, assert_never

from realtime.errors import EndReason, InternalFault, RealtimeError, UpstreamClosed
from realtime.ledger import Entry, Ledger, weight
from realtime.outbox import Outbox
from realtime.protocol import wire
from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.effects import (
    AudioToClient,
    AudioToUpstream,
    Effect,
    End,
    FirstAudio,
    FrameToClient,
    PurgeAudio,
    Ready,
    Reconnect,
    RecordTurn,
    RecordUsage,
    TellOperator,
    ToClient,
    ToUpstream,
    Turn,
)
from realtime.providers.base import Provider, UpstreamConnection
from realtime.tasks import cancelled, finished
from realtime.telemetry import THIS_PROCESS, Span, Telemetry
from realtime.telemetry import Event as Happening
from realtime.upstream_line import Farewells, UpstreamLine

log = logging.getLogger(__name__)

INBOX_BYTES = 256 * 1024
"""What may wait of a client before its socket is read no further."""
CLIENT_BYTES = 16 * 1024 * 1024
"""What may wait for a slow client; answers come faster than they are spoken, so much of it is normal."""
LEDGER_CHARACTERS = 4 * 1024 * 1024
"""What may wait to be stored, while the database is away, before the client is read no further."""
_FOR_THE_OPERATOR: frozenset[EndReason] = frozenset(
    {"provider_auth", "provider_quota", "provider_failed", "provider_silent", "engine_busy"}
)
"""Ends that whoever runs the server finds in the log."""
_COUNTED = {"recycled": Happening.UPSTREAM_RECYCLED, "silent": Happening.UPSTREAM_SILENT}
"""Why an upstream was left, where it was not simply lost."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds."""

    stall: float = 10.0
    """A client that accepts no byte for so long is closed."""
    trailing: float = 2.0
    """How long upstream is heard after the end, for the words of a turn that is being transcribed."""
    farewell: float = 1.0
    """How long a client that takes nothing more has to say how it left."""
    tick: float = 1.0
    """How often the core's deadline is looked at. It moves with every event; being told of each would cost more."""
    lease: float = 30.0
    """How often, at least, an open session asks whether it may go on."""
    limit: float = 1.0
    """How often it asks at most while the day's minutes run out; by so much they may be overrun."""
    haste: float = 1.0
    """By what the core's pauses before another upstream are divided."""


class Client(Protocol):
    """The browser or program at the other end of our socket."""

    async def send_text(self, frame: str) -> None:
        """Raises OSError when the client is gone."""

    async def send_audio(self, pcm: bytes) -> None:
        """Raises OSError when the client is gone."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a session ended: the reason for its row, and the close code for its client."""

    reason: EndReason
    close_code: int
    client_is_gone: bool


@dataclass(slots=True)
class Relay:
    """Runs one session from the connection to upstream until everything is saved."""

    core: RealtimeProtocol
    client: Client
    provider: Provider
    ledger: Ledger
    safety_identifier: str
    clock: Callable[[], float] = time.monotonic
    timing: Timing = Timing()
    jitter: Callable[[], float] = random.random
    """Between 0 and 1: sessions that lost the same upstream do not all come back at once."""
    telemetry: Telemetry = field(default_factory=lambda: THIS_PROCESS)
    _inbox: Outbox[str | bytes] = field(default_factory=lambda: Outbox(INBOX_BYTES, len))
    _to_client: Outbox[str | bytes] = field(default_factory=lambda: Outbox(CLIENT_BYTES, len))
    _to_ledger: Outbox[Entry | None] = field(default_factory=lambda: Outbox(LEDGER_CHARACTERS, weight))
    _line: UpstreamLine = field(default_factory=UpstreamLine)
    _farewells: Farewells = field(default_factory=Farewells)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _was_ready: bool = False
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _heard_out: asyncio.Event = field(default_factory=asyncio.Event)
    _end: End | None = None
    _left_cleanly: bool | None = None
    """Whether the client said that it leaves; None while it is there."""

    # --- what the consumer tells us -----------------------------------------------------------------------------

    async def offer(self, frame: str | bytes) -> None:
        """Take a frame of the client's. Waits while the session is behind: that is the back-pressure."""
        self._inbox.put(frame)
        await self._inbox.room()

    def client_left(self, *, clean: bool) -> None:
        """The client's socket is closed."""
        if self._left_cleanly is None:
            self._left_cleanly = clean
            self._to_client.release()
        self._over.set()

    def end(self, reason: EndReason) -> None:
        """End the session from outside."""
        self._apply(self.core.end(reason, self.clock()))

    @property
    def is_leaving(self) -> bool:
        """Whether the client is gone."""
        return self._left_cleanly is not None

    # --- the session --------------------------------------------------------------------------------------------

    async def run(self) -> Ended:
        """Hold the session until it ends; nothing is left running or unsaved afterwards."""
        bookkeeping = asyncio.create_task(self._write_ledger(), name="ledger writer")
        try:
            await self._hold()
        finally:
            self._inbox.release()
            try:
                self._apply(self.core.finish(self.clock()))
            finally:
                self._to_ledger.put(None)
                await finished({bookkeeping} | self._farewells.under_way)
        if self._end is not None:
            return Ended(self._end.reason, self._end.close_code, client_is_gone=self.is_leaving)
        return Ended("client_lost" if self._left_cleanly is False else "client", 1000, client_is_gone=True)

    async def _hold(self) -> None:
        """Pump until the end; then hear upstream out, or let the client have what is queued for it."""
        tasks = [
            self._owned(work) for work in (self._converse, self._write_client, self._keep_time, self._renew)
        ]
        try:
            await self._over.wait()
            if self.is_leaving:
                await self._guarded(self._take_leave)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.timing.trailing):
                    if not self.is_leaving:
                        await self._to_client.drained()
                    if self._ready.is_set() and self.core.awaits_transcripts:
                        await self._heard_out.wait()
        finally:
            await cancelled(tasks)

    async def _take_leave(self) -> None:
        """What the client said before it left still counts, though nobody had come to read it yet."""
        while self._was_ready and self._inbox and self._end is None:
            self._hear_client(self._inbox.take())
        if self._end is None:
            self._apply(self.core.client_left(self.clock()))

    # --- upstream -----------------------------------------------------------------------------------------------

    async def _converse(self) -> None:
        """Everything that needs upstream, from the first connection to the last word of the last one."""
        reading = self._owned(self._read_client)
        try:
            line = None
            while line is not self._line:
                line = self._line
                await self._hold_line(line)
        finally:
            self._heard_out.set()
            await cancelled([reading])

    async def _hold_line(self, line: UpstreamLine) -> None:
        """One upstream; the core may ask for another one in its place."""
        try:
            await line.hold(self._connect, self._hear_upstream, self._farewells)
        except UpstreamClosed as error:
            if line is self._line:
                self.core.behind(line.unsent_audio)
                self._apply(self.core.upstream_closed(error.closed_with, error.reason, self.clock()))
        except RealtimeError as error:
            if line is self._line:
                self._apply(self.core.connection_failed(error, self.clock()))

    async def _connect(self) -> UpstreamConnection:
        return await self.provider.connect(safety_identifier=self.safety_identifier)

    def _hear_upstream(self, frame: str) -> None:
        self._apply(self.core.upstream_frame(frame, self.clock()))
        if self._over.is_set() and not self.core.awaits_transcripts:
            self._heard_out.set()

    def _replace_line(self, pause: float, code: str) -> None:
        """Leave this upstream; the next one follows after `pause` seconds."""
        self._ready.clear()
        self._line.let_go()
        self._line = UpstreamLine(pause / self.timing.haste * (1 + self.jitter() / 4))
        self.telemetry.count(_COUNTED.get(code, Happening.UPSTREAM_LOST))
        log.info("session %s lets go of its upstream: %s", self.core.setup.session_id, code)

    # --- the client ---------------------------------------------------------------------------------------------

    async def _read_client(self) -> None:
        while True:
            await self._inbox.filled()
            await self._ready.wait()
            if not (self._inbox and self._ready.is_set()):
                continue  # it happened while we waited for the other
            self._hear_client(self._inbox.take())
            await self._line.room()
            await self._to_ledger.room()
            pause = self.core.pace.pause(self.clock())
            if pause:
                await asyncio.sleep(pause)

    def _hear_client(self, frame: str | bytes) -> None:
        self._apply(self.core.client_frame(frame, self.clock()))
        self.core.behind(self._line.unsent_audio)

    async def _write_client(self) -> None:
        while True:
            frame = await self._to_client.get()
            try:
                async with asyncio.timeout(self.timing.stall):
                    if isinstance(frame, bytes):
                        await self.client.send_audio(frame)
                    else:
                        await self.client.send_text(frame)
            except TimeoutError:
                self._apply(self.core.end("slow_client", self.clock()))
            except OSError:
                # It is gone; whether it took its leave stands in the message with which its socket ends.
                self._to_client.release()
                await asyncio.sleep(self.timing.farewell)
                self.client_left(clean=False)
                return
            self._to_client.done()

    async def _write_ledger(self) -> None:
        """Store turns and figures one after another, until the sentinel comes."""
        while (entry := await self._to_ledger.get()) is not None:
            await self._guarded(partial(self._store, entry))

    async def _store(self, entry: Entry) -> None:
        match entry:
            case Turn():
                await self._store_turn(entry)
            case FirstAudio(seconds):
                await self.ledger.record_first_audio(round(seconds * 1000))
            case _:
                await self.ledger.record_usage(entry)

    async def _store_turn(self, turn: Turn) -> None:
        saved = await self.ledger.record_turn(turn, self.clock() - turn.at)
        if saved is None and not self._over.is_set():
            # Somebody else has the session now, or it is gone: whoever goes on speaking here would not be kept.
            await self._ask_to_go_on()
        elif saved is not None:
            self._apply(self.core.turn_saved(turn, saved.message_id, saved.position))

    async def _keep_time(self) -> None:
        """Wake the core when something of it is due."""
        while True:
            deadline = self.core.deadline()
            now = self.clock()
            if deadline is not None and deadline <= now:
                self.core.behind(self._line.unsent_audio)
                self._apply(self.core.tick(now))
            tick = self.timing.tick
            await asyncio.sleep(tick if deadline is None else min(tick, max(0.01, deadline - now)))

    async def _renew(self) -> None:
        while True:
            left = await self.ledger.surely_left()
            lease = self.timing.lease
            await asyncio.sleep(lease if left is None else min(lease, max(self.timing.limit, left)))
            await self._ask_to_go_on()

    async def _ask_to_go_on(self) -> None:
        reason = await self.ledger.renew()
        if reason is not None:
            self.end(reason)

    # --- effects ------------------------------------------------------------------------------------------------

    def _apply(self, effects: list[Effect]) -> None:
        """Queue what the core asks for. Never waits; the bounds are held by whoever reads."""
        for effect in effects:
            match effect:
                case AudioToUpstream(pcm):
                    self._line.put(pcm)
                case FrameToClient(frame):
                    self._queue_client(frame)
                case AudioToClient(pcm):
                    self._queue_client(pcm)
                case ToClient(event):
                    self._queue_client(wire.encode(event))
                case ToUpstream(event):
                    self._line.put(wire.encode(event))
                case PurgeAudio():
                    self._to_client.purge(lambda frame: isinstance(frame, bytes))
                case RecordTurn(turn):
                    self._to_ledger.put(turn)
                case RecordUsage(usage):
                    self._to_ledger.put(usage)
                case FirstAudio(seconds):
                    self.telemetry.time(Span.FIRST_AUDIO, seconds)
                    self._to_ledger.put(effect)
                case Ready():
                    self._was_ready = True
                    self._ready.set()
                case Reconnect(pause, code):
                    self._replace_line(pause, code)
                case TellOperator(code):
                    log.warning("session %s: %s", self.core.setup.session_id, code)
                case End(reason, _, code):
                    self._end = effect
                    self._over.set()
                    if reason in _FOR_THE_OPERATOR:
                        log.warning("session %s ends: %s", self.core.setup.session_id, code)
                case _:
                    assert_never(effect)

    def _queue_client(self, frame: str | bytes) -> None:
        if not self.is_leaving:
            self._to_client.put(frame)
            if self._to_client.is_over_full:
                self._apply(self.core.end("slow_client", self.clock()))

    # --- tasks --------------------------------------------------------------------------------------------------

    def _owned(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """A task whose failure ends the session; its starter awaits it through `_cancelled`."""
        return asyncio.create_task(self._guarded(work))

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work`; whatever goes wrong in it ends the session and is told in our words."""
        try:
            await work()
        except RealtimeError as error:
            self._apply(self.core.failed(error, self.clock()))
        except Exception:
            log.exception("session %s ends over a fault of ours", self.core.setup.session_id)
            self._apply(self.core.failed(InternalFault(), self.clock()))
