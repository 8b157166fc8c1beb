"""How uvicorn is run: what it announces, what it bounds, how it ends."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from realtime.protocol import wire
from voiceassist.management.server import (
    LARGEST_FRAME,
    PUT_DOWN_SECONDS,
    AddressRefused,
    AddressTaken,
    Server,
    configuration,
    listen,
    nothing_to_drain,
)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """A site of two doors: a socket that sends back what it gets, and a page that names its visitor."""
    if scope["type"] == "http":
        visitor = f"{scope['client'][0]} {scope['scheme']}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": visitor})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "bytes": message.get("bytes"), "text": message.get("text")})


@asynccontextmanager
async def serving(
    trusted_proxies: tuple[str, ...] = (),
    *,
    drain: Callable[[float], Awaitable[None]] = nothing_to_drain,
    drain_seconds: float = 10.0,
    when_over: Callable[[bool], None] = lambda at_once: None,
) -> AsyncIterator[tuple[Server, int]]:
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listening = asyncio.Event()
    config = configuration(echo, trusted_proxies=trusted_proxies)
    server = Server(
        config, when_listening=listening.set, drain=drain, drain_seconds=drain_seconds, when_over=when_over
    )
    # `_serve`, because `serve` would take the signal handlers of the test run's own process.
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        async with asyncio.timeout(10):
            await listening.wait()
        yield server, port
    finally:
        server.should_exit = True
        async with asyncio.timeout(30):
            await task
        listener.close()


def socket_to(port: int) -> connect:
    return connect(f"ws://127.0.0.1:{port}/", max_size=None, proxy=None)


async def close_code_of(connection: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(connection.recv(), 10)
    return connection.close_code


async def test_it_says_that_it_listens_when_it_really_does() -> None:
    async with serving() as (_, port), httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 200


async def test_it_does_not_name_its_software() -> None:
    async with serving() as (_, port), httpx.AsyncClient() as client:
        assert "server" not in (await client.get(f"http://127.0.0.1:{port}/")).headers


async def test_an_open_socket_is_told_1012_when_the_server_ends() -> None:
    async with serving() as (server, port), socket_to(port) as connection:
        server.should_exit = True
        assert await close_code_of(connection) == 1012


async def test_a_frame_at_the_limit_passes() -> None:
    async with serving() as (_, port), socket_to(port) as connection:
        await connection.send(b"x" * LARGEST_FRAME)
        assert len(await connection.recv()) == LARGEST_FRAME


def test_a_frame_that_is_a_little_too_large_reaches_the_session_which_says_so_in_words() -> None:
    assert LARGEST_FRAME > wire.MAX_TEXT_BYTES + 64 * 1024


async def test_a_frame_over_the_limit_closes_the_socket_with_1009() -> None:
    async with serving() as (_, port), socket_to(port) as connection:
        with suppress(ConnectionClosed):  # it may be refused before all of it is sent
            await connection.send(b"x" * (LARGEST_FRAME + 1))
        assert await close_code_of(connection) == 1009


@pytest.mark.parametrize("frame", [b"\xff\xfe", b"a\xc3"])
async def test_a_text_that_is_none_closes_its_socket_and_writes_no_traceback(
    frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with serving() as (_, port), socket_to(port) as connection:
            await connection.send(frame, text=True)
            assert await close_code_of(connection) == 1007
    told = [record for record in caplog.records if "UTF-8" in record.getMessage()]
    assert [(record.levelno, record.exc_info) for record in told] == [(logging.INFO, None)]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_text_in_pieces_that_are_no_characters_is_whole() -> None:
    async with serving() as (_, port), socket_to(port) as connection:
        await connection.send([b"\xc3", b"\xa4"], text=True)
        assert await connection.recv() == "ä"


async def test_audio_is_not_compressed() -> None:
    async with serving() as (_, port), socket_to(port) as connection:
        assert connection.response is not None
        assert "Sec-WebSocket-Extensions" not in connection.response.headers


FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


async def test_a_stranger_cannot_forge_its_address() -> None:
    async with serving() as (_, port), httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/", headers=FORWARDED)).text == "127.0.0.1 http"


async def test_a_trusted_proxy_is_believed() -> None:
    async with serving(("127.0.0.1",)) as (_, port), httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/", headers=FORWARDED)).text == "203.0.113.7 https"


def test_a_taken_port_is_told_apart() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(AddressTaken):
        listen("127.0.0.1", first.getsockname()[1])


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_told_apart(host: str) -> None:
    with pytest.raises(AddressRefused):
        listen(host, 0)


def test_a_port_of_a_server_that_just_ended_is_free_again() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = first.accept()
            accepted.close()  # the side that closes first is the one that keeps the port in TIME_WAIT
    listen("127.0.0.1", port).close()


# --- the drain --------------------------------------------------------------------------------------------------------


class Drain:
    """A drain that lasts until the test says so."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.seconds = 0.0
        self.may_end = asyncio.Event()
        self.was_cancelled = False

    async def __call__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise

    async def begun(self) -> None:
        async with asyncio.timeout(10):
            await self.asked.wait()


