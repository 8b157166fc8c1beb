"""A chunk that looks like one frame of sound, and nothing else, is read as the library would have read it."""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from tests.support.raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from tests.voiceassist.test_websocket_protocol import Peer
from tests.voiceassist.test_websocket_protocol import compared as compared_with_library
from voiceassist.management.websocket_protocol import QuietWebSocket

LARGEST = 66_000
"""Bytes of a message that are let in."""
MASK = bytes((0x12, 0x34, 0xA6, 0xF8))


@dataclass(frozen=True)
class Sent:
    """One frame, and how it travels."""

    payload: bytes
    opcode: int = BINARY
    fin: bool = True
    rsv: int = 0
    is_masked: bool = True
    bytes_of_length: int = 2
    """In how many bytes its length stands; 2 is right for 126 to 65535 of them."""
    surplus: int = 0
    """By how much the length is a lie."""
    cuts: tuple[int, ...] = ()
    is_glued: bool = False
    """The next one comes in the same chunk."""

    @property
    def data(self) -> bytes:
        length, flag = len(self.payload) + self.surplus, self.is_masked << 7
        first = self.fin << 7 | self.rsv << 4 | self.opcode
        if self.bytes_of_length:
            head = bytes((first, flag | (126 if self.bytes_of_length == 2 else 127)))
            head += length.to_bytes(self.bytes_of_length, "big")
        else:
            head = bytes((first, flag | length))
        if not self.is_masked:
            return head + self.payload
        mask = (MASK * (len(self.payload) // 4 + 1))[: len(self.payload)]
        hidden = int.from_bytes(self.payload, "big") ^ int.from_bytes(mask, "big")
        return head + MASK + hidden.to_bytes(len(self.payload), "big")


def chunks(frames: list[Sent]) -> list[bytes]:
    """As they come in."""
    found, held = [], b""
    for sent in frames:
        data = sent.data
        places = [0, *sorted(cut for cut in sent.cuts if cut < len(data)), len(data)]
        for start, stop in pairwise(places):
            held += data[start:stop]
            if stop < len(data) or not sent.is_glued:
                found.append(held)
                held = b""
    return [*found, held] if held else found


async def compared(frames: list[Sent], largest: int) -> None:
    pieces = chunks(frames)
    assert b"".join(pieces) == b"".join(sent.data for sent in frames)
    await compared_with_library(pieces, largest)


PAYLOADS = st.sampled_from([126, 127, 300, 1000, 1200, 1201]).map(lambda size: b"7" * size)
FEW = st.sampled_from(
    [b"", b"{}", b"\xff", b"\x03\xe8", b"x" * 125, "ä".encode() * 100, "ä".encode() * 100 + b"\xc3"]
)
PLAIN = st.builds(Sent, PAYLOADS | FEW, st.sampled_from([TEXT, BINARY, BINARY]))
GLUED = st.builds(Sent, PAYLOADS, is_glued=st.just(True))
CUT = st.builds(Sent, PAYLOADS, cuts=st.lists(st.integers(1, 140), max_size=3, unique=True).map(tuple))
ODD = st.one_of(
    st.builds(Sent, PAYLOADS, rsv=st.integers(1, 7)),
    st.builds(Sent, PAYLOADS, is_masked=st.just(False)),
    st.builds(Sent, PAYLOADS | FEW, st.sampled_from([CONTINUATION, PING, PONG, CLOSE, 3, 0xB])),
    st.builds(Sent, PAYLOADS | FEW, st.sampled_from([PING, PONG, CLOSE]), bytes_of_length=st.just(0)).filter(
        lambda sent: len(sent.payload) < 126
    ),
    st.builds(Sent, PAYLOADS | FEW, bytes_of_length=st.just(8)),
    st.builds(Sent, PAYLOADS, surplus=st.sampled_from([-100, -1, 1, 100, 60_000])),
    st.builds(Sent, PAYLOADS, st.sampled_from([TEXT, BINARY, CONTINUATION]), fin=st.just(False)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PLAIN | PLAIN | GLUED | CUT | ODD, min_size=1, max_size=6))
@example([Sent(b"a" * 200, TEXT, fin=False), Sent(b"b" * 200), Sent(b"c" * 200, CONTINUATION)])
@example([Sent(b"a" * 200, TEXT, fin=False), Sent(b"c" * 200, CONTINUATION), Sent(b"b" * 200)])
@example([Sent(b"\x03\xe8", CLOSE, bytes_of_length=0), Sent(b"late" * 50)])
@example([Sent(b"x" * 200, surplus=208), Sent(b"y" * 200), Sent(b"z" * 200)])
@example([Sent(b"x" * 200, cuts=(1,)), Sent(b"y" * 200, cuts=(7,)), Sent(b"z" * 200, cuts=(9, 20))])
@example([Sent(b"x" * 1201), Sent(b"y" * 200)])
@example([Sent(b"")])
@example([Sent(b"x")])
def test_it_is_read_as_the_library_reads_it(frames: list[Sent]) -> None:
    asyncio.run(compared(frames, largest=1200))


async def heard(
    kind: type[WebSocketsSansIOProtocol], *pieces: bytes, largest: int = LARGEST
) -> tuple[list[Any], bytes, bool]:
    """What the application is told, what the peer is sent, and whether the connection is closed."""
    peer = Peer(kind, largest)
    await peer.let_in()
    for piece in pieces:
        peer.hear(piece)
        await peer.take()
    found = peer.told, peer.wire.written, peer.wire.is_closed
    await peer.leave()
    return found


@pytest.mark.parametrize("size", [126, 127, 255, 256, 1920, 65_534, 65_535])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
async def test_a_frame_that_comes_alone_is_read_whole_and_not_looked_for(
    opcode: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Sent(bytes(place % 120 for place in range(size)), opcode).data
    expected = await heard(WebSocketsSansIOProtocol, data, data)
    looked: list[bytes] = []
    read = QuietWebSocket._read

    def noted(socket: QuietWebSocket, data: bytes) -> None:
        looked.append(data)
        read(socket, data)

    monkeypatch.setattr(QuietWebSocket, "_read", noted)
    assert await heard(QuietWebSocket, data, data) == expected
    assert len(expected[0]) == 2
    assert len(looked) == 1, "the request alone is looked through"


@pytest.mark.parametrize("size", [126, 1920])
@pytest.mark.parametrize(
    "change",
    [
        *({"rsv": rsv} for rsv in range(1, 8)),
        {"is_masked": False},
        # Four bytes more than it says, as many as a mask has.
        {"is_masked": False, "surplus": -4},
        *({"opcode": opcode} for opcode in range(16) if opcode not in (TEXT, BINARY)),
        *({"fin": False, "opcode": opcode} for opcode in (TEXT, BINARY, CONTINUATION, PING)),
        {"bytes_of_length": 8},
        {"surplus": 1},
        {"surplus": -1},
    ],
    ids=str,
)
async def test_a_frame_that_is_anything_else_ends_as_with_the_library(
    change: dict[str, Any], size: int
) -> None:
    pieces = [Sent(b"before" * 50).data, Sent(b"7" * size, **change).data, Sent(b"after" * 50).data]
    told, *rest = await heard(QuietWebSocket, *pieces)
    # In small pieces for the same reason as above.
    assert [told, *rest] == list(
        await heard(WebSocketsSansIOProtocol, *(bytes((byte,)) for byte in b"".join(pieces)))
    )
    assert told[0] == {"type": "websocket.receive", "bytes": b"before" * 50}


@pytest.mark.parametrize("size", [1199, 1200, 1201])
async def test_what_is_too_large_by_a_byte_is_refused(size: int) -> None:
    told, _, is_closed = await heard(QuietWebSocket, Sent(b"7" * size).data, largest=1200)
    assert is_closed == (size > 1200)
    assert told[0]["type"] == ("websocket.disconnect" if size > 1200 else "websocket.receive")
    assert told[0].get("code") == (1009 if size > 1200 else None)


async def test_after_our_close_nothing_of_it_is_told() -> None:
    peer = Peer(QuietWebSocket)
    await peer.let_in()
    await peer.socket.send({"type": "websocket.close", "code": 1000, "reason": ""})
    peer.hear(Sent(b"late" * 50).data, Sent(b"later" * 50).data)
    await peer.take()
    assert [message["type"] for message in peer.told] == ["websocket.disconnect"]
    await peer.leave()


async def test_a_closed_connection_brings_nothing_more() -> None:
    """A transport may bring what it had read before it was closed."""
    peer = Peer(QuietWebSocket)
    await peer.let_in()
    peer.wire.close()
    peer.socket.data_received(Sent(b"late" * 50).data)
    assert peer.socket.queue.empty()
    await peer.leave()
