"""What the short way reads is what the library would have read, however the bytes come in."""

import asyncio
from itertools import pairwise
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from tests.support.raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, upgrade
from voiceassist.management.websocket_protocol import QuietWebSocket

LARGEST = 1500
"""Bytes of a message that are let in where frames are made up."""


class Wire:
    """A transport that only notes what becomes of it."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False
        self.is_paused = False

    def get_extra_info(self, name: str, default: object = None) -> object:
        return default

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        assert not self.is_paused
        self.is_paused = True

    def resume_reading(self) -> None:
        assert self.is_paused
        self.is_paused = False


class Peer:
    """One end of a socket that was let in, without a network."""

    def __init__(self, kind: type[WebSocketsSansIOProtocol], largest: int = 70_000) -> None:
        self.over = asyncio.Event()
        config = Config(
            self._site, interface="asgi3", ws_max_size=largest, ws_per_message_deflate=False, log_config=None
        )
        config.load()
        self.wire = Wire()
        self.socket = kind(config, ServerState(), {})
        self.socket.connection_made(cast(asyncio.Transport, self.wire))
        self.socket.data_received(upgrade(80))
        self.told: list[Any] = []

    async def _site(self, scope: Any, receive: Any, send: Any) -> None:
        await self.over.wait()

    async def let_in(self) -> None:
        assert await self.socket.receive() == {"type": "websocket.connect"}
        await self.socket.send({"type": "websocket.accept"})
        self.wire.written = b""

    def hear(self, *chunks: bytes) -> None:
        """Bytes as a network brings them: none after the connection was closed."""
        for chunk in chunks:
            if not self.wire.is_closed:
                self.socket.data_received(chunk)

    async def take(self) -> None:
        """Take all that was handed on."""
        while not self.socket.queue.empty():
            self.told.append(await self.socket.receive())

    async def leave(self) -> None:
        self.socket.connection_lost(None)
        self.over.set()
        await asyncio.gather(*self.socket.tasks)


def mostly(usual: object, otherwise: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What is right most of the time: frames that are wrong in everything are refused at their first bit."""
    return st.one_of(st.just(usual), st.just(usual), st.just(usual), otherwise)


FRAMES = st.builds(
    frame,
    st.sampled_from([TEXT, TEXT, BINARY, BINARY, CONTINUATION, PING, PONG, CLOSE]) | st.integers(0, 15),
    st.sampled_from([b"", b"{}", b"\xff", b"\xc3", b"\xa4", b"\x03\xe8", b"x" * 125, b"x" * 126, b"x" * 1500])
    | st.binary(max_size=200),
    fin=mostly(True, st.just(False)),
    rsv=mostly(0, st.integers(0, 7)),
    masked=mostly(True, st.just(False)),
    length=mostly(None, st.integers(0, 2 * LARGEST)),
)
STREAMS = st.lists(FRAMES, min_size=1, max_size=8).map(b"".join)


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return [data[start:stop] for start, stop in pairwise(places)]


@settings(max_examples=300, deadline=None, database=None)
@given(STREAMS, st.lists(st.integers(1, 300) | st.integers(1, 5000), max_size=40))
def test_it_hears_what_the_library_hears(data: bytes, cuts: list[int]) -> None:
    asyncio.run(compared(chunks(data, cuts), LARGEST))


async def compared(pieces: list[bytes], largest: int) -> None:
    """Assert that ours tells, answers and closes as the library does."""
    ours, theirs = Peer(QuietWebSocket, largest), Peer(WebSocketsSansIOProtocol, largest)
    # Theirs byte by byte: it does not hand on what came in one piece with a broken frame after it.
    small = [bytes((byte,)) for byte in b"".join(pieces)]
    for peer, them in ((ours, pieces), (theirs, small)):
        await peer.let_in()
        for piece in them:
            peer.hear(piece)
            await peer.take()
    assert ours.told == theirs.told
    assert ours.wire.written == theirs.wire.written
    assert ours.wire.is_closed == theirs.wire.is_closed
    for peer in (ours, theirs):
        await peer.leave()


async def test_every_cut_through_three_frames_is_read_alike() -> None:
    data = frame(TEXT, "äöü".encode()) + frame(BINARY, b"\x81\x80" * 70) + frame(TEXT, b"x" * 66_000)
    whole = [
        {"type": "websocket.receive", "text": "äöü"},
        {"type": "websocket.receive", "bytes": b"\x81\x80" * 70},
        {"type": "websocket.receive", "text": "x" * 66_000},
    ]
    for cut in [*range(1, 200), len(data) - 1]:
        peer = Peer(QuietWebSocket)
        await peer.let_in()
        peer.hear(data[:cut], data[cut:])
        await peer.take()
        assert peer.told == whole
        await peer.leave()


