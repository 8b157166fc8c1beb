"""The embedded engine as its owners see it: one per process, one session per connection."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from contextlib import aclosing
from typing import Any

from realtime.config import EngineConfig
from realtime.engine.answers.chat import ChatServer
from realtime.engine.answers.responder import Responder
from realtime.engine.clock import Clock, SystemClock
from realtime.engine.dialogue.effects import Abandon, Answer, Close, Effect, Send, Tell
from realtime.engine.dialogue.frames import MakeId, fresh_id
from realtime.engine.dialogue.prompt import AnswerCutShort, Answerer, AnswerFailed
from realtime.engine.dialogue.session import LIFETIME_SECONDS, MODEL, Session
from realtime.engine.dialogue.turns import Dialogue
from realtime.engine.line import SpeechLine, Workers
from realtime.engine.local_speech import LocalSpeech, Speech
from realtime.engine.outbox import EngineClosed, Outbox
from realtime.engine.speech.vocabulary import Happened

__all__ = ["Engine", "EngineClosed", "EngineSession"]

log = logging.getLogger(__name__)


class EngineSession:
    """One conversation with the engine: raw frames of the GA dialect, both ways."""

    def __init__(self, dialogue: Dialogue, *, answerer: Answerer, workers: Workers, clock: Clock) -> None:
        self._dialogue = dialogue
        self._answerer = answerer
        self._clock = clock
        self._outbox = Outbox()
        self._line = SpeechLine(workers, happened=self._on_speech, lost=self._on_speech_lost)
        self._answers: dict[str, asyncio.Task[None]] = {}
        self._is_running = asyncio.Event()
        self._main = asyncio.create_task(self._run(), name="engine session")

    @property
    def is_over(self) -> bool:
        return self._main.done()

    async def begin(self) -> None:
        """Wait until the session runs; its first frame is `session.created`."""
        await self._is_running.wait()

    async def send(self, frame: str) -> None:
        """One frame from the client; waits while the client does not read. Raises EngineClosed."""
        self._outbox.check_open()
        self._carry_out(self._dialogue.received(frame))
        await self._line.drained()
        await self._outbox.drained()

    async def receive(self) -> str:
        """The next frame for the client. Raises EngineClosed once the session has ended."""
        return await self._outbox.get()

    async def close(self) -> None:
        """End the session and give its speech worker back. May be called more than once."""
        self._end(1000, "")
        await asyncio.wait([self._main])

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._owned(self._line.run()), name="engine speech line")
            tasks.create_task(self._owned(self._expire()), name="engine session expiry")
            self._carry_out(self._dialogue.begin())
            self._is_running.set()

    async def _owned(self, work: Coroutine[Any, Any, None]) -> None:
        """The one place where a session ends because of a fault of ours."""
        try:
            await work
        except Exception:
            log.exception("The engine's session failed and was ended.")
            self._end(1011, "server_error")

    async def _expire(self) -> None:
        await self._clock.sleep(LIFETIME_SECONDS)
        self._carry_out(self._dialogue.expire())

    async def _answer(self, wish: Answer) -> None:
        words = self._answerer.answer(wish.prompt)
        try:
            async with aclosing(words):
                async for delta in words:
                    self._carry_out(self._dialogue.words_found(wish.response_id, delta))
                    await self._line.drained()
                    await self._outbox.drained()
        except AnswerCutShort:
            self._carry_out(self._dialogue.words_ended(wish.response_id, cut_short=True))
        except AnswerFailed as failure:
            self._carry_out(self._dialogue.words_failed(wish.response_id, failure.code, failure.detail))
        else:
            self._carry_out(self._dialogue.words_ended(wish.response_id))

    async def _on_speech(self, event: Happened) -> None:
        self._carry_out(self._dialogue.happened(event))
        await self._outbox.drained()

    async def _on_speech_lost(self, code: str, detail: str) -> None:
        self._carry_out(self._dialogue.speech_lost(code, detail))
        await self._outbox.drained()

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        """Never awaits: what one event causes is queued before the next event is looked at."""
        for effect in effects:
            match effect:
                case Send(frame):
                    self._outbox.put(frame)
                case Tell(ask):
                    self._line.ask(ask)
                case Answer(response_id):
                    self._begin_answer(response_id, effect)
                case Abandon(response_id):
                    if response_id in self._answers:
                        self._answers[response_id].cancel()
                case Close(code, reason):
                    self._end(code, reason)

    def _begin_answer(self, response_id: str, wish: Answer) -> None:
        task = self._tasks.create_task(self._owned(self._answer(wish)), name="engine answer")
        self._answers[response_id] = task
        task.add_done_callback(lambda _: self._answers.pop(response_id, None))

    def _end(self, code: int, reason: str) -> None:
        self._outbox.end(code, reason)
        self._main.cancel()


class Engine:
    """The engine of one process: who answers, and the speech workers all its sessions share."""

    model = MODEL

    def __init__(
        self,
        config: EngineConfig,
        *,
        clock: Clock | None = None,
        speech: Speech | None = None,
        answerer: Answerer | None = None,
        make_id: MakeId = fresh_id,
    ) -> None:
        self._clock = clock or SystemClock()
        self._make_id = make_id
        self._answerer = answerer or (ChatServer(config) if config.chat_base_url else Responder(self._clock))
        self._speech = speech or LocalSpeech(config.speech_sessions)
        self._sessions: set[EngineSession] = set()
        self._is_started = False

    @property
    def label(self) -> str:
        """Who answers, for people."""
        return self._answerer.label

    @property
    def is_language_model(self) -> bool:
        return self._answerer.is_language_model

    @property
    def voices(self) -> tuple[str, ...]:
        return self._speech.voices

    @property
    def default_voice(self) -> str:
        return self._speech.default_voice

    @property
    def voice_problem(self) -> str:
        """Why nothing can be heard or spoken here, in a sentence for people; empty when it can."""
        return self._speech.problem

    async def start(self) -> None:
        """Have a speech worker ready before somebody speaks. Not needed: the first session does it too."""
        if not self._is_started and not self.voice_problem:
            self._is_started = True
            await self._speech.start()

    async def open(self, model: str = "") -> EngineSession:
        """A new session. `model` is what the client called the engine; it may go on calling it so."""
        await self.start()
        self._sessions = {session for session in self._sessions if not session.is_over}
        settings = Session(
            session_id=self._make_id("sess"),
            expires_at=int(self._clock.now().timestamp()) + LIFETIME_SECONDS,
            voice=self.default_voice,
            voices=self.voices,
            model=model,
        )
        dialogue = Dialogue(session=settings, make_id=self._make_id, voice_problem=self.voice_problem)
        session = EngineSession(dialogue, answerer=self._answerer, workers=self._speech, clock=self._clock)
        self._sessions.add(session)
        try:
            await session.begin()
        except asyncio.CancelledError:
            await session.close()
            raise
        return session

    async def close(self) -> None:
        """End every session, the speech workers and the connections to a chat server."""
        for session in list(self._sessions):
            await session.close()
        self._sessions.clear()
        await self._speech.close()
        await self._answerer.close()
