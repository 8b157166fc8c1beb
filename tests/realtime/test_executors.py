"""The database's threads: a slow query keeps nobody else waiting, and no connection outlives its call."""

import asyncio
import threading
import time

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection

from realtime.executors import DATABASE_THREADS, in_database, waiting


async def test_a_quick_call_does_not_wait_behind_a_slow_one() -> None:
    may_end, is_running = threading.Event(), threading.Event()

    def slow() -> bool:
        is_running.set()
        return may_end.wait(10)

    waiting = asyncio.create_task(in_database(slow)())
    try:
        assert await asyncio.to_thread(is_running.wait, 5)
        began = time.monotonic()
        assert await in_database(lambda: "quick")() == "quick"
        assert time.monotonic() - began < 0.2
        assert not waiting.done()
    finally:
        may_end.set()
    assert await waiting


async def test_as_many_run_at_once_as_there_are_threads_and_no_more() -> None:
    together = threading.Barrier(DATABASE_THREADS + 1)
    begun: list[int] = []
    arrived = threading.Semaphore(0)

    def work(number: int) -> None:
        begun.append(number)
        arrived.release()
        together.wait(5)

    tasks = [asyncio.create_task(in_database(work)(number)) for number in range(DATABASE_THREADS)]
    tasks.append(asyncio.create_task(in_database(begun.append)(99)))
    for _ in range(DATABASE_THREADS):
        assert await asyncio.to_thread(arrived.acquire, timeout=5)
    assert 99 not in begun
    assert waiting() == 1
    await asyncio.to_thread(together.wait, 5)
    await asyncio.gather(*tasks)
    assert waiting() == 0
    assert begun[-1] == 99


async def test_it_runs_in_threads_of_its_own_with_arguments_and_errors_handed_through() -> None:
    def name_of(thing: str, *, suffix: str) -> str:
        return f"{threading.current_thread().name.partition('_')[0]} {thing}{suffix}"

    def fail() -> None:
        raise ValueError("as it is")

    assert await in_database(name_of)("a", suffix="b") == "database ab"
    with pytest.raises(ValueError, match="as it is"):
        await in_database(fail)()


@pytest.mark.django_db(transaction=True)
async def test_what_was_written_there_is_there_for_everybody() -> None:
    await in_database(User.objects.create_user)("alice")
    assert await User.objects.filter(username="alice").aexists()


@pytest.mark.django_db(transaction=True)
def test_no_connection_outlives_its_call() -> None:
    def used() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return threading.get_ident()

    def is_open() -> tuple[int, bool]:
        return threading.get_ident(), connection.connection is not None

    async def ask() -> list[tuple[int, bool]]:
        threads = {await in_database(used)() for _ in range(DATABASE_THREADS * 4)}
        seen = [await in_database(is_open)() for _ in range(DATABASE_THREADS * 4)]
        return [(thread, still_open) for thread, still_open in seen if thread in threads]

    seen = async_to_sync(ask)()
    assert seen
    assert not any(still_open for _, still_open in seen)
