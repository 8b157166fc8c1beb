"""The engine and its sessions, with scripted speech."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest

from realtime.config import EngineConfig
from realtime.engine.dialogue.prompt import AnswerFailed, Prompt
from realtime.engine.outbox import Outbox
from realtime.engine.server import Engine, EngineClosed
from realtime.engine.speech.vocabulary import Hush, SpeechStarted, SpeechStopped, Transcribed
from tests.support.engine_chat_server import ChatScript, chat_server, streamed
from tests.support.engine_client import EngineClient, engine_client
from tests.support.engine_speech import ScriptedSpeech

NOW = datetime(2026, 3, 5, 12, 7, tzinfo=UTC)


class HandClock:
    """Stands still until it is told that the longest sleep is over."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.strike = asyncio.Event()

    def now(self) -> datetime:
        return NOW

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.strike.wait()


class Listener:
    """An answerer that never comes to an end by itself."""

    label = "Listener"
    is_language_model = True

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.left = asyncio.Event()
        self.closed = False

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        try:
            yield "One moment. "
            self.began.set()
            await asyncio.Event().wait()
        finally:
            self.left.set()

    async def close(self) -> None:
        self.closed = True


class Breaking(Listener):
    """An answerer with a fault of ours."""

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        yield "Half "
        raise ZeroDivisionError


