"""A session's line to its speech worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from realtime.engine.line import SpeechLine
from realtime.engine.speech.vocabulary import (
    Ask,
    ClearAudio,
    CommitAudio,
    Happened,
    Hear,
    Hush,
    Say,
    SpeechFailed,
    SpeechStarted,
    SpeechStopped,
    TurnTaking,
)
from tests.support.engine_speech import ScriptedSpeech

SECOND = Hear(bytes(48_000))
PUSH_TO_TALK = TurnTaking(by_voice=False)


class Session:
    """What the line tells its session."""

    def __init__(self, speech: ScriptedSpeech) -> None:
        self.happened: asyncio.Queue[Happened] = asyncio.Queue()
        self.lost: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.line = SpeechLine(speech, happened=self.happened.put, lost=self._lose)

    async def _lose(self, code: str, detail: str) -> None:
        await self.lost.put((code, detail))


@pytest.fixture
async def speech() -> ScriptedSpeech:
    return ScriptedSpeech(speaks=False)


@asynccontextmanager
async def running(speech: ScriptedSpeech) -> AsyncIterator[Session]:
    session = Session(speech)
    task = asyncio.create_task(session.line.run())
    try:
        yield session
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_worker_is_taken_at_the_first_thing_to_hear_and_learns_first_how_to_find_turns(
    speech: ScriptedSpeech,
) -> None:
    async with running(speech) as session:
        for ask in (TurnTaking(), PUSH_TO_TALK, ClearAudio(), Hush("resp_1")):
            session.line.ask(ask)
        await asyncio.sleep(0)
        assert speech.workers == []
        session.line.ask(SECOND)
        worker = await speech.worker()
        assert await worker.asked(2) == [PUSH_TO_TALK, SECOND]


async def test_everything_asked_while_a_worker_gets_ready_reaches_it_in_order(speech: ScriptedSpeech) -> None:
    async with running(speech) as session:
        heard: list[Ask] = [SECOND, PUSH_TO_TALK, CommitAudio("item_1"), ClearAudio()]
        said: list[Ask] = [Say("resp_1", "Yes.", "slt"), Say("resp_1", "No.", "slt")]
        for ask in heard + said:
            session.line.ask(ask)
        worker = await speech.worker()
        asked = await worker.asked(7)
        assert [ask for ask in asked if ask not in said] == [TurnTaking(), *heard]
        assert [ask for ask in asked if ask in said] == said


async def test_the_worker_is_given_back_at_the_end(speech: ScriptedSpeech) -> None:
    async with running(speech) as session:
        session.line.ask(SECOND)
        worker = await speech.worker()
    assert worker.gone.is_set()


async def test_when_all_are_taken_it_is_told_and_the_next_thing_to_hear_tries_again(
    speech: ScriptedSpeech,
) -> None:
    speech.limit = 0
    async with running(speech) as session:
        session.line.ask(SECOND)
        assert (await session.lost.get())[0] == "engine_busy"
        speech.limit = 1
        session.line.ask(SECOND)
        worker = await speech.worker()
        assert await worker.asked(2) == [TurnTaking(), SECOND]


async def test_a_worker_that_fails_is_replaced_and_the_clock_goes_on(speech: ScriptedSpeech) -> None:
    async with running(speech) as session:
        session.line.ask(PUSH_TO_TALK)
        session.line.ask(SECOND)
        first = await speech.worker()
        await first.asked(2)
        first.find(SpeechStarted(400))
        first.die("It stopped.")
        assert await session.happened.get() == SpeechStarted(400)
        assert await session.happened.get() == SpeechFailed("It stopped.")
        assert (await session.lost.get())[1] == "It is gone."
        session.line.ask(SECOND)
        second = await speech.worker(2)
        assert first.gone.is_set()
        assert await second.asked(2) == [PUSH_TO_TALK, SECOND]
        second.find(SpeechStarted(100), SpeechStopped(900))
        assert await session.happened.get() == SpeechStarted(1100)
        assert await session.happened.get() == SpeechStopped(1900)


async def test_when_no_worker_can_be_started_it_is_not_tried_with_every_word(speech: ScriptedSpeech) -> None:
    speech.broken = True
    async with running(speech) as session:
        for _ in range(5):
            session.line.ask(SECOND)
            assert (await session.lost.get())[1] == "No process can be started."
    assert speech.refused == 1


async def test_clauses_of_a_hushed_answer_are_not_handed_on(speech: ScriptedSpeech) -> None:
    async with running(speech) as session:
        session.line.ask(Say("resp_1", "Not this.", "slt"))
        session.line.ask(Say("resp_2", "But this.", "slt"))
        session.line.ask(Hush("resp_1"))
        worker = await speech.worker()
        assert await worker.asked(3) == [
            TurnTaking(),
            Say("resp_2", "But this.", "slt"),
            Hush("resp_1"),
        ]


async def test_hearing_does_not_wait_for_a_worker_that_has_enough_to_say(speech: ScriptedSpeech) -> None:
    async with running(speech) as session:
        session.line.ask(SECOND)
        worker = await speech.worker()
        worker.has_enough_to_say = True
        session.line.ask(Say("resp_1", "Too much.", "slt"))
        session.line.ask(CommitAudio("item_1"))
        assert (await worker.asked(3))[-1] == CommitAudio("item_1")


async def test_whoever_asks_too_much_waits_until_a_worker_has_taken_it(speech: ScriptedSpeech) -> None:
    session = Session(speech)
    for _ in range(31):
        session.line.ask(SECOND)
    waiting = asyncio.create_task(session.line.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    task = asyncio.create_task(session.line.run())
    await asyncio.wait_for(waiting, timeout=5)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
