"""An answer of a scripted upstream, event by event, as a real GA server sends it."""

import base64
import math
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.support.scripted_session import Json
from tests.support.scripted_steps import Link

SAMPLE_RATE = 24_000
MS_PER_WORD = 250


@dataclass(slots=True)
class Answer:
    """One answer in the making. `status` of its parts follows from how it ends."""

    link: Link
    is_spoken: bool
    item_id: str
    response_id: str
    said: str = ""

    @property
    def place(self) -> Json:
        return {
            "response_id": self.response_id,
            "item_id": self.item_id,
            "output_index": 0,
            "content_index": 0,
        }

    def begin(self) -> Iterator[Json]:
        item = self._item("in_progress", [])
        before = self.link.last_item
        self.link.last_item = self.item_id
        part = {"type": "audio", "transcript": ""} if self.is_spoken else {"type": "text", "text": ""}
        yield {"type": "response.created", "response": self._response("in_progress", None, [])}
        yield self._output_item("response.output_item.added", item)
        yield {"type": "conversation.item.added", "previous_item_id": before, "item": item}
        yield {"type": "response.content_part.added", **self.place, "part": part}

    def say(self, words: Iterable[str]) -> Iterator[Json]:
        """The next words: their letters first, then their sound, as recorded."""
        said = list(words)
        for word in said:
            delta = f" {word}" if self.said else word
            self.said += delta
            kind = (
                "response.output_audio_transcript.delta" if self.is_spoken else "response.output_text.delta"
            )
            yield {"type": kind, **self.place, "delta": delta}
        if self.is_spoken:
            for piece in _tone(len(said) * MS_PER_WORD):
                yield {"type": "response.output_audio.delta", **self.place, "delta": piece}

    def end(self, *, reason: str = "") -> Iterator[Json]:
        """The closing events; with a `reason` those of an answer that was cancelled."""
        finished: Json
        if self.is_spoken:
            yield {"type": "response.output_audio.done", **self.place}
            yield {"type": "response.output_audio_transcript.done", **self.place, "transcript": self.said}
            part, finished = _both("audio", "output_audio", "transcript", self.said)
        else:
            yield {"type": "response.output_text.done", **self.place, "text": self.said}
            part, finished = _both("text", "output_text", "text", self.said)
        item = self._item("incomplete" if reason else "completed", [finished])
        yield {"type": "response.content_part.done", **self.place, "part": part}
        yield {"type": "conversation.item.done", "previous_item_id": None, "item": item}
        yield self._output_item("response.output_item.done", item)
        details = {"type": "cancelled", "reason": reason} if reason else None
        response = self._response("cancelled" if reason else "completed", details, [item])
        yield {"type": "response.done", "response": response | {"usage": self._usage()}}
        limit = {"name": "tokens", "limit": 15_000_000, "remaining": 14_998_954, "reset_seconds": 0.004}
        yield {"type": "rate_limits.updated", "rate_limits": [limit]}

    def _output_item(self, kind: str, item: Json) -> Json:
        return {"type": kind, "response_id": self.response_id, "output_index": 0, "item": item}

    def _item(self, status: str, content: list[Json]) -> Json:
        return {
            "id": self.item_id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def _response(self, status: str, details: Json | None, output: list[Json]) -> Json:
        spoken = self.link.session["audio"]["output"]
        return {
            "object": "realtime.response",
            "id": self.response_id,
            "status": status,
            "status_details": details,
            "output": output,
            "conversation_id": f"conv_{self.link.session['id'].removeprefix('sess_')}",
            "output_modalities": ["audio"] if self.is_spoken else ["text"],
            "max_output_tokens": "inf",
            "audio": {"output": {"format": spoken["format"], "voice": spoken["voice"]}},
            "usage": None,
            "metadata": None,
        }

    def _usage(self) -> Json:
        text, audio = 2 * len(self.said.split()), 5 * len(self.said.split()) if self.is_spoken else 0
        cached = {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0}
        heard = {"text_tokens": 16, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0}
        return {
            "total_tokens": 16 + text + audio,
            "input_tokens": 16,
            "output_tokens": text + audio,
            "input_token_details": heard | {"cached_tokens_details": cached},
            "output_token_details": {"text_tokens": text, "audio_tokens": audio},
        }


def new_answer(link: Link) -> Answer:
    """An answer to what was asked last, in the modality that was asked for."""
    wanted: Json = link.last.get("response", {}) if link.last.get("type") == "response.create" else {}
    modalities = wanted.get("output_modalities") or link.session["output_modalities"]
    return Answer(link, "audio" in modalities, link.fresh("item"), link.fresh("resp"))


def _both(part_type: str, item_type: str, member: str, text: str) -> tuple[Json, Json]:
    """The same words as a content part and as an item's content: the two spell their type differently."""
    return {"type": part_type, member: text}, {"type": item_type, member: text}


def _tone(ms: int) -> Iterator[str]:
    """A quiet 440 Hz tone in pieces of 100 ms, PCM16 in base64: something that is not silence."""
    for start in range(0, ms, 100):
        length = min(100, ms - start) * SAMPLE_RATE // 1000
        wave = (round(6000 * math.sin(2 * math.pi * 440 * n / SAMPLE_RATE)) for n in range(length))
        yield base64.b64encode(array("h", wave).tobytes()).decode()
