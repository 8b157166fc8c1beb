"""What a real server does with sockets whose clients send whatever they like, on both event loops."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest
import uvloop
from uvicorn.protocols.utils import ClientDisconnected

from tests.support.raw_socket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    LOST,
    PING,
    PONG,
    TEXT,
    RawSocket,
    frame,
    raw_socket,
    upgrade,
)
from voiceassist.management.server import LARGEST_FRAME, Server, configuration, listen
from voiceassist.management.websocket_protocol import QuietWebSocket

MEGABYTE = 1024 * 1024
HIGH_WATER = 64 * 1024
"""Bytes that a transport of either loop takes before it says that it is too much."""
PATIENCE = 10.0
Run = Callable[[Coroutine[Any, Any, None]], None]


class Site:
    """An application of one socket; a test says what it does, and reads what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.gone = asyncio.Event()
        self.asked = asyncio.Event()
        self.may_accept = asyncio.Event()
        self.may_accept.set()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.send: Any = None
        self.heard = asyncio.Event()
        """Set when bytes have come after the request."""
        self.waiting: list[int] = []
        """How many bytes were to be written each time when they became too many."""
        self.full = asyncio.Event()
        self.accepted = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        self.asked.set()
        await self.may_accept.wait()
        self.send = send
        await send({"type": "websocket.accept"})
        self.accepted.set()
        message = {"type": "websocket.connect"}
        while message["type"] != "websocket.disconnect":
            await self.may_read.wait()
            message = await receive()
            self.told.append(message)
        self.gone.set()

    async def left(self) -> Any:
        """The last thing that it was told: how the client went."""
        async with asyncio.timeout(PATIENCE):
            await self.gone.wait()
        return self.told[-1]

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.told if message.get("text") is not None]


class Noticed(QuietWebSocket):
    """A socket that tells its site of bytes that have come, and of those that cannot go."""

    def data_received(self, data: bytes) -> None:
        is_request = not self.handshake_initiated
        super().data_received(data)
        if not is_request:
            cast(Site, self.config.app).heard.set()

    def pause_writing(self) -> None:
        super().pause_writing()
        site = cast(Site, self.config.app)
        site.waiting.append(self.transport.get_write_buffer_size())
        site.full.set()


@asynccontextmanager
async def serving(site: Site, **changes: Any) -> AsyncIterator[tuple[Server, int]]:
    """The server as `manage.py serve` runs it, but for these changes of its configuration."""
    listener = listen("127.0.0.1", 0)
    listening = asyncio.Event()
    config = configuration(site, trusted_proxies=())
    config.lifespan = "off"
    for name, value in changes.items():
        assert hasattr(config, name)
        setattr(config, name, value)
    server = Server(config, when_listening=listening.set)
    # `_serve`, because `serve` would take the signal handlers of the test run's own process.
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        async with asyncio.timeout(PATIENCE):
            await listening.wait()
        yield server, listener.getsockname()[1]
    finally:
        server.should_exit = True
        async with asyncio.timeout(30):
            await task
        listener.close()


@asynccontextmanager
async def talking(**changes: Any) -> AsyncIterator[tuple[Site, RawSocket]]:
    site = Site()
    async with serving(site, **changes) as (_, port), raw_socket(port) as client:
        yield site, client


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a coroutine on one of the two loops."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


