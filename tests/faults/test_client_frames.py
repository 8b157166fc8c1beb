"""Faults 17 and 19: clients that send what cannot be read, and break the rules of WebSocket."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.conftest import IS_LONG
from tests.faults.rig.caller import Caller
from tests.faults.rig.forms import cases
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.fault_stage import OWN, Stage
from tests.support.raw_socket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    frame,
    key,
    raw_socket,
)

MEGABYTE = 1024 * 1024
SWIFT = 1.0
"""Seconds within which somebody else's turn is answered meanwhile."""
LARGEST = 64 * 1024


@pytest.fixture(scope="module")
def upstream(stage_upstream: TalkingUpstream) -> TalkingUpstream:
    return stage_upstream


@pytest.fixture(autouse=True)
def _nothing_of_ours_broke(stage: Stage) -> Iterator[None]:
    """Whatever a client sends, no exception reaches the server, and it still serves."""
    before = len(stage.worker.screen)
    yield
    assert "Traceback" not in stage.worker.screen[before:]
    assert stage.worker.is_running


async def swiftly_answered(caller: Caller, answers: int) -> None:
    """Somebody else's turn is answered as if nothing was."""
    began = asyncio.get_running_loop().time()
    await caller.type(f"number {answers}")
    await caller.until_answered(answers=answers)
    assert asyncio.get_running_loop().time() - began < SWIFT


# --- 17: what cannot be read ------------------------------------------------------------------------------------------


def event(**members: object) -> bytes:
    return json.dumps(members).encode()


APPEND = "input_audio_buffer.append"
BROKEN: dict[str, tuple[int, bytes, str]] = {
    "base64 that is none": (TEXT, event(type=APPEND, audio="&&&&"), "invalid_audio"),
    "half a group of base64": (TEXT, event(type=APPEND, audio="AAA"), "invalid_audio"),
    "audio that is a number": (TEXT, event(type=APPEND, audio=7), "invalid_audio"),
    "audio that is empty": (TEXT, event(type=APPEND, audio=""), "invalid_audio"),
    "an odd length": (BINARY, b"\0" * 961, "invalid_audio"),
    "a frame of no bytes": (BINARY, b"", "invalid_audio"),
    "a text of no bytes": (TEXT, b"", "invalid_json"),
    "audio in a text frame": (TEXT, b"\0\1" * 100, "invalid_json"),
    "a thousand levels": (TEXT, b"[" * 1000 + b"]" * 1000, "invalid_event"),
    "a hundred thousand levels": (TEXT, b'{"type":' * 100_000, "invalid_json"),
    "not a number": (
        TEXT,
        b'{"type": "session.update", "session": {"audio": {"output": {"speed": NaN}}}}',
        "invalid_json",
    ),
    "a number without bounds": (
        TEXT,
        b'{"type": "conversation.item.truncate", "audio_end_ms": 1e999}',
        "invalid_json",
    ),
    "half a surrogate": (TEXT, b'{"type": "input_audio_buffer.append", "audio": "\\ud800"}', "invalid_json"),
    "a list": (TEXT, b"[1, 2, 3]", "invalid_event"),
    "no type": (TEXT, b'{"event_id": "mine"}', "invalid_event"),
    "a type that is a number": (TEXT, b'{"type": 7}', "invalid_event"),
}


@pytest.mark.fault(17)
@pytest.mark.parametrize(
    ("opcode", "payload", "code"), cases(BROKEN, quick=["an odd length", "audio in a text frame"])
)
async def test_a_frame_that_cannot_be_read_is_told_and_goes_nowhere(
    stage: Stage, upstream: TalkingUpstream, opcode: int, payload: bytes, code: str
) -> None:
    async with stage.visitor() as visitor:
        talk = upstream.talks[-1]
        before = (len(talk.received), talk.heard_bytes)
        await visitor.socket.send(opcode, payload)
        told = await visitor.socket.event("error")
        assert told["error"]["code"] == code
        assert (len(talk.received), talk.heard_bytes) == before, "something of it went upstream"
        await visitor.ask("still there?", "item_1")
        await visitor.answered()
        await visitor.leave()


@pytest.mark.thorough
@pytest.mark.fault(17)
async def test_numbers_as_large_as_they_like_are_refused_and_go_nowhere(
    stage: Stage, upstream: TalkingUpstream
) -> None:
    async with stage.visitor() as visitor:
        huge = 10**400
        await visitor.ask("one", "item_1")
        await visitor.answered()
        cut = {"item_id": visitor.completed[0]["response"]["output"][0]["id"], "content_index": 0}
        await visitor.socket.say("conversation.item.truncate", audio_end_ms=huge, **cut)
        await visitor.socket.event("error")
        await visitor.socket.say("session.update", session={"audio": {"output": {"speed": huge}}})
        await visitor.socket.until(
            lambda event: event["type"] in ("error", "session.updated") and len(visitor.socket.heard) > 0
        )
        assert str(huge) not in json.dumps(upstream.talks[-1].received)
        await visitor.leave()


