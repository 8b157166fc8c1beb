"""Faults 29 and 30: the event loop is never held up, and nothing is left over of people who came and went."""

import asyncio
from dataclasses import dataclass

import pytest

from tests.faults.rig import kin
from tests.faults.rig.caller import Caller
from tests.faults.rig.figures import Figures, nobody_is_there
from tests.faults.rig.patience import soon
from tests.faults.rig.processes import Home, Worker
from tests.faults.rig.speech import speech

ROUNDS = 3
AT_ONCE = 10
SPARE_FILES = 3
"""A database connection more or less, and the one that asks."""
SPARE_TASKS = 3
SPARE_MEMORY = 0.05
STALL_SECONDS = 0.1
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a worker holds while nobody is there."""

    memory: int
    """Bytes."""
    files: int
    tasks: float

    def __str__(self) -> str:
        return f"{self.memory / MIB:.1f} MiB, {self.files} files and {self.tasks:.0f} tasks"


@pytest.mark.alone
@pytest.mark.fault(29)
async def test_nothing_holds_the_event_loop_up(own: Home, server: Worker) -> None:
    """Nobody waits a tenth of a second because of what is done for somebody else; and that would be noticed."""
    before, starved = await asyncio.to_thread(Figures, server), kin.starved_seconds(server.pid)
    await asyncio.gather(*(come_and_go(own, server, number) for number in range(AT_ONCE)))
    after = await asyncio.to_thread(Figures, server)
    # A machine with other work to do holds the loop up as well, and the kernel tells for how long.
    starved = kin.starved_seconds(server.pid) - starved
    assert after.stalls - before.stalls <= int(starved / STALL_SECONDS), f"starved for {starved} s"

    server.pause()
    await asyncio.sleep(0.6)
    server.go_on()
    await soon(lambda: Figures(server).stalls > after.stalls, 10, what="the notice of a stall")


@pytest.mark.fault(30)
async def test_nothing_is_left_of_those_who_came_and_went(
    own: Home, server: Worker, is_long: bool, remarks: list[str]
) -> None:
    """Memory, files and tasks after the third round are what they were after the second."""
    each = 1000 if is_long else 10
    plateaus: list[Holdings] = []
    for _ in range(ROUNDS):
        for start in range(0, each, AT_ONCE):
            await asyncio.gather(*(come_and_go(own, server, start + number) for number in range(AT_ONCE)))
        await soon(lambda: nobody_is_there(server), 30, what="the last good-bye")
        figures = await asyncio.to_thread(Figures, server)
        tasks = figures.sum("voiceassist_asyncio_tasks")
        plateaus.append(Holdings(server.rss_bytes(), server.open_files(), tasks))
        remarks.append(f"After {len(plateaus) * each} visits the worker holds {plateaus[-1]}")
    second, third = plateaus[1:]

    assert third.memory < second.memory * (1 + SPARE_MEMORY), plateaus
    assert third.files <= second.files + SPARE_FILES, plateaus
    assert third.tasks <= second.tasks + SPARE_TASKS, plateaus
    assert "ResourceWarning" not in server.screen


async def come_and_go(own: Home, server: Worker, number: int) -> None:
    """One visit: type or speak, then leave, be lost and return, or be lost and have the session ended."""
    async with Caller(own.people[number % AT_ONCE], server.url) as caller:
        await caller.call(output="text" if number % 2 else "audio")
        if number % 3:
            await caller.type(f"{caller.name} was here")
        else:
            await caller.speak(speech("here"))
        await caller.until_answered()
        if number % 5 == 0:
            caller.drop()
            await caller.until(lambda: caller.closed is not None)
            await caller.resume()
        if number % 5 == 1:
            caller.drop()
            await caller.request("DELETE", f"/api/voice/sessions/{caller.session_id}/")
