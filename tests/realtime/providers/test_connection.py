"""The frames of an upstream down to the bytes: what it may send in pieces, what it may not, and how each ends.

The server here is not a library's: those refuse to break the rules, and to write a handshake in crumbs.
"""

import asyncio
import gc
import inspect
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop
from websockets.utils import accept_key

from realtime.errors import UpstreamClosed, UpstreamRefused, UpstreamUnreachable
from realtime.providers.connection import (
    FRAMES_IN_HAND,
    LARGEST_FRAME,
    UNSENT_BYTES,
    Patience,
    WebSocketConnection,
)
from realtime.providers.websocket import open_websocket
from realtime.telemetry import Event, Tally
from tests.support.raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from tests.support.raw_socket import frame as client_frame

PATIENCE = 10.0
CALM = Patience(opening=5, closing=1)
MEGABYTE = 1024 * 1024
HELLO = b'{"type":"session.created"}'


def frame(opcode: int, payload: bytes = b"", **more: Any) -> bytes:
    """The bytes of one frame of a server's."""
    return client_frame(opcode, payload, masked=False, **more)


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


class Server:
    """The other end of one connection, down to the bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.handle = writer.get_extra_info("socket")

    async def answer(self) -> bytes:
        """The yes to the request that it reads."""
        request = await self.reader.readuntil(b"\r\n\r\n")
        [key] = [
            line.split(b": ")[1]
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key")
        ]
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_key(key.decode())}\r\n\r\n"
        ).encode()

    async def crumbs(self, data: bytes, size: int = 1) -> None:
        """Write in pieces, each of which is read before the next one is there."""
        for at in range(0, len(data), size):
            self.writer.write(data[at : at + size])
            await self.writer.drain()
            for _ in range(4):
                await asyncio.sleep(0)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of ours, unmasked."""
        first, second = await self.reader.readexactly(2)
        assert first & 0x80
        assert second & 0x80, "a client masks"
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        mask = await self.reader.readexactly(4)
        body = await self.reader.readexactly(length)
        whole = int.from_bytes(body, "big") ^ int.from_bytes((mask * (length // 4 + 1))[:length], "big")
        return first & 0x0F, whole.to_bytes(length, "big")


Act = Callable[[Server], Awaitable[None]]


@asynccontextmanager
async def serving(act: Act) -> AsyncIterator[str]:
    """An address where `act` is played to whoever comes; what fails in it fails the test."""
    served: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = Server(reader, writer)
        try:
            await act(server)
            with suppress(OSError, asyncio.IncompleteReadError):
                await reader.read()
        finally:
            writer.transport.abort()

    def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.create_task(serve(reader, writer)))

    listener = await asyncio.start_server(come, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    finally:
        listener.close()
        if served:
            _, waiting = await asyncio.wait(served, timeout=PATIENCE)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*served)


def says(*data: bytes) -> Act:
    """Say yes, and then that."""

    async def act(server: Server) -> None:
        server.writer.write(await server.answer())
        server.writer.write(b"".join(data))

    return act


async def opened(url: str, tally: Tally | None = None) -> WebSocketConnection:
    return await open_websocket(url, headers={}, patience=CALM, telemetry=tally or Tally())


async def heard(connection: WebSocketConnection, words: list[str] | None = None) -> UpstreamClosed:
    """Hear everything until the end; what it was."""
    with pytest.raises(UpstreamClosed) as raised:
        async with asyncio.timeout(PATIENCE):
            await connection.deliver((words if words is not None else []).append)
    await connection.close()
    return raised.value


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110  # what it asks about tells nobody
            await asyncio.sleep(0)


@pytest.fixture(scope="module", autouse=True)
def _nothing_older_is_looked_through() -> None:
    """Each test here collects garbage to see what is left of it: its own, and not again all that other files left."""
    gc.collect()
    gc.freeze()


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test on asyncio's own loop and on uvloop: they hand bytes over in different ways.

    On neither may anything be left for the loop to complain about, such as an error that nobody asked for.
    """

    def on_loop(loop: Callable[[], asyncio.AbstractEventLoop], **given: Any) -> None:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(without_complaint(test(**given)))

    plain = inspect.signature(test)
    first = inspect.Parameter("loop", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    on_loop.__signature__ = plain.replace(parameters=[first, *plain.parameters.values()])  # type: ignore[attr-defined]
    on_loop.__name__, on_loop.__doc__ = test.__name__, test.__doc__
    on_loop.pytestmark = list(getattr(test, "pytestmark", []))  # type: ignore[attr-defined]
    loops = [asyncio.new_event_loop, uvloop.new_event_loop]
    on_both: Callable[..., None] = pytest.mark.parametrize("loop", loops, ids=["asyncio", "uvloop"])(on_loop)
    return on_both


async def without_complaint(work: Coroutine[Any, Any, None]) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    await work
    for _ in range(3):
        gc.collect()
        await asyncio.sleep(0)
    assert complaints == []


async def test_what_the_loop_complains_about_is_noticed() -> None:
    async def forget() -> None:
        asyncio.get_running_loop().create_future().set_exception(OSError())

    with pytest.raises(AssertionError, match="never retrieved"):
        await without_complaint(forget())


@on_both_loops
async def test_what_goes_wrong_while_a_frame_is_heard_is_raised_and_nothing_behind_it_is_heard() -> None:
    heard_of: list[str] = []

    def hear(frame: str) -> None:
        heard_of.append(frame)
        raise ZeroDivisionError("a fault of ours")

    somebody_listens = asyncio.Event()

    async def act(server: Server) -> None:
        server.writer.write(await server.answer())
        await somebody_listens.wait()
        server.writer.write(frame(TEXT, b"one") + frame(TEXT, b"two"))
        await server.reader.read()

    async with serving(act) as url:
        connection = await opened(url)
        delivery = asyncio.create_task(connection.deliver(hear))
        await asyncio.sleep(0)
        somebody_listens.set()
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(5):
                await delivery
        await connection.close()
    assert heard_of == ["one"]


# --- messages in pieces, and what stands between them ---------------------------------------------------------------


@on_both_loops
async def test_a_message_in_pieces_is_one_message_in_its_place_and_pings_between_them_are_answered() -> None:
    answered: list[tuple[int, bytes]] = []

    async def act(server: Server) -> None:
        server.writer.write(await server.answer())
        server.writer.write(frame(TEXT, b"one") + frame(TEXT, "zw\u00f6lf".encode()[:3], fin=False))
        server.writer.write(frame(PING, b"there?") + frame(CONTINUATION, b"", fin=False))
        server.writer.write(frame(CONTINUATION, "zw\u00f6lf".encode()[3:]) + frame(TEXT, b"three"))
        answered.append(await server.frame())
        server.writer.write(frame(PONG, b"unasked") + frame(TEXT, b"", fin=False) + frame(CONTINUATION, b""))
        server.writer.write(close(1000))

    words: list[str] = []
    async with serving(act) as url:
        assert (await heard(await opened(url), words)).closed_with == 1000
    assert words == ["one", "zw\u00f6lf", "three", ""]
    assert answered == [(PONG, b"there?")]


@on_both_loops
async def test_binary_messages_are_left_aside_and_counted_once_each_in_however_many_pieces() -> None:
    tally = Tally()
    pieces = frame(BINARY, b"\xff", fin=False) + frame(CONTINUATION, b"\xff")
    async with serving(says(frame(BINARY, b"\xff"), pieces, frame(TEXT, HELLO), close(1000))) as url:
        words: list[str] = []
        await heard(await opened(url, tally), words)
    assert words == [HELLO.decode()]
    assert tally.counted(Event.UPSTREAM_BINARY_FRAME) == 2


HALF = b"x" * (LARGEST_FRAME // 2)
BROKEN = {
    **{f"reserved bit {bit}": (frame(TEXT, b"{}", rsv=bit), 1002) for bit in (1, 2, 4)},
    "reserved bit of a piece": (frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"}", rsv=4), 1002),
    "a piece of nothing": (frame(CONTINUATION, b"{}"), 1002),
    "a message within another one": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002),
    "audio within text": (frame(TEXT, b"{", fin=False) + frame(BINARY, b"}"), 1002),
    "an opcode that is none": (frame(0x3, b"{}"), 1002),
    "no UTF-8": (frame(TEXT, b"\xff"), 1007),
    "no UTF-8 in pieces": (frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b"x"), 1007),
    "half a letter": (frame(TEXT, b"\xc3"), 1007),
    "too large": (frame(TEXT, b"x", length=LARGEST_FRAME + 1), 1009),
    "too large in pieces": (
        frame(TEXT, HALF, fin=False) + frame(CONTINUATION, HALF, fin=False) + frame(CONTINUATION, b"x"),
        1009,
    ),
}


@on_both_loops
@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN.keys())
async def test_who_breaks_a_rule_is_told_which_and_nothing_behind_it_is_heard(data: bytes, code: int) -> None:
    told: list[tuple[int, bytes]] = []

    async def act(server: Server) -> None:
        server.writer.write(await server.answer())
        server.writer.write(frame(TEXT, HELLO) + data + frame(TEXT, b"late"))
        told.append(await server.frame())

    words: list[str] = []
    async with serving(act) as url:
        assert (await heard(await opened(url), words)).closed_with == code
    assert words == [HELLO.decode()]
    [(opcode, payload)] = told
    assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)


@on_both_loops
async def test_a_message_of_pieces_without_end_and_without_a_byte_is_not_kept_for_ever() -> None:
    wrote = 0

    async def act(server: Server) -> None:
        nonlocal wrote
        server.writer.write(await server.answer() + frame(TEXT, b"", fin=False))
        with suppress(ConnectionError):
            while wrote < 200_000 and not server.reader.at_eof():
                server.writer.write(frame(CONTINUATION, b"", fin=False) * 1000)
                wrote += 1000
                await server.writer.drain()
                await asyncio.sleep(0)

    async with serving(act) as url:
        connection = await opened(url)
        assert (await heard(connection)).closed_with in {1002, 1008, 1009}
    assert wrote < 200_000


# --- the end --------------------------------------------------------------------------------------------------------


@on_both_loops
@pytest.mark.parametrize(
    ("data", "code", "reason", "answer"),
    [
        (frame(CLOSE), 1005, "", {b"", b"\x03\xe8"}),
        (close(1000), 1000, "", {b"\x03\xe8"}),
        (close(1001, b"bye"), 1001, "bye", {b"\x03\xe9"}),
        (close(1011), 1011, "", {b"\x03\xf3"}),
        (close(3000, b"invalid_request_error.x"), 3000, "invalid_request_error.x", {b"\x0b\xb8"}),
        (close(4999), 4999, "", {b"\x13\x87"}),
    ],
)
async def test_the_code_of_the_peers_close_is_told_and_sent_back(
    data: bytes, code: int, reason: str, answer: set[bytes]
) -> None:
    told: list[tuple[int, bytes]] = []

    async def act(server: Server) -> None:
        server.writer.write(await server.answer() + data + frame(TEXT, b"late"))
        told.append(await server.frame())

    words: list[str] = []
    async with serving(act) as url:
        end = await heard(await opened(url), words)
    assert (end.closed_with, end.reason, words) == (code, reason, [])
    [(opcode, payload)] = told
    assert opcode == CLOSE
    assert payload[:2] in answer, payload


@on_both_loops
@pytest.mark.parametrize(
    "payload", [b"\x03", b"\x00\x00", b"\x03\xe7", b"\x03\xed", b"\x03\xee", b"\xff\xff", b"\x03\xe8\xff\xfe"]
)
async def test_a_close_that_is_none_is_an_end_all_the_same(payload: bytes) -> None:
    async with serving(says(frame(TEXT, HELLO), frame(CLOSE, payload))) as url:
        words: list[str] = []
        assert (await heard(await opened(url), words)).closed_with
    assert words == [HELLO.decode()]


@on_both_loops
async def test_a_connection_that_breaks_is_1006_after_its_last_words() -> None:
    async def act(server: Server) -> None:
        server.writer.write(await server.answer() + frame(TEXT, HELLO) + frame(TEXT, b"cut off")[:4])
        await server.writer.drain()
        server.writer.close()

    async with serving(act) as url:
        words: list[str] = []
        assert (await heard(await opened(url), words)).closed_with == 1006
    assert words == [HELLO.decode()]


@on_both_loops
async def test_closing_while_nothing_is_read_any_more_hears_the_goodbye() -> None:
    over: list[tuple[int, bytes]] = []

    async def act(server: Server) -> None:
        server.writer.write(await server.answer() + frame(TEXT, HELLO) * (4 * FRAMES_IN_HAND))
        over.append(await server.frame())
        server.writer.write(close(1000))
        await server.writer.drain()

    async with serving(act) as url:
        connection = await opened(url)
        await until(lambda: connection._is_paused)
        async with asyncio.timeout(CALM.closing / 2):
            await connection.close()
        with pytest.raises(UpstreamClosed):
            await connection.send("{}")
        assert not connection.takes("{}")
    assert over == [(CLOSE, b"\x03\xe8")]


@on_both_loops
async def test_closing_hurried_lets_go_of_the_file_descriptor() -> None:
    async def act(server: Server) -> None:
        server.writer.write(await server.answer())

    before = sockets()
    async with serving(act) as url:
        connection = await opened(url)
        closing = asyncio.create_task(connection.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        assert (await heard(connection)).closed_with
    await until(lambda: sockets() == before)


# --- the opening ----------------------------------------------------------------------------------------------------


@on_both_loops
@pytest.mark.parametrize("count", [1, FRAMES_IN_HAND, 5 * FRAMES_IN_HAND])
async def test_what_is_said_with_the_yes_and_before_the_end_is_heard_in_order(count: int) -> None:
    async def act(server: Server) -> None:
        said = b"".join(frame(TEXT, b"%d" % number) for number in range(count))
        server.writer.write(await server.answer() + said + close(3000, b"that is all"))
        await server.writer.drain()
        server.writer.write_eof()

    async with serving(act) as url:
        words: list[str] = []
        end = await heard(await opened(url), words)
    assert (end.closed_with, end.reason) == (3000, "that is all")
    assert words == [str(number) for number in range(count)]


@on_both_loops
async def test_what_breaks_a_rule_may_come_with_the_yes() -> None:
    async def act(server: Server) -> None:
        data = frame(TEXT, HELLO) + frame(TEXT, b"\xff") + frame(TEXT, b"late") * 2000
        server.writer.write(await server.answer() + data)

    async with serving(act) as url:
        words: list[str] = []
        assert (await heard(await opened(url), words)).closed_with == 1007
    assert words == [HELLO.decode()]


@on_both_loops
@pytest.mark.parametrize("size", [1, 3, 12, 50])
async def test_the_yes_and_what_stands_behind_it_may_come_in_pieces(size: int) -> None:
    async def act(server: Server) -> None:
        long = frame(TEXT, b"x" * 300)
        await server.crumbs(await server.answer() + frame(TEXT, HELLO) + long + close(1000), size)

    async with serving(act) as url:
        words: list[str] = []
        assert (await heard(await opened(url), words)).closed_with == 1000
    assert words == [HELLO.decode(), "x" * 300]


@on_both_loops
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_refusal_may_come_in_pieces(size: int) -> None:
    body = json.dumps({"error": {"code": "invalid_api_key", "message": "x" * 200}}).encode()

    async def act(server: Server) -> None:
        await server.answer()
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\nRetry-After: 7\r\n\r\n"
        await server.crumbs(head.encode() + body, size)

    async with serving(act) as url:
        with pytest.raises(UpstreamRefused) as raised:
            await opened(url)
    assert (raised.value.code, raised.value.upstream_code) == ("provider_auth", "invalid_api_key")


@on_both_loops
@pytest.mark.parametrize("piece", [b"", b"x" * 2000])
async def test_a_yes_to_another_question_is_none(piece: bytes) -> None:
    async def act(server: Server) -> None:
        answer = await server.answer()
        server.writer.write(answer.replace(b"Accept: ", b"Accept: x"))
        await server.writer.drain()
        with suppress(ConnectionError):
            await server.crumbs(piece, 100)

    before = sockets()
    async with serving(act) as url:
        with pytest.raises(UpstreamUnreachable, match="REALTIME_BASE_URL"):
            await opened(url)
    await until(lambda: sockets() == before)


@on_both_loops
async def test_a_yes_whose_headers_never_end_is_not_read_for_ever() -> None:
    wrote = 0

    async def act(server: Server) -> None:
        nonlocal wrote
        await server.answer()
        server.writer.write(b"HTTP/1.1 101 Switching Protocols\r\n")
        with suppress(ConnectionError):
            while wrote < 8 * MEGABYTE and not server.reader.at_eof():
                server.writer.write(b"X-More: " + b"x" * 65_536)
                wrote += 65_536
                await server.writer.drain()
                await asyncio.sleep(0)

    async with serving(act) as url:
        with pytest.raises(UpstreamUnreachable, match="REALTIME_BASE_URL"):
            await opened(url)
    assert wrote < 8 * MEGABYTE


def sockets() -> int:
    """How many sockets this process has open."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
    return found


@on_both_loops
async def test_an_opening_that_is_cancelled_at_whatever_moment_leaves_no_file_descriptor() -> None:
    before = sockets()
    cancelled = 0

    async def act(server: Server) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            server.writer.write(await server.answer() + frame(TEXT, HELLO))
            await server.frame()
            server.writer.write(close(1000))

    async with serving(act) as url:
        for turns in range(60):
            opening = asyncio.create_task(opened(url))
            for _ in range(turns):
                await asyncio.sleep(0)
            opening.cancel()
            await asyncio.wait([opening])
            cancelled += opening.cancelled()
            if not opening.cancelled():
                await (await opening).close()
    assert 3 < cancelled < 60, "all were cancelled, or none, on their way"
    gc.collect()
    await until(lambda: sockets() == before)


# --- who does not keep up -------------------------------------------------------------------------------------------


@on_both_loops
async def test_a_peer_that_reads_nothing_makes_whoever_sends_wait_and_gets_it_all_in_order_later() -> None:
    may_read, got = asyncio.Event(), list[int]()
    rounds = 60

    async def act(server: Server) -> None:
        server.writer.write(await server.answer())
        server.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await may_read.wait()
        server.writer.transport.resume_reading()  # type: ignore[attr-defined]
        while len(got) < rounds:
            _, payload = await server.frame()
            got.append(int(payload[:6]))

    async with serving(act) as url:
        connection = await opened(url)
        transport = connection._transport.underlying_transport
        sent = 0
        while connection.takes(f"{sent:06d}" + "x" * 200_000):
            sent += 1
            assert sent < rounds, "it takes for ever"
            await asyncio.sleep(0)
        held = transport.get_write_buffer_size()
        assert UNSENT_BYTES < held < UNSENT_BYTES + 250_000
        for _ in range(10):
            assert not connection.takes("{}")
        assert transport.get_write_buffer_size() == held

        async def send_the_rest() -> None:
            for number in range(sent, rounds):
                await connection.send(f"{number:06d}" + "x" * 200_000)

        sending = asyncio.create_task(send_the_rest())
        _, waiting = await asyncio.wait([sending], timeout=0.1)
        assert waiting, "nobody waited"
        assert transport.get_write_buffer_size() < UNSENT_BYTES + 2 * 250_000
        may_read.set()
        async with asyncio.timeout(PATIENCE):
            await sending
        await until(lambda: len(got) == rounds)
        assert got == list(range(rounds))
        await connection.close()


@on_both_loops
async def test_whoever_waits_to_send_is_told_when_the_connection_breaks() -> None:
    leave = asyncio.Event()

    async def act(server: Server) -> None:
        server.writer.write(await server.answer())
        server.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await leave.wait()
        server.writer.transport.abort()

    async with serving(act) as url:
        connection = await opened(url)
        await until(lambda: not connection.takes("x" * 200_000))
        sending = asyncio.create_task(connection.send("x"))
        await asyncio.sleep(0)
        assert not sending.done()
        leave.set()
        with pytest.raises(UpstreamClosed):
            async with asyncio.timeout(PATIENCE):
                await sending
        assert not connection.takes("x")
        await connection.close()


@on_both_loops
@pytest.mark.slow
async def test_of_200_megabytes_no_more_is_taken_than_is_heard_and_all_is_heard_in_order() -> None:
    size, count = 64 * 1024, 3200
    written = 0

    async def act(server: Server) -> None:
        nonlocal written
        server.writer.write(await server.answer())
        filler = b"x" * (size - 6)
        for number in range(count):
            server.writer.write(frame(TEXT, b"%06d" % number + filler))
            await server.writer.drain()
            written = number + 1
        server.writer.write(close(1000))

    async with serving(act) as url:
        connection = await opened(url)
        await until(lambda: connection._is_paused)
        before = -1
        while written != before:
            before = written
            for _ in range(200):
                await asyncio.sleep(0)
        assert written * size < 16 * MEGABYTE, "it is read though nobody hears it"
        words: list[int] = []
        most = 0

        def hear(word: str) -> None:
            nonlocal most
            words.append(int(word[:6]))
            most = max(most, written - len(words))

        with pytest.raises(UpstreamClosed) as raised:
            async with asyncio.timeout(60):
                await connection.deliver(hear)
        await connection.close()
    assert raised.value.closed_with == 1000
    assert words == list(range(count))
    assert most * size < 16 * MEGABYTE