@pytest.mark.fault(17)
async def test_the_tenth_frame_that_cannot_be_read_ends_the_session(
    stage: Stage, upstream: TalkingUpstream
) -> None:
    async with stage.visitor() as visitor:
        for _ in range(12):
            with suppress(OSError):
                await visitor.socket.send(BINARY, b"\0")
        code, told = await visitor.ended()
        assert (code, told["reason"]) == (4400, "protocol_error")
        assert len(visitor.socket.events("error")) == 11, (
            "ten that say what was wrong, and one that says it is over"
        )
        assert upstream.talks[-1].heard_bytes == 0
        await visitor.state(lambda row: row["state"] == "ended" and row["end_reason"] == "protocol_error")


@pytest.mark.thorough
@pytest.mark.fault(17)
@pytest.mark.parametrize(
    "data",
    [
        frame(BINARY, bytes(LARGEST + 1)),
        frame(TEXT, b'"' + b"x" * (2 * MEGABYTE) + b'"'),
        frame(TEXT, b"x", length=5 * MEGABYTE),
    ],
    ids=["audio", "text", "a length that is announced"],
)
async def test_a_frame_that_is_too_large_is_closed_with_1009(stage: Stage, data: bytes) -> None:
    async with stage.visitor() as visitor:
        await visitor.socket.bytes(data)
        assert await visitor.socket.closed() == 1009
        await visitor.state(lambda row: row["state"] == "ended" and row["end_reason"] == "protocol_error")


# --- 19: breaks the rules ---------------------------------------------------------------------------------------------


def mostly(usual: object, otherwise: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What is right three times out of four: a frame that is wrong in everything is refused at its first bit."""
    return st.one_of(st.just(usual), st.just(usual), st.just(usual), otherwise)


FRAMES = st.builds(
    frame,
    st.sampled_from([CONTINUATION, TEXT, TEXT, BINARY, BINARY, CLOSE, PING, PONG]) | st.integers(0, 15),
    st.sampled_from([b"", b"\0\0", b"{}", b"\xff\xfe", b'{"type":"input_audio_buffer.clear"}'])
    | st.binary(max_size=300),
    fin=mostly(True, st.just(False)),
    rsv=mostly(0, st.integers(0, 7)),
    masked=mostly(True, st.just(False)),
    length=mostly(None, st.integers(0, 5 * MEGABYTE)),
)
NOISE = st.lists(FRAMES | st.binary(min_size=1, max_size=64), min_size=1, max_size=8).map(b"".join)


@pytest.mark.fault(19)
def test_no_frame_whatever_harms_the_server_or_anybody_else(stage: Stage) -> None:
    tried = 0

    async def fuzzed(noise: bytes, is_let_in: bool) -> None:
        ticket = (await stage.issued())["api_key"] if is_let_in else "ek_nobody"
        async with raw_socket(stage.port, OWN, key(ticket)) as socket:
            with suppress(OSError):
                await socket.bytes(noise)
                await socket.send(CLOSE, (1000).to_bytes(2, "big"))
            socket.answers_pings = False
            with suppress(TimeoutError, ValueError):
                async with asyncio.timeout(1):
                    await socket.closed()

    @settings(
        max_examples=1500 if IS_LONG else 40,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(NOISE, st.booleans())
    def fuzz(noise: bytes, is_let_in: bool) -> None:
        nonlocal tried
        tried += 1
        asyncio.run(fuzzed(noise, is_let_in))

    async def neighbour_is_fine() -> None:
        async with Caller(stage.people[2], stage.url) as neighbour:
            await neighbour.call(output="text")
            await swiftly_answered(neighbour, 1)

    fuzz()
    assert tried >= 40
    asyncio.run(neighbour_is_fine())


RULES: dict[str, tuple[bytes, int]] = {
    "a reserved bit": (frame(TEXT, b"{}", rsv=4), 1002),
    "a reserved opcode": (frame(0x3, b"{}"), 1002),
    "no mask": (frame(TEXT, b"{}", masked=False), 1002),
    "a ping in pieces": (frame(PING, b"x", fin=False), 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "the rest of nothing": (frame(CONTINUATION, b"{}"), 1002),
    "a text inside another": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002),
    "a close of one byte": (frame(CLOSE, b"\3"), 1002),
    "a close that may not be sent": (frame(CLOSE, (1006).to_bytes(2, "big")), 1002),
    "a text that is no UTF-8": (frame(TEXT, b"\xff\xfe"), 1007),
}


@pytest.mark.fault(19)
@pytest.mark.parametrize(("data", "code"), cases(RULES, quick=["no mask", "a text that is no UTF-8"]))
async def test_who_breaks_a_rule_of_websocket_is_closed_with_its_code(
    stage: Stage, data: bytes, code: int
) -> None:
    async with stage.visitor() as visitor:
        await visitor.socket.bytes(data)
        assert await visitor.socket.closed() == code
        await visitor.state(lambda row: row["state"] in ("waiting", "ended"))


@pytest.mark.thorough
@pytest.mark.fault(19)
async def test_an_event_in_pieces_with_a_ping_between_them_is_one_event(stage: Stage) -> None:
    async with stage.visitor() as visitor:
        item = {
            "id": "item_1",
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Hi"}],
        }
        whole = event(type="conversation.item.create", item=item)
        await visitor.socket.send(TEXT, whole[:10], fin=False)
        await visitor.socket.send(PING, b"are you there")
        await visitor.socket.send(CONTINUATION, whole[10:20], fin=False)
        await visitor.socket.send(CONTINUATION, whole[20:])
        await visitor.socket.say("response.create")
        await visitor.answered()
        await visitor.leave()
