"""The threads in which consumers use the database: a small pool, so that one slow query freezes nobody."""

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from channels.db import DatabaseSyncToAsync

P = ParamSpec("P")
R = TypeVar("R")

DATABASE_THREADS = 4
"""Enough for the short statements of one process's sessions; more would only wait for the same rows."""

_database = ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="database")


def in_database(func: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """`func`, to be awaited; it runs in one of the database threads.

    Channels' own `database_sync_to_async` runs everything of a process in one shared thread, where a query of
    one second keeps every other session waiting for a second. As there, connections do not outlive the call.
    """
    awaited: Callable[P, Coroutine[Any, Any, R]] = DatabaseSyncToAsync(
        func, thread_sensitive=False, executor=_database
    )
    return awaited


def waiting() -> int:
    """How many calls wait until one of the database threads is free."""
    return _database._work_queue.qsize()