async def test_one_byte_at_a_time_is_read_too() -> None:
    peer = Peer(QuietWebSocket)
    await peer.let_in()
    data = (
        frame(BINARY, bytes(300))
        + frame(TEXT, b"a", fin=False)
        + frame(CONTINUATION, b"b")
        + frame(TEXT, b"c")
    )
    peer.hear(*(bytes((byte,)) for byte in data))
    await peer.take()
    assert [message.get("text") for message in peer.told] == [None, "ab", "c"]
    await peer.leave()


async def test_a_payload_is_never_taken_for_a_frame() -> None:
    """The library has begun a frame of which the header alone was there; what follows looks like another one."""
    inner = frame(BINARY, b"smuggled")
    outer = frame(BINARY, inner * 20)
    for cut in range(1, 12):
        peer = Peer(QuietWebSocket)
        await peer.let_in()
        peer.hear(outer[:cut], outer[cut:])
        await peer.take()
        assert peer.told == [{"type": "websocket.receive", "bytes": inner * 20}]
        await peer.leave()


def test_it_closes_as_early_as_the_library_does() -> None:
    async def closed(broken: bytes) -> None:
        for kind in (QuietWebSocket, WebSocketsSansIOProtocol):
            peer = Peer(kind)
            await peer.let_in()
            peer.hear(broken[:-1])
            assert not peer.wire.is_closed
            peer.hear(broken[-1:])
            assert peer.wire.is_closed
            await peer.leave()

    too_long = (70_001).to_bytes(8, "big")
    for broken in (b"\x81\x05", b"\x81\x7e", b"\x83\xff", b"\x83\x80", b"\x82\xff" + too_long):
        asyncio.run(closed(broken))


async def test_the_mask_is_taken_off() -> None:
    peer = Peer(QuietWebSocket)
    await peer.let_in()
    mask, text = bytes((0x12, 0x34, 0x56, 0x78)), b"hello there"
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))
    peer.hear(bytes((0x81, 0x80 | len(text))) + mask + masked)
    await peer.take()
    assert peer.told == [{"type": "websocket.receive", "text": "hello there"}]
    await peer.leave()


async def test_reading_stops_while_two_messages_wait_and_goes_on_when_they_were_taken() -> None:
    peer = Peer(QuietWebSocket)
    await peer.let_in()
    peer.hear(frame(BINARY, b"one"))
    assert not peer.wire.is_paused
    peer.hear(frame(BINARY, b"two"))
    assert peer.wire.is_paused
    await peer.socket.receive()
    assert peer.wire.is_paused
    await peer.socket.receive()
    assert not peer.wire.is_paused
    await peer.leave()


async def test_reading_stops_for_one_message_that_is_large() -> None:
    peer = Peer(QuietWebSocket)
    await peer.let_in()
    peer.hear(frame(BINARY, bytes(65_537)))
    assert peer.wire.is_paused
    await peer.take()
    assert not peer.wire.is_paused
    await peer.leave()


async def test_after_our_close_messages_are_dropped_and_the_answer_is_read() -> None:
    peer = Peer(QuietWebSocket)
    await peer.let_in()
    await peer.socket.send({"type": "websocket.close", "code": 4429, "reason": "enough"})
    peer.hear(frame(BINARY, b"late") * 10)
    assert not peer.wire.is_paused
    peer.hear(frame(CLOSE, (4429).to_bytes(2, "big")))
    assert peer.wire.is_closed
    await peer.take()
    assert peer.told == [{"type": "websocket.disconnect", "code": 4429, "reason": "enough"}]
    await peer.leave()


async def test_who_breaks_a_rule_before_it_was_let_in_loses_the_connection() -> None:
    for data in (frame(TEXT, b"\xff"), frame(TEXT, b"{}", rsv=4), frame(TEXT, b"{}", masked=False)):
        peer = Peer(QuietWebSocket)
        peer.hear(data)
        assert peer.wire.is_closed
        assert peer.wire.written == b""
        await peer.leave()


async def test_frames_are_written_as_the_library_writes_them() -> None:
    nothing: Any = {"type": "websocket.send", "bytes": None, "text": None}
    for content in [b"", b"x", b"x" * 125, b"x" * 126, b"x" * 65_535, b"x" * 65_536, b"x" * 200_000]:
        written = []
        for kind in (QuietWebSocket, WebSocketsSansIOProtocol):
            peer = Peer(kind)
            await peer.let_in()
            await peer.socket.send({"type": "websocket.send", "bytes": content})
            await peer.socket.send({"type": "websocket.send", "text": content.decode() + "ä"})
            await peer.socket.send(nothing)
            written.append(peer.wire.written)
            await peer.leave()
        assert written[0] == written[1]
