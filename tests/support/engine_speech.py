"""Speech workers without speech: they do what a test says and remember what they were asked."""

import asyncio
from dataclasses import dataclass, field

from realtime.engine.speech.vocabulary import Ask, Happened, SaidAll, Say, SpeechFailed
from realtime.errors import EngineBusy, RealtimeError
from tests.support.engine_dialogue import spoken


class ScriptedWorker:
    """One worker. It speaks every clause in silence when `speaks`; what it hears the test tells it."""

    def __init__(self, *, speaks: bool = True) -> None:
        self.asks: list[Ask] = []
        self.gone = asyncio.Event()
        """Given back."""
        self.has_enough_to_say = False
        """Makes whoever wants something said wait for ever."""
        self._speaks = speaks
        self._happened: asyncio.Queue[Happened | None] = asyncio.Queue()
        self._asked = asyncio.Condition()

    def find(self, *events: Happened) -> None:
        """Let the session know of something."""
        for event in events:
            self._happened.put_nowait(event)

    async def asked(self, count: int) -> list[Ask]:
        """Wait until at least `count` asks came."""
        async with self._asked:
            await asyncio.wait_for(self._asked.wait_for(lambda: len(self.asks) >= count), timeout=5)
        return self.asks

    async def tell(self, ask: Ask) -> None:
        if self.has_enough_to_say and isinstance(ask, Say):
            await asyncio.Event().wait()
        async with self._asked:
            self.asks.append(ask)
            self._asked.notify_all()
        if self._speaks and isinstance(ask, Say):
            said = sum(isinstance(before, Say) and before.utterance == ask.utterance for before in self.asks)
            self.find(spoken(ask), SaidAll(ask.utterance, said))

    def die(self, detail: str) -> None:
        """Say why, as a worker that ends does, and be gone."""
        self.find(SpeechFailed(detail))
        self._happened.put_nowait(None)

    async def next(self) -> Happened:
        event = await self._happened.get()
        if event is None:
            raise RealtimeError("It is gone.")
        return event

    async def release(self) -> None:
        self.gone.set()


@dataclass
class ScriptedSpeech:
    """A pool of them."""

    limit: int = 4
    problem: str = ""
    speaks: bool = True
    voices: tuple[str, ...] = ("slt", "kal")
    default_voice: str = "slt"
    workers: list[ScriptedWorker] = field(default_factory=list)
    refused: int = 0
    starts: int = 0
    closed: bool = False
    broken: bool = False
    _acquired: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def start(self) -> None:
        self.starts += 1

    async def acquire(self) -> ScriptedWorker:
        if self.broken:
            self.refused += 1
            raise RealtimeError("No process can be started.")
        if sum(not worker.gone.is_set() for worker in self.workers) >= self.limit:
            self.refused += 1
            raise EngineBusy
        async with self._acquired:
            self.workers.append(ScriptedWorker(speaks=self.speaks))
            self._acquired.notify_all()
        return self.workers[-1]

    async def worker(self, number: int = 1) -> ScriptedWorker:
        """Wait for the worker that was taken as the `number`th."""
        async with self._acquired:
            await asyncio.wait_for(self._acquired.wait_for(lambda: len(self.workers) >= number), timeout=5)
        return self.workers[number - 1]

    async def close(self) -> None:
        self.closed = True
