"""What goes at once over a real connection, on both event loops: whole, once and in order."""

import asyncio
import socket as sockets
import struct
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvloop
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.written_socket import PATIENCE, paired, turns

LARGE = 1_000_000
"""Bytes: more than the system takes of a connection that nobody reads."""
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
Run = Callable[[Coroutine[Any, Any, None]], None]
both_loops = pytest.mark.parametrize("loop", LOOPS)


@pytest.fixture(params=LOOPS.values(), ids=list(LOOPS))
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a coroutine on one of the two loops."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


STEPS = st.lists(
    st.tuples(st.just("put"), st.sampled_from([0, 1, 125, 126, 1920, 5000, 65_535, 65_536, 300_000]))
    | st.tuples(st.just("send"), st.sampled_from([1, 1920, 70_000]))
    | st.tuples(st.just("read"), st.sampled_from([1, 4000, 100_000, LARGE]))
    | st.tuples(st.just("turn"), st.sampled_from([1, 3])),
    max_size=30,
)


async def written(steps: list[tuple[str, int]]) -> None:
    async with paired() as pair:
        for kind, size in steps:
            match kind:
                case "put":
                    pair.put(size)
                case "send":
                    pair.put(size, sends=True)
                case "read":
                    pair.read(size)
                case "turn":
                    await turns(size)
            assert pair.expected.startswith(pair.got)
        await pair.read_all()
        await turns()
        assert pair.read() == 0
        assert pair.got == pair.expected
        assert pair.socket.changes.count("resume") == pair.socket.changes.count("pause")


@both_loops
@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
@example(steps=[("put", 300_000), ("put", 1920), ("read", 4000), ("turn", 3), ("put", 1920)])
@example(
    steps=[("send", 1920), ("turn", 1), ("put", 1920), ("send", 70_000), ("put", 1), ("turn", 1), ("put", 1)]
)
@example(steps=[("put", 65_535)] * 20 + [("read", LARGE), ("turn", 3)] * 5 + [("put", 1920)])
def test_all_comes_whole_once_and_in_order_however_the_peer_reads(
    loop: str, steps: list[tuple[str, int]]
) -> None:
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(written(steps))


def test_it_is_with_the_system_before_the_loop_turns(run: Run) -> None:
    async def at_once() -> None:
        async with paired() as pair:
            for size in (0, 1920, 2000):
                pair.put(size)
                pair.read()
                assert pair.got == pair.expected
            assert pair.at_once == 3

    run(at_once())


def test_nothing_overtakes_what_the_loop_still_has(run: Run) -> None:
    async def behind() -> None:
        async with paired() as pair:
            # What is read by the loop next was written by it in this turn.
            message: Any = {"type": "websocket.send", "bytes": b"first"}
            await pair.socket.send(message)
            assert pair.socket.takes(b"second")
            pair.sent = [b"first", b"second"]
            await pair.read_all()
            assert pair.got == pair.expected

    run(behind())


def test_a_peer_that_does_not_read_is_written_nothing_more_until_it_does(run: Run) -> None:
    async def slow() -> None:
        async with paired() as pair:
            for _ in range(200):
                if not pair.socket.takes(bytes(20_000)):
                    break
                pair.sent.append(bytes(20_000))
                await turns()
            assert pair.socket.changes == ["pause"]
            waits = pair.socket.transport.get_write_buffer_size()
            assert not pair.socket.takes(b"more")
            assert pair.socket.transport.get_write_buffer_size() == waits
            await pair.read_all()
            async with asyncio.timeout(PATIENCE):
                await pair.socket.resumed.wait()
            assert pair.socket.changes == ["pause", "resume"]
            pair.put(1920)
            assert pair.at_once == 1
            await pair.read_all()
            assert pair.got == pair.expected

    run(slow())


# --- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("waits", [False, True], ids=["nothing waits", "something waits"])
def test_after_an_abort_nothing_is_taken(run: Run, waits: bool) -> None:
    async def aborted() -> None:
        async with paired() as pair:
            if waits:
                pair.put(LARGE)
            pair.socket.transport.abort()
            assert not pair.socket.takes(b"late")
            async with asyncio.timeout(PATIENCE):
                await pair.socket.lost.wait()
            assert not pair.socket.takes(b"later")
            await turns()
            with suppress(ConnectionError):
                while pair.read():
                    pass
            assert b"late" not in pair.got

    run(aborted())


def test_while_it_is_closed_what_waits_still_goes_and_nothing_more_is_taken(run: Run) -> None:
    async def closed() -> None:
        async with paired() as pair:
            pair.put(LARGE)
            pair.socket.transport.close()
            assert not pair.socket.takes(b"late")
            await pair.read_all()
            assert pair.got == pair.expected
            async with asyncio.timeout(PATIENCE):
                assert await asyncio.get_running_loop().sock_recv(pair.peer, 1) == b""

    run(closed())


def test_a_peer_that_is_gone_is_found_out_by_writing_and_told_once(run: Run) -> None:
    async def gone() -> None:
        async with paired() as pair:
            pair.peer.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
            pair.peer.close()
            # The loop has not turned since: nobody but the system knows.
            for _ in range(3):
                pair.socket.takes(bytes(1920))
            async with asyncio.timeout(PATIENCE):
                assert await pair.socket.receive() == {"type": "websocket.disconnect", "code": 1005}
                await pair.socket.lost.wait()
            await turns()
            assert pair.socket.changes.count("lost") == 1
            assert not pair.socket.takes(b"later")

    run(gone())
