"""A session's line to its speech worker: taken at the first word to hear or say, given back at the end."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from realtime.engine.dialogue.heard import BYTES_PER_MS
from realtime.engine.speech.vocabulary import (
    Ask,
    CommitAudio,
    Happened,
    Hear,
    Hush,
    Say,
    SpeechStarted,
    SpeechStopped,
    TurnTaking,
)
from realtime.errors import EngineBusy, RealtimeError


class Worker(Protocol):
    """One speech worker, as long as it belongs to a session."""

    async def tell(self, ask: Ask) -> None:
        """Raises RealtimeError when it is gone."""

    async def next(self) -> Happened:
        """Raises RealtimeError when it is gone."""

    async def release(self) -> None: ...


class Workers(Protocol):
    """Where speech workers come from."""

    async def start(self) -> None: ...

    async def acquire(self) -> Worker:
        """Raises EngineBusy when all are taken, another RealtimeError when none can be had."""

    async def close(self) -> None: ...


RETRY_AFTER_SECONDS = 2.0
"""How long nothing is tried after a worker could not be had for another reason than that all are taken."""


class _Lane:
    """Asks that have to stay in order among themselves."""

    def __init__(self) -> None:
        self._asks: deque[Ask] = deque()
        self._filled = asyncio.Event()

    def put(self, ask: Ask) -> None:
        self._asks.append(ask)
        self._filled.set()

    async def take(self) -> Ask:
        while not self._asks:
            self._filled.clear()
            await self._filled.wait()
        return self._asks.popleft()

    def take_all(self) -> list[Ask]:
        asks = list(self._asks)
        self._asks.clear()
        return asks

    def forget(self, utterance: str) -> None:
        """Clauses of an answer that were not handed on yet need not be."""
        kept = (ask for ask in self._asks if not (isinstance(ask, Say) and ask.utterance == utterance))
        self._asks = deque(kept)


class SpeechLine:
    """Asks go to whichever worker the session has; what it finds comes back on one clock for the whole session."""

    HIGH_WATER_BYTES = BYTES_PER_MS * 30_000
    """Half a minute of audio may wait for a worker; then whoever asks waits too."""

    def __init__(
        self,
        workers: Workers,
        *,
        happened: Callable[[Happened], Awaitable[None]],
        lost: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._workers = workers
        self._happened = happened
        self._lost = lost
        # A worker that has enough to say makes us wait; what it is to hear must not wait with it.
        self._to_hear = _Lane()
        self._to_say = _Lane()
        self._waiting_bytes = 0
        self._passed_bytes = 0
        """Audio given to a worker or dropped: where the clock of the next worker begins."""
        self._turn_taking = TurnTaking()
        self._trouble = RealtimeError()
        self._not_before = 0.0
        """On the event loop's clock: when a worker may be asked for again, after `_trouble`."""
        self._wanted = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()

    def ask(self, ask: Ask) -> None:
        """Queue one ask. Only hearing, committing and speaking take a worker; the rest can wait for one."""
        match ask:
            case TurnTaking():
                self._turn_taking = ask
            case Hush():
                self._to_say.forget(ask.utterance)
        needs_worker = isinstance(ask, Hear | CommitAudio | Say)
        if needs_worker and not self._wanted.is_set():
            # A worker that is new to the session has to know first how it is to find turns.
            self._queue(self._turn_taking)
            self._wanted.set()
        if self._wanted.is_set():
            self._queue(ask)

    async def drained(self) -> None:
        """Wait while more is waiting than the bound allows."""
        await self._roomy.wait()

    async def run(self) -> None:
        """Serve the session until cancelled."""
        while True:
            await self._wanted.wait()
            trouble = (
                await self._serve()
                if asyncio.get_running_loop().time() >= self._not_before
                else self._trouble
            )
            self._drop_all()
            await self._lost(trouble.code, trouble.detail)

    async def _serve(self) -> RealtimeError:
        """Be with one worker for as long as it lasts; gives what ended it."""
        try:
            worker = await self._workers.acquire()
        except EngineBusy as busy:
            return busy
        except RealtimeError as trouble:
            # Another process would hardly fare better at once, and starting one is dear.
            self._trouble, self._not_before = trouble, asyncio.get_running_loop().time() + RETRY_AFTER_SECONDS
            return trouble
        try:
            return await self._converse(worker)
        finally:
            await worker.release()

    async def _converse(self, worker: Worker) -> RealtimeError:
        clock_starts_ms = self._passed_bytes // BYTES_PER_MS
        tasks = [
            asyncio.create_task(self._tell(worker, self._to_hear), name="speech line, what is to be heard"),
            asyncio.create_task(self._tell(worker, self._to_say), name="speech line, what is to be said"),
            asyncio.create_task(self._listen(worker, clock_starts_ms), name="speech line, what happened"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _tell(self, worker: Worker, lane: _Lane) -> RealtimeError:
        while True:
            ask = await lane.take()
            self._let_go(ask)
            try:
                await worker.tell(ask)
            except RealtimeError as gone:
                return gone

    async def _listen(self, worker: Worker, clock_starts_ms: int) -> RealtimeError:
        while True:
            try:
                event = await worker.next()
            except RealtimeError as gone:
                return gone
            match event:
                case SpeechStarted():
                    event = replace(event, audio_start_ms=event.audio_start_ms + clock_starts_ms)
                case SpeechStopped():
                    event = replace(event, audio_end_ms=event.audio_end_ms + clock_starts_ms)
            await self._happened(event)

    def _queue(self, ask: Ask) -> None:
        (self._to_say if isinstance(ask, Say | Hush) else self._to_hear).put(ask)
        if isinstance(ask, Hear):
            self._waiting_bytes += len(ask.pcm)
        if self._waiting_bytes >= self.HIGH_WATER_BYTES:
            self._roomy.clear()

    def _let_go(self, ask: Ask) -> None:
        if isinstance(ask, Hear):
            self._waiting_bytes -= len(ask.pcm)
            self._passed_bytes += len(ask.pcm)
        if self._waiting_bytes < self.HIGH_WATER_BYTES:
            self._roomy.set()

    def _drop_all(self) -> None:
        for ask in self._to_hear.take_all() + self._to_say.take_all():
            self._let_go(ask)
        self._wanted.clear()
