"""The speech this machine has: its workers, its voices, and why there may be none."""

from typing import Protocol

from realtime.engine.dialogue.session import NO_VOICE
from realtime.engine.line import Worker, Workers
from realtime.engine.speech import voices
from realtime.engine.speech.pool import SpeechPool, voice_problem


class Speech(Workers, Protocol):
    """What an engine hears and speaks with."""

    @property
    def voices(self) -> tuple[str, ...]: ...

    @property
    def default_voice(self) -> str: ...

    @property
    def problem(self) -> str:
        """Why nothing can be heard or spoken, in a sentence for people; empty when it can."""


class LocalSpeech:
    """Speech workers in processes of this machine, `limit` of them at most."""

    def __init__(self, limit: int) -> None:
        self._pool = SpeechPool(limit)
        self.voices = voices.available()
        self.default_voice = self.voices[0] if self.voices else NO_VOICE
        self.problem = voice_problem()

    async def start(self) -> None:
        await self._pool.start()

    async def acquire(self) -> Worker:
        return await self._pool.acquire()

    async def close(self) -> None:
        await self._pool.close()
