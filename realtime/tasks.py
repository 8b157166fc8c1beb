"""Every task has an owner that waits for its end: how an owner does that. Framework-free."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

Tasks = Iterable["asyncio.Task[Any]"]


async def finished(tasks: Tasks) -> None:
    """Wait until tasks are over. Whoever is told to stop meanwhile stops, but not before."""
    told: asyncio.CancelledError | None = None
    left = {task for task in tasks if not task.done()}
    while left:
        try:
            _, left = await asyncio.wait(left)
        except asyncio.CancelledError as error:
            told = error
    if told is not None:
        raise told


async def cancelled(tasks: Tasks) -> None:
    """Cancel tasks and wait until they are over."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await finished(tasks)


async def first_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Do several things at once until one of them is over; the others are stopped. Raises what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancelled(tasks)
    for task in done:
        task.result()
