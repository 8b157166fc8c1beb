"""The pump of one session: two readers, three writers, one core. Knows neither Django nor Channels.

Whoever reads never waits between a frame and the queueing of its effects; whoever writes owns its destination alone.
The history writer outlives the others: hanging up cancels nothing that is being saved. Upstreams come and go: the
client stays, and what it says meanwhile waits until the next one is ready. A client that was lost may come back within
its time, on another socket: until then the session is parked, and everything but the client goes on.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
from functools import partial

from realtime.client_inbox import ClientInbox
from realtime.effect_handler import EffectHandler
from realtime.errors import EndReason, RealtimeError, UpstreamClosed
from realtime.ledger import Bookkeeper, ClientAway, ClientBack, Ledger, Saved
from realtime.light_event import LightEvent
from realtime.meter import Meter
from realtime.passage import Passage
from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.effects import Effect, End, Turn
from realtime.protocol.policy import Seen
from realtime.providers.base import Provider, UpstreamConnection
from realtime.rounds import until_shared_beat
from realtime.seat import Client, Seat
from realtime.tasks import Crew, cancelled, finished
from realtime.telemetry import THIS_PROCESS, Depths, Telemetry
from realtime.telemetry import Event as Happening
from realtime.timing import Ended, Timing
from realtime.upstreams import Upstreams

log = logging.getLogger(__name__)

_QUIET_SECONDS = 0.05
"""How often a session that is to end when it is quiet looks whether it is."""


@dataclass(slots=True)
class Relay:
    """Runs one session from the connection to upstream until everything is saved."""

    core: RealtimeProtocol
    client: InitVar[Client | None]
    provider: Provider
    ledger: Ledger
    safety_identifier: str
    clock: Callable[[], float] = time.monotonic
    timing: Timing = field(default_factory=Timing)
    jitter: Callable[[], float] = random.random
    """Between 0 and 1: sessions that lost the same upstream do not all come back at once."""
    telemetry: Telemetry = field(default_factory=lambda: THIS_PROCESS)
    _inbox: ClientInbox = field(init=False)
    _seat: Seat = field(init=False)
    _books: Bookkeeper = field(init=False)
    _upstreams: Upstreams = field(init=False)
    _meter: Meter = field(init=False)
    _crew: Crew = field(init=False)
    _effects: EffectHandler = field(init=False)
    _passage: Passage = field(init=False)
    _was_ready: bool = False
    _is_over: bool = False
    _over: LightEvent = field(default_factory=LightEvent)
    _heard_out: LightEvent = field(default_factory=LightEvent)
    _end: End | None = None
    _is_draining: bool = False
    _writer: asyncio.Task[None] | None = None

    def __post_init__(self, client: Client | None) -> None:
        self._meter = Meter(self.telemetry, self.clock)
        self._seat = Seat(client, self._meter, keeps=self.core.setup.binary_audio)
        self._upstreams = Upstreams(self._connect, self)
        self._crew = Crew(f"session {self.core.setup.session_id}", self._failed)
        self._books = Bookkeeper(
            self.ledger,
            self.clock,
            self.telemetry,
            saved=self._saved,
            gone=self._gone,
            behind=lambda is_so: self._apply(self.core.storage(is_behind=is_so)),
            behind_after=self.timing.behind,
        )
        self._effects = EffectHandler(
            self.core.setup.session_id, self, self._seat, self._upstreams, self._books, self.telemetry
        )
        self._passage = Passage(
            self.core,
            self._seat,
            self._upstreams,
            self._meter,
            self.clock,
            self._apply,
            self._crew.went_wrong,
        )
        self._inbox = ClientInbox(
            self.core, self._upstreams, self._books, self.clock, self._passage.hear_client
        )

    # --- what the consumer tells us -----------------------------------------------------------------------------

    async def offer(self, frame: str | bytes, client: Client | None = None) -> None:
        """Take a frame of the client's. Waits while the session is behind: that is the back-pressure.

        A `client` whose place another one has is not heard any more.
        """
        if not self._seat.is_of(client):
            return
        self._meter.came(frame)
        if answer := self.core.aside(frame, self.clock()):
            # Not in its turn: it measures the way between the client and us, not how long upstream takes.
            self._apply(answer)
            await asyncio.sleep(self.core.pause(self.clock()))
            return
        self._seat.took(frame)
        if self._is_over or not self._passage.takes(frame, self._inbox):
            await self._inbox.put(frame)
            await asyncio.sleep(0)  # whoever sends a flood is not the only one

    def takes(self, frame: str | bytes, client: Client) -> bool:
        """The same for a frame for which nobody has to wait; False: it has to be offered."""
        if client is not self._seat.client:
            return True
        if self._is_over or (isinstance(frame, str) and self.core.may_be_aside(frame)):
            return False
        if not self._passage.takes(frame, self._inbox):
            return False
        self._meter.came(frame)
        self._seat.took(frame)
        return True

    def client_left(
        self, *, clean: bool, client: Client | None = None, because: EndReason | None = None
    ) -> None:
        """The client's socket is closed: whoever's it is, or that of `client`, if it still is the client.

        One in our own dress that did not say that it leaves is waited for, unless it was sent away `because` of
        something.
        """
        if not self._seat.is_of(client):
            return
        may_return = not (clean or because or self._is_draining or self._is_over)
        if may_return and self._seat.client is not None and self._seat.line.keeps:
            self._park()
        else:
            self._leave(because or ("client" if clean else "client_lost"))

    def lose_client(self, *, may_return: bool = False) -> None:
        """The client is about to come on another socket, whether or not it lost this one, or `may_return`."""
        client = self._seat.client
        if client is not None:
            self.client_left(clean=False)
            client.dismiss(may_return=may_return)

    def let_go(self) -> None:
        """Another process opens the session: do not wait for the client here."""
        self.lose_client()
        if self.is_parked:
            self._leave("client_lost")

    def take_up(self, client: Client, seen: Seen) -> bool:
        """The client is back and has seen so much. False when it cannot go on here, but has to begin anew."""
        greeting = partial(self.core.client_back, seen, self._seat.frames_taken, self.clock())
        if not self.is_parked or not self._seat.taken_up(client, seen, greeting):
            return False
        self._books.put(ClientBack())
        self._write_to(client)
        self.telemetry.count(Happening.SESSION_RESUMED)
        log.info("session %s goes on with its client back", self.core.setup.session_id)
        return True

    def end(self, reason: EndReason) -> None:
        """End the session from outside."""
        self._apply(self.core.end(reason, self.clock()))

    def drain(self, seconds: float) -> None:
        """The process has to stop: tell the client and end when it is quiet. Whoever calls ends what is not by then."""
        self._is_draining = True
        if self.is_parked:
            self._leave("client_lost")
        elif not self._is_over:
            self._apply(self.core.drain(seconds))
            self._crew.help(self._end_when_quiet)

    def is_with(self, client: Client) -> bool:
        """Whether that is the client at the moment, or was it at the end."""
        return self._seat.client is client

    @property
    def is_settling(self) -> bool:
        """Whether it only puts down what was said, and nobody is told any more."""
        return self._is_over and self._seat.client is None

    @property
    def is_parked(self) -> bool:
        """Whether the client was lost and is waited for."""
        return self._seat.lost_at is not None and not self._is_over

    def depths(self) -> Depths:
        """What waits, for whoever watches; asked from any thread."""
        line = self._seat.line
        return Depths(
            line.waiting_bytes,
            self._upstreams.line.waiting.weight,
            len(self._books.waiting),
            line.kept_bytes,
        )

    def _park(self) -> None:
        now = self.clock()
        self._stop_writing()
        self._seat.lost(now)
        self.core.client_away(now)
        self._books.put(ClientAway(now))
        self.telemetry.count(Happening.SESSION_PARKED)
        log.info("session %s waits for its client", self.core.setup.session_id)

    def _leave(self, reason: EndReason) -> None:
        self._seat.given_up(reason)
        self._ends()

    def _ends(self) -> None:
        self._is_over = True
        self._over.set()

    # --- the session --------------------------------------------------------------------------------------------

    async def run(self) -> Ended:
        """Hold the session until it ends; nothing is left running or unsaved afterwards."""
        bookkeeping = asyncio.create_task(self._books.write(self._crew.guarded), name="ledger writer")
        forget = self.telemetry.watch(self.depths)
        try:
            await self._hold()
        finally:
            self._inbox.release()
            try:
                self._apply(self.core.finish(self.clock()))
            finally:
                self._books.close()
                await finished({bookkeeping} | self._upstreams.farewells)
                forget()
                if self._end is not None and self._end.reason == "slow_client":
                    self._meter.dropped(len(self._seat.line), "slow_client")
                self._meter.tell()
                # Nobody comes back for it, and who refers to whom here is found out late.
                self._seat.line.forget()
        if self._end is not None:
            return Ended(self._end.reason, self._end.close_code, client_is_gone=self._seat.client is None)
        return Ended(self._seat.left or "client", 1000, client_is_gone=True)

    async def _hold(self) -> None:
        """Pump until the end; then hear upstream out, or let the client have what is queued for it."""
        if self._seat.client is not None and self._writer is None:
            self._write_to(self._seat.client)
        keep_lease = partial(self._books.renew, self.timing.lease, self.timing.limit)
        tasks = [self._crew.task(work) for work in (self._converse, self._keep_time, keep_lease)]
        try:
            await self._over.wait()
            if self._seat.left is not None:
                await self._crew.guarded(self._take_leave)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.timing.trailing):
                    if self._seat.client is not None:
                        await self._seat.line.drained()
                    if self._upstreams.is_ready and self.core.awaits_transcripts:
                        await self._heard_out.wait()
        finally:
            await cancelled([*tasks, *self._crew.helpers])
            # Nothing follows the end, to which its writer went.
            self._seat.line.takes = None

    async def _take_leave(self) -> None:
        """What the client said before it left still counts, though nobody had come to read it yet."""
        while self._was_ready and self._inbox and self._end is None:
            self._passage.hear_client(self._inbox.take())
        if self._end is None:
            self._apply(self.core.client_left(self.clock()))

    async def _end_when_quiet(self) -> None:
        while not self._is_over:
            if self.core.is_quiet and not self._inbox and self._seat.line.is_idle:
                self._apply(self.core.drained(self.clock()))
            await asyncio.sleep(_QUIET_SECONDS)

    # --- upstream -----------------------------------------------------------------------------------------------

    async def _converse(self) -> None:
        """Everything that needs upstream, from the first connection to the last word of the last one."""
        if self._is_over:
            return  # ended before it began: nobody would be served by a connection
        reading = self._crew.task(self._inbox.read)
        try:
            await self._upstreams.hold()
        finally:
            self._heard_out.set()
            await cancelled([reading])

    async def _connect(self) -> UpstreamConnection:
        return await self.provider.connect(safety_identifier=self.safety_identifier)

    def upstream_said(self, frame: str) -> None:
        """A frame came from upstream."""
        self._passage.hear_upstream(frame)
        if self._is_over and not self.core.awaits_transcripts:
            self._heard_out.set()

    def upstream_closed(self, error: UpstreamClosed) -> None:
        """Upstream ended without our asking."""
        self.core.behind(self._upstreams.line.unsent_audio)
        effects = self.core.upstream_closed(error.closed_with, error.reason, self.clock())
        self._meter.heard(effects)
        self._apply(effects)

    def upstream_unreachable(self, error: RealtimeError) -> None:
        """Upstream could not be had; whoever tried has counted that."""
        self._apply(self.core.connection_failed(error, self.clock()))

    # --- the client ---------------------------------------------------------------------------------------------

    def _write_to(self, client: Client) -> None:
        self._writer = self._crew.help(partial(self._write_client, client))

    def _stop_writing(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.cancel()

    async def _write_client(self, client: Client) -> None:
        await self._seat.serve(client, self.timing.stall, self._stalled)
        # It is gone; whether it took its leave stands in the message with which its socket ends.
        await asyncio.sleep(self.timing.farewell)
        self.client_left(clean=False, client=client)

    def _stalled(self) -> None:
        """Nothing more goes over the line: a dead network, or somebody who does not read."""
        if self._seat.line.keeps:
            self.lose_client(may_return=True)
        else:
            self.end("slow_client")

    def _failed(self, error: RealtimeError) -> None:
        self._apply(self.core.failed(error, self.clock()))

    def _saved(self, turn: Turn, saved: Saved) -> None:
        self._apply(self.core.turn_saved(turn, saved.message_id, saved.position))

    def _gone(self, reason: EndReason) -> None:
        """Whoever has the session no more, or sees it gone, would not be kept: what is said here ends then."""
        if not self._is_over:
            self.end(reason)

    async def _keep_time(self) -> None:
        """Wake the core when something of it is due."""
        while True:
            deadline, now = self.core.deadline(), self.clock()
            lost_at = self._seat.lost_at
            if lost_at is not None and now >= lost_at + self.timing.parked:
                self._leave("client_lost")
            self._meter.tick(now, self.timing.tick * 3 / 4)  # a shared beat may come early
            if deadline is not None and deadline <= now:
                self.core.behind(self._upstreams.line.unsent_audio)
                self._apply(self.core.tick(now))
            tick = until_shared_beat(self.timing.tick)
            await asyncio.sleep(tick if deadline is None else min(tick, max(0.01, deadline - now)))

    # --- effects ------------------------------------------------------------------------------------------------

    def _apply(self, effects: list[Effect]) -> None:
        self._effects.handle(effects)
        if self._seat.line.is_over_full and not self._is_over:
            self._apply(self.core.end("slow_client", self.clock()))

    def upstream_ready(self) -> None:
        """The client may speak."""
        self._was_ready = True
        self._upstreams.now_ready()

    def upstream_over(self, pause: float, code: str) -> None:
        """Leave this upstream; the next one follows after `pause` seconds."""
        spread = pause / self.timing.haste * (1 + self.jitter() / 4)
        self._meter.dropped(self._upstreams.replace(spread), "upstream_gone")
        self._meter.left(code)
        log.info("session %s lets go of its upstream: %s", self.core.setup.session_id, code)

    def ended(self, end: End) -> None:
        """The core has ended the session."""
        self._end = end
        self._ends()
