"""A server elsewhere that cannot be reached is left alone by newcomers, and found again."""

import asyncio
from typing import Any

import pytest

from realtime.breaker import FAILURES, OPEN_SECONDS, Breaker, State
from realtime.errors import (
    ProviderUnavailable,
    UpstreamError,
    UpstreamRefused,
    UpstreamSilent,
    UpstreamUnreachable,
)
from realtime.providers import registry
from realtime.providers.connection import Patience
from realtime.telemetry import Event
from tests.realtime.providers.conftest import Way, way_to
from tests.support.scripted_steps import AnswerHandshake
from tests.support.scripted_turns import greeting
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.sessions import CONFIG


async def connected(way: Way) -> None:
    connection = await way.provider.connect(safety_identifier="")
    await connection.close()


async def refused(way: Way, error: type[UpstreamError], times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(error):
            await connected(way)


async def test_nobody_new_is_sent_to_a_server_that_is_gone_and_the_figures_say_so(free_port: int) -> None:
    way = way_to(f"ws://127.0.0.1:{free_port}/v1/realtime")
    way.provider.check()
    await refused(way, UpstreamUnreachable, FAILURES)
    with pytest.raises(ProviderUnavailable) as told:
        way.provider.check()
    assert told.value.retry_after == OPEN_SECONDS
    assert way.tally.counted(Event.BREAKER_OPENED) == 1
    assert way.tally.labels(Event.UPSTREAM_ERROR) == {"provider_unreachable": FAILURES}
    await refused(way, UpstreamUnreachable)  # a session that lost it tries again at its own pace


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_server_in_trouble_is_one_that_is_gone(status: int) -> None:
    with ScriptedUpstream([AnswerHandshake(status)], repeats=True) as upstream:
        way = way_to(upstream, patience=Patience(opening=20))
        await refused(way, UpstreamRefused, FAILURES)
    assert way.provider.breaker.state is State.OPEN


async def test_a_server_that_does_not_answer_is_one_that_is_gone() -> None:
    hung: list[asyncio.StreamWriter] = []

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hung.append(writer)

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        way = way_to(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime")
        async with asyncio.timeout(30):
            await asyncio.gather(*(refused(way, UpstreamSilent) for _ in range(FAILURES)))
        for writer in hung:
            writer.close()
    assert way.provider.breaker.state is State.OPEN


async def test_a_wrong_key_is_told_to_the_hundredth_as_to_the_first() -> None:
    with ScriptedUpstream([AnswerHandshake(401)], repeats=True) as upstream:
        way = way_to(upstream, patience=Patience(opening=20))
        await refused(way, UpstreamRefused, FAILURES + 1)
        way.provider.check()


async def test_the_first_that_gets_through_opens_the_way_for_all() -> None:
    now = [0.0]
    with ScriptedUpstream(*[[AnswerHandshake(503)]] * FAILURES, [greeting()], repeats=True) as upstream:
        way = way_to(upstream, patience=Patience(opening=20))
        way.provider.breaker = Breaker(clock=lambda: now[0], telemetry=way.tally)
        await refused(way, UpstreamRefused, FAILURES)
        now[0] += OPEN_SECONDS
        way.provider.check()
        await connected(way)
        way.provider.check()
        await connected(way)


async def test_whoever_watches_sees_the_state_of_each(free_port: int) -> None:
    await registry.close_all()
    config = CONFIG
    try:
        registry.provider_for(config)
        assert registry.states() == {"openai": "closed"}
        assert not registry.is_degraded(config)
        provider: Any = registry.provider_for(config)
        for _ in range(FAILURES):
            with pytest.raises(UpstreamSilent), provider.breaker.attempt():
                raise UpstreamSilent
        assert registry.states() == {"openai": "open"}
        assert registry.is_degraded(config)
    finally:
        await registry.close_all()
