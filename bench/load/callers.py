"""People at the worker's socket, as cheap as they can be: many in one process, half of a core for hundreds."""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.load.sound import FRAME_BYTES, FRAME_SECONDS, is_whole, stamp_of, stamped
from tests.faults.rig.preparation import Person

PING_SECONDS = 2.0
"""As often as our own page."""
GREETING_SECONDS = 30.0
AT_ONCE = 8
"""How many ask for a session at the same time."""
_DELTA = b'"delta":"'
_serial = count(1)


@dataclass(slots=True)
class Told:
    """What became of the frames of some callers within some time."""

    milliseconds: list[float] = field(default_factory=list)
    sent: int = 0
    received: int = 0
    disorder: int = 0
    """Frames that came out of their turn or not as they were sent, doubled ones among them."""
    closed: int = 0
    """People whose connection had ended by then, those who only listen too. They send nothing, so no frame of theirs
    is lost."""

    @property
    def lost(self) -> int:
        return self.sent - self.received


class Caller(WSListener):
    """One session. `told` may be exchanged at any time: a stretch of time has figures of its own."""

    is_binary = True

    def __init__(self) -> None:
        self.told = Told()
        self.ready = asyncio.Event()
        self.closed = asyncio.Event()
        self.answers = 0
        self.last_event_id: str | None = None
        self._sent = self._next = 0
        self.transport: WSTransport

    # --- what it does -------------------------------------------------------------------------------------------

    def say(self) -> None:
        """Send forty milliseconds of sound."""
        self.transport.send(WSMsgType.BINARY, stamped(self._sent))
        self._sent += 1
        self.told.sent += 1

    def type(self, text: str) -> None:
        """Send a typed turn and ask for its answer."""
        content = [{"type": "input_text", "text": text}]
        item = {"id": f"item_{next(_serial)}", "type": "message", "role": "user", "content": content}
        self.send("conversation.item.create", item=item)
        self.send("response.create", response={"output_modalities": ["text"]})

    def ping(self) -> None:
        """Ask for a sign of life, and say how far everything was taken."""
        if not self.closed.is_set():
            seen = {"last_event_id": self.last_event_id} if self.last_event_id else {}
            self.send("voiceassist.ping", id="load", **seen)

    def send(self, kind: str, **members: Any) -> None:
        self.transport.send(WSMsgType.TEXT, json.dumps({"type": kind, **members}).encode())

    # --- what it hears ------------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.closed.set()
        self.ready.set()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.BINARY:
            self._hear(frame.get_payload_as_memoryview())
        elif frame.msg_type is WSMsgType.TEXT:
            self._read(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def _hear(self, sound: bytes | memoryview) -> None:
        for at in range(0, len(sound), FRAME_BYTES):
            took, serial = stamp_of(sound[at : at + FRAME_BYTES])
            self.told.received += 1
            self.told.milliseconds.append(took)
            self.told.disorder += serial != self._next or not is_whole(sound[at : at + FRAME_BYTES])
            self._next = serial + 1

    def _read(self, event: bytes) -> None:
        told = json.loads(event)
        self.last_event_id = told.get("event_id") or self.last_event_id
        match told["type"]:
            case "voiceassist.session":
                self.ready.set()
            case "response.done":
                self.answers += 1


class PlainCaller(Caller):
    """Straight at the upstream, in its own dialect: what the way takes without us."""

    def say(self) -> None:
        audio = base64.b64encode(stamped(self._sent))
        append = b'{"type":"input_audio_buffer.append","audio":"' + audio + b'"}'
        self.transport.send(WSMsgType.TEXT, append)
        self._sent += 1
        self.told.sent += 1

    def _read(self, event: bytes) -> None:
        if event.startswith(b'{"type": "response.output_audio.delta"'):
            self._hear(base64.b64decode(event[event.index(_DELTA) + len(_DELTA) : -2]))
        elif b'"session.created"' in event:
            self.ready.set()


async def straight(upstream_url: str, callers: int) -> list[Caller]:
    """Callers without a worker in between."""
    opened: list[Caller] = []
    for _ in range(callers):
        _, caller = await ws_connect(PlainCaller, upstream_url)
        assert isinstance(caller, Caller)
        await caller.ready.wait()
        opened.append(caller)
    return opened


async def through(url: str, people: list[Person], callers: int) -> list[Caller]:
    """Callers at a worker, each on a conversation of its own."""
    doors = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(timeout=GREETING_SECONDS) as client:

        async def one(number: int) -> Caller:
            async with doors:
                return await _open(client, url, people[number % len(people)])

        return list(await asyncio.gather(*(one(number) for number in range(callers))))


async def _open(client: httpx.AsyncClient, url: str, person: Person) -> Caller:
    ticket = await ticket_for(client, url, person)
    offered = f"voiceassist.v1, openai-insecure-api-key.{ticket}"
    address = f"{url.replace('http', 'ws', 1)}/v1/realtime?model=any"
    _, caller = await ws_connect(Caller, address, extra_headers={"Sec-WebSocket-Protocol": offered})
    assert isinstance(caller, Caller)
    async with asyncio.timeout(GREETING_SECONDS):
        await caller.ready.wait()
    assert not caller.closed.is_set(), "the worker would not let a caller in"
    return caller


async def ticket_for(client: httpx.AsyncClient, url: str, person: Person) -> str:
    """What opens a session."""
    headers = {"Authorization": f"Bearer {person.token}"}
    answer = await client.post(f"{url}/api/voice/realtime-session", json={}, headers=headers)
    return str(answer.raise_for_status().json()["api_key"])


async def talk(callers: list[Caller], seconds: float, *, idle: list[Caller] | None = None) -> Told:
    """Let them talk in real time, spread evenly over every frame's length; what became of it and of the idle."""
    told = Told()
    for caller in callers:
        caller.told = told
    everybody = [*callers, *(idle or [])]
    clock = asyncio.get_running_loop().time
    began, steps = clock(), int(seconds / FRAME_SECONDS)
    pinging = asyncio.create_task(_ping(everybody))
    slots = [callers[at::8] for at in range(8)]
    for step in range(steps * 8):
        await asyncio.sleep(max(0.0, began + step * FRAME_SECONDS / 8 - clock()))
        for caller in slots[step % 8]:
            if not caller.closed.is_set():
                caller.say()
    # What is on its way is not lost yet.
    for _ in range(200):
        if not told.lost:
            break
        await asyncio.sleep(0.02)
    pinging.cancel()
    told.closed = sum(caller.closed.is_set() for caller in everybody)
    return told


async def _ping(callers: list[Caller]) -> None:
    """Everybody every PING_SECONDS, and never all at once."""
    while True:
        for caller in callers:
            caller.ping()
            await asyncio.sleep(PING_SECONDS / len(callers))


async def leave(callers: list[Caller]) -> None:
    """Say goodbye and wait until everybody is gone."""
    for caller in callers:
        if not caller.closed.is_set():
            # Without a code picows sends a zero, which means no goodbye: the session would wait for its client.
            caller.transport.send_close(WSCloseCode.OK)
    async with asyncio.timeout(GREETING_SECONDS):
        await asyncio.gather(*(caller.closed.wait() for caller in callers))
