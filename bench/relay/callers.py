"""People at the socket of one contender or another, each in that one's own dress, and alike in all else.

Every frame carries its number and the time it was sent, and counts only when it comes back whole and in its turn.
"""

import asyncio
from array import array
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Sequence

import httpx
import orjson
from picows import WSMsgType, ws_connect

from bench.load.callers import GREETING_SECONDS, Caller, ticket_for
from bench.load.sound import stamped
from tests.faults.rig.preparation import Person

AT_ONCE = 8
"""How many come in at the same time."""
_HEAD = 400
"""Characters of an event in which its type is, whichever order its members have."""


class BinaryCaller(Caller):
    """PCM in binary frames, to a relay that has no greeting of its own."""

    def ping(self) -> None:
        """Not a sign: only our own page sends any."""

    def _read(self, event: bytes) -> None:
        if b'"session.created"' in event[:_HEAD]:
            self.ready.set()


class JsonCaller(BinaryCaller):
    """The protocol's own events, base64 in them, as stock SDKs have it."""

    def say(self) -> None:
        audio = b64encode(stamped(self._sent))
        self._send_sound(b'{"type":"input_audio_buffer.append","audio":"' + audio + b'"}')

    def _send_sound(self, event: bytes) -> None:
        self.transport.send(WSMsgType.TEXT, event)
        self._sent += 1
        self.told.sent += 1

    def _read(self, event: bytes) -> None:
        if b'"response.output_audio.delta"' in event[:_HEAD]:
            self._hear(b64decode(orjson.loads(event)["delta"]))
        else:
            super()._read(event)


class SampleCaller(JsonCaller):
    """Lists of int16 up, base64 down: what the demonstration of the agents SDK speaks."""

    def say(self) -> None:
        samples = array("h", stamped(self._sent)).tolist()
        self._send_sound(orjson.dumps({"type": "audio", "data": samples}))

    def _read(self, event: bytes) -> None:
        if event.startswith(b'{"type": "audio",'):
            self._hear(b64decode(orjson.loads(event)["audio"]))
        elif event.startswith(b'{"type": "raw_model_event"'):
            # The first of its events: it is connected to the model.
            self.ready.set()


async def at_relay(kind: type[Caller], address: str, key: str, callers: int) -> list[Caller]:
    """So many, at a relay that asks for no ticket, and for the same key of all or for none."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def one(_: int) -> Caller:
        return await _greeted(kind, address, headers)

    return await _few_at_once(one, callers)


async def at_voiceassist(
    kind: type[Caller], dress: str, url: str, people: Sequence[Person], callers: int
) -> list[Caller]:
    """So many, each with a ticket and on a conversation of its own."""
    address = f"{url.replace('http', 'ws', 1)}/v1/realtime?model=any"
    async with httpx.AsyncClient(timeout=GREETING_SECONDS, trust_env=False) as client:

        async def one(number: int) -> Caller:
            ticket = await ticket_for(client, url, people[number % len(people)])
            offered = f"{dress}, openai-insecure-api-key.{ticket}"
            return await _greeted(kind, address, {"Sec-WebSocket-Protocol": offered})

        return await _few_at_once(one, callers)


async def _few_at_once(one: Callable[[int], Awaitable[Caller]], callers: int) -> list[Caller]:
    doors = asyncio.Semaphore(AT_ONCE)

    async def through_a_door(number: int) -> Caller:
        async with doors:
            return await one(number)

    return list(await asyncio.gather(*(through_a_door(number) for number in range(callers))))


async def _greeted(kind: type[Caller], address: str, headers: dict[str, str]) -> Caller:
    _, caller = await ws_connect(kind, address, extra_headers=headers)
    assert isinstance(caller, Caller)
    async with asyncio.timeout(GREETING_SECONDS):
        await caller.ready.wait()
    assert not caller.closed.is_set(), f"{address} let nobody in"
    return caller
