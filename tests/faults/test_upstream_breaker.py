"""Fault 10: an upstream that fails again and again is left alone for a while."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from statistics import median

import httpx
import pytest

from tests.faults.conftest import IS_LONG
from tests.faults.rig.caller import Caller
from tests.faults.rig.plain import PLAIN
from tests.faults.rig.refusals import NotLetIn, Refused
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.fault_stage import SETTLING, Stage
from tests.support.scripted_steps import StallHandshake
from tests.support.scripted_turns import set_up, typed_turn

FAILURES = 20
OPEN_SECONDS = 30.0 if IS_LONG else 1.5
OPENING = 10.0 if IS_LONG else 2.0
"""How long an upstream that says nothing is waited for."""
AT_ONCE = 0.05 if IS_LONG else OPENING / 10
"""What is far from waiting for an upstream; where other tests run beside, not even that is quick."""
TRIES = 3
"""On a busy machine the time for which nobody is let in may be over before somebody asks."""


@pytest.fixture(autouse=True)
async def _nobody_is_kept_out(stage: Stage) -> AsyncIterator[None]:
    """Neither by what failed before, nor afterwards: a worker that others use, too, remembers it for a while."""
    await let_in_again(stage)
    yield
    await let_in_again(stage)


async def let_in_again(stage: Stage) -> None:
    """Come until somebody gets through, with which all failures are forgotten."""

    async def is_let_in() -> bool:
        async with Caller(stage.people[3], stage.url) as caller:
            with suppress(NotLetIn, Refused):
                await caller.call(output="text")
                return True
        return False

    with TalkingUpstream(port=stage.upstream_port):
        await stage.until(is_let_in, bool, within=OPEN_SECONDS + SETTLING)


async def fail(stage: Stage) -> None:
    """A session whose upstream cannot be reached."""
    async with stage.visitor(ready=False) as visitor:
        code, told = await visitor.ended()
        assert (code, told["retryable"]) == (4502, True)


async def told_to_wait(stage: Stage) -> Refused:
    """What is said to who asks for a session after so many failures."""
    for _ in range(TRIES):
        await asyncio.gather(*(not_let_in(stage) for _ in range(FAILURES)))
        async with Caller(stage.people[1], stage.url) as caller:
            try:
                await caller.call(output="text")
            except Refused as refused:
                return refused
            except NotLetIn:
                continue
    raise AssertionError("whoever comes is let in to an upstream that fails")


async def not_let_in(stage: Stage) -> None:
    async with Caller(stage.people[1], stage.url) as caller:
        with pytest.raises((NotLetIn, Refused)):
            await caller.call(output="text")


async def health(stage: Stage) -> tuple[int, bool]:
    """What readiness answers, and whether it finds the provider amiss. Health itself is good throughout."""
    async with httpx.AsyncClient(verify=PLAIN) as client:
        assert (await client.get(f"{stage.url}/health")).status_code == 200
        answer = await client.get(f"{stage.url}/health/ready")
        return answer.status_code, "provider" in answer.json().get("degraded", [])


@pytest.mark.fault(10)
async def test_after_many_failures_nobody_waits_and_a_probe_finds_out_when_it_is_over(stage: Stage) -> None:
    printed = len(stage.worker.screen)
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
    assert "Traceback" not in stage.worker.screen[printed:]


@pytest.mark.thorough
@pytest.mark.fault(10)
async def test_who_waits_with_an_upstream_of_their_own_goes_on_while_nobody_new_is_let_in(
    stage: Stage,
) -> None:
    with TalkingUpstream(port=stage.upstream_port) as upstream:
        async with Caller(stage.people[0], stage.url) as kept:
            await kept.call(output="text")
            await kept.until_saved(await kept.type("before"))
            upstream.refusal = (503, {}, b"")
            assert (await told_to_wait(stage)).code == "provider_unavailable"
            kept.drop()
            assert await kept.resume(), "it is taken up where it was left"
            await kept.until_saved(await kept.type("after"))
            # Who has lost an upstream is not stopped from finding another one, and then it is back for everybody.
            upstream.refusal = None
            upstream.reset_all()
            await kept.until_heard("voiceassist.reconnected")
        async with Caller(stage.people[1], stage.url) as caller:
            await caller.call(output="text")
