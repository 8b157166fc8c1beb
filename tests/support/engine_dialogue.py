"""A desk on which the engine's state machine is played by hand: every frame it sends is checked on the way."""

import base64
import itertools
import json
from typing import Any, TypeVar

from realtime.engine.dialogue.effects import Abandon, Answer, Close, Effect, Send, Tell
from realtime.engine.dialogue.frames import Json
from realtime.engine.dialogue.session import Session
from realtime.engine.dialogue.turns import Dialogue
from realtime.engine.speech.vocabulary import (
    Ask,
    Happened,
    SaidAll,
    Say,
    SpeechStarted,
    SpeechStopped,
    Spoken,
    TurnTaking,
    WordTime,
)
from tests.support.ga_events import ga_event

A = TypeVar("A")
MS_OF_A_WORD = 200
SILENCE = bytes(2)


class Desk:
    """One dialogue. `play` a client's event or a worker's finding and look at what came of it."""

    def __init__(self, *, voice_problem: str = "") -> None:
        numbers = itertools.count(1)
        session = Session(session_id="sess_1", expires_at=3600, voice="slt", voices=("slt", "kal"))
        self.dialogue = Dialogue(
            session=session, make_id=lambda prefix: f"{prefix}_{next(numbers)}", voice_problem=voice_problem
        )
        self.frames: list[Json] = []
        self.asks: list[Ask] = []
        self.answers: list[Answer] = []
        self.abandoned: list[str] = []
        self.closed: Close | None = None
        self._take(self.dialogue.begin())

    # --- playing ------------------------------------------------------------------------------------------------

    def client(self, kind: str, **members: Any) -> list[Json]:
        """The client sends an event; gives the frames that answer it."""
        return self.raw(json.dumps({"type": kind, **members}))

    def raw(self, frame: str) -> list[Json]:
        return self._take(self.dialogue.received(frame))

    def worker(self, event: Happened) -> list[Json]:
        """The speech worker found something."""
        return self._take(self.dialogue.happened(event))

    def lost(self, code: str = "engine_busy", detail: str = "All are taken.") -> list[Json]:
        return self._take(self.dialogue.speech_lost(code, detail))

    def words(self, *deltas: str, end: bool = True, cut_short: bool = False) -> list[Json]:
        """The latest answer that was asked for is found."""
        response_id = self.answers[-1].response_id
        frames = []
        for delta in deltas:
            frames += self._take(self.dialogue.words_found(response_id, delta))
        if end:
            frames += self._take(self.dialogue.words_ended(response_id, cut_short=cut_short))
        return frames

    def no_words(self, code: str, detail: str) -> list[Json]:
        return self._take(self.dialogue.words_failed(self.answers[-1].response_id, code, detail))

    def expire(self) -> list[Json]:
        return self._take(self.dialogue.expire())

    # --- whole stretches ----------------------------------------------------------------------------------------

    def update(self, **session: Any) -> list[Json]:
        return self.client("session.update", session={"type": "realtime", **session})

    def text_only(self) -> None:
        self.update(output_modalities=["text"])

    def transcribing(self) -> None:
        self.update(audio={"input": {"transcription": {"model": "gpt-transcribe"}}})

    def typed(self, text: str, **members: Any) -> list[Json]:
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        return self.client("conversation.item.create", item=item, **members)

    def append(self, milliseconds: int) -> list[Json]:
        audio = base64.b64encode(SILENCE * 24 * milliseconds).decode()
        return self.client("input_audio_buffer.append", audio=audio)

    def spoken_turn(self, start_ms: int = 300, end_ms: int = 1500) -> list[Json]:
        return self.worker(SpeechStarted(start_ms)) + self.worker(SpeechStopped(end_ms))

    def say_all(self) -> list[Json]:
        """The worker speaks every clause of the latest answer: 200 ms a word."""
        clauses = [
            ask for ask in self.asks if isinstance(ask, Say) and ask.utterance == self.answers[-1].response_id
        ]
        frames = []
        for clause in clauses:
            frames += self.worker(spoken(clause))
        return frames + self.worker(SaidAll(self.answers[-1].response_id, len(clauses)))

    def spoken_answer(self, text: str) -> str:
        """A whole spoken answer to a typed turn; gives the id of its item."""
        self.typed("hello")
        self.client("response.create")
        self.words(text)
        self.say_all()
        return str(self.last("response.done")["response"]["output"][0]["id"])

    # --- looking ------------------------------------------------------------------------------------------------

    def asked(self, kind: type[A]) -> list[A]:
        return [ask for ask in self.asks if isinstance(ask, kind)]

    def last(self, kind: str) -> Json:
        """The latest frame of that type."""
        return next(frame for frame in reversed(self.frames) if frame["type"] == kind)

    def retrieve(self, item_id: str) -> Json:
        [frame] = self.client("conversation.item.retrieve", item_id=item_id)
        item: Json = frame["item"]
        return item

    @property
    def turn_taking(self) -> TurnTaking:
        return self.asked(TurnTaking)[-1]

    def _take(self, effects: list[Effect]) -> list[Json]:
        frames = []
        for effect in effects:
            match effect:
                case Send(frame):
                    ga_event(frame)
                    frames.append(json.loads(frame))
                case Tell(ask):
                    self.asks.append(ask)
                case Answer():
                    self.answers.append(effect)
                case Abandon(response_id):
                    self.abandoned.append(response_id)
                case Close():
                    self.closed = effect
        self.frames += frames
        return frames


def spoken(clause: Say) -> Spoken:
    """A clause as a worker would speak it: silence, 200 ms for each word."""
    words = clause.text.split()
    times = tuple(WordTime(f"{word} ", MS_OF_A_WORD * (index + 1)) for index, word in enumerate(words))
    return Spoken(clause.utterance, SILENCE * 24 * MS_OF_A_WORD * len(words), clause.text, times)


def types(frames: list[Json]) -> list[str]:
    return [frame["type"] for frame in frames]


def error_of(frames: list[Json]) -> Json:
    """The one error that came back."""
    [frame] = frames
    assert frame["type"] == "error", frame
    error: Json = frame["error"]
    return error
