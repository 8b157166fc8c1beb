"""Faults 23 to 27: the database hangs, restarts, is away; Redis dies, or nobody speaks to it. People talk on, and what
they said is kept."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
import pytest
from psycopg import sql

from tests.faults.conftest import IS_LONG
from tests.faults.rig.caller import Caller
from tests.faults.rig.checker import stored
from tests.faults.rig.pace import carried, unheard
from tests.faults.rig.patience import soon
from tests.faults.rig.processes import Home, Worker
from tests.faults.rig.refusals import Refused
from tests.faults.rig.services import Postgres, Redis
from tests.faults.rig.upstream import TalkingUpstream

SPARE = 1.5
"""Seconds that a busy machine may be late; what blocks takes longer."""
SLOW_QUERY = 1.0 if IS_LONG else 0.5
"""Seconds that writing one message takes where the database is slow."""
REDIS_TRAP = 5.0
"""redis-py 8 gives up a silent connection after so many seconds, and with it the socket that waits for it."""


@pytest.fixture(scope="module")
def own(big_home: Home) -> Home:
    return big_home


@pytest.fixture(scope="module")
def server(big_server: Worker) -> Worker:
    return big_server


@pytest.fixture(scope="module")
def other(big_other: Worker) -> Worker:
    """A second worker of the same home."""
    return big_other


@pytest.mark.alone
@pytest.mark.fault(23)
async def test_a_database_that_hangs_is_not_heard(
    own: Home, server: Worker, upstream: TalkingUpstream, postgres: Postgres, is_long: bool
) -> None:
    """Audio goes on as before, answers come, and the turns land in order once the database breathes again; that nothing
    is stored meanwhile is told, and that everything is."""
    seconds = 10.0 if is_long else 0.8
    async with Caller(own.people[0], server.url) as caller:
        await caller.call(output="text")
        lines = [f"{caller.name} line {number}" for number in range(4)]
        items: list[str] = []

        def told() -> list[bool]:
            return [event["behind"] for event in caller.events("voiceassist.storage")]

        async def measured() -> tuple[list[float], list[float]]:
            before = await carried(caller, upstream, seconds)
            postgres.pause()
            try:
                during = await carried(caller, upstream, seconds)
                given = len(caller.events("response.done"))
                items.clear()
                for answers, line in enumerate(lines, given + 1):
                    items.append(await caller.type(line))
                    await caller.until_answered(answers=answers)
                unsaved = [item for item in items if not caller.is_saved(item)]
                await caller.until(lambda: told()[-1:] == [True])
            finally:
                postgres.go_on()
            assert unsaved == items, "the database was not away"
            await caller.until_stored(2 * len(caller.events("response.done")))
            await caller.until(lambda: told()[-1:] == [False])
            return before, during

        await unheard(measured)
        assert told() == [True, False] * (len(told()) // 2), "each is told once"
        positions = [caller.saved[item]["position"] for item in items]

    assert positions == sorted(positions)
    texts = [row["text"] for row in stored(own.database).messages_of(caller.conversation_id)]
    assert texts[-2 * len(lines) :] == [each for line in lines for each in (line, f"You said: {line}")]


@pytest.mark.thorough
@pytest.mark.alone
@pytest.mark.fault(23)
async def test_a_database_that_takes_a_second_for_a_turn_is_not_heard(
    own: Home, server: Worker, upstream: TalkingUpstream, is_long: bool
) -> None:
    """Several people say something all the time, each turn takes a second to be written, and the sound goes on."""
    seconds = 10.0 if is_long else 0.8
    callers = [Caller(own.people[number], server.url) for number in range(6, 10)]
    speaker, *typists = callers
    try:
        for caller in callers:
            await caller.call(output="text")
        # The latest connection is that of the one who was greeted last.
        talk = upstream.open_talks[-len(callers)]

        async def measured() -> tuple[list[float], list[float]]:
            before = await carried(speaker, upstream, seconds, talk=talk)
            with dawdling(own.database, SLOW_QUERY):
                typed = [await typist.type(f"{typist.name} goes on") for typist in typists]
                during = await carried(speaker, upstream, seconds, talk=talk)
                began = time.monotonic()
                item_id = await typists[0].type(f"{typists[0].name} and on")
                await typists[0].until_saved(item_id)
                assert time.monotonic() - began > 0.9 * SLOW_QUERY, "the database was not slow"
                for typist, first in zip(typists, typed, strict=True):
                    await typist.until_saved(first)
            return before, during

        await unheard(measured)
    finally:
        for caller in callers:
            await caller.leave()


@contextmanager
def dawdling(database: str, seconds: float) -> Iterator[None]:
    """Every message takes so long to be written."""
    with psycopg.connect(database, autocommit=True) as administrator:
        administrator.execute(
            sql.SQL(
                "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_sleep({}); RETURN NULL; END'"
            ).format(sql.Literal(seconds))
        )
        administrator.execute(
            "CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON conversations_message "
            "FOR EACH STATEMENT EXECUTE FUNCTION dawdle()"
        )
        try:
            yield
        finally:
            administrator.execute("DROP FUNCTION dawdle CASCADE")


@pytest.mark.fault(24)
async def test_a_database_that_restarts_is_not_noticed(own: Home, server: Worker, postgres: Postgres) -> None:
    """Neither by a conversation nor by requests that are tried again for three seconds."""
    async with Caller(own.people[1], server.url) as caller:
        await caller.call(output="text")
        # The pool is filled with connections that the restart will break.
        await asyncio.gather(*(caller.request("GET", "/api/conversations/") for _ in range(8)))

        await asyncio.to_thread(postgres.restart)
        item_id = await caller.type(f"{caller.name} after the restart")
        statuses = await asyncio.gather(*(with_a_budget(caller, 3.0 + SPARE) for _ in range(20)))
        await caller.until_saved(item_id)

    assert set(statuses) == {200}


def is_ready(each: Worker) -> bool:
    return each.readiness()[0] == 200


async def with_a_budget(caller: Caller, seconds: float) -> int:
    """The status of a request that is tried again for so long."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await caller.request("GET", "/api/conversations/")
        if answer.status_code < 500 or time.monotonic() > deadline:
            return answer.status_code
        await asyncio.sleep(0.2)


