"""How much of what comes together is dealt with at once: never more, and no less once others had their turn."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from realtime.bursts import AT_ONCE, Burst


@given(st.lists(st.integers(1, 4 * AT_ONCE), min_size=1, max_size=20))
def test_in_each_turn_so_many_are_dealt_with_and_no_more(asked: list[int]) -> None:
    burst = Burst()
    for now, times in enumerate(asked):
        answers = [burst.has_more(float(now)) for _ in range(times)]
        assert answers == [True] * min(times, AT_ONCE) + [False] * max(0, times - AT_ONCE)


def test_a_clock_that_begins_at_nought_is_a_clock() -> None:
    assert Burst().has_more(0.0)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_flood_within_one_turn_of_a_real_loop_is_a_burst(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """What comes in one read is dealt with in one turn, however long that takes by the clock on the wall."""

    async def flood() -> int:
        burst, running = Burst(), asyncio.get_running_loop()
        await asyncio.sleep(0.001)
        return sum(burst.has_more(running.time()) for _ in range(1000))

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(flood()) <= 2 * AT_ONCE
