"""Fault 18: a thousand connections that say nothing, or hardly anything."""

import asyncio
import os
import socket
from contextlib import suppress
from itertools import cycle

import pytest

from tests.faults.conftest import IS_LONG
from tests.faults.rig import kin
from tests.faults.rig.caller import Caller
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.fault_stage import OWN, Stage
from tests.support.raw_socket import raw_socket

CONNECTIONS = 1000 if IS_LONG else 150
HEAD_SECONDS = 10.0 if IS_LONG else 1.5
"""How long the head of a request may take."""
LATE = 3.0
"""How much later than that a busy machine may be."""
MUTE_SECONDS = 90.0 if IS_LONG else 15.0
"""Two pings without an answer, the time in which a client may come back, and what a busy machine takes."""
SWIFT = 1.0 if IS_LONG else 3.0
"""A login, a session and its greeting; on a machine that runs other tests too, longer. In either case as much longer as
the machine had other work, up to MOST_STARVED."""
MOST_STARVED = 2 * SWIFT
"""Beyond this it is no excuse: a server that computes all the time starves these tests itself."""
BEGINNINGS = [
    b"",
    b"G",
    b"GET /v1/realtime?model=any HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n",
    b"POST /api/token/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Padding: ",
]


@pytest.fixture(scope="module")
def upstream(stage_upstream: TalkingUpstream) -> TalkingUpstream:
    return stage_upstream


async def loiter(port: int, beginning: bytes) -> float:
    """Connect, send a beginning, then a byte now and then; how many seconds until the server has enough of it."""
    loop = asyncio.get_running_loop()
    handle = socket.socket()
    handle.setblocking(False)
    with handle, suppress(ConnectionError):
        await loop.sock_connect(handle, ("127.0.0.1", port))
        began = loop.time()
        await loop.sock_sendall(handle, beginning)
        reading = asyncio.create_task(loop.sock_recv(handle, 1024))
        while not (await asyncio.wait([reading], timeout=0.4))[0]:
            if beginning:
                await loop.sock_sendall(handle, b"x")
        with suppress(ConnectionError):
            reading.result()
    return loop.time() - began


@pytest.mark.fault(18)
async def test_loiterers_are_shown_out_and_keep_nobody_waiting(
    stage: Stage, upstream: TalkingUpstream
) -> None:
    before = stage.worker.open_files()
    # Both take their time, and need not take it one after the other.
    await asyncio.gather(the_mute_is_shown_out(stage, upstream), loiterers_are_shown_out(stage))
    await stage.until(stage.open_files, lambda count: count <= before + 5, within=5)
    assert "Traceback" not in stage.worker.screen


async def the_mute_is_shown_out(stage: Stage, upstream: TalkingUpstream) -> None:
    """Who is let in and never answers a ping is taken for lost; who has no ticket goes at once."""
    began, starved = asyncio.get_running_loop().time(), starved_seconds(stage)
    async with raw_socket(stage.port, OWN) as stranger:
        assert await stranger.closed() == 4401
    took = asyncio.get_running_loop().time() - began
    assert took < SWIFT + min(starved_seconds(stage) - starved, MOST_STARVED)
    async with stage.visitor(who=1) as visitor:
        await visitor.state(lambda row: row["state"] == "waiting", within=MUTE_SECONDS)
        # It may be taken up for a while yet; it costs nothing but its row.
        await upstream.until(lambda: not upstream.open_talks, patience=MUTE_SECONDS)


def starved_seconds(stage: Stage) -> float:
    """How long the server and these tests, who open a thousand connections here, had to wait for a processor."""
    return kin.starved_seconds(stage.worker.pid) + kin.starved_seconds(os.getpid())


async def loiterers_are_shown_out(stage: Stage) -> None:
    before = stage.worker.open_files()
    kinds = cycle(BEGINNINGS)
    loiterers = [asyncio.create_task(loiter(stage.port, next(kinds))) for _ in range(CONNECTIONS)]
    most = before + CONNECTIONS * 3 // 4
    await stage.until(stage.open_files, lambda count: count >= most, within=HEAD_SECONDS)
    began, starved = asyncio.get_running_loop().time(), starved_seconds(stage)
    async with Caller(stage.people[0], stage.url) as caller:
        await caller.sign_in()
        await caller.call(output="text")
        took = asyncio.get_running_loop().time() - began
        starved = starved_seconds(stage) - starved
        await caller.type("Hello")
        await caller.until_answered()
    assert took < SWIFT + min(starved, MOST_STARVED)
    async with asyncio.timeout(HEAD_SECONDS + LATE):
        stayed = await asyncio.gather(*loiterers)
    assert max(stayed) < HEAD_SECONDS + LATE
