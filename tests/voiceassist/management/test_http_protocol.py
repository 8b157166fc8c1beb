"""Nobody holds a connection open with a request that does not get on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tests.voiceassist.management.test_server import serving
from voiceassist.management import http_protocol
from voiceassist.management.http_protocol import HEAD_BYTES, BoundedHttp

HEAD = b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n"
PATIENCE = 15.0


class Connection:
    """A connection of somebody who writes bytes as they like."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> bytes:
        """The head of the next answer, and its body."""
        async with asyncio.timeout(PATIENCE):
            head = await self._reader.readuntil(b"\r\n\r\n")
            if b"chunked" in head.lower():
                return head + await self._reader.readuntil(b"0\r\n\r\n")
            return head

    async def rest(self) -> bytes:
        """What comes until the server closes."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read()

    async def close(self) -> None:
        self._writer.close()


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedHttp, "head_seconds", 0.5)
    monkeypatch.setattr(BoundedHttp, "body_pause_seconds", 0.5)
    monkeypatch.setattr(BoundedHttp, "body_seconds", 1.5)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving() as (_, port):
        yield port


@pytest.fixture
async def connection(port: int) -> AsyncIterator[Connection]:
    opened = Connection(*await asyncio.open_connection("127.0.0.1", port))
    yield opened
    await opened.close()


def test_the_bounds_are_those_that_are_promised() -> None:
    assert (http_protocol.HEAD_SECONDS, http_protocol.BODY_SECONDS) == (10, 60)


@pytest.mark.parametrize("begin", [b"", b"\r\n", b"G", b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: "])
async def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(
    connection: Connection, begin: bytes
) -> None:
    await connection.send(begin)
    assert await connection.rest() == b""


async def test_a_byte_now_and_then_does_not_help(connection: Connection) -> None:
    began = asyncio.get_running_loop().time()
    await connection.send(HEAD)
    closed = asyncio.create_task(connection.rest())
    with suppress(ConnectionError):
        while not closed.done():
            await connection.send(b"x: y\r\n")
            await asyncio.wait({closed}, timeout=0.1)
        await closed
    assert asyncio.get_running_loop().time() - began < 5


@pytest.mark.parametrize("waited", [0.0, 0.2])
async def test_whoever_sends_a_request_is_answered_and_may_send_another(
    connection: Connection, waited: float
) -> None:
    for _ in range(5):
        await connection.send(b"GET / HTTP/1.1\r\n")
        await asyncio.sleep(waited)
        await connection.send(b"host: 127.0.0.1\r\n\r\n")
        assert (await connection.answer()).startswith(b"HTTP/1.1 200")


async def test_the_second_request_on_a_connection_has_no_more_time_than_the_first(
    connection: Connection,
) -> None:
    await connection.send(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
    assert (await connection.answer()).startswith(b"HTTP/1.1 200")
    await connection.send(b"GET / HTT")
    assert await connection.rest() == b""


async def test_a_body_that_stops_coming_is_not_waited_for(port: int) -> None:
    # Of a site that reads the body, as ours does.
    slow = Connection(*await asyncio.open_connection("127.0.0.1", port))
    await slow.send(HEAD + b"content-length: 1000\r\n\r\nabc")
    await slow.answer()
    assert await slow.rest() == b""
    await slow.close()


async def test_a_head_without_end_is_refused_by_its_length(connection: Connection) -> None:
    await connection.send(b"GET / HTTP/1.1\r\n")
    flood = b"x-%d: " + b"y" * 1000 + b"\r\n"
    try:
        for number in range(2 * HEAD_BYTES // 1000):
            await connection.send(flood % number)
        answer = await connection.rest()
    except ConnectionError:
        return  # closed while we were still writing: that is no end either
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431")


async def test_a_head_of_the_usual_size_passes(connection: Connection) -> None:
    await connection.send(b"GET / HTTP/1.1\r\ncookie: " + b"c" * 8000 + b"\r\n\r\n")
    assert (await connection.answer()).startswith(b"HTTP/1.1 200")
