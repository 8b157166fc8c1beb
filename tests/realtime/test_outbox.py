"""The queue before each writer."""

import asyncio

import pytest

from realtime.outbox import Outbox


def box(bound: int = 10) -> Outbox[str | bytes]:
    return Outbox(bound, len)


async def waits(coming: "asyncio.Task[None]") -> bool:
    """Whether it still waits after everything that could run has run."""
    for _ in range(5):
        await asyncio.sleep(0)
    return not coming.done()


async def test_things_come_out_in_the_order_in_which_they_went_in() -> None:
    frames = box()
    for frame in ("a", b"b", "c"):
        frames.put(frame)
    assert [await frames.get() for _ in range(3)] == ["a", b"b", "c"]


async def test_whoever_asks_first_is_woken_by_what_comes_later() -> None:
    frames = box()
    coming = asyncio.create_task(frames.get())
    await asyncio.sleep(0)
    frames.put("at last")
    assert await coming == "at last"


async def test_there_is_room_up_to_the_bound_and_none_above() -> None:
    frames = box(10)
    frames.put("0123456789")
    assert not frames.is_over_full
    frames.put("x")
    assert frames.is_over_full
    room = asyncio.create_task(frames.room())
    assert await waits(room)
    await frames.get()
    await asyncio.wait_for(room, 1)


async def test_one_thing_larger_than_the_bound_still_gets_through() -> None:
    frames = box(10)
    frames.put("x" * 100)
    assert await frames.get() == "x" * 100
    assert not frames.is_over_full


async def test_nothing_is_drained_until_the_last_thing_is_delivered() -> None:
    frames = box()
    frames.put("last words")
    drained = asyncio.create_task(frames.drained())
    await frames.get()
    assert await waits(drained)
    frames.done()
    await asyncio.wait_for(drained, 1)


async def test_a_purge_takes_out_what_it_is_told_and_makes_room() -> None:
    frames = box(10)
    for frame in (b"audio", "event", b"more audio"):
        frames.put(frame)
    room = asyncio.create_task(frames.room())
    assert await waits(room)
    frames.purge(lambda frame: isinstance(frame, bytes))
    await asyncio.wait_for(room, 1)
    assert len(frames) == 1
    assert await frames.get() == "event"


async def test_a_purge_that_leaves_nothing_leaves_it_drained() -> None:
    frames = box()
    frames.put(b"audio")
    frames.purge(lambda frame: True)
    await asyncio.wait_for(frames.drained(), 1)


async def test_a_release_lets_everybody_go_and_keeps_nothing_from_then_on() -> None:
    frames = box(1)
    frames.put("too much")
    both = asyncio.gather(frames.room(), frames.drained())
    await asyncio.sleep(0)
    frames.release()
    await asyncio.wait_for(both, 1)
    frames.put("for nobody")
    assert len(frames) == 0
    assert not frames.is_over_full


async def test_taking_from_an_empty_one_is_told() -> None:
    with pytest.raises(IndexError):
        box().take()


async def test_whoever_waits_for_something_to_be_there_takes_nothing() -> None:
    frames = box()
    coming = asyncio.create_task(frames.filled())
    assert await waits(coming)
    frames.put("here")
    await coming
    assert len(frames) == 1
    await frames.filled()
    assert frames.take() == "here"
