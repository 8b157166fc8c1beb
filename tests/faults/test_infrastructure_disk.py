"""Faults 22 and 28, on SQLite: many writers and a locked database, and a full disk."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import IS_LONG, OUTSPOKEN
from tests.faults.rig.caller import Caller
from tests.faults.rig.checker import stored
from tests.faults.rig.patience import soon
from tests.faults.rig.processes import Home, Worker, home, start_worker, worker
from tests.faults.rig.upstream import TalkingUpstream

WRITERS = 8
TURNS = 4 if IS_LONG else 2
LOCKED_SECONDS = 2.0


@pytest.fixture
def own_other(own: Home) -> Iterator[Worker]:
    """Another worker there. Django throws a connection away unclosed when a full disk does not let it be prepared, and
    the shared one is asked whether anything is."""
    with worker(own, port=0, **OUTSPOKEN) as running:
        yield running


@pytest.mark.fault(22)
async def test_a_locked_database_is_waited_for(own: Home, server: Worker) -> None:
    """Eight people type at once, and somebody else holds the write lock for two seconds: nothing is lost or refused."""
    callers = [Caller(own.people[number], server.url) for number in range(WRITERS)]
    try:
        await asyncio.gather(*(caller.call(output="text") for caller in callers))
        with closing(sqlite3.connect(urlsplit(own.database).path, isolation_level=None)) as intruder:
            intruder.execute("BEGIN IMMEDIATE")
            typing = [asyncio.create_task(type_turns(caller)) for caller in callers]
            await asyncio.sleep(LOCKED_SECONDS)
            waited = not any(caller.saved for caller in callers)
            # Requests that write have to wait, too, and are answered in the end.
            renaming = asyncio.create_task(callers[0].request("POST", "/api/conversations/", json={}))
            intruder.execute("COMMIT")
        await asyncio.gather(*typing)
        created = await renaming
    finally:
        for caller in callers:
            await caller.leave()
    found = stored(own.database)

    assert waited, "the database was not locked"
    assert created.status_code == 201
    for caller in callers:
        texts = [row["text"] for row in found.messages_of(caller.conversation_id)]
        assert texts == [each for turn in range(TURNS) for each in said(caller, turn)]
        assert not caller.events("error")
    assert "database is locked" not in server.screen


async def type_turns(caller: Caller) -> None:
    for turn in range(TURNS):
        await caller.type(said(caller, turn)[0])
        await caller.until_answered(answers=turn + 1)
    await caller.until(lambda: len(caller.saved) == 2 * TURNS, patience=30)


def said(caller: Caller, turn: int) -> tuple[str, str]:
    return f"{caller.name} turn {turn}", f"You said: {caller.name} turn {turn}"


@pytest.mark.fault(28)
async def test_a_full_disk_stops_no_conversation(own: Home, own_other: Worker) -> None:
    """Neither the database nor any file can be written: people go on talking, and what is kept comes when it can."""
    async with Caller(own.people[9], own_other.url) as caller:
        await caller.call()
        await caller.until_saved(await caller.type(f"{caller.name} before"))
        await caller.until_answered()
        may_write(own_other, 0)
        try:
            item_id = await caller.type(f"{caller.name} on a full disk")
            await caller.until_answered(answers=2)
            sound = [each for each in caller.log[-30:] if isinstance(each, bytes)]
            was_saved = caller.is_saved(item_id)
            alive = await caller.request("GET", "/health")
            await caller.until_heard("voiceassist.storage")
        finally:
            may_write(own_other, resource.RLIM_INFINITY)
        await caller.until_saved(item_id, patience=20)
        await caller.until_stored(4)
        await caller.until(lambda: len(caller.events("voiceassist.storage")) == 2)
        told = [event["behind"] for event in caller.events("voiceassist.storage")]
    found = stored(own.database)

    assert not was_saved, "the disk was not full"
    assert told == [True, False]
    assert sound, "the answer could not be heard"
    assert alive.status_code == 200
    texts = [row["text"] for row in found.messages_of(caller.conversation_id)]
    assert texts[0::2] == [f"{caller.name} before", f"{caller.name} on a full disk"]


def may_write(server: Worker, bytes: int) -> None:
    """No file of this process may grow beyond so many bytes: every write to its database and log fails."""
    _, most = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (bytes if bytes >= 0 else most, most))


@pytest.mark.thorough
@pytest.mark.fault(28)
async def test_a_log_that_cannot_be_written_stops_nothing(
    tmp_path_factory: pytest.TempPathFactory, upstream: TalkingUpstream
) -> None:
    """The log goes to a device that is always full."""
    with home(tmp_path_factory.mktemp("log"), upstream_url=upstream.url) as own:
        mute = start_worker(own, screen=Path("/dev/full"))
        try:
            await soon(lambda: mute.readiness()[0] == 200, 60, what="readiness")
            async with Caller(own.people[0], mute.url) as caller:
                await caller.call(output="text")
                upstream.reset_all()  # about which there is something to log
                await caller.until(lambda: caller.events("voiceassist.reconnected"))
                await caller.until_saved(await caller.type(f"{caller.name} unlogged"))
            assert mute.is_running
        finally:
            mute.put_away()
