"""The mouth: a queue of clauses that is spoken in order on a thread of its own, and can be cut short."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import NoReturn

from realtime.engine.speech.clip import Synthesiser, SynthesisFailed
from realtime.engine.speech.framing import FromWorker, Settled
from realtime.engine.speech.tts import spoken
from realtime.engine.speech.vocabulary import SaidAll, Say, SpeechFailed


class Mouth:
    """Speaks what it is told to. Only the thread inside `run` speaks and calls `tell`: no caller waits on a pipe."""

    def __init__(
        self, synthesiser: Synthesiser | None, problem: str, tell: Callable[[FromWorker], None]
    ) -> None:
        self._synthesiser = synthesiser
        self._problem = problem
        self._tell = tell
        self._queue: deque[_Clause] = deque()
        """What is to be said; its head is being said."""
        self._changed = threading.Condition()
        self._unsettled: Counter[str] = Counter()
        self._settled: Counter[str] = Counter()

    def say(self, ask: Say) -> None:
        """Queue a clause."""
        with self._changed:
            self._unsettled[ask.utterance] += 1
            self._queue.append(_Clause(ask))
            self._changed.notify()

    def hush(self, utterance: str) -> None:
        """Drop what is left of `utterance`: the clauses in the queue and the rest of the one that is being spoken."""
        with self._changed:
            for clause in self._queue:
                clause.hushed |= clause.ask.utterance == utterance

    def run(self) -> NoReturn:
        """Speak for ever."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue)
                clause = self._queue[0]
            self._speak(clause)
            self._settle(clause.ask.utterance)

    def _speak(self, clause: "_Clause") -> None:
        if clause.hushed:
            return
        if self._synthesiser is None:
            self._tell(SpeechFailed(self._problem))
            return
        try:
            for piece in spoken(clause.ask, self._synthesiser):
                if clause.hushed:
                    return
                self._tell(piece)
        except SynthesisFailed as error:
            self._tell(SpeechFailed(str(error)))

    def _settle(self, utterance: str) -> None:
        with self._changed:
            self._queue.popleft()
            self._unsettled[utterance] -= 1
            self._settled[utterance] += 1
            all_said = None if self._unsettled[utterance] else SaidAll(utterance, self._settled[utterance])
        self._tell(Settled(clauses=1))
        if all_said:
            self._tell(all_said)


class _Clause:
    def __init__(self, ask: Say) -> None:
        self.ask = ask
        self.hushed = False
