"""How uvicorn is run: what it announces, what it bounds, how it ends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from realtime.protocol import wire
from voiceassist.management.server import (
    LARGEST_FRAME,
    AddressRefused,
    AddressTaken,
    Server,
    configuration,
    listen,
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
            await send({"type": "websocket.send", "bytes": message["bytes"], "text": message.get("text")})


@asynccontextmanager
async def serving(trusted_proxies: tuple[str, ...] = ()) -> AsyncIterator[tuple[Server, int]]:
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listening = asyncio.Event()
    config = configuration(echo, trusted_proxies=trusted_proxies)
    server = Server(config, when_listening=listening.set)
    # `_serve`, because `serve` would take the signal handlers of the test run's own process.
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        async with asyncio.timeout(10):
            await listening.wait()
        yield server, port
    finally:
        server.should_exit = True
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
