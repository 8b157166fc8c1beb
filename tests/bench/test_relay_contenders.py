"""The contenders carry what `make bench` says they do, and ours does not cost much more than the least of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.load.callers import Caller, leave, talk
from bench.load.stand import upstream
from bench.relay.contenders import Running, running
from bench.relay.names import NGINX, NODE, OURS, OURS_JSON, WEBSOCKETS
from bench.relay.ratios import cpu, ratio
from bench.relay.readings import Reading
from bench.relay.rounds import WARM_UP_SECONDS, reading_of

SESSIONS = 30
ROUNDS = 5
ROUND_SECONDS = 0.6
MOST = 1.5
"""How many times the processor of the least relay a session of ours may take. What is aimed at is less than once; this
is to notice a change that makes every frame dearer."""


@contextmanager
def standing(names: Sequence[str], tmp: Path) -> Iterator[list[Running]]:
    """These contenders. Skips in their own words where one cannot be had."""
    told: list[str] = []
    with upstream() as url, running(names, url, tmp, told.append) as found:
        if told:
            pytest.skip(told[0])
        yield found


# With the one below it: a database to serve from takes seconds to prepare, once in a run.
OURS_ALONE = pytest.param(OURS_JSON, marks=pytest.mark.alone)


@pytest.mark.parametrize("name", [OURS_ALONE, WEBSOCKETS, NODE, NGINX])
async def test_a_contender_brings_every_frame_back_whole_and_in_its_turn(name: str, tmp_path: Path) -> None:
    with standing([name], tmp_path) as [contender]:
        callers = await contender.open(2)
        told = await talk(callers, 0.4)
        await leave(callers)
    assert (told.sent, told.lost, told.disorder, told.closed) == (20, 0, 0, 0)


@pytest.mark.alone
@pytest.mark.slow
async def test_a_session_of_ours_takes_little_more_processor_than_the_least_relay(tmp_path: Path) -> None:
    """Both stand and talk in turn, so another program's load meets both; a spoilt round moves no median."""
    with standing([OURS, WEBSOCKETS], tmp_path) as [ours, least]:
        at_ours, at_least = await ours.open(SESSIONS), await least.open(SESSIONS)
        for callers in (at_ours, at_least):
            await talk(callers, WARM_UP_SECONDS)
        found = [await _in_turn((ours, at_ours), (least, at_least)) for _ in range(ROUNDS)]
        await leave([*at_ours, *at_least])
    compared = ratio(cpu, [mine for mine, _ in found], [theirs for _, theirs in found])
    assert sum(each.disorder for pair in found for each in pair) == 0
    assert compared.median <= MOST, f"it takes {compared} times as much"


async def _in_turn(
    ours: tuple[Running, list[Caller]], least: tuple[Running, list[Caller]]
) -> tuple[Reading, Reading]:
    return await reading_of(*ours, ROUND_SECONDS), await reading_of(*least, ROUND_SECONDS)
