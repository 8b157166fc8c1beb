import asyncio

import pytest

from realtime.engine.speech.room import Room
from realtime.errors import SpeechUnavailable


async def test_room_is_given_to_whoever_waits_for_it() -> None:
    room = Room(10)
    await room.take(8)
    waiting = asyncio.create_task(room.take(8))
    await asyncio.sleep(0)
    room.give(2)
    await asyncio.sleep(0)
    assert not waiting.done()
    room.give(6)
    await waiting


async def test_a_closed_room_turns_everybody_away() -> None:
    room = Room(1)
    await room.take(1)
    waiting = asyncio.create_task(room.take(1))
    await asyncio.sleep(0)
    room.close()
    for turned_away in (waiting, room.take(1)):
        with pytest.raises(SpeechUnavailable):
            await turned_away


async def test_whoever_gives_up_waiting_takes_no_room() -> None:
    room = Room(1)
    await room.take(1)
    impatient = asyncio.create_task(room.take(1))
    await asyncio.sleep(0)
    impatient.cancel()
    room.give(1)
    await room.take(1)
