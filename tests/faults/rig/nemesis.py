"""Random faults over a whole site: two workers and more, a database, a Redis, an upstream, and the networks between."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.rig.figures import METRICS_TOKEN
from tests.faults.rig.history import History
from tests.faults.rig.processes import Home, Worker, home, start_worker
from tests.faults.rig.proxy import FaultProxy
from tests.faults.rig.services import Postgres, Redis
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.manage_program import free_port

DRAIN_SECONDS = 2
ENDS_WITHIN = 30.0
"""Seconds after SIGTERM within which a worker is gone."""
TARGETS = 12
"""A target is drawn from so many, which two, three and four workers share evenly: a seed means the same blows in the
quick form and in the long one."""
NARROW = 16_000
"""Bytes per second on each connection of a network that is too slow: a third of what sound needs."""
SPOILT_AFTER = 40_000
"""Bytes after which a connection is reset on a network that is bad altogether."""


@dataclass(frozen=True, slots=True)
class Blow:
    """One fault: what, to which worker (where it matters), after how long a pause, and for how long, in seconds."""

    kind: str
    target: int
    """Below TARGETS, however many workers there are."""
    after: float
    seconds: float

    def place(self, workers: int) -> int:
        """Which of so many workers it is for."""
        return self.target % workers


KINDS = {
    "kill a worker": 3,
    "drain a worker": 2,
    "pause a worker": 3,
    "pause the database": 2,
    "restart the database": 1,
    "pause redis": 1,
    "kill redis": 1,
    "reset the callers": 3,
    "hang the callers": 2,
    "spoil the callers' network": 2,
    "narrow the callers' network": 2,
    "kill a worker behind a slow end": 1,
    "reset the upstream": 3,
    "hang the upstream": 2,
    "refuse the upstream": 1,
    "spoil the upstream's network": 2,
    "narrow the upstream's network": 2,
    "close the upstream": 2,
    "close the upstream behind a slow end": 1,
}
"""What can happen, and how often beside the rest."""


def schedule(seed: int) -> Iterator[Blow]:
    """The faults of a run, without an end. One seed is one schedule, for any number of workers."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    while True:
        (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
        yield Blow(kind, chance.randrange(TARGETS), chance.uniform(0.1, 0.8), chance.uniform(0.2, 1.6))


@dataclass(slots=True)
class Place:
    """Where a worker runs, again and again, and the network in front of it."""

    port: int
    network: FaultProxy
    worker: Worker | None = None

    @property
    def url(self) -> str:
        """What callers are given."""
        return f"http://127.0.0.1:{self.network.port}"


@dataclass(slots=True)
class Site:
    """Everything that can be hit."""

    own: Home
    postgres: Postgres
    redis: Redis
    upstream: TalkingUpstream
    upstream_network: FaultProxy
    places: list[Place]
    history: History
    put_away: list[Worker] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        return [place.url for place in self.places]

    def open_up(self, place: Place) -> None:
        """Start a worker there and wait until it answers."""
        place.worker = start_worker(
            self.own, port=place.port, DRAIN_SECONDS=str(DRAIN_SECONDS), METRICS_TOKEN=METRICS_TOKEN
        )
        self.put_away.append(place.worker)
        place.worker.wait_until_healthy()

    def screens(self) -> str:
        """What all workers printed, the killed ones too."""
        return "\n".join(f"--- {worker.port}\n{worker.screen}" for worker in self.put_away)


@contextmanager
def site(tmp: Path, postgres: Postgres, redis: Redis, *, workers: int) -> Iterator[Site]:
    """A whole site on these two, which is given back whole."""
    with ExitStack() as stack:
        upstream = stack.enter_context(TalkingUpstream())
        between = stack.enter_context(FaultProxy(upstream.port))
        url = f"ws://127.0.0.1:{between.port}/v1/realtime"
        own = stack.enter_context(home(tmp, database=postgres, redis=redis, upstream_url=url))
        ports = [free_port() for _ in range(workers)]
        places = [Place(port, stack.enter_context(FaultProxy(port))) for port in ports]
        whole = Site(own, postgres, redis, upstream, between, places, History())
        try:
            for place in places:
                whole.open_up(place)
            yield whole
        finally:
            for worker in whole.put_away:
                worker.put_away()


class Nemesis:
    """Strikes a site by a schedule until it is told to stop, and leaves it whole."""

    def __init__(self, target: Site, seed: int) -> None:
        self.struck: list[Blow] = []
        self._site = target
        self.plan = schedule(seed)

    async def rage(self, seconds: float) -> None:
        """Strike for so long; afterwards everything runs and the networks are whole."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            blow = next(self.plan)
            await asyncio.sleep(blow.after)
            place = blow.place(len(self._site.places))
            self._site.history.note("nemesis", blow.kind, target=place, seconds=blow.seconds)
            self.struck.append(blow)
            await self.strike(blow)
        self._site.history.note("nemesis", "rests")

    async def strike(self, blow: Blow) -> None:
        """Do it, and undo it when its time is over. Raises ValueError for a kind that nobody knows to do."""
        place = self._site.places[blow.place(len(self._site.places))]
        match blow.kind:
            case "kill a worker" | "drain a worker":
                await asyncio.to_thread(self._replace, place, with_notice=blow.kind == "drain a worker")
            case "pause a worker":
                assert place.worker is not None
                await _for_a_while(blow, place.worker.pause, place.worker.go_on)
            case "pause the database":
                await _for_a_while(blow, self._site.postgres.pause, self._site.postgres.go_on)
            case "restart the database":
                await _for_a_while(blow, self._site.postgres.stop, self._site.postgres.start)
            case "pause redis":
                await _for_a_while(blow, self._site.redis.pause, self._site.redis.go_on)
            case "kill redis":
                await _for_a_while(blow, self._site.redis.kill9, self._site.redis.start)
            case "kill a worker behind a slow end":
                # Who says nothing themselves learns late that it is gone, as when its machine fell silent.
                place.network.slow_close(blow.seconds)
                try:
                    await asyncio.to_thread(self._replace, place, with_notice=False)
                finally:
                    place.network.heal()
            case _:
                await self._spoil(blow, place.network)

    async def _spoil(self, blow: Blow, callers: FaultProxy) -> None:
        """What goes wrong on the networks and at the upstream."""
        between, upstream = self._site.upstream_network, self._site.upstream
        match blow.kind:
            case "reset the callers":
                callers.reset()
            case "hang the callers":
                await _for_a_while(blow, callers.hang, callers.heal)
            case "spoil the callers' network":
                await _for_a_while(blow, lambda: _spoilt(callers), callers.heal)
            case "narrow the callers' network":
                await _for_a_while(blow, lambda: callers.bandwidth(NARROW), callers.heal)
            case "reset the upstream":
                between.reset()
            case "hang the upstream":
                await _for_a_while(blow, between.hang, between.heal)
            case "refuse the upstream":
                await _for_a_while(blow, between.refuse, between.heal)
            case "spoil the upstream's network":
                await _for_a_while(blow, lambda: _spoilt(between), between.heal)
            case "narrow the upstream's network":
                await _for_a_while(blow, lambda: between.bandwidth(NARROW), between.heal)
            case "close the upstream":
                await asyncio.to_thread(upstream.close_all, 1001, "going away")
            case "close the upstream behind a slow end":
                between.slow_close(blow.seconds)
                await _for_a_while(blow, lambda: upstream.close_all(1001, "going away"), between.heal)
            case _:
                raise ValueError(blow.kind)

    def _replace(self, place: Place, *, with_notice: bool) -> None:
        """End a worker and start another one in its place."""
        assert place.worker is not None
        if with_notice:
            place.worker.terminate()
            place.worker.wait(ENDS_WITHIN)
        else:
            place.worker.kill9()
        self._site.open_up(place)


def _spoilt(network: FaultProxy) -> None:
    """Late, unevenly so, in small pieces, and not for long."""
    network.latency(30, 20)
    network.slice(700)
    network.limit(SPOILT_AFTER)


async def _for_a_while(blow: Blow, begin: Callable[[], None], end: Callable[[], None]) -> None:
    await asyncio.to_thread(begin)
    try:
        await asyncio.sleep(blow.seconds)
    finally:
        await asyncio.to_thread(end)