BROKEN: dict[str, tuple[bytes, int]] = {
    "no mask": (frame(TEXT, b"{}", masked=False), 1002),
    "no mask, and the length is still to come": (b"\x81\x7e", 1002),
    **{f"reserved bit {bit}": (frame(TEXT, b"{}", rsv=bit), 1002) for bit in (1, 2, 4)},
    "a reserved bit of a ping": (frame(PING, b"{}", rsv=4), 1002),
    "a reserved bit of a rest": (frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"}", rsv=4), 1002),
    "a reserved opcode": (frame(0x3, b"{}"), 1002),
    "a reserved opcode of control": (frame(0xB, b"{}"), 1002),
    "a ping in pieces": (frame(PING, b"x", fin=False), 1002),
    "a pong in pieces": (frame(PONG, b"x", fin=False), 1002),
    "a close in pieces": (frame(CLOSE, b"\x03\xe8", fin=False), 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "a close of 126 bytes": (close(1000, b"x" * 124), 1002),
    "the rest of nothing": (frame(CONTINUATION, b"{}"), 1002),
    "a text inside a text": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002),
    "audio inside a text": (frame(TEXT, b"{", fin=False) + frame(BINARY, b"}"), 1002),
    "a close inside a text": (frame(TEXT, b"{", fin=False) + close(1000), 1002),
    "a close of one byte": (frame(CLOSE, b"\3"), 1002),
    **{
        f"a close with {code}": (close(code), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
    },
    "a close whose reason is no UTF-8": (close(1000, b"\xff"), 1007),
    "a text that is no UTF-8": (frame(TEXT, b"\xff\xfe"), 1007),
    "a text that ends inside a letter": (frame(TEXT, "ä".encode()[:1]), 1007),
    "a text in pieces that is no UTF-8": (frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"\xff"), 1007),
    "a length that is announced": (frame(BINARY, b"x", length=LARGEST_FRAME + 1), 1009),
    "a length beyond all": (frame(BINARY, b"x", length=(1 << 64) - 1), 1009),
    "pieces that are too large together": (
        frame(BINARY, bytes(MEGABYTE), fin=False)
        + frame(CONTINUATION, b"", length=LARGEST_FRAME - MEGABYTE + 1),
        1009,
    ),
}


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=list(BROKEN))
def test_who_breaks_a_rule_is_closed_with_its_code(
    run: Run, data: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        async with talking() as (site, client):
            await client.bytes(frame(TEXT, b"before") + data + frame(TEXT, b"after"))
            assert await client.closed() == code
            assert (await site.left())["code"] == code
            assert site.texts == ["before"]

    run(broken())
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (close(1000), 1000, ""),
        (close(1001, b"bye"), 1001, "bye"),
        (close(4999, "ä".encode()), 4999, "ä"),
        (frame(CLOSE), 1005, ""),
    ],
)
def test_the_site_is_told_the_code_and_the_reason_of_a_close(
    run: Run, data: bytes, code: int, reason: str
) -> None:
    async def closing() -> None:
        async with talking() as (site, client):
            await client.bytes(data)
            assert await client.closed() == code
            assert await site.left() == {"type": "websocket.disconnect", "code": code, "reason": reason}

    run(closing())


@pytest.mark.parametrize("is_rude", [False, True], ids=["an end", "a reset"])
def test_of_a_connection_that_broke_no_reason_is_told(run: Run, is_rude: bool) -> None:
    async def lost() -> None:
        async with talking() as (site, client):
            await client.bytes(frame(TEXT, b"one") + frame(TEXT, b"half of it")[:8])
            if is_rude:
                client.reset()
            else:
                client.writer.close()
            assert await site.left() == {"type": "websocket.disconnect", "code": 1005}
            with pytest.raises(ClientDisconnected):
                await site.send({"type": "websocket.send", "text": "still there?"})

    run(lost())


def test_the_client_is_told_the_code_and_the_reason_of_a_close(run: Run) -> None:
    async def closing() -> None:
        async with talking() as (site, client):
            await client.bytes(frame(TEXT, b"one"))
            async with asyncio.timeout(PATIENCE):
                await site.accepted.wait()
                await site.send({"type": "websocket.close", "code": 4408, "reason": "too long"})
                got = await client.frame()
            assert got is not None
            assert (got.opcode, got.payload) == (CLOSE, (4408).to_bytes(2, "big") + b"too long")
            with pytest.raises(RuntimeError):
                await site.send({"type": "websocket.send", "text": "after it"})
            await client.bytes(frame(TEXT, b"late") + close(4408))
            assert await client.frame() is None
            assert "late" not in site.texts

    run(closing())


def test_two_megabytes_in_pieces_are_one_text(run: Run) -> None:
    async def sent() -> None:
        async with talking() as (site, client):
            piece = "ä".encode() * 50_000
            pieces = [piece] * 20 + [piece[: 2 * MEGABYTE - 20 * len(piece)]]
            await client.send(TEXT, pieces[0][:777], fin=False)
            await client.send(CONTINUATION, pieces[0][777:], fin=False)
            for one in pieces[1:-1]:
                await client.send(CONTINUATION, one, fin=False)
                await client.send(PING, b"in between")
            await client.send(CONTINUATION, pieces[-1])
            await client.bytes(frame(TEXT, b"next") + close(1000))
            assert await client.closed() == 1000
            await site.left()
            assert site.texts == [b"".join(pieces).decode(), "next"]

    run(sent())


