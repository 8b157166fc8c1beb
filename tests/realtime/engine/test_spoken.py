"""Whole spoken turns: the stock OpenAI SDK, the engine on a port, a real speech worker, human and synthetic speech."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from realtime.config import EngineConfig
from realtime.engine.server import Engine
from realtime.engine.serving import serving
from realtime.engine.speech.pool import voice_problem
from tests.support.engine_speaker import loudness, pcm_of, reference, silence, speak
from tests.support.ga_events import CLASSES

PATIENCE = 20

pytestmark = pytest.mark.skipif(bool(voice_problem()), reason=voice_problem() or "speech is there")


class Caller:
    """One connection of the stock SDK; every event it receives must be of its own class."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.events: list[Any] = []

    async def until(self, kind: str) -> Any:
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await self.connection.recv()
                assert isinstance(event, CLASSES[event.type])
                self.events.append(event)
                if event.type == kind:
                    return event

    async def says(self, clip: str) -> tuple[str, str]:
        """Speak a clip in one burst: what was understood, and what was answered to it."""
        await speak(self.connection, silence(0.3) + pcm_of(clip) + silence(1.0), at_once=True)
        done = await self.until("response.done")
        assert done.response.status == "completed", done
        understood = [
            event.transcript
            for event in self.events
            if event.type == "conversation.item.input_audio_transcription.completed"
        ]
        return understood[-1], done.response.output[0].content[0].transcript

    def sound(self) -> bytes:
        """All the audio that came so far."""
        deltas = (event.delta for event in self.events if event.type == "response.output_audio.delta")
        return b"".join(map(base64.b64decode, deltas))


@asynccontextmanager
async def calling() -> AsyncIterator[Caller]:
    async with serving(Engine(EngineConfig()), host="127.0.0.1", port=0) as address:
        client = AsyncOpenAI(api_key="any", websocket_base_url=address.removesuffix("/realtime"))
        async with client, client.realtime.connect(model="voiceassist-engine") as connection:
            caller = Caller(connection)
            await caller.until("session.created")
            await connection.session.update(
                session={
                    "type": "realtime",
                    "audio": {"input": {"transcription": {"model": "gpt-transcribe"}}},
                }
            )
            await caller.until("session.updated")
            yield caller


async def test_a_human_voice_is_understood_at_once_and_answered_aloud() -> None:
    async with calling() as caller:
        await speak(caller.connection, silence(0.3) + pcm_of("goforward.wav"))
        spoken_at = time.perf_counter()
        talking = asyncio.create_task(speak(caller.connection, silence(1.0)))
        await caller.until("response.output_audio.delta")
        # bench/engine_latency.py measures it on a quiet machine; here it only must not be a matter of seconds.
        assert time.perf_counter() - spoken_at < 3
        done = await caller.until("response.done")
        await talking
        completed = next(
            event
            for event in caller.events
            if event.type == "conversation.item.input_audio_transcription.completed"
        )
        assert completed.transcript == "go forward ten meters"
        assert "not a language model" in done.response.output[0].content[0].transcript
        assert len(caller.sound()) > 24_000 * 2
        assert loudness(caller.sound()) > 300
        kinds = [event.type for event in caller.events]
        order = [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_audio_transcript.delta",
            "response.output_audio.delta",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.done",
        ]
        places = [kinds.index(kind) for kind in order]
        assert places == sorted(places)


async def test_a_question_in_another_voice_is_answered_with_the_words_of_an_earlier_turn() -> None:
    async with calling() as caller:
        first, _ = await caller.says("goforward.wav")
        asked, answered = await caller.says("slt-what-did-i-say.wav")
        assert (first, asked) == ("go forward ten meters", "what did i say")
        assert answered == "You said: “go forward ten meters”."


async def test_speech_interrupts_and_the_answer_keeps_what_was_heard() -> None:
    async with calling() as caller:
        connection = caller.connection
        words = " ".join(f"This is sentence number {number}." for number in range(1, 9))
        await connection.conversation.item.create(
            item={
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": f"say {words}"}],
            }
        )
        await connection.response.create()
        await caller.until("response.output_audio.delta")
        await speak(connection, silence(0.2) + pcm_of("goforward.wav"))
        started = await caller.until("input_audio_buffer.speech_started")
        item = next(event.item for event in caller.events if event.type == "response.output_item.added")
        await connection.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=1500)
        truncated = await caller.until("conversation.item.truncated")
        heard = truncated.model_extra["transcript"]
        assert words.startswith(heard)
        # About two words a second were heard in one and a half seconds.
        assert 1 <= len(heard.split()) <= 8
        await connection.conversation.item.retrieve(item_id=item.id)
        retrieved = await caller.until("conversation.item.retrieved")
        assert retrieved.item.content[0].transcript == heard
        await speak(connection, silence(1.0))
        committed = await caller.until("input_audio_buffer.committed")
        assert committed.item_id == started.item_id
        await caller.until("response.done")


async def test_what_is_said_in_push_to_talk_is_understood_and_answered_when_asked() -> None:
    async with calling() as caller:
        connection = caller.connection
        await connection.session.update(
            session={"type": "realtime", "audio": {"input": {"turn_detection": None}}}
        )
        await speak(connection, pcm_of("goforward.wav"), at_once=True)
        await connection.input_audio_buffer.commit()
        await connection.response.create()
        done = await caller.until("response.done")
        completed = next(
            event
            for event in caller.events
            if event.type == "conversation.item.input_audio_transcription.completed"
        )
        assert completed.transcript == reference("goforward.wav")
        assert done.response.status == "completed"
        assert not any(event.type.startswith("input_audio_buffer.speech") for event in caller.events)


async def test_one_speaker_more_than_there_are_workers_is_told_and_can_still_type() -> None:
    engine = Engine(EngineConfig(speech_sessions=1))
    async with serving(engine, host="127.0.0.1", port=0) as address:
        client = AsyncOpenAI(api_key="any", websocket_base_url=address.removesuffix("/realtime"))
        async with (
            client,
            client.realtime.connect(model="x") as first,
            client.realtime.connect(model="x") as second,
        ):
            one, other = Caller(first), Caller(second)
            await first.response.create()
            await one.until("response.done")
            await speak(second, silence(0.2), at_once=True)
            assert (await other.until("error")).error.code == "engine_busy"
            await second.response.create(response={"output_modalities": ["text"]})
            assert (await other.until("response.done")).response.status == "completed"