@pytest.mark.fault(25)
async def test_without_a_database_people_are_told_and_it_mends_itself(
    own: Home, server: Worker, postgres: Postgres
) -> None:
    """A new session is refused in words and soon; one that runs goes on, and nothing of it is lost."""
    async with Caller(own.people[2], server.url) as talking, Caller(own.people[3], server.url) as late:
        await talking.call(output="text")
        await asyncio.to_thread(postgres.stop)
        try:
            began = time.monotonic()
            with pytest.raises(Refused) as refused:
                await late.ask()
            took = time.monotonic() - began
            status, told = await asyncio.to_thread(server.readiness)
            item_id = await talking.type(f"{talking.name} without a database")
            await talking.until_answered()
            was_saved = talking.is_saved(item_id)
        finally:
            await asyncio.to_thread(postgres.start)
        mended = time.monotonic()
        await soon(partial(is_ready, server), 2.0 + SPARE, what="readiness")
        await late.ask()
        took_to_mend = time.monotonic() - mended
        await talking.until_stored(2, patience=20)

    assert (refused.value.status, refused.value.code) == (503, "database_unavailable")
    assert int(refused.value.headers["Retry-After"]) >= 1
    assert took < 3.5 + SPARE
    assert status == 503
    assert "database" in told["failing"]
    assert not was_saved
    assert took_to_mend < 2.0 + 2 * SPARE
    texts = [row["text"] for row in stored(own.database).messages_of(talking.conversation_id)]
    assert texts == [f"{talking.name} without a database", f"You said: {talking.name} without a database"]


@pytest.mark.thorough
@pytest.mark.alone
@pytest.mark.fault(26)
@pytest.mark.parametrize("how", ["silent", "killed"])
async def test_a_redis_that_is_away_is_not_heard(
    own: Home, server: Worker, upstream: TalkingUpstream, redis_server: Redis, is_long: bool, how: str
) -> None:
    """Audio goes on as before whether it never answers or, which is easier, refuses to be spoken to."""
    seconds = 10.0 if is_long else 0.8
    away = redis_server.kill9 if how == "killed" else redis_server.pause
    back = redis_server.start if how == "killed" else redis_server.go_on
    async with Caller(own.people[10], server.url) as caller:
        await caller.call(output="text")

        async def measured() -> tuple[list[float], list[float]]:
            before = await carried(caller, upstream, seconds)
            await asyncio.to_thread(away)
            try:
                during = await carried(caller, upstream, seconds)
                await caller.until_saved(await caller.type(f"{caller.name} goes on"))
            finally:
                await asyncio.to_thread(back)
            return before, during

        await unheard(measured)
    await soon(partial(is_ready, server), 15 + SPARE, what="readiness")


@pytest.mark.fault(26)
async def test_redis_dies_and_nobody_stops_talking(
    own: Home, server: Worker, other: Worker, redis_server: Redis, is_long: bool
) -> None:
    """Conversations go on and new ones begin; the probe says so; and orders are heard again when it is back."""
    async with Caller(own.people[4], server.url) as caller, Caller(own.people[5], server.url) as late:
        await caller.call(output="text")
        await asyncio.to_thread(redis_server.kill9)
        until = time.monotonic() + (60 if is_long else 2)
        try:
            turns = 0
            while time.monotonic() < until:
                turns += 1
                await caller.until_saved(await caller.type(f"{caller.name} turn {turns}"))
                await caller.until_stored(2 * turns)
                await asyncio.sleep(0.5)
            status, told = await asyncio.to_thread(server.readiness)
            await late.call(output="text")
            await late.until_saved(await late.type(f"{late.name} all the same"))
        finally:
            await asyncio.to_thread(redis_server.start)
        for each in (server, other):
            await soon(partial(is_ready, each), 15, what="readiness")

        # An order from the other process arrives: ended over there, closed here.
        asked = time.monotonic()
        caller.url = other.url
        ended = await caller.request("DELETE", f"/api/voice/sessions/{caller.session_id}/")
        await caller.until(lambda: caller.closed is not None, patience=10)
        heard_after = time.monotonic() - asked

    assert status == 503
    assert "cache" in told["failing"]
    assert ended.status_code == 204
    assert caller.closed == (1000, "ended_by_owner")
    assert heard_after < 2.0 + SPARE
    assert len(stored(own.database).messages_of(caller.conversation_id)) == 2 * turns


@pytest.mark.fault(27)
async def test_a_silent_redis_ends_no_socket(own: Home, server: Worker, is_long: bool) -> None:
    """Nothing is asked of Redis for longer than its client library waits: the socket stays, and works."""
    printed = len(server.screen)
    async with Caller(own.people[8], server.url) as caller:
        await caller.call(output="text")
        await asyncio.sleep(30 if is_long else REDIS_TRAP + 1)
        still_open = caller.closed is None
        await caller.until_saved(await caller.type(f"{caller.name} after a while"))
        status, _ = await asyncio.to_thread(server.readiness)

    assert still_open
    assert status == 200
    assert "The channel layer is away" not in server.screen[printed:]
