"""A conversation held through the stock SDK; every frame it receives is checked on the way."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from tests.support.engine_speaker import silence, speak
from tests.support.ga_events import CLASSES, ga_event

Json = dict[str, Any]
PATIENCE = 20.0
"""Seconds to wait for an event."""


@dataclass(slots=True)
class Talk:
    """One connection of the SDK."""

    connection: AsyncRealtimeConnection
    frames: list[Json] = field(default_factory=list)

    async def next(self) -> Json:
        """The next event. It has to be what its type says, by our strict reading and by the SDK's own."""
        async with asyncio.timeout(PATIENCE):
            frame = await self.connection.recv_bytes()
        ga_event(frame.decode())
        event: Json = json.loads(frame)
        assert type(self.connection.parse_event(frame)) is CLASSES[event["type"]]
        assert event["type"] != "error", event
        self.frames.append(event)
        return event

    async def until(self, kind: str) -> Json:
        """The next event of that type."""
        while (event := await self.next())["type"] != kind:
            pass
        return event

    async def types(self, text: str) -> str:
        """A typed turn, and the words of its written answer."""
        return await self._ask(text, "text")

    async def types_and_listens(self, text: str) -> tuple[str, bytes]:
        """A typed turn, and the words and the sound of its spoken answer."""
        before = len(self.frames)
        return await self._ask(text, "audio"), self._sound_since(before)

    async def _ask(self, text: str, output: Literal["text", "audio"]) -> str:
        await self.connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        )
        await self.connection.response.create(response={"output_modalities": [output]})
        return _words(await self.until("response.done"))

    async def speaks(self, pcm: bytes) -> "Spoken":
        """A spoken turn at the pace of speech: what was understood, and the words and the sound of the answer."""
        before = len(self.frames)
        microphone = asyncio.create_task(speak(self.connection, silence(0.3) + pcm + silence(1.0)))
        answer = _words(await self.until("response.done"))
        while not self._since(before, "conversation.item.input_audio_transcription.completed"):
            await self.next()
        await microphone
        [heard] = self._since(before, "conversation.item.input_audio_transcription.completed")
        return Spoken(heard["transcript"], answer, self._sound_since(before))

    def _sound_since(self, before: int) -> bytes:
        deltas = self._since(before, "response.output_audio.delta")
        return b"".join(base64.b64decode(delta["delta"]) for delta in deltas)

    def _since(self, before: int, kind: str) -> list[Json]:
        return [event for event in self.frames[before:] if event["type"] == kind]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A spoken turn and its answer."""

    heard: str
    answer: str
    sound: bytes


@asynccontextmanager
async def talk(client: AsyncOpenAI, **query: str) -> AsyncIterator[Talk]:
    """A session, greeted; closed at the end."""
    async with client, client.realtime.connect(model="gpt-realtime", extra_query=query) as connection:
        talking = Talk(connection)
        await talking.until("session.created")
        yield talking


def _words(done: Json) -> str:
    assert done["response"]["status"] == "completed", done
    part = done["response"]["output"][0]["content"][0]
    return str(part.get("text") or part.get("transcript"))
