"""Two who write at the same time, in the one order that matters: the second has begun before the first is done."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

from django.db import connection, connections, transaction

Answer = TypeVar("Answer")


def overtaken(first: Callable[[], Any], second: Callable[[], Answer]) -> Answer:
    """Do `first`, and commit it once `second`, in a thread of its own, waits for that; returns what `second` does.

    On SQLite `second` waits where its transaction begins, and it does not matter when that is.
    """
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            answer = pool.submit(_alone, second)
            if connection.vendor == "postgresql":
                _until_it_waits(answer)
        return answer.result(timeout=20)


def _alone(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    finally:
        connections.close_all()


def _until_it_waits(answer: Future[Any]) -> None:
    pause = Event()
    with connection.cursor() as cursor:
        while not answer.done():
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone():
                return
            pause.wait(0.01)
