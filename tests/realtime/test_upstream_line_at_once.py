"""Audio that needs nobody to wait goes to upstream at once, and never past what waits: once, whole and in order."""

import asyncio
import json
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.errors import UpstreamClosed
from realtime.protocol import wire
from realtime.upstream_line import Farewells, UpstreamLine


class Connection:
    """An upstream that takes what it is given while it is open for that."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.at_once = 0
        self.is_lost = False
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def send(self, frame: str) -> None:
        await self.is_open.wait()
        if self.is_lost:
            raise UpstreamClosed(1006)
        self.got.append(frame)

    def takes(self, frame: str) -> bool:
        if not self.is_open.is_set() or self.is_lost:
            return False
        self.at_once += 1
        self.got.append(frame)
        return True

    async def deliver(self, hear: Callable[[str], None]) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None: ...


class Held:
    """A line that is held, once its upstream may be had."""

    def __init__(self) -> None:
        self.line, self.connection = UpstreamLine(), Connection()
        self.may_connect = asyncio.Event()
        self.farewells = Farewells()
        self.holding = asyncio.create_task(self.line.hold(self._connect, lambda frame: None, self.farewells))

    async def _connect(self) -> Connection:
        await self.may_connect.wait()
        return self.connection

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not is_so():  # noqa: ASYNC110  # what it asks about tells nobody
                await asyncio.sleep(0)

    async def over(self) -> None:
        self.line.let_go()
        await self.holding
        await asyncio.gather(*self.farewells.under_way)


async def opened() -> Held:
    held = Held()
    held.may_connect.set()
    held.line.put("{}")
    await held.until(lambda: held.connection.got)
    await asyncio.sleep(0)
    held.connection.got.clear()
    return held


STEPS = st.lists(
    st.sampled_from(["audio", "audio", "audio", "event", "shut", "open", "turn", "turn", "connect"]),
    max_size=60,
)


async def in_order(steps: list[str]) -> None:
    held, sent = Held(), list[str]()
    for number, step in enumerate(steps):
        match step:
            case "audio":
                pcm = number.to_bytes(2, "little") * 3
                held.line.put(pcm)
                sent.append(wire.append_frame(pcm))
            case "event":
                held.line.put(json.dumps({"type": "x", "n": number}))
                sent.append(json.dumps({"type": "x", "n": number}))
            case "shut":
                held.connection.is_open.clear()
            case "open":
                held.connection.is_open.set()
            case "connect":
                held.may_connect.set()
            case "turn":
                await asyncio.sleep(0)
        assert held.connection.got == sent[: len(held.connection.got)]
    held.connection.is_open.set()
    held.may_connect.set()
    await held.until(lambda: len(held.connection.got) == len(sent))
    assert held.connection.got == sent
    await asyncio.sleep(0)
    assert (held.line.unsent_audio, held.line.waiting.weight) == (0, 0)
    await held.over()


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_whatever_waits_what_is_put_arrives_in_order_and_once(steps: list[str]) -> None:
    asyncio.run(in_order(steps))


async def test_audio_goes_at_once_while_nothing_waits_and_counts_as_sent() -> None:
    held = await opened()
    held.line.put(b"\x01\x02")
    assert held.connection.got == [wire.append_frame(b"\x01\x02")], "before anybody else had a turn"
    assert held.line.unsent_audio == 0
    await held.over()


async def test_an_event_waits_its_turn_and_audio_behind_it_as_well() -> None:
    held = await opened()
    held.line.put("{}")
    held.line.put(b"\x01\x02")
    assert held.connection.got == []
    assert held.line.unsent_audio == 2
    await held.until(lambda: len(held.connection.got) == 2)
    assert held.connection.got == ["{}", wire.append_frame(b"\x01\x02")]
    assert held.connection.at_once == 0
    await asyncio.sleep(0)
    assert held.line.unsent_audio == 0
    await held.over()


async def test_what_a_slow_upstream_does_not_take_waits_and_is_counted() -> None:
    held = await opened()
    held.connection.is_open.clear()
    for _ in range(3):
        held.line.put(b"\x01\x02")
        await asyncio.sleep(0)
    assert held.connection.got == []
    assert held.line.unsent_audio == 6
    held.connection.is_open.set()
    await held.until(lambda: len(held.connection.got) == 3)
    await held.over()


async def test_nothing_goes_to_an_upstream_that_was_lost_or_left() -> None:
    held = await opened()
    held.connection.is_lost = True
    held.line.put(b"\x01\x02")
    for _ in range(5):
        await asyncio.sleep(0)
    held.connection.is_lost = False
    held.line.put(b"\x03\x04")
    assert held.line.unsent_audio == 4, "what could not be sent is not overtaken, and still known as unsent"
    held.line.let_go()
    held.line.put(b"\x05\x06")
    await held.over()
    held.line.put(b"\x07\x08")
    assert held.connection.got == []
    assert held.line.unsent_audio == 0
