"""What it costs to take a conversation up again and to say one more turn in it, the longer it has become."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
import orjson
from picows import ws_connect

from bench.load.callers import GREETING_SECONDS, Caller, leave
from bench.relay.past import conversations_of
from bench.relay.usage import cpu_seconds
from tests.faults.rig.preparation import Person
from tests.faults.rig.processes import Worker

LENGTHS = (10, 100, 1_000, 10_000)
HEAD = (
    "messages",
    "opened, ms",
    "CPU ms",
    "to the shortest",
    "one more turn, ms",
    "CPU ms",
    "to the shortest",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """One opening or one turn, in milliseconds."""

    took: float
    cpu: float


Costs = dict[int, list[tuple[Cost, Cost]]]
"""Openings and turns, for each length."""


class Typist(Caller):
    """Types one turn at a time and knows when its answer is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.saved = asyncio.Event()

    def _read(self, event: bytes) -> None:
        super()._read(event)
        told = orjson.loads(event)
        if told["type"] != "voiceassist.message.saved":
            return
        if (told["role"], told["status"]) == ("assistant", "final"):
            self.saved.set()


async def grown(worker: Worker, rounds: int) -> Costs:
    """Open all lengths in turn, so many times, and say a turn in each."""
    person = worker.home.people[0]
    ids = await asyncio.to_thread(conversations_of, worker.home, person.user_id, LENGTHS)
    found: Costs = {length: [] for length in LENGTHS}
    async with httpx.AsyncClient(timeout=GREETING_SECONDS, trust_env=False) as client:
        await _one(client, worker, person, ids[0])
        for _ in range(rounds):
            for length, conversation_id in zip(LENGTHS, ids, strict=True):
                found[length].append(await _one(client, worker, person, conversation_id))
    return found


def rows(found: Costs) -> list[tuple[str, ...]]:
    """Medians, and how many times as much processor each takes as the shortest, round by round."""
    shortest = found[LENGTHS[0]]
    return [
        (
            f"{length:,}",
            *_cells(costs, shortest, lambda pair: pair[0]),
            *_cells(costs, shortest, lambda pair: pair[1]),
        )
        for length, costs in found.items()
    ]


def _cells(
    costs: Sequence[tuple[Cost, Cost]],
    shortest: Sequence[tuple[Cost, Cost]],
    part: Callable[[tuple[Cost, Cost]], Cost],
) -> tuple[str, str, str]:
    ratios = [part(one).cpu / part(other).cpu for one, other in zip(costs, shortest, strict=True)]
    return (
        f"{statistics.median(part(each).took for each in costs):.1f}",
        f"{statistics.median(part(each).cpu for each in costs):.1f}",
        f"× {statistics.median(ratios):.2f}",
    )


async def _one(
    client: httpx.AsyncClient, worker: Worker, person: Person, conversation_id: str
) -> tuple[Cost, Cost]:
    cpu, began = cpu_seconds(worker.pid), time.perf_counter()
    caller = await _opened(client, worker.url, person, conversation_id)
    opened = _since(worker, cpu, began)
    cpu, began = cpu_seconds(worker.pid), time.perf_counter()
    caller.type("and then?")
    async with asyncio.timeout(GREETING_SECONDS):
        await caller.saved.wait()
    turn = _since(worker, cpu, began)
    await leave([caller])
    return opened, turn


def _since(worker: Worker, cpu: float, began: float) -> Cost:
    return Cost((time.perf_counter() - began) * 1000, (cpu_seconds(worker.pid) - cpu) * 1000)


async def _opened(client: httpx.AsyncClient, url: str, person: Person, conversation_id: str) -> Typist:
    answer = await client.post(
        f"{url}/api/voice/realtime-session",
        json={"conversation_id": conversation_id},
        headers={"Authorization": f"Bearer {person.token}"},
    )
    ticket = answer.raise_for_status().json()["api_key"]
    offered = {"Sec-WebSocket-Protocol": f"voiceassist.v1, openai-insecure-api-key.{ticket}"}
    address = f"{url.replace('http', 'ws', 1)}/v1/realtime?model=any"
    _, caller = await ws_connect(Typist, address, extra_headers=offered)
    assert isinstance(caller, Typist)
    async with asyncio.timeout(GREETING_SECONDS):
        await caller.ready.wait()
    return caller
