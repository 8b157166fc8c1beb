"""A connection behind a door: every frame translated, what the door says itself in its place, none lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from realtime.errors import UpstreamClosed
from realtime.protocol.dialects import Door, Passed
from realtime.providers.translated import TranslatedConnection
from tests.support.heard import Heard, OneByOne


class Line(OneByOne):
    """An upstream connection whose other end is the test."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[str | UpstreamClosed] = asyncio.Queue()
        self.gone: list[str] = []
        self.is_closed = False

    async def send(self, frame: str) -> None:
        if self.is_closed:
            raise UpstreamClosed(1006)
        self.gone.append(frame)

    async def receive(self) -> str:
        frame = await self.coming.get()
        if isinstance(frame, UpstreamClosed):
            self.coming.put_nowait(frame)
            raise frame
        return frame

    async def close(self) -> None:
        self.is_closed = True
        self.coming.put_nowait(UpstreamClosed(1000))


class SpelledDoor:
    """Says everything letter by letter, in capitals on the way up, and answers questions itself."""

    dialect = "beta"

    def received(self, frame: str) -> list[str]:
        return list(frame)

    def sent(self, frame: str) -> Passed:
        if frame.endswith("?"):
            return Passed(answered=[f"no {frame}", "sorry"])
        return Passed(upstream=[frame.upper()], answered=["done"] if frame.endswith("!") else [])


class Stage:
    def __init__(self, door: Door | None = None, patience: float = 5) -> None:
        self.line = Line()
        behind: Any = door or SpelledDoor()
        self.connection = Heard(TranslatedConnection(self.line, behind, patience=patience))

    async def hears(self, count: int) -> list[str]:
        async with asyncio.timeout(5):
            return [await self.connection.receive() for _ in range(count)]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.connection.close()


async def waiting(stage: Stage) -> "asyncio.Task[list[str]]":
    """Somebody who waits for one frame, and has begun to."""
    listening = asyncio.create_task(stage.hears(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return listening


async def test_one_frame_of_upstreams_may_be_several_or_none(stage: Stage) -> None:
    for frame in ("ab", "", "c"):
        stage.line.coming.put_nowait(frame)
    assert await stage.hears(3) == ["a", "b", "c"]


async def test_what_is_sent_goes_up_as_the_door_puts_it(stage: Stage) -> None:
    await stage.connection.send("hello")
    assert stage.line.gone == ["HELLO"]


async def test_the_doors_own_answer_reaches_whoever_waits_already(stage: Stage) -> None:
    listening = await waiting(stage)
    await stage.connection.send("why?")
    assert await listening == ["no why?"]
    assert await stage.hears(1) == ["sorry"]
    assert stage.line.gone == []


async def test_the_doors_own_answer_is_there_before_what_upstream_makes_of_the_rest(stage: Stage) -> None:
    await stage.connection.send("go!")
    stage.line.coming.put_nowait("ok")
    assert await stage.hears(3) == ["done", "o", "k"]


async def test_a_frame_that_came_while_the_door_answered_is_not_lost(stage: Stage) -> None:
    listening = await waiting(stage)
    stage.line.coming.put_nowait("x")
    await stage.connection.send("why?")
    assert sorted([*await listening, *await stage.hears(2)]) == ["no why?", "sorry", "x"]


async def test_a_wait_that_is_cut_short_loses_no_frame(stage: Stage) -> None:
    listening = await waiting(stage)
    stage.line.coming.put_nowait("ab")
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert await stage.hears(2) == ["a", "b"]


async def test_the_end_is_told_again_to_whoever_asks_again(stage: Stage) -> None:
    stage.line.coming.put_nowait("a")
    stage.line.coming.put_nowait(UpstreamClosed(1001, "over"))
    assert await stage.hears(1) == ["a"]
    for _ in range(2):
        with pytest.raises(UpstreamClosed) as closed:
            await stage.connection.receive()
        assert (closed.value.closed_with, closed.value.reason) == (1001, "over")


async def test_a_door_that_cannot_send_says_so(stage: Stage) -> None:
    await stage.connection.close()
    with pytest.raises(UpstreamClosed):
        await stage.connection.send("hello")


async def test_closing_wakes_whoever_waits_and_may_be_done_twice(stage: Stage) -> None:
    listening = await waiting(stage)
    await stage.connection.close()
    await stage.connection.close()
    with pytest.raises(UpstreamClosed):
        await listening
    assert stage.line.is_closed


async def test_nothing_is_left_running_after_the_close(stage: Stage) -> None:
    before = asyncio.all_tasks()
    listening = await waiting(stage)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await stage.connection.close()
    assert asyncio.all_tasks() == before


# --- servers that take an update and never say so -----------------------------------------------------------------

SESSION: dict[str, Any] = {
    "id": "sess_1",
    "type": "realtime",
    "audio": {"input": {"format": {"type": "audio/pcm"}}, "output": {"voice": "x"}},
}
UPDATE = {
    "type": "session.update",
    "session": {"type": "realtime", "instructions": "Be kind.", "audio": {"output": {"speed": 1.0}}},
}


async def greeted(patience: float) -> Stage:
    """A stage whose server has shown its session."""
    stage = Stage(Door("auto"), patience)
    stage.line.coming.put_nowait(json.dumps({"type": "session.created", "event_id": "e", "session": SESSION}))
    await stage.hears(1)
    return stage


async def test_a_server_that_never_agrees_to_an_update_is_taken_to_agree() -> None:
    stage = await greeted(0.05)
    listening = await waiting(stage)
    await stage.connection.send(json.dumps(UPDATE))
    [told] = map(json.loads, await listening)
    assert told["type"] == "session.updated"
    assert told["session"] == {
        "id": "sess_1",
        "type": "realtime",
        "instructions": "Be kind.",
        "audio": {"input": {"format": {"type": "audio/pcm"}}, "output": {"voice": "x", "speed": 1.0}},
    }
    await stage.connection.close()


async def test_where_the_door_has_answered_nobody_else_is_waited_for() -> None:
    stage = Stage(Door("auto"), patience=0)
    unnumbered = {"type": "realtime", "audio": SESSION["audio"]}
    stage.line.coming.put_nowait(json.dumps({"type": "session.created", "session": unnumbered}))
    await stage.hears(1)
    await stage.connection.send(json.dumps(UPDATE))
    assert json.loads((await stage.hears(1))[0])["type"] == "session.updated"
    listening = await waiting(stage)
    stage.line.coming.put_nowait(json.dumps({"type": "input_audio_buffer.cleared", "event_id": "next"}))
    assert json.loads((await listening)[0])["event_id"] == "next"
    await stage.connection.close()
