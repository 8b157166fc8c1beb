"""Anything at any time: random faults over many callers, and the four promises held against what is left.

A run is repeated with `FAULTS_SEED=<the seed that it printed>`: the same faults in the same order, in the
quick form and in the long one, which goes on for longer.
"""

import asyncio
import os
import secrets
from itertools import islice
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from tests.faults.rig.caller import Caller
from tests.faults.rig.checker import stored, violations
from tests.faults.rig.clockwork import make_older, reap_now
from tests.faults.rig.crowd import Talker
from tests.faults.rig.history import History
from tests.faults.rig.nemesis import KINDS, TARGETS, Blow, Nemesis, Site, schedule, site
from tests.faults.rig.remains import broken_if_they_stay, remains
from tests.faults.rig.services import Postgres, Redis

WORKERS, WORKERS_OF_THE_LONG_FORM = 2, 3
TAKEN_BACK = {
    "pause": "go_on",
    "stop": "start",
    **dict.fromkeys(("hang", "refuse", "latency", "slice", "limit", "bandwidth", "slow_close"), "heal"),
}
"""What has to come after it on the same thing, at last."""


def test_one_seed_is_one_schedule() -> None:
    first, second, other = (list(islice(schedule(seed), 400)) for seed in (7, 7, 8))

    assert first == second != other
    assert {blow.kind for blow in first} == set(KINDS)
    assert {blow.target for blow in first} == set(range(TARGETS))


@pytest.mark.parametrize("workers", [WORKERS, WORKERS_OF_THE_LONG_FORM])
def test_a_seed_means_the_same_blows_however_many_workers_there_are(workers: int) -> None:
    target = MagicMock(places=[MagicMock() for _ in range(workers)])
    hit = [Blow("", drawn, 0, 0).place(workers) for drawn in range(TARGETS)]

    assert list(islice(Nemesis(target, 7).plan, 400)) == list(islice(schedule(7), 400))
    assert [hit.count(place) for place in range(workers)] == [TARGETS // workers] * workers


@pytest.mark.parametrize("kind", KINDS)
async def test_every_blow_hits_something_and_is_taken_back(kind: str) -> None:
    target = MagicMock()
    target.places = [target.place]

    await Nemesis(target, 7).strike(Blow(kind, target=5, after=0, seconds=0))

    done = [name for name, _, _ in target.mock_calls]
    assert done
    for what, _, how in (name.rpartition(".") for name in done):
        back = TAKEN_BACK.get(how)
        assert back is None or done[-1] == f"{what}.{back}", done


async def test_a_blow_that_nobody_knows_is_no_blow() -> None:
    target = MagicMock()
    target.places = [target.place]

    with pytest.raises(ValueError, match="kill the cat"):
        await Nemesis(target, 7).strike(Blow("kill the cat", 0, 0, 0))


async def test_whatever_happens_nobody_s_words_are_lost(
    tmp_path: Path, postgres: Postgres, redis_server: Redis, is_long: bool, remarks: list[str]
) -> None:
    seed = int(os.environ.get("FAULTS_SEED") or secrets.randbelow(2**31))
    remarks.append(f"The nemesis struck by seed {seed}; again: FAULTS_SEED={seed}")
    seconds, crowd = (180.0, 10) if is_long else (5.0, 4)
    with site(
        tmp_path, postgres, redis_server, workers=WORKERS_OF_THE_LONG_FORM if is_long else WORKERS
    ) as target:
        people = target.own.people[:crowd]
        talkers = [
            Talker(person, target.urls, seed=f"{seed} {person.username}", history=target.history)
            for person in people
        ]
        nemesis = Nemesis(target, seed)
        try:
            await talk_through(talkers, nemesis, seconds)
            await be_seen(target)
            broken = await broken_if_they_stay(target)
            await asyncio.to_thread(bring_to_an_end, target)
            broken += violations(target.history, stored(target.own.database), target.own.people)
            broken += amiss(target.history)
            deadlocks = await asyncio.to_thread(postgres.deadlocks, target.own.database)
        finally:
            story = tmp_path / "history.jsonl"
            target.history.write(story)
            (tmp_path / "screens").write_text(target.screens(), encoding="utf-8")

    told = len(target.history.of("saved"))
    assert not broken, f"seed {seed} ({story}): " + "\n".join(broken)
    assert not deadlocks, (
        f"seed {seed} ({story}): {deadlocks} times transactions waited for each other in a circle"
    )
    assert nemesis.struck, "nothing happened"
    assert told >= crowd, f"seed {seed}: only {told} turns were stored; nothing was tried"


async def talk_through(talkers: list[Talker], nemesis: Nemesis, seconds: float) -> None:
    """Everybody talks while it storms; when the storm is over everybody can be heard again, and goes."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for talker in talkers:
            group.create_task(talker.live(over))
        await nemesis.rage(seconds)
        over.set()
    async with asyncio.TaskGroup() as group:
        for talker in talkers:
            group.create_task(talker.finish())
    for talker in talkers:
        await talker.__aexit__(None, None, None)


async def be_seen(target: Site) -> None:
    """As long as somebody is there, that shows; else it would prove nothing that afterwards nothing is to be seen."""
    for place in target.places:
        async with Caller(target.own.people[-1], place.url) as late:
            await late.call(output="text")
            seen = await asyncio.to_thread(remains, target)
            assert any(str(late.session_id) in each for each in seen), seen
            assert any("counts" in each for each in seen), seen
            assert any("upstream" in each for each in seen), seen


def bring_to_an_end(target: Site) -> None:
    """Let ten minutes pass for the sessions that no living process holds, and the reaper look."""
    for session_id, row in stored(target.own.database).sessions.items():
        if row["state"] != "ended":
            make_older(target.own.database, session_id, seconds=600)
    reap_now(target.own.people[0], target.places[0].worker.url if target.places[0].worker else "")


def amiss(history: History) -> list[str]:
    """What callers noticed by themselves."""
    doubled = [f"{each.who} got {each.details} twice" for each in history.of("doubled")]
    return doubled + [f"{each.who} got an answer not whole: {each.details}" for each in history.of("unsound")]
