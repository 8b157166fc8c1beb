"""Other people's requests that wait for the database, once a second, while some talk."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import psycopg

from bench.load.callers import ticket_for
from tests.faults.rig.preparation import Person
from tests.faults.rig.processes import Worker

CALL_SECONDS = 0.3
EVERY_SECONDS = 1.0
_SLOW = f"""
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep({CALL_SECONDS}); RETURN NULL; END';
CREATE TRIGGER dawdle AFTER INSERT ON conversations_conversation
    FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
"""
_QUICK = "DROP TRIGGER dawdle ON conversations_conversation; DROP FUNCTION dawdle();"


@asynccontextmanager
async def slow_calls(worker: Worker) -> AsyncIterator[list[float]]:
    """Somebody asks for a session every second, whose conversation takes the database a while; how long each took."""
    took: list[float] = []
    with _slow_database(worker.home.database_url):
        asking = asyncio.create_task(_ask(worker.url, worker.home.people[-1], took))
        try:
            yield took
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


async def _ask(url: str, person: Person, took: list[float]) -> None:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        while True:
            began = time.monotonic()
            await ticket_for(client, url, person)
            took.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, EVERY_SECONDS - took[-1]))


@contextmanager
def _slow_database(url: str) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute(_SLOW)
        try:
            yield
        finally:
            administrator.execute(_QUICK)
