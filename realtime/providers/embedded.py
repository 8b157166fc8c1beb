"""The embedded engine as a provider: no key, no network, the same frames."""

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

from realtime.config import EngineConfig, RealtimeConfig
from realtime.engine.server import Engine as RealtimeEngine
from realtime.engine.server import EngineClosed
from realtime.errors import UpstreamClosed
from realtime.providers.base import Description


class EngineSession(Protocol):
    """What we need of an engine's session."""

    async def send(self, frame: str) -> None: ...

    async def receive(self) -> str: ...

    async def close(self) -> None: ...


class Engine(Protocol):
    """What we need of an engine."""

    @property
    def model(self) -> str:
        """As the engine's own `session.created` names it."""

    @property
    def voices(self) -> tuple[str, ...]: ...

    @property
    def default_voice(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def is_language_model(self) -> bool: ...

    @property
    def voice_problem(self) -> str: ...

    async def start(self) -> None: ...

    async def open(self) -> EngineSession: ...

    async def close(self) -> None: ...


class EmbeddedConnection:
    """A session of the engine; see `realtime.providers.base.UpstreamConnection`."""

    def __init__(self, session: EngineSession) -> None:
        self._session = session

    async def send(self, frame: str) -> None:
        try:
            await self._session.send(frame)
        except EngineClosed as closed:
            raise UpstreamClosed(closed.code, closed.reason) from None

    def takes(self, frame: str) -> bool:
        return False  # who speaks too fast for it has to wait, and only the engine knows

    async def deliver(self, hear: Callable[[str], None]) -> None:
        try:
            while True:
                hear(await self._session.receive())
                # A burst that is there already would keep the others from writing it on.
                await asyncio.sleep(0)
        except EngineClosed as closed:
            raise UpstreamClosed(closed.code, closed.reason) from None

    async def close(self) -> None:
        await self._session.close()


class EmbeddedProvider:
    """One engine for each event loop that asks; a server has one loop, so it has one engine."""

    breaker = None

    def __init__(
        self, config: RealtimeConfig, *, build_engine: Callable[[EngineConfig], Engine] = RealtimeEngine
    ) -> None:
        self._config = config
        self._build_engine = build_engine
        self._engines: WeakKeyDictionary[asyncio.AbstractEventLoop, Engine] = WeakKeyDictionary()
        self._blank: Engine | None = None
        self._lock = threading.Lock()

    @property
    def description(self) -> Description:
        engine = self._any_engine()
        return Description(
            name="embedded",
            label=engine.label,
            model=engine.model,
            is_language_model=engine.is_language_model,
            voices=engine.voices,
            default_voice=engine.default_voice,
            transcription_model="pocketsphinx",
            voice_problem=engine.voice_problem,
        )

    def check(self) -> None:
        """Nothing is needed. Where speech is not available typed turns are, and `voice_problem` says why."""

    async def connect(self, *, safety_identifier: str) -> EmbeddedConnection:
        # The identifier is for strangers; the engine is this house.
        return EmbeddedConnection(await self._engine_here().open())

    async def warm_up(self) -> None:
        """Have the engine ready before the first session. Not needed: an engine also starts at first use."""
        await self._engine_here().start()

    async def close(self) -> None:
        """End the engine of the running loop with all it holds. A later session gets a fresh one."""
        with self._lock:
            engine = self._engines.pop(asyncio.get_running_loop(), None)
        if engine is not None:
            await engine.close()

    def _engine_here(self) -> Engine:
        loop = asyncio.get_running_loop()
        with self._lock:
            if loop not in self._engines:
                self._engines[loop] = self._build_engine(self._config.engine)
            return self._engines[loop]

    def _any_engine(self) -> Engine:
        """An engine to ask about itself, from any thread. One that is only asked is never started."""
        with self._lock:
            for engine in self._engines.values():
                return engine
            if self._blank is None:
                self._blank = self._build_engine(self._config.engine)
            return self._blank
