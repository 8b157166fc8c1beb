"""A speech worker as its session sees it: a process behind two pipes, and how much may be under way in them."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from realtime.engine.speech.framing import HEADER, LONGEST_BODY, FromWorker, Ready, Settled, packed, unpacked
from realtime.engine.speech.room import Room
from realtime.engine.speech.vocabulary import SAMPLE_RATE, Ask, Happened, Hear, Hush, Say, SpeechFailed
from realtime.errors import SpeechUnavailable

LEAVES_WITHIN_SECONDS = 1.0
AUDIO_UNDER_WAY = 20 * SAMPLE_RATE * 2
"""Bytes of microphone audio that a worker may have before it; `tell` waits beyond that."""
AUDIO_PIECE = SAMPLE_RATE
"""Bytes: half a second of a longer Hear."""
CLAUSES_UNDER_WAY = 64
HAPPENINGS_KEPT = 256
"""What the session has not asked for yet; beyond that the pipe fills and the worker waits."""

_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
)
"""The variables a worker may see: a process that works on strangers' audio has no business with the server's keys."""
_PACKAGES = str(Path(__file__).resolve().parents[3])


class SpeechWorker:
    """A running worker in the hands of one session.

    `tell` and `next` belong to different tasks: `tell` waits while the worker has enough to do, and a worker whose
    happenings nobody takes stops working.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, ready: Ready, released: "Callable[[SpeechWorker], None]"
    ) -> None:
        self.voices = ready.voices
        self.hearing_problem = ready.hearing_problem
        """Why it cannot listen, in a sentence for people; empty when it can."""
        self.speaking_problem = ready.speaking_problem
        self._process = process
        self._released = released
        self._happened: asyncio.Queue[Happened | None] = asyncio.Queue(HAPPENINGS_KEPT)
        """None: nothing more will happen."""
        self._in_order = asyncio.Lock()
        """Held by whatever must not overtake audio that still waits for room."""
        self._audio = Room(AUDIO_UNDER_WAY)
        self._clauses = Room(CLAUSES_UNDER_WAY)
        self._release: asyncio.Task[None] | None = None
        self._reading = asyncio.create_task(self._read(), name="what a speech worker says")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """It has not ended and is not being ended."""
        return self._process.returncode is None and not self._reading.done() and self._release is None

    async def tell(self, ask: Ask) -> None:
        """Hand `ask` over, in order; wait while the worker has enough to do. Raises SpeechUnavailable if it is gone."""
        match ask:
            case Hush():
                await self._write(ask)
            case Say():
                await self._clauses.take(1)
                await self._write(ask)
            case Hear(pcm):
                async with self._in_order:
                    for start in range(0, len(pcm), AUDIO_PIECE):
                        piece = pcm[start : start + AUDIO_PIECE]
                        await self._audio.take(len(piece))
                        await self._write(Hear(piece))
            case _:
                async with self._in_order:
                    await self._write(ask)

    async def next(self) -> Happened:
        """What happened next, waiting for it.

        A worker that dies says SpeechFailed; from then on, and after `release`, SpeechUnavailable is raised. Any other
        SpeechFailed concerns one clause, or says once that nothing can be heard.
        """
        happened = await self._happened.get()
        if happened is None:
            self._happened.put_nowait(None)
            raise SpeechUnavailable
        return happened

    async def release(self) -> None:
        """End the process. Goes on when the caller is cancelled; may be called more than once."""
        if self._release is None:
            self._release = asyncio.create_task(self._end(), name="the end of a speech worker")
        await asyncio.shield(self._release)

    async def _write(self, ask: Ask) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing() or not self.alive:
            raise SpeechUnavailable
        try:
            stdin.write(packed(ask))
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise SpeechUnavailable from error

    async def _read(self) -> None:
        while (happened := await _frame(self._process)) is not None:
            if isinstance(happened, Settled):
                self._audio.give(happened.audio)
                self._clauses.give(happened.clauses)
            elif not isinstance(happened, Ready):
                await self._happened.put(happened)
        self._audio.close()
        self._clauses.close()
        await self._happened.put(SpeechFailed(SpeechUnavailable.detail))
        await self._happened.put(None)

    async def _end(self) -> None:
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._audio.close()
        self._clauses.close()
        await ended(self._process)
        self._released(self)
        while not self._happened.empty():
            self._happened.get_nowait()
        self._happened.put_nowait(None)


async def launched(
    command: Sequence[str], ready_within: float, released: Callable[[SpeechWorker], None]
) -> SpeechWorker:
    """A worker that is ready, `ready_within` seconds from now at the latest. Raises SpeechUnavailable.

    `released` is told when its process has ended after a `release`.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=_environment()
        )
    except OSError as error:
        raise SpeechUnavailable from error
    try:
        async with asyncio.timeout(ready_within):
            ready = await _frame(process)
    except TimeoutError:
        ready = None
    except asyncio.CancelledError:
        await ended(process, patience=0)
        raise
    if not isinstance(ready, Ready):
        await ended(process, patience=0)
        raise SpeechUnavailable
    return SpeechWorker(process, ready, released)


async def ended(process: asyncio.subprocess.Process, patience: float = LEAVES_WITHIN_SECONDS) -> None:
    """Say goodbye to `process` and see it out; after `patience` seconds it is killed."""
    if process.stdin:
        process.stdin.close()
    try:
        async with asyncio.timeout(patience):
            await _gone(process)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await _gone(process)


async def _gone(process: asyncio.subprocess.Process) -> None:
    # A pipe nobody reads from never reports its end, and the process would count as running for ever.
    while process.stdout and await process.stdout.read(1 << 16):
        pass
    await process.wait()


async def _frame(process: asyncio.subprocess.Process) -> FromWorker | None:
    """The next value from the worker, None when it has ended."""
    stdout = process.stdout
    if stdout is None:
        return None
    try:
        length, kind = HEADER.unpack(await stdout.readexactly(HEADER.size))
        if length > LONGEST_BODY:
            return None
        return cast(FromWorker, unpacked(kind, await stdout.readexactly(length)))
    except asyncio.IncompleteReadError:
        return None


def _environment() -> dict[str, str]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    paths = [_PACKAGES, os.environ.get("PYTHONPATH", "")]
    return environment | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