async def test_while_it_drains_it_listens_answers_and_closes_nothing() -> None:
    drain, over = Drain(), list[bool]()
    async with serving(drain=drain, when_over=over.append) as (server, port), socket_to(port) as connection:
        server.should_exit = True
        await drain.begun()
        assert drain.seconds == 10
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 200
        async with socket_to(port) as another:
            await another.send(b"still here")
            assert await another.recv() == b"still here"
        await connection.send(b"me too")
        assert await connection.recv() == b"me too"
        drain.may_end.set()
        assert await close_code_of(connection) == 1012
    assert not drain.was_cancelled
    assert over == [False]


async def test_a_drain_that_takes_too_long_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("voiceassist.management.server.PUT_DOWN_SECONDS", 0.2)
    assert PUT_DOWN_SECONDS > 10, "what live sessions may take to be written down"
    drain = Drain()
    with caplog.at_level(logging.WARNING):
        async with serving(drain=drain, drain_seconds=0.1) as (server, port), socket_to(port) as connection:
            server.should_exit = True
            assert await close_code_of(connection) == 1012
    assert drain.was_cancelled
    assert "Not all sessions ended in time" in caplog.text


async def test_a_drain_that_fails_does_not_keep_the_server(caplog: pytest.LogCaptureFixture) -> None:
    async def drain(seconds: float) -> None:
        raise RuntimeError("a fault of ours")

    async with serving(drain=drain) as (server, port), socket_to(port) as connection:
        server.should_exit = True
        assert await close_code_of(connection) == 1012
    assert "could not be drained" in caplog.text


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_signal_stops_it_at_once(second: signal.Signals) -> None:
    drain, over = Drain(), list[bool]()
    async with (
        serving(drain=drain, drain_seconds=60, when_over=over.append) as (server, port),
        socket_to(port) as connection,
    ):
        server.handle_exit(signal.SIGTERM, None)
        await drain.begun()
        server.handle_exit(second, None)
        began = asyncio.get_running_loop().time()
        assert await close_code_of(connection) in {1012, 1006}
    assert asyncio.get_running_loop().time() - began < 5
    assert drain.was_cancelled
    assert over == [True]


async def test_a_peer_that_reads_nothing_does_not_keep_a_server_that_stops_at_once() -> None:
    over = asyncio.Event()
    async with serving(when_over=lambda at_once: over.set()) as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(
            b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b" 101 " in await reader.readline()
        # A masked binary frame of zeros, whose echo nobody takes: much larger than what the system holds for us.
        writer.write(b"\x82\xff" + LARGEST_FRAME.to_bytes(8, "big") + b"\0\0\0\0" + bytes(LARGEST_FRAME))
        async with asyncio.timeout(10):
            # The system says nothing when it takes no more.
            while not any(  # noqa: ASYNC110
                c.transport.get_write_buffer_size() for c in server.server_state.connections
            ):
                await asyncio.sleep(0.01)
        server.handle_exit(signal.SIGTERM, None)
        server.handle_exit(signal.SIGTERM, None)
        async with asyncio.timeout(5):
            await over.wait()
        writer.transport.abort()
