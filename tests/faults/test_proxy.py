"""The network of these tests is as bad as it is told to be, where the rest would not notice that it is too good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.rig.proxy import FaultProxy

SENT = bytes(range(256)) * 80
"""Twenty kilobytes."""
PATIENCE = 10.0
SECONDS = 0.5
"""How much later something comes than on a network that nothing is wrong with."""
LEAST = 0.4
"""Seconds that is surely later: the first piece is not waited for, and clocks tick."""


@asynccontextmanager
async def speaker() -> AsyncIterator[int]:
    """The port of somebody who says SENT to whoever knocks, and then ends the connection."""

    async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SENT)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def heard(network: FaultProxy) -> tuple[bytes, float, float]:
    """What came, how many seconds it took, and how many more the end took."""
    clock = asyncio.get_running_loop().time
    async with asyncio.timeout(PATIENCE):
        began = clock()
        reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
        came = await reader.readexactly(len(SENT))
        whole = clock()
        came += await reader.read()
        over = clock()
        writer.close()
    return came, whole - began, over - whole


async def test_a_narrow_network_carries_so_much_a_second_and_loses_nothing() -> None:
    async with speaker() as port:
        with FaultProxy(port) as network:
            network.bandwidth(len(SENT) / SECONDS)
            came, took, _ = await heard(network)
            network.heal()
            _, took_afterwards, _ = await heard(network)

    assert came == SENT
    assert took_afterwards < LEAST < took


async def test_a_slow_end_is_told_late_and_what_was_said_before_it_at_once() -> None:
    async with speaker() as port:
        with FaultProxy(port) as network:
            network.slow_close(SECONDS)
            came, took, end_took = await heard(network)
            network.heal()
            _, _, end_took_afterwards = await heard(network)

    assert came == SENT
    assert took < LEAST < end_took
    assert end_took_afterwards < LEAST
