"""Somebody asks for a long answer and reads nothing of it, while others talk."""

import asyncio
import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bench.load.callers import Caller, ticket_for
from bench.load.floods import Deaf, connected, upgraded
from bench.load.verdict import GROWTH, Finding
from bench.relay.contenders import Place, Running
from bench.relay.names import OURS
from bench.relay.ratios import whole
from bench.relay.readings import Reading
from bench.relay.rounds import callers_at, reading_of
from bench.relay.usage import memory_bytes

HEAD = ("contender", "p99 ms of the others, without", "with", "the server grew by", "lost by the others")
MEGABYTE = 1024 * 1024
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Poured:
    """What the others noticed, and what it took."""

    without: Reading
    beside: Reading
    grown: int
    """Bytes by which the server grew more than in as long a stretch before: the others' sound takes room as well."""


async def poured(contender: Running, sessions: int, megabytes: int, seconds: float) -> Poured:
    """Measure the others twice: alone, and while somebody leaves so many megabytes lying."""
    async with callers_at(contender, sessions) as callers:
        without, usual = await _watched(contender, callers, seconds)
        deaf = Deaf(await _line_to(contender.place), megabytes)
        deaf.start()
        beside, grown = await _watched(contender, callers, seconds)
        deaf.go()
        await asyncio.to_thread(deaf.join)
    return Poured(without, beside, grown - usual)


def row(title: str, found: Poured) -> tuple[str, ...]:
    lost = found.beside.lost + found.beside.disorder
    return (
        title,
        f"{found.without.spread.p99:.1f}",
        f"{found.beside.spread.p99:.1f}",
        f"{found.grown / MEGABYTE:.1f} MB",
        f"{lost} of {found.beside.sent:,}",
    )


def findings(found: Poured) -> list[Finding]:
    """What is asked of ours."""
    asked = f"the server grows by less than {GROWTH / MEGABYTE:.0f} MB"
    grown = Finding(asked, f"{found.grown / MEGABYTE:.1f} MB", found.grown < GROWTH)
    return [*whole(OURS, [found.without, found.beside]), grown]


async def _line_to(place: Place) -> socket.socket:
    address = urlsplit(place.address)
    assert address.port is not None
    if place.worker is None:
        path = address.path or "/"
        return await asyncio.to_thread(upgraded, address.port, path=path, greeting=b"session.created")
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        ticket = await ticket_for(client, place.address, place.worker.home.people[0])
    return await asyncio.to_thread(connected, address.port, ticket)


async def _watched(contender: Running, callers: list[Caller], seconds: float) -> tuple[Reading, int]:
    """What the callers notice, and by how many bytes the server grows at most."""
    before = memory_bytes(contender.pid)
    highest = asyncio.create_task(_highest(contender.pid, seconds))
    noticed = await reading_of(contender, callers, seconds)
    return noticed, await highest - before


async def _highest(pid: int, seconds: float) -> int:
    """The most that a server holds within so many seconds."""
    most, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        most = max(most, await asyncio.to_thread(memory_bytes, pid))
        await asyncio.sleep(_LOOK_SECONDS)
    return most