def test_what_comes_before_it_is_let_in_is_kept(run: Run) -> None:
    async def early() -> None:
        site = Site()
        site.may_accept.clear()
        async with serving(site, ws=Noticed) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(upgrade(port))
            async with asyncio.timeout(PATIENCE):
                await site.asked.wait()
            second = frame(TEXT, b"second")
            writer.write(frame(TEXT, b"first") + second[:7])
            async with asyncio.timeout(PATIENCE):
                await site.heard.wait()
                site.may_accept.set()
                answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 101")
            writer.write(second[7:] + close(1000))
            await site.left()
            assert site.texts == ["first", "second"]
            writer.close()

    run(early())


def test_a_ping_is_answered_while_the_site_reads_nothing(run: Run) -> None:
    async def pinged() -> None:
        async with talking() as (site, client):
            site.may_read.clear()
            await client.bytes(frame(TEXT, b"one") + frame(PING, b"there?"))
            async with asyncio.timeout(PATIENCE):
                got = await client.frame()
            assert got is not None
            assert (got.opcode, got.payload) == (PONG, b"there?")
            site.may_read.set()

    run(pinged())


def test_who_reads_nothing_stops_the_writing(run: Run) -> None:
    """What is written to it waits in the server up to the bound of the transport, and the site waits with it."""

    async def deaf() -> None:
        site = Site()
        changed, content, sent = serving(site, ws=Noticed), bytes(20_000), 0
        async with changed as (_, port), raw_socket(port, receive_buffer=4096) as client:

            async def pour() -> None:
                nonlocal sent
                while True:
                    await site.send({"type": "websocket.send", "bytes": content})
                    sent += 1

            async with asyncio.timeout(PATIENCE):
                await site.accepted.wait()
                pouring = asyncio.create_task(pour())
                await site.full.wait()
                stopped_at = sent
                for _ in range(stopped_at + 50):
                    got = await client.frame()
                    assert got is not None and got.payload == content
                client.reset()
                with pytest.raises(ClientDisconnected):
                    await pouring
            assert sent >= stopped_at + 50
            assert all(HIGH_WATER < waiting < HIGH_WATER + 2 * len(content) for waiting in site.waiting)

    run(deaf())


def test_a_site_that_reads_nothing_stops_the_reading(run: Run) -> None:
    async def poured() -> None:
        async with talking() as (site, client):
            site.may_read.clear()
            written, drop = 0, frame(BINARY, bytes(32_000))
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while written < 50 * MEGABYTE:
                        await client.bytes(drop)
                        written += len(drop)
            # The kernel's buffers on both sides, and ours.
            assert written < 20 * MEGABYTE
            site.may_read.set()
            client.reset()
            await site.left()
            assert {len(message["bytes"]) for message in site.told[:-1]} == {32_000}

    run(poured())


def test_a_shutdown_closes_with_1012(run: Run) -> None:
    async def stopped() -> None:
        site = Site()
        async with serving(site) as (server, port), raw_socket(port) as client:
            await client.bytes(frame(TEXT, b"one"))
            server.should_exit = True
            assert await client.closed() == 1012
            assert (await site.left())["code"] == 1012

    run(stopped())


def test_who_answers_no_ping_is_closed_with_1011(run: Run) -> None:
    async def mute() -> None:
        async with talking(ws_ping_interval=0.1, ws_ping_timeout=0.2) as (site, client):
            client.answers_pings = False
            assert await client.closed() == 1011
            await site.left()

    run(mute())


def test_who_answers_pings_stays(run: Run) -> None:
    async def alive() -> None:
        async with talking(ws_ping_interval=0.05, ws_ping_timeout=5) as (_, client):
            async with asyncio.timeout(PATIENCE):
                for _ in range(5):
                    got = await client.frame()
                    assert got is not None and got.opcode == PING
                    # Nor does an answer to something else count, or hurt.
                    await client.bytes(frame(PONG, b"what?") + frame(PONG, got.payload))
            await client.bytes(close(1000))
            assert await client.closed() == 1000

    run(alive())


def test_a_ping_that_something_else_answers_is_not_answered(run: Run) -> None:
    async def wrong() -> None:
        async with talking(ws_ping_interval=0.1, ws_ping_timeout=0.3) as (_, client):
            client.answers_pings = False
            closing = asyncio.create_task(client.closed())
            while not closing.done():
                with suppress(OSError):
                    await client.send(PONG, b"what?")
                await asyncio.wait({closing}, timeout=0.05)
            assert closing.result() in (1011, LOST)

    run(wrong())
