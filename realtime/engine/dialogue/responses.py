"""One response, from `response.created` to `response.done`: the events of its life in their order."""

import math
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from realtime.engine.dialogue.frames import Json
from realtime.engine.dialogue.heard import BYTES_PER_MS, SpokenAudio
from realtime.engine.dialogue.items import Item
from realtime.engine.dialogue.usage import ASSISTANT_MS_PER_TOKEN, text_tokens
from realtime.engine.speech.clauses import ClauseSplitter
from realtime.engine.speech.vocabulary import SAMPLE_RATE, Say, WordTime

Emit = Callable[..., None]
"""Sends a server event: `emit("response.done", response=...)`."""

Status = Literal["completed", "cancelled", "incomplete", "failed"]
DELTA_BYTES = BYTES_PER_MS * 200


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """What one response was asked to be."""

    modality: str
    voice: str
    speed: float
    max_output_tokens: int | str
    metadata: dict[str, str] | None
    instructions: str
    context: tuple[Item, ...] | None
    """Items given with the request; None for the conversation's own."""
    in_conversation: bool
    is_mute: bool
    """Audio was asked for, but nothing can be spoken here: the words are sent without sound."""


@dataclass(slots=True)
class Response:
    """One response and its single message item. Out-of-band responses emit no event about the conversation."""

    id: str
    conversation_id: str | None
    settings: ResponseSettings
    emit: Emit
    begin_item: Callable[[], tuple[Item, str | None]]
    """Makes the item of the answer and, in the conversation, its place: the id of the item before it."""
    item: Item | None = None
    is_answering: bool = False
    """The search for words has begun (it waits for the words of spoken turns)."""
    is_finished: bool = False
    usage: Json | None = None
    _previous_item_id: str | None = None
    _text: list[str] = field(default_factory=list)
    _splitter: ClauseSplitter = field(default_factory=ClauseSplitter)
    _clauses_asked: int = 0
    _clauses_said: int = 0
    _words_ended: bool = False
    outcome: Status = "completed"
    """How it ends once all is said."""
    outcome_reason: str | None = None

    @property
    def text(self) -> str:
        return "".join(self._text).strip()

    @property
    def spoken_ms(self) -> int:
        return self.item.spoken.duration_ms if self.item and self.item.spoken else 0

    @property
    def is_spoken(self) -> bool:
        return self.settings.modality == "audio"

    @property
    def is_over_limit(self) -> bool:
        limit = self.settings.max_output_tokens
        audio_tokens = math.ceil(self.spoken_ms / ASSISTANT_MS_PER_TOKEN)
        return isinstance(limit, int) and text_tokens(self.text) + audio_tokens > limit

    @property
    def has_all_words(self) -> bool:
        return self._words_ended

    @property
    def is_all_said(self) -> bool:
        """All words are found and every clause of them is spoken."""
        return self._words_ended and self._clauses_said >= self._clauses_asked

    def create(self) -> None:
        self.emit("response.created", response=self.shown("in_progress"))

    def add_words(self, delta: str) -> list[Say]:
        """More of the answer; gives the clauses that can be spoken now."""
        item = self._opened_item()
        self._text.append(delta)
        kind = "response.output_audio_transcript.delta" if self.is_spoken else "response.output_text.delta"
        self.emit(kind, **self._place(item), delta=delta)
        return self._say(self._splitter.feed(delta)) if self.is_spoken else []

    def end_words(self, outcome: Status, reason: str | None) -> list[Say]:
        """No more words will come; gives the clauses left to speak, after which it ends with `outcome`."""
        self._opened_item()
        self.outcome, self.outcome_reason = outcome, reason
        self._words_ended = True
        return self._say(self._splitter.flush()) if self.is_spoken else []

    def mute(self) -> None:
        """What was not spoken yet will not be; the words go on."""
        self._clauses_asked = self._clauses_said
        self.settings = replace(self.settings, is_mute=True)

    def add_audio(self, pcm: bytes, text: str, words: tuple[WordTime, ...]) -> None:
        """A stretch of the answer's sound."""
        if self.item is None or self.item.spoken is None:
            return
        self.item.spoken.add(pcm, text, words)
        for start in range(0, len(pcm), DELTA_BYTES):
            delta = b64encode(pcm[start : start + DELTA_BYTES]).decode()
            self.emit("response.output_audio.delta", **self._place(self.item), delta=delta)

    def said(self, clauses: int) -> None:
        """The speech worker is done with that many clauses. More may have been asked for in the meantime."""
        self._clauses_said = clauses

    def finish(self, status: Status, *, reason: str | None = None, error: Json | None = None) -> None:
        """Close what is open, in order, and end the response. The usage must be set before."""
        self.is_finished = True
        if self.item is not None:
            self._close_item(self.item, "completed" if status == "completed" else "incomplete")
        details: Json | None = None
        if status != "completed":
            details = (
                {"type": status}
                | ({"reason": reason} if reason else {})
                | ({"error": error} if error else {})
            )
        self.emit("response.done", response=self.shown(status, details))

    def shown(self, status: str, details: Json | None = None) -> Json:
        """The response object of a frame."""
        audio = {"format": {"type": "audio/pcm", "rate": SAMPLE_RATE}, "voice": self.settings.voice}
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [self.item.shape] if self.item and self.is_finished else [],
            "conversation_id": self.conversation_id,
            "output_modalities": [self.settings.modality],
            "max_output_tokens": self.settings.max_output_tokens,
            "audio": {"output": audio},
            "usage": self.usage,
            "metadata": self.settings.metadata,
        }

    def _place(self, item: Item) -> Json:
        return {"response_id": self.id, "item_id": item.id, "output_index": 0, "content_index": 0}

    def _opened_item(self) -> Item:
        """The item of the answer, announced at its first word."""
        if self.item is not None:
            return self.item
        self.item, self._previous_item_id = self.begin_item()
        if self.is_spoken:
            self.item.spoken = SpokenAudio()
        self.emit("response.output_item.added", response_id=self.id, output_index=0, item=self.item.shape)
        self._about_conversation("conversation.item.added", self.item)
        self.emit("response.content_part.added", **self._place(self.item), part=self._part(""))
        return self.item

    def _close_item(self, item: Item, status: str) -> None:
        cut_short = item.spoken is not None and item.spoken.is_cut
        text = item.spoken.heard_until(item.spoken.duration_ms) if cut_short and item.spoken else self.text
        if self.is_spoken:
            self.emit("response.output_audio.done", **self._place(item))
            self.emit("response.output_audio_transcript.done", **self._place(item), transcript=text)
            item.shape["content"] = [{"type": "output_audio", "transcript": text}]
        else:
            self.emit("response.output_text.done", **self._place(item), text=text)
            item.shape["content"] = [{"type": "output_text", "text": text}]
        item.shape["status"] = status
        self.emit("response.content_part.done", **self._place(item), part=self._part(text))
        self._about_conversation("conversation.item.done", item)
        self.emit("response.output_item.done", response_id=self.id, output_index=0, item=item.shape)

    def _about_conversation(self, kind: str, item: Item) -> None:
        if self.settings.in_conversation:
            self.emit(kind, previous_item_id=self._previous_item_id, item=item.shape)

    def _part(self, text: str) -> Json:
        return {"type": "audio", "transcript": text} if self.is_spoken else {"type": "text", "text": text}

    def _say(self, clauses: list[str]) -> list[Say]:
        if self.settings.is_mute:
            return []
        # A clause without a letter or digit makes no sound: nobody should wait for it.
        spoken = [clause for clause in clauses if any(character.isalnum() for character in clause)]
        self._clauses_asked += len(spoken)
        return [Say(self.id, clause, self.settings.voice, self.settings.speed) for clause in spoken]
