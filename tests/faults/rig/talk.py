"""One connection of a server of ours to the upstream that talks, and what a good upstream does on it."""

import asyncio
import base64
import time
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING

import orjson
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tests.faults.rig.speech import Ear
from tests.support.scripted_session import Json, new_session, updated_session

if TYPE_CHECKING:
    from tests.faults.rig.upstream import TalkingUpstream

_TONE = base64.b64encode(array("h", [3000, -3000] * 1200).tobytes()).decode()
"""A tenth of a second that is not silence."""


class Talk:
    """One connection of a server of ours. What is done to it is done in the upstream's own loop (`run`)."""

    def __init__(self, upstream: "TalkingUpstream", socket: ServerConnection, model: str) -> None:
        self.upstream = upstream
        self.socket = socket
        self.session = new_session(upstream.fresh("sess"), model, expires_at=int(time.time()) + 3600)
        self.received: list[Json] = []
        """Every event but audio."""
        self.heard_bytes = 0
        """How much PCM came in."""
        self.items: list[str] = []
        self._ear = Ear()
        self._announced = ""
        self._answering: asyncio.Task[None] | None = None
        self._response: tuple[str, str] | None = None
        self._asked = ""

    @property
    def instructions(self) -> str:
        """What the server told the model of itself and the past."""
        return str(self.session["instructions"])

    # --- for faults -------------------------------------------------------------------------------------------

    async def send(self, event: Json) -> None:
        """Send an event; `event_id` is added when it has none."""
        await self.socket.send(orjson.dumps({"event_id": self.upstream.fresh("event")} | event).decode())

    async def send_raw(self, frame: str | bytes) -> None:
        await self.socket.send(frame)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self.socket.close(code, reason)

    def reset(self) -> None:
        """Cut it without a word."""
        self.socket.transport.abort()

    def pause_reading(self) -> None:
        """Read nothing more, not even pings."""
        self.socket.transport.pause_reading()

    # --- as an upstream does ----------------------------------------------------------------------------------

    async def take(self, event: Json) -> None:
        """Do what a good upstream does with an event of its client."""
        match event.get("type"):
            case "session.update":
                self.session = updated_session(self.session, event["session"])
                await self.send({"type": "session.updated", "session": self.session})
            case "input_audio_buffer.append":
                await self._hear(base64.b64decode(event["audio"]))
            case "conversation.item.create":
                await self._take_item(event["item"])
            case "response.create":
                self.answer(self._asked, event.get("response") or {})
            case "response.cancel":
                await self._cut_off("client_cancelled")
            case "conversation.item.truncate":
                cut = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
                await self.send({"type": "conversation.item.truncated", **cut})
            case "conversation.item.delete":
                await self.send({"type": "conversation.item.deleted", "item_id": event["item_id"]})

    def answer(self, asked: str, how: Json | None = None) -> None:
        """Begin to answer."""
        modalities = (how or {}).get("output_modalities") or self.session["output_modalities"]
        self._answering = asyncio.create_task(self._answer(asked, "audio" in modalities))

    async def _hear(self, pcm: bytes) -> None:
        self.heard_bytes += len(pcm)
        for heard in self._ear.hear(pcm):
            if heard.words is None:
                await self._speech_started(heard.at_ms)
            else:
                await self._speech_ended(heard.words, heard.at_ms)

    async def _speech_started(self, at_ms: int) -> None:
        self._announced = self.upstream.fresh("item")
        started = {"type": "input_audio_buffer.speech_started", "audio_start_ms": at_ms}
        await self.send(started | {"item_id": self._announced})
        await self._cut_off("turn_detected")

    async def _speech_ended(self, words: str, at_ms: int) -> None:
        item_id, before = self._announced, self.items[-1] if self.items else None
        self.items.append(item_id)
        content = [{"type": "input_audio", "transcript": None}]
        item = {"id": item_id, "type": "message", "status": "completed", "role": "user", "content": content}
        placed = {"previous_item_id": before, "item": item}
        stopped = {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": at_ms}
        await self.send(stopped | {"item_id": item_id})
        await self.send(
            {"type": "input_audio_buffer.committed", "previous_item_id": before, "item_id": item_id}
        )
        await self.send({"type": "conversation.item.added", **placed})
        await self.send({"type": "conversation.item.done", **placed})
        kind = "conversation.item.input_audio_transcription"
        usage = {"type": "duration", "seconds": 1}
        done = {"item_id": item_id, "content_index": 0, "transcript": words, "usage": usage}
        await self.send({"type": f"{kind}.completed", **done})
        self._asked = words
        self.answer(words)

    async def _take_item(self, asked: Json) -> None:
        item = {"id": asked.get("id") or self.upstream.fresh("item"), "status": "completed"} | asked
        before = self.items[-1] if self.items else None
        self.items.append(item["id"])
        self._asked = " ".join(part.get("text", "") for part in asked.get("content", []))
        await self.send({"type": "conversation.item.added", "previous_item_id": before, "item": item})
        await self.send({"type": "conversation.item.done", "previous_item_id": before, "item": item})

    async def _cut_off(self, reason: str) -> None:
        """End the answer that is being given."""
        if self._answering is not None and not self._answering.done():
            self._answering.cancel()
            with suppress(asyncio.CancelledError):
                await self._answering
            if self._response is not None:
                await self._end("cancelled", {"type": "cancelled", "reason": reason})

    async def _answer(self, asked: str, is_spoken: bool) -> None:
        with suppress(ConnectionClosed):
            await self._begin(is_spoken)
            place = self._place
            for word in self.upstream.answer(asked).split(" "):
                self._said += f" {word}" if self._said else word
                delta = {
                    "type": f"{_kind(is_spoken)}.delta",
                    "delta": f" {word}" if self._said != word else word,
                }
                await self.send(delta | place)
                if is_spoken:
                    for _ in range(self.upstream.tones_per_word):
                        await self.send({"type": "response.output_audio.delta", "delta": _TONE} | place)
                if self.upstream.word_seconds:
                    await asyncio.sleep(self.upstream.word_seconds)
            await self._end("completed", None)
            self.upstream.answers += 1

    async def _begin(self, is_spoken: bool) -> None:
        before = self.items[-1] if self.items else None
        self._response = response_id, item_id = self.upstream.fresh("resp"), self.upstream.fresh("item")
        self._is_spoken, self._said = is_spoken, ""
        self.items.append(item_id)
        item = self._item("in_progress", [])
        part = {"type": "audio", "transcript": ""} if is_spoken else {"type": "text", "text": ""}
        await self.send({"type": "response.created", "response": self._as_response("in_progress", None, [])})
        await self.send(
            {
                "type": "response.output_item.added",
                "response_id": response_id,
                "output_index": 0,
                "item": item,
            }
        )
        await self.send({"type": "conversation.item.added", "previous_item_id": before, "item": item})
        await self.send({"type": "response.content_part.added", "part": part} | self._place)

    async def _end(self, status: str, details: Json | None) -> None:
        assert self._response is not None
        response_id, place, said = self._response[0], self._place, self._said
        member = "transcript" if self._is_spoken else "text"
        if self._is_spoken:
            await self.send({"type": "response.output_audio.done"} | place)
        await self.send({"type": f"{_kind(self._is_spoken)}.done", member: said} | place)
        kind = "audio" if self._is_spoken else "text"
        await self.send({"type": "response.content_part.done", "part": {"type": kind, member: said}} | place)
        content = [{"type": f"output_{kind}", member: said}]
        item = self._item("completed" if status == "completed" else "incomplete", content)
        await self.send({"type": "conversation.item.done", "previous_item_id": None, "item": item})
        done = {"type": "response.output_item.done", "response_id": response_id, "output_index": 0}
        await self.send(done | {"item": item})
        response = self._as_response(status, details, [item])
        self._response = None
        await self.send({"type": "response.done", "response": response | {"usage": _usage(said)}})

    @property
    def _place(self) -> Json:
        assert self._response is not None
        response_id, item_id = self._response
        return {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}

    def _item(self, status: str, content: list[Json]) -> Json:
        assert self._response is not None
        item = {"id": self._response[1], "type": "message", "status": status, "role": "assistant"}
        return item | {"content": content}

    def _as_response(self, status: str, details: Json | None, output: list[Json]) -> Json:
        assert self._response is not None
        return {
            "object": "realtime.response",
            "id": self._response[0],
            "status": status,
            "status_details": details,
            "output": output,
            "conversation_id": f"conv_{self.session['id']}",
            "output_modalities": ["audio"] if self._is_spoken else ["text"],
            "max_output_tokens": "inf",
            "audio": {"output": self.session["audio"]["output"]},
            "usage": None,
            "metadata": None,
        }


def _kind(is_spoken: bool) -> str:
    return "response.output_audio_transcript" if is_spoken else "response.output_text"


def _usage(said: str) -> Json:
    words = len(said.split())
    return {
        "total_tokens": 16 + words,
        "input_tokens": 16,
        "output_tokens": words,
        "input_token_details": {"text_tokens": 16, "audio_tokens": 0, "cached_tokens": 0},
        "output_token_details": {"text_tokens": words, "audio_tokens": 0},
    }
