"""Faults 20 and 21: a worker is killed, and a worker is told to stop. Its callers carry on at another one."""

import asyncio
import time

import pytest
from websockets.exceptions import InvalidStatus

from tests.faults.conftest import DRAIN_SECONDS
from tests.faults.rig.caller import Caller
from tests.faults.rig.checker import Stored, stored
from tests.faults.rig.clockwork import make_older, reap_now
from tests.faults.rig.patience import soon
from tests.faults.rig.processes import Home, Worker, worker
from tests.faults.rig.remains import held_by
from tests.faults.rig.upstream import TalkingUpstream

GRACE_SECONDS = 20
SPARE = 1.0
"""Seconds that a busy machine may be late."""


@pytest.fixture(scope="module")
def own(big_home: Home) -> Home:
    return big_home


@pytest.mark.thorough
@pytest.mark.fault(20)
async def test_a_killed_worker_loses_nobody(
    own: Home, big_server: Worker, upstream: TalkingUpstream, is_long: bool
) -> None:
    """Who comes back goes on elsewhere with all that was said; who does not is written down as lost."""
    with worker(own) as doomed:
        async with (
            Caller(own.people[0], doomed.url) as returning,
            Caller(own.people[1], doomed.url) as leaving,
        ):
            for caller in (returning, leaving):
                await caller.call(output="text")
                await caller.until_saved(await caller.type(f"{caller.name} before"))
                await caller.until_answered()
                await caller.until_stored(2)
            doomed.kill9()
            for caller in (returning, leaving):
                await caller.until_closed()
            assert returning.closed == (1006, "")

            was_resumed = await returning.resume(big_server.url)
            item_id = await returning.type(f"{returning.name} after")
            await returning.until_saved(item_id)
            remembered = upstream.talks[-1].instructions

            assert await soon(lambda: ended(own, leaving, big_server.url, is_long), 120, what="the reaping")
            await returning.leave()
    await soon(lambda: stored(own.database).sessions[returning.session_id]["state"] == "ended", 10)

    found = stored(own.database)
    assert not was_resumed, "nobody can resume what died with its process"
    assert f"{returning.name} before" in remembered
    assert found.sessions[leaving.session_id]["end_reason"] == "lost"
    assert found.sessions[returning.session_id]["end_reason"] == "client"
    assert lines(found, leaving) == said(leaving, "before")
    assert lines(found, returning)[:3] == [*said(returning, "before"), f"{returning.name} after"]


def ended(own: Home, caller: Caller, url: str, is_long: bool) -> bool:
    """Whether the session of who did not come back is over; the quick form turns the clock of its row on."""
    if not is_long:
        make_older(own.database, caller.session_id, seconds=91)
        reap_now(caller.person, url)
    return bool(stored(own.database).sessions[caller.session_id]["state"] == "ended")


def said(caller: Caller, what: str) -> list[str]:
    return [f"{caller.name} {what}", f"You said: {caller.name} {what}"]


def lines(found: Stored, caller: Caller) -> list[str]:
    return [row["text"] for row in found.messages_of(caller.conversation_id)]


@pytest.mark.fault(21)
async def test_a_worker_that_has_to_stop_lets_people_finish(
    own: Home, big_server: Worker, big_other: Worker, upstream: TalkingUpstream
) -> None:
    """Told at once, probed as not ready, closed to new sockets; a running answer ends; all carry on elsewhere."""
    async with (
        Caller(own.people[2], big_other.url) as quiet,
        Caller(own.people[3], big_other.url) as listening,
        Caller(own.people[4], big_other.url) as endless,
        Caller(own.people[5], big_other.url) as newcomer,
    ):
        for caller in (quiet, listening, endless):
            await caller.call(output="text")
        await quiet.until_saved(await quiet.type(f"{quiet.name} hello"))
        await quiet.until_answered()
        await quiet.until_stored(2)
        await newcomer.ask()
        upstream.word_seconds = 0.15
        try:
            upstream.answer = lambda asked: " ".join(["word"] * (6 if listening.name in asked else 1000))
            for caller in (listening, endless):
                await caller.type(f"{caller.name} asks")
                await caller.until_heard("response.output_text.delta")
            began = time.monotonic()
            big_other.terminate()
            await asyncio.gather(
                *(caller.until_heard("voiceassist.draining") for caller in (quiet, listening, endless))
            )
            told_after = time.monotonic() - began
            status, probed = await asyncio.to_thread(big_other.readiness)
            refusal = await refused(newcomer)
            await listening.until_closed(patience=DRAIN_SECONDS + 5)
            finished = time.monotonic() - began
            await quiet.until_closed()
            await endless.until_closed(patience=DRAIN_SECONDS + 10)
            cut_after = time.monotonic() - began
            exit_status = await asyncio.to_thread(big_other.wait, DRAIN_SECONDS + GRACE_SECONDS)
        finally:
            upstream.word_seconds = 0.0
            upstream.answer = lambda asked: f"You said: {asked}"
        held = [*held_by(stored(own.database), {big_other.pid})]
        await quiet.resume(big_server.url)
        await quiet.until_saved(await quiet.type(f"{quiet.name} again"))
        remembered = upstream.talks[-1].instructions
    found = stored(own.database)

    assert told_after < 0.2 + SPARE
    assert (status, probed.get("failing")) == (503, ["draining"])
    assert refusal in (503, 1012)
    assert listening.events("response.done"), "the answer was cut off"
    assert lines(found, listening) == [f"{listening.name} asks", " ".join(["word"] * 6)]
    assert finished < DRAIN_SECONDS, "who was done had to wait for who was not"
    assert [caller.closed for caller in (listening, endless)] == [(1001, "draining")] * 2
    assert cut_after < DRAIN_SECONDS + 2 * SPARE
    assert exit_status == 0
    assert held == []
    assert f"{quiet.name} hello" in remembered
    assert lines(found, quiet)[:3] == [*said(quiet, "hello"), f"{quiet.name} again"]


async def refused(newcomer: Caller) -> int:
    """The status, or the code, with which a new socket is turned away."""
    try:
        await newcomer.connect()
    except InvalidStatus as refusal:
        return refusal.response.status_code
    return (await newcomer.until_closed())[0]
