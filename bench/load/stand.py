"""What is measured: a worker and an upstream in processes of their own, and what the worker uses meanwhile."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.load.callers import Caller, Told, talk, ticket_for
from bench.load.sound import Spread, spread
from tests.faults.rig.processes import Worker, home, worker
from tests.faults.rig.services import Postgres, Redis
from tests.support.memory_marks import highest_memory
from tests.support.project_files import ROOT

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the table."""

    what: str
    spread: Spread
    """How long a frame took to the upstream and back."""
    told: Told
    cpu: float
    """Share of one core that the worker used."""
    memory: int
    """The most bytes that the worker held."""
    note: str = ""
    grown: int = 0
    """Bytes by which the worker grew meanwhile, where that was asked."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A worker and where its upstream is."""

    worker: Worker
    upstream_url: str

    async def ticket(self, number: int = 0) -> str:
        people = self.worker.home.people
        async with httpx.AsyncClient(timeout=30) as client:
            return await ticket_for(client, self.worker.url, people[number % len(people)])

    async def measured(
        self, what: str, callers: list[Caller], seconds: float, *, idle: list[Caller] | None = None
    ) -> Figures:
        """Let them talk for so long, and look at the worker meanwhile."""
        cpu, began = self.worker.cpu_seconds(), time.monotonic()
        told = await talk(callers, seconds, idle=idle)
        used = (self.worker.cpu_seconds() - cpu) / (time.monotonic() - began)
        return Figures(what, spread(told.milliseconds), told, used, highest_memory(self.worker.pid))


@contextmanager
def stand(
    tmp: Path, *, database: Postgres | None = None, redis: Redis | None = None, **environment: str
) -> Iterator[Stand]:
    """Everything that is measured, fresh."""
    with (
        upstream() as url,
        home(tmp, database=database, redis=redis, upstream_url=url) as place,
        worker(place, port=0, **environment) as running,
    ):
        yield Stand(running, url)


@contextmanager
def upstream() -> Iterator[str]:
    """The address of an upstream that was started for this."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.load.upstream"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"ws://127.0.0.1:{int(process.stdout.readline())}/v1/realtime"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def settled(seconds: float = 1.0) -> None:
    """A moment in which what was begun is over."""
    await asyncio.sleep(seconds)
