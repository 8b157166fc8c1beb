"""A conversation held through the stock SDK; every frame it receives is checked on the way."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from openai.types.websocket_reconnection import ReconnectingEvent

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
    reconnects: list[ReconnectingEvent] = field(default_factory=list)
    """What the SDK told of its own reconnecting."""
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the SDK has noticed that its connection is gone."""
    _events: AsyncIterator[RealtimeServerEvent] | None = None
    """Set when the SDK is iterated over: it reconnects by itself only then, but shows no raw frame."""
    _playing: tuple[str, float] = ("", 0.0)
    """The latest spoken item, and when its first sound came."""

    async def next(self) -> Json:
        """The next event. It has to be what its type says, by our strict reading and by the SDK's own."""
        async with asyncio.timeout(PATIENCE):
            frame = await self._frame()
        ga_event(frame)
        event: Json = json.loads(frame)
        assert type(self.connection.parse_event(frame)) is CLASSES[event["type"]]
        assert event["type"] != "error", event
        self.frames.append(event)
        if event["type"] == "response.output_audio.delta" and event["item_id"] != self._playing[0]:
            self._playing = (event["item_id"], time.monotonic())
        return event

    async def _frame(self) -> str:
        if self._events is None:
            return (await self.connection.recv_bytes()).decode()
        return (await anext(self._events)).to_json(exclude_unset=True)

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
        await self.asks(text, output)
        return _words(await self.until("response.done"))

    async def asks(self, text: str, output: Literal["text", "audio"] = "text") -> None:
        """A typed turn, and nobody waits for its answer."""
        await self.connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        )
        await self.connection.response.create(response={"output_modalities": [output]})

    async def speaks(self, pcm: bytes) -> "Spoken":
        """A spoken turn at the pace of speech: what was understood, and the words and the sound of the answer."""
        return await self._answered(self._speaking(pcm), len(self.frames))

    async def speaks_over(self, pcm: bytes) -> "Spoken":
        """A spoken turn into the answer that is being played: its player stops, and tells how far it had come."""
        before = len(self.frames)
        microphone = self._speaking(pcm)
        await self.until("input_audio_buffer.speech_started")
        item_id, began = self._playing
        await self.connection.conversation.item.truncate(
            item_id=item_id, content_index=0, audio_end_ms=round((time.monotonic() - began) * 1000)
        )
        return await self._answered(microphone, before)

    def _speaking(self, pcm: bytes) -> "asyncio.Task[None]":
        return asyncio.create_task(speak(self.connection, silence(0.3) + pcm + silence(1.0)))

    async def _answered(self, microphone: "asyncio.Task[None]", before: int) -> "Spoken":
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


@asynccontextmanager
async def stubborn_talk(client: AsyncOpenAI, **query: str) -> AsyncIterator[Talk]:
    """A session that the SDK takes up again by itself when its connection is lost."""
    reconnects: list[ReconnectingEvent] = []
    lost = asyncio.Event()

    def note(event: ReconnectingEvent) -> None:
        reconnects.append(event)
        lost.set()

    connecting = client.realtime.connect(
        model="gpt-realtime", extra_query=query, on_reconnecting=note, initial_delay=0.25
    )
    async with client, connecting as connection:
        talking = Talk(connection, reconnects=reconnects, lost=lost, _events=aiter(connection))
        await talking.until("session.created")
        yield talking


def _words(done: Json) -> str:
    assert done["response"]["status"] == "completed", done
    part = done["response"]["output"][0]["content"][0]
    return str(part.get("text") or part.get("transcript"))
