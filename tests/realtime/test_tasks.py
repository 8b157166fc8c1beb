"""How an owner waits for the end of its tasks."""

import asyncio

import pytest

from realtime.errors import Draining, InternalFault, RealtimeError
from realtime.tasks import Crew, cancelled, finished, first_of


async def stubborn(leave: asyncio.Event) -> str:
    """Does not stop before it may."""
    try:
        await asyncio.Event().wait()
    finally:
        await leave.wait()
    return ""


async def spin(times: int = 5) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def test_an_owner_that_is_told_to_stop_waits_for_its_tasks_first_and_stops_then() -> None:
    leave = asyncio.Event()
    task = asyncio.create_task(leave.wait())
    owner = asyncio.create_task(finished([task]))
    for _ in range(3):
        await spin()
        owner.cancel()
    await spin()
    assert not owner.done()
    assert not task.done()
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert task.result() is True


async def test_cancelled_tasks_are_over_when_their_owner_goes_on() -> None:
    leave = asyncio.Event()
    tasks = [asyncio.create_task(stubborn(leave)) for _ in range(2)]
    await spin()
    owner = asyncio.create_task(cancelled(tasks))
    await spin()
    assert not owner.done()
    leave.set()
    await owner
    assert all(task.cancelled() for task in tasks)


async def test_of_several_works_the_first_that_is_over_stops_the_others() -> None:
    leave = asyncio.Event()
    leave.set()
    before = asyncio.all_tasks()
    await first_of(stubborn(leave), asyncio.sleep(0), stubborn(leave))
    assert asyncio.all_tasks() == before


async def test_what_the_first_raised_is_raised_when_the_others_are_over() -> None:
    async def broken() -> None:
        raise LookupError("broken")

    leave = asyncio.Event()
    doing = asyncio.create_task(first_of(broken(), stubborn(leave)))
    await spin()
    assert not doing.done()
    leave.set()
    with pytest.raises(LookupError):
        await doing


class Trouble:
    def __init__(self) -> None:
        self.told: list[RealtimeError] = []
        self.crew = Crew("session 1", self.told.append)


async def test_what_goes_wrong_at_once_is_told_in_our_words_like_what_goes_wrong_in_a_task() -> None:
    trouble = Trouble()

    async def breaks_later() -> None:
        raise KeyError("a word nobody should read")

    trouble.crew.went_wrong(KeyError("a word nobody should read"))
    await trouble.crew.task(breaks_later)
    assert [type(error) for error in trouble.told] == [InternalFault, InternalFault]


async def test_an_error_of_ours_is_told_as_it_is_and_work_that_does_well_is_no_trouble() -> None:
    trouble, draining, done = Trouble(), Draining(), []

    async def drains() -> None:
        raise draining

    async def does_well() -> None:
        done.append(True)

    await trouble.crew.guarded(drains)
    await trouble.crew.guarded(does_well)
    assert trouble.told == [draining]
    assert done == [True]
