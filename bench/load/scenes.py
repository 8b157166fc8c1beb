"""What is done to a worker while people talk through it, each scene on a stand of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from bench.load.callers import Caller, leave, straight, through
from bench.load.floods import Deaf, Flood, connected
from bench.load.stand import MEGABYTE, Figures, Stand, settled, stand
from bench.load.verdict import bend
from tests.faults.rig.services import Postgres, Redis
from tests.support.memory_marks import forget_memory, highest_memory

WARM_UP_SECONDS = 1.0
SLOW_QUERY = """
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END';
CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON conversations_message
    FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
"""


@asynccontextmanager
async def people_at(
    place: Stand, talking: int, idle: int = 0
) -> AsyncIterator[tuple[list[Caller], list[Caller]]]:
    """So many who talk and so many who listen, greeted and warm."""
    callers = await through(place.worker.url, place.worker.home.people, talking + idle)
    talkers, listeners = callers[:talking], callers[talking:]
    await place.measured("warm-up", talkers, WARM_UP_SECONDS, idle=listeners)
    forget_memory(place.worker.pid)
    try:
        yield talkers, listeners
    finally:
        await leave(callers)


async def without_us(place: Stand, talking: int, seconds: float) -> Figures:
    """The same callers straight at the upstream: what is not ours to answer for."""
    callers = await straight(place.upstream_url, talking)
    figures = await place.measured(f"{talking} talking, without us", callers, seconds)
    await leave(callers)
    return figures


async def crowd(tmp: Path, talking: int, idle: int, seconds: float) -> list[Figures]:
    """Some talk and many are connected."""
    with stand(tmp) as place:
        plain = await without_us(place, talking, seconds)
        async with people_at(place, talking, idle) as (talkers, listeners):
            ours = await place.measured(f"{talking} talking + {idle} idle", talkers, seconds, idle=listeners)
    return [plain, ours]


async def knee(tmp: Path, steps: Iterable[int], seconds: float) -> list[Figures]:
    """More and more people, until it is heard or there are no more steps."""
    found: list[Figures] = []
    with stand(tmp) as place:
        for talking in steps:
            async with people_at(place, talking) as (talkers, _):
                figures = await place.measured(f"{talking} talking", talkers, seconds)
            found.append(figures)
            if bend(figures):
                break
            await settled()
    return found


async def floods(tmp: Path, talking: int, megabytes: int, seconds: float) -> list[Figures]:
    """Somebody pours out, somebody else reads nothing of what is poured, and others talk."""
    found: list[Figures] = []
    with stand(tmp) as place:
        pid = place.worker.pid
        async with people_at(place, talking) as (talkers, _):
            found.append(await place.measured(f"{talking} talking, no flood", talkers, seconds))
            flood = await asyncio.to_thread(Flood, place.worker.port, await place.ticket(), megabytes)
            before = forget_memory(pid)
            flood.start()
            up = await place.measured(f"{megabytes} MB up", talkers, seconds)
            grown = highest_memory(pid) - before
            took = f"took {flood.poured / MEGABYTE:.1f} MB"
            found.append(replace(up, grown=grown, note=f"grew {grown / MEGABYTE:.1f} MB, {took}"))
            await asyncio.to_thread(flood.join, 30)
            line = await asyncio.to_thread(connected, place.worker.port, await place.ticket(1))
            deaf = Deaf(line, megabytes)
            before = forget_memory(pid)
            deaf.start()
            down = await place.measured(f"{megabytes} MB down", talkers, seconds)
            grown = highest_memory(pid) - before
            found.append(replace(down, grown=grown, note=f"grew {grown / MEGABYTE:.1f} MB"))
            deaf.go()
    return found


async def slow_database(tmp: Path, postgres: Postgres, talking: int, seconds: float) -> list[Figures]:
    """Every turn takes the database a second to store, and some people type all the time."""
    with stand(tmp, database=postgres) as place:
        async with people_at(place, talking, idle=4) as (talkers, typists):
            quick = await place.measured(f"{talking} talking + 4 typing, PostgreSQL", talkers, seconds)
            typing = asyncio.create_task(_type_on(typists))
            with psycopg.connect(place.worker.home.database_url, autocommit=True) as administrator:
                administrator.execute(SLOW_QUERY.format(seconds=1))
            slow = await place.measured("a database of 1 s a query", talkers, seconds)
            typing.cancel()
            answers = sum(caller.answers for caller in typists)
            with psycopg.connect(place.worker.home.database_url, autocommit=True) as administrator:
                administrator.execute("DROP TRIGGER dawdle ON conversations_message")
    return [quick, replace(slow, note=f"{answers} typed turns answered")]


async def lost_redis(tmp: Path, redis: Redis, talking: int, seconds: float) -> list[Figures]:
    """Redis goes while people talk."""
    with stand(tmp, redis=redis) as place:
        async with people_at(place, talking) as (talkers, _):
            there = await place.measured(f"{talking} talking, Redis", talkers, seconds)
            redis.stop()
            gone = await place.measured("Redis is gone", talkers, seconds)
            redis.start()
    return [there, replace(gone, note=f"{gone.told.closed} sessions lost")]


async def _type_on(typists: list[Caller]) -> None:
    while True:
        for caller in typists:
            caller.type("and then?")
        await asyncio.sleep(0.5)
