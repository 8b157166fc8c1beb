"""The speech worker: a process of its own that hears and speaks for one session.

Recognition holds the interpreter's lock for whole calls and espeak-ng is GPL: neither may live in the server. The
session talks to it through stdin and stdout; end-of-file on stdin is the only goodbye it needs, so it can never
outlive its parent. Run with `python -m realtime.engine.speech.worker`.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import BinaryIO, NoReturn

from realtime.engine.speech.clip import Synthesiser, SynthesisFailed
from realtime.engine.speech.framing import HEADER, FromWorker, Ready, Settled, packed, unpacked
from realtime.engine.speech.hearing import Ears
from realtime.engine.speech.speaking import Mouth
from realtime.engine.speech.tts import spoken, synthesiser
from realtime.engine.speech.vocabulary import (
    ClearAudio,
    CommitAudio,
    Hear,
    Hush,
    Say,
    SpeechFailed,
    Transcribed,
    TurnTaking,
)

HeardAsk = TurnTaking | Hear | CommitAudio | ClearAudio
Tell = Callable[[FromWorker], None]


class Hearing:
    """The thread that listens: works off what is heard, in order."""

    def __init__(self, ears: Ears | None, problem: str, tell: Tell) -> None:
        self._ears = ears
        self._problem = problem
        self._tell = tell
        self._asks: SimpleQueue[HeardAsk] = SimpleQueue()
        """Bounded by the other side, which has only so much audio under way."""
        self.ask = self._asks.put

    def run(self) -> NoReturn:
        """Listen for ever."""
        while True:
            ask = self._asks.get()
            if self._ears is None:
                self._refuse(ask)
            else:
                self._obey(self._ears, ask)
            if isinstance(ask, Hear):
                self._tell(Settled(audio=len(ask.pcm)))

    def _obey(self, ears: Ears, ask: HeardAsk) -> None:
        match ask:
            case Hear(pcm):
                for happened in ears.hear(pcm):
                    self._tell(happened)
            case CommitAudio(turn):
                self._tell(ears.commit(turn))
            case ClearAudio():
                ears.clear()
            case TurnTaking():
                ears.take_turns(ask)

    def _refuse(self, ask: HeardAsk) -> None:
        if self._problem:
            self._tell(SpeechFailed(self._problem))
            self._problem = ""
        if isinstance(ask, CommitAudio):
            self._tell(Transcribed(ask.turn, "", 0.0))


def main() -> NoReturn:
    """Serve one session until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tell = _teller(_private_stdout())
    ears, hearing_problem = _ears()
    voice, speaking_problem = _voice()
    hearing = Hearing(ears, hearing_problem, tell)
    mouth = Mouth(voice, speaking_problem, tell)
    threading.excepthook = _leave_in_dismay
    for run in (hearing.run, mouth.run):
        threading.Thread(target=run, daemon=True).start()
    tell(Ready(voice.voices if voice else (), hearing_problem, speaking_problem))
    _obey_until_end_of_file(sys.stdin.buffer, hearing, mouth)
    # The threads may be inside a C call; nobody waits for what they would still say.
    os._exit(0)


def _obey_until_end_of_file(stdin: BinaryIO, hearing: Hearing, mouth: Mouth) -> None:
    while len(header := stdin.read(HEADER.size)) == HEADER.size:
        length, kind = HEADER.unpack(header)
        body = stdin.read(length)
        if len(body) < length:
            return
        match unpacked(kind, body):
            case Say() as ask:
                mouth.say(ask)
            case Hush(utterance):
                mouth.hush(utterance)
            case TurnTaking() | Hear() | CommitAudio() | ClearAudio() as ask:
                hearing.ask(ask)


def _private_stdout() -> int:
    """A descriptor of stdout that C libraries do not know; what they print goes to stderr and breaks no frame."""
    private = os.dup(1)
    os.dup2(2, 1)
    return private


def _teller(descriptor: int) -> Tell:
    lock = threading.Lock()
    pipe = os.fdopen(descriptor, "wb", buffering=0)

    def tell(happened: FromWorker) -> None:
        frame = memoryview(packed(happened))
        with lock:
            try:
                while frame:
                    frame = frame[pipe.write(frame) or 0 :]
            except BrokenPipeError:
                os._exit(0)

    return tell


def _ears() -> tuple[Ears | None, str]:
    try:
        from realtime.engine.speech.stt import SphinxRecogniser
        from realtime.engine.speech.vad import silero

        return Ears(silero(), SphinxRecogniser()), ""
    except ImportError as error:
        return None, f"Speech cannot be recognised on this server: the package {error.name} is missing."


def _voice() -> tuple[Synthesiser | None, str]:
    try:
        voice = synthesiser()
        # The first clause reads the voice's data from disk; better now than while somebody waits.
        for _ in spoken(Say("", "Ready.", voice.voices[0]), voice):
            pass
    except SynthesisFailed as error:
        return None, str(error)
    return voice, ""


def _leave_in_dismay(failure: threading.ExceptHookArgs) -> NoReturn:
    """A thread that ends would leave a session that is never answered: end the process, which the session notices."""
    traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
    os._exit(1)


if __name__ == "__main__":
    main()
