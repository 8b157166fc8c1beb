"""What tasks wait for."""

import asyncio

import pytest

from realtime.light_event import LightEvent


async def test_who_waits_is_let_go_when_it_is_given() -> None:
    signal = LightEvent()
    waiting = [asyncio.create_task(signal.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    signal.set()
    await asyncio.wait_for(asyncio.gather(*waiting), 1)


async def test_who_was_let_go_stays_so_though_it_is_taken_back_at_once() -> None:
    signal = LightEvent()
    waiting = asyncio.create_task(signal.wait())
    await asyncio.sleep(0)
    signal.set()
    signal.clear()
    await asyncio.wait_for(waiting, 1)
    assert not signal.is_set()


async def test_while_it_is_given_nobody_waits() -> None:
    signal = LightEvent()
    signal.set()
    waiting = signal.wait()
    with pytest.raises(StopIteration):
        waiting.send(None)


async def test_it_waits_again_once_it_was_taken_back() -> None:
    signal = LightEvent()
    signal.set()
    signal.clear()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(signal.wait(), 0.01)


async def test_who_gave_up_waiting_holds_up_nobody_else() -> None:
    signal = LightEvent()
    left, stays = asyncio.create_task(signal.wait()), asyncio.create_task(signal.wait())
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.sleep(0)
    signal.set()
    await asyncio.wait_for(stays, 1)
    assert left.cancelled()


async def test_who_is_cancelled_in_the_turn_in_which_it_is_given_is_cancelled() -> None:
    signal = LightEvent()
    waiting = asyncio.create_task(signal.wait())
    await asyncio.sleep(0)
    signal.set()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(signal.wait(), 1)
