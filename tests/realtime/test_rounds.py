"""What many ask is answered at once, whoever of them gives up meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from realtime.rounds import Rounds, until_beat
from realtime.telemetry import SPEAKING


@dataclass
class Answerer:
    """Answers each number with its double, and remembers what it was asked together."""

    rounds: list[Sequence[int]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, numbers: Sequence[int]) -> list[int]:
        self.rounds.append(numbers)
        self.asked.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop()
        return [2 * number for number in numbers]


@pytest.fixture
def answerer() -> Answerer:
    answerer = Answerer()
    answerer.gate.set()
    return answerer


@pytest.fixture(autouse=True)
async def _nothing_is_left_running() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}


def asking(rounds: Rounds[int, int], count: int) -> list["asyncio.Task[int]"]:
    return [asyncio.create_task(rounds.ask(number)) for number in range(count)]


async def test_those_who_ask_at_the_same_time_are_answered_together_each_with_its_own(
    answerer: Answerer,
) -> None:
    many = 150
    rounds = Rounds(answerer.answer)
    assert await asyncio.gather(*asking(rounds, many)) == [2 * number for number in range(many)]
    assert answerer.rounds == [list(range(many))]
    assert await rounds.ask(7) == 14
    assert answerer.rounds[1:] == [[7]]


async def test_whoever_asks_while_a_round_is_being_answered_is_in_the_next_one(answerer: Answerer) -> None:
    rounds = Rounds(answerer.answer)
    answerer.gate.clear()
    early = asking(rounds, 2)
    await answerer.asked.wait()
    answerer.asked.clear()
    late = asyncio.create_task(rounds.ask(9))
    await answerer.asked.wait()
    answerer.gate.set()
    assert [await task for task in [*early, late]] == [0, 2, 18]
    assert answerer.rounds == [[0, 1], [9]]


async def test_what_fails_fails_for_all_of_the_round_and_the_next_one_works(answerer: Answerer) -> None:
    rounds = Rounds(answerer.answer)
    answerer.failures.append(LookupError("the database is away"))
    results = await asyncio.gather(*asking(rounds, 60), return_exceptions=True)
    assert {type(result) for result in results} == {LookupError}
    assert await asyncio.gather(*asking(rounds, 2)) == [0, 2]


async def test_whoever_gives_up_is_not_asked_about_and_costs_the_others_nothing(answerer: Answerer) -> None:
    rounds = Rounds(answerer.answer)
    first, second, third = asking(rounds, 3)
    await asyncio.sleep(0)
    first.cancel()
    assert [await second, await third] == [2, 4]
    assert answerer.rounds == [[1, 2]]
    assert first.cancelled()


async def test_one_that_gives_up_while_it_is_being_answered_does_not_end_the_round(
    answerer: Answerer,
) -> None:
    rounds = Rounds(answerer.answer)
    answerer.gate.clear()
    first, second = asking(rounds, 2)
    await answerer.asked.wait()
    first.cancel()
    await asyncio.wait([first])
    answerer.gate.set()
    assert await second == 2


async def test_when_all_have_given_up_nothing_is_asked_any_more(answerer: Answerer) -> None:
    rounds = Rounds(answerer.answer)
    for turns in range(3):
        asked = asking(rounds, 2)
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in asked:
            task.cancel()
        await asyncio.wait(asked)
    assert answerer.rounds == []
    assert await rounds.ask(4) == 8, "the next round is not the one that was given up"


async def test_a_round_speaks_for_no_session_alone(answerer: Answerer) -> None:
    spoken_for: list[tuple[str, str]] = []

    async def answer(numbers: Sequence[int]) -> Sequence[int]:
        spoken_for.append(SPEAKING.get())
        return numbers

    SPEAKING.set(("rtc_1", "a conversation"))
    assert await Rounds(answer).ask(1) == 1
    assert spoken_for == [("", "")]


def test_each_loop_has_rounds_of_its_own() -> None:
    answered = []

    async def answer(numbers: Sequence[int]) -> Sequence[int]:
        answered.append(numbers)
        return numbers

    rounds = Rounds(answer)

    async def ask_and_leave_one_behind() -> None:
        left_behind = asyncio.create_task(rounds.ask(1))
        await asyncio.sleep(0)
        assert not left_behind.done()

    asyncio.run(ask_and_leave_one_behind())
    assert asyncio.run(rounds.ask(2)) == 2
    assert answered == [[2]]


async def test_who_begins_later_is_in_step_from_its_first_moment_on() -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    assert until_beat(10.0) == pytest.approx(10.0, abs=0.001)
    await asyncio.sleep(0.05)
    due = clock() + until_beat(10.0)
    assert due == pytest.approx(began + 10.0, abs=0.02)
