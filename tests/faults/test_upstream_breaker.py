"""Fault 10: an upstream that fails again and again is left alone for a while."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx
import pytest

from tests.faults.conftest import IS_LONG
from tests.faults.rig.caller import Caller, NotLetIn, Refused
from tests.faults.rig.processes import Home, Worker, home, worker
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.fault_stage import Stage, fault_stage
from tests.support.scripted_steps import StallHandshake
from tests.support.scripted_turns import set_up, typed_turn

FAILURES = 20
OPEN_SECONDS = 30.0 if IS_LONG else 1.5
AT_ONCE = 0.05


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with fault_stage(tmp_path_factory.mktemp("breaker"), is_hasty=not IS_LONG) as running:
        yield running


async def fail(stage: Stage) -> None:
    """A session whose upstream cannot be reached."""
    async with stage.visitor(ready=False) as visitor:
        code, told = await visitor.ended()
        assert (code, told["retryable"]) == (4502, True)


async def not_let_in(own: Home, server: Worker) -> None:
    """The same with a page that reads the greeting."""
    async with Caller(own.people[1], server.url) as refused:
        with pytest.raises(NotLetIn):
            await refused.call(output="text")


async def health(stage: Stage) -> tuple[int, bool]:
    """What readiness answers, and whether it finds the provider amiss. Health itself is good throughout."""
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{stage.url}/health")).status_code == 200
        answer = await client.get(f"{stage.url}/health/ready")
        return answer.status_code, "provider" in answer.json().get("degraded", [])


@pytest.mark.fault(10)
async def test_after_many_failures_nobody_waits_and_a_probe_finds_out_when_it_is_over(stage: Stage) -> None:
    # At the same time: on a busy machine they would not fall into half a minute, one after the other.
    await asyncio.gather(*(fail(stage) for _ in range(FAILURES - 1)))
    assert await health(stage) == (200, False)
    issued_before = await stage.issued()
    await fail(stage)
    opened = time.monotonic()
    took = []
    for _ in range(10):
        began = time.monotonic()
        refused = await stage.asked("POST", "/api/voice/realtime-session", output="text")
        took.append(time.monotonic() - began)
        assert (refused.status_code, refused.json()["code"]) == (503, "provider_unavailable")
        assert 1 <= int(refused.headers["Retry-After"]) <= OPEN_SECONDS + 1
    assert median(took) < AT_ONCE, f"people are told at once: {took}"
    assert await health(stage) == (200, True)
    # Who had a ticket before is told as well, and can try again.
    async with stage.with_ticket(issued_before) as visitor:
        code, ended = await visitor.ended()
        assert (code, ended["code"], ended["retryable"]) == (4502, "provider_unavailable", True)
        assert ended["retry_after"] >= 1
    await asyncio.sleep(opened + OPEN_SECONDS + 0.2 - time.monotonic())
    with stage.upstream([StallHandshake()], [*set_up(), *typed_turn("Hello.")], strict=False) as upstream:
        # One asks it, and whoever comes meanwhile is told to wait.
        async with stage.visitor(ready=False) as probe:
            await upstream.until(lambda: upstream.handshakes)
            refused = await stage.asked("POST", "/api/voice/realtime-session", output="text")
            assert refused.status_code == 503
            code, _ = await probe.ended()
            assert code == 4504
        assert len(upstream.handshakes) == 1
        # That was another failure: it stays open as long again, and the next probe gets through.
        await asyncio.sleep(OPEN_SECONDS + 0.2)
        async with stage.visitor() as visitor:
            await visitor.ask("Hi", "item_1")
            await visitor.answered()
            assert await health(stage) == (200, False)
            assert (await stage.asked("POST", "/api/voice/realtime-session")).status_code == 200
            await visitor.leave()
    assert "Traceback" not in stage.worker.screen


@pytest.mark.fault(10)
async def test_who_waits_with_an_upstream_of_their_own_goes_on_while_nobody_new_is_let_in(
    tmp_path: Path,
) -> None:
    with (
        TalkingUpstream() as upstream,
        home(tmp_path, upstream_url=upstream.url) as own,
        worker(own) as server,
    ):
        async with Caller(own.people[0], server.url) as kept:
            await kept.call(output="text")
            await kept.until_saved(await kept.type("before"))
            upstream.refusal = (503, {}, b"")
            await asyncio.gather(*(not_let_in(own, server) for _ in range(FAILURES)))
            async with Caller(own.people[1], server.url) as refused:
                with pytest.raises(Refused) as told:
                    await refused.call(output="text")
            assert told.value.code == "provider_unavailable"
            kept.drop()
            assert await kept.resume(), "it is taken up where it was left"
            await kept.until_saved(await kept.type("after"))