class Refusing(Listener):
    async def answer(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        yield "Half "
        raise AnswerFailed("chat_server_failed", "It failed.")


def engine_with(**parts: object) -> Engine:
    return Engine(EngineConfig(), **{"speech": ScriptedSpeech(), "clock": HandClock(), **parts})  # type: ignore[arg-type]


async def test_a_typed_turn_needs_no_speech_worker() -> None:
    speech = ScriptedSpeech()
    async with engine_client(engine_with(speech=speech)) as client:
        assert await client.ask("what time is it", output_modalities=["text"]) == "It is 12:07."
        assert speech.workers == []
    assert speech.closed


async def test_a_typed_turn_is_answered_aloud() -> None:
    async with engine_client(engine_with()) as client:
        assert await client.ask("what is two plus two") == "That makes 4."
    sound = b"".join(
        base64.b64decode(frame["delta"])
        for frame in client.frames
        if frame["type"] == "response.output_audio.delta"
    )
    assert len(sound) == 3 * 200 * 48


async def test_a_spoken_turn_is_heard_and_answered() -> None:
    speech = ScriptedSpeech()
    async with engine_client(engine_with(speech=speech)) as client:
        await client.send("input_audio_buffer.append", audio=base64.b64encode(bytes(9600)).decode())
        worker = await speech.worker()
        worker.find(SpeechStarted(0), SpeechStopped(900), Transcribed("", "what time is it", 0.9))
        done = await client.until("response.done")
        assert done["response"]["output"][0]["content"][0]["transcript"] == "It is 12:07."


async def test_a_barge_in_stops_the_search_for_words_and_the_speaking_of_them() -> None:
    speech, answerer = ScriptedSpeech(), Listener()
    async with engine_client(engine_with(speech=speech, answerer=answerer)) as client:
        await client.send("response.create")
        await client.until("response.output_audio.delta")
        await answerer.began.wait()
        speech.workers[0].find(SpeechStarted(0))
        done = await client.until("response.done")
        assert done["response"]["status_details"]["reason"] == "turn_detected"
        await asyncio.wait_for(answerer.left.wait(), timeout=5)
        assert Hush(done["response"]["id"]) in await speech.workers[0].asked(3)


async def test_the_time_of_a_session_is_up_after_an_hour() -> None:
    clock = HandClock()
    client = EngineClient(await engine_with(clock=clock).open())
    created = await client.next()
    assert created["session"]["expires_at"] == NOW.timestamp() + 3600
    assert clock.slept == [3600]
    clock.strike.set()
    assert (await client.until("error"))["error"]["code"] == "session_expired"
    with pytest.raises(EngineClosed) as closed:
        await client.next()
    assert closed.value.code == 1001
    with pytest.raises(EngineClosed):
        await client.send("response.create")
    await client.session.close()


async def test_closing_gives_back_the_worker_and_ends_the_search_for_words() -> None:
    speech, answerer = ScriptedSpeech(), Listener()
    engine = engine_with(speech=speech, answerer=answerer)
    client = EngineClient(await engine.open())
    await client.send("response.create")
    await client.until("response.output_audio.delta")
    await client.session.close()
    await client.session.close()

    assert speech.workers[0].gone.is_set()
    assert answerer.left.is_set()
    with pytest.raises(EngineClosed) as closed:
        await client.until("response.done")
    assert closed.value.code == 1000
    await engine.close()
    assert answerer.closed


async def test_closing_the_engine_ends_its_sessions() -> None:
    engine = engine_with()
    client = EngineClient(await engine.open())
    await client.next()
    reading = asyncio.create_task(client.next())
    await engine.close()
    with pytest.raises(EngineClosed):
        await reading


async def test_a_fault_of_ours_ends_the_session_with_a_code_and_a_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = engine_with(answerer=Breaking())
    client = EngineClient(await engine.open())
    await client.send("response.create", response={"output_modalities": ["text"]})
    with caplog.at_level(logging.ERROR), pytest.raises(EngineClosed) as closed:
        await client.until("response.done")
    assert closed.value.code == 1011
    assert "ZeroDivisionError" in caplog.text
    await client.session.close()


async def test_a_failed_answer_ends_the_response_and_not_the_session() -> None:
    async with engine_client(engine_with(answerer=Refusing())) as client:
        await client.send("response.create", response={"output_modalities": ["text"]})
        done = await client.until("response.done")
        assert done["response"]["status_details"]["error"]["code"] == "chat_server_failed"
        assert done["response"]["output"][0]["status"] == "incomplete"
        await client.send("response.create", response={"output_modalities": ["text"]})
        await client.until("response.done")


async def test_a_client_that_does_not_read_is_not_read_either() -> None:
    engine = engine_with()
    session = await engine.open()
    update = {"type": "session.update", "session": {"type": "realtime", "instructions": "x" * 100_000}}
    frame = json.dumps(update)

    async def flood() -> None:
        while True:
            await session.send(frame)

    flooding = asyncio.create_task(flood())
    done, _ = await asyncio.wait([flooding], timeout=0.2)
    assert not done
    waiting = 0
    flooding.cancel()
    await asyncio.wait([flooding])
    await session.close()
    with pytest.raises(EngineClosed):
        while True:
            waiting += len(await session.receive())
    assert 0 < waiting < Outbox.HIGH_WATER + 200_000
    await engine.close()


async def test_when_all_workers_are_taken_typed_turns_go_on() -> None:
    async with engine_client(engine_with(speech=ScriptedSpeech(limit=0))) as client:
        assert await client.ask("what is two plus two") == "That makes 4."
        codes = [frame["error"]["code"] for frame in client.frames if frame["type"] == "error"]
        assert codes == ["engine_busy"]
        assert await client.ask("what is two plus three", output_modalities=["text"]) == "That makes 5."


async def test_where_there_is_no_voice_typed_turns_are_answered_and_the_reason_is_known() -> None:
    speech = ScriptedSpeech(problem="There is no recogniser for this Python.")
    engine = engine_with(speech=speech)
    assert engine.voice_problem == "There is no recogniser for this Python."
    async with engine_client(engine) as client:
        assert await client.ask("what is two plus two") == "That makes 4."
    assert speech.starts == 0


async def test_sessions_do_not_hear_each_other() -> None:
    engine = engine_with()
    async with engine_client(engine) as first:
        second = EngineClient(await engine.open())
        await first.ask("my secret is 7", output_modalities=["text"])
        assert (
            await second.ask("what did i say", output_modalities=["text"])
            == "You have not said anything before this."
        )


async def test_a_configured_chat_server_answers_through_the_engine() -> None:
    script = ChatScript(streamed("The answer ", "is teal."))
    async with chat_server(script):
        config = EngineConfig(chat_base_url=script.url, chat_model="tiny")
        engine = Engine(config, speech=ScriptedSpeech())
        assert engine.is_language_model
        assert engine.label.startswith("tiny")
        async with engine_client(engine) as client:
            await client.send("session.update", session={"type": "realtime", "instructions": "Be brief."})
            assert await client.ask("what is my favourite colour") == "The answer is teal."
    assert script.requests[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "what is my favourite colour"},
    ]


async def test_an_engine_says_who_answers() -> None:
    engine = engine_with()
    assert engine.label == "Built-in responder (no language model)"
    assert engine.is_language_model is False
    assert (engine.voices, engine.default_voice) == (("slt", "kal"), "slt")
    await engine.close()
