"""Fault 14, and the cap of fault 15: everybody is cut off at once and comes back; nobody has more than their share."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from websockets.exceptions import WebSocketException

from tests.faults.conftest import IS_LONG
from tests.faults.rig.caller import Caller
from tests.faults.rig.refusals import Refused
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.fault_stage import Stage, fault_stage

PEOPLE = 12 if IS_LONG else 3
CALLERS = 500 if IS_LONG else 12
RATE = 8 if IS_LONG else 3
"""Sessions that one person may ask for in a second."""
EACH = -(-CALLERS // PEOPLE)
BACK_WITHIN = 60.0
PAUSES = (0.3, 8.0)
"""From where to where the page's pauses grow, in seconds."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, upstream: TalkingUpstream) -> Iterator[Stage]:
    limits = {"REALTIME_SESSION_RATE": f"{RATE}/s", "REALTIME_SESSIONS_PER_USER": str(EACH)}
    place = tmp_path_factory.mktemp("storm")
    with fault_stage(place, is_hasty=False, upstream_port=upstream.port, **limits) as running:
        yield running


@dataclass
class Storm:
    """What was answered to everybody who asked to be let in."""

    refusals: Counter[int] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    """How many requests of each account were granted."""
    chance: random.Random = field(default_factory=lambda: random.Random(14))  # noqa: S311 - jitter

    async def let_in(self, caller: Caller, *, again: bool, **wanted: Any) -> None:
        """Ask as the page does: at once, then after pauses that grow, each cut at random; Retry-After is heeded.

        Who comes too late for the session itself opens another one on the same conversation.
        """
        pause = PAUSES[0]
        while True:
            wait = pause * self.chance.random()
            try:
                await (caller.resume() if again else caller.call(output="text", **wanted))
            except Refused as refused:
                self.refusals[refused.status] += 1
                if refused.code == "session_not_resumable":
                    again, wanted = False, {"conversation_id": caller.conversation_id}
                    continue
                wait += float(refused.headers.get("Retry-After", 0))
            except (OSError, WebSocketException, TimeoutError, httpx.TransportError):
                self.refusals[0] += 1
            else:
                self.accepted[caller.person.username] += 1
                return
            await asyncio.sleep(wait)
            pause = min(2 * pause, PAUSES[1])


async def kept(caller: Caller) -> None:
    """Everything that a caller typed is said to be stored."""
    await caller.until(lambda: not caller.unsaved, patience=30)


@pytest.mark.fault(14)
async def test_everybody_who_is_cut_off_at_once_is_back_in_a_minute(
    stage: Stage, upstream: TalkingUpstream
) -> None:
    callers = [Caller(stage.people[n % PEOPLE], stage.url, ping_seconds=None) for n in range(CALLERS)]
    storm = Storm()
    loop = asyncio.get_running_loop()
    try:
        await asyncio.gather(*(Storm().let_in(caller, again=False) for caller in callers))
        for caller in callers:
            await caller.type("before", answer=False)
        await asyncio.gather(*(kept(caller) for caller in callers))
        # The window of the rate that the beginning used up.
        await asyncio.sleep(2)
        began = loop.time()
        for caller in callers:
            caller.drop()
        async with asyncio.timeout(BACK_WITHIN):
            await asyncio.gather(*(storm.let_in(caller, again=True) for caller in callers))
        took = loop.time() - began
        assert set(storm.refusals) <= {409, 429, 503}, f"something else was answered: {storm.refusals}"
        assert storm.refusals[429], "the rate was meant to be met"
        assert max(storm.accepted.values()) <= RATE * (took + 2), "more were let in than the rate allows"
        for caller in callers:
            await caller.type("after")
        await asyncio.gather(*(caller.until_answered(patience=30) for caller in callers))
        await asyncio.gather(*(kept(caller) for caller in callers))
        stored = [
            [row["text"] for row in await caller.messages()] for caller in callers[:: max(1, CALLERS // 12)]
        ]
        assert all(texts.count("before") == texts.count("after") == 1 for texts in stored), stored
    finally:
        await asyncio.gather(*(caller.__aexit__(None, None, None) for caller in callers))
    await asyncio.to_thread(upstream.wait_until, lambda: not upstream.open_talks, patience=20)
    assert "Traceback" not in stage.worker.screen


async def refusal(caller: Caller) -> Refused:
    """The no to a session that may not be had."""
    with pytest.raises(Refused) as refused:
        await caller.ask(output="text")
    return refused.value


@pytest.mark.thorough
@pytest.mark.fault(15)
async def test_one_more_session_than_the_cap_allows_is_refused_with_429(stage: Stage) -> None:
    person = stage.people[PEOPLE] if len(stage.people) > PEOPLE else stage.people[-1]
    callers = [Caller(person, stage.url) for _ in range(EACH + 1)]
    try:
        for caller in callers[:-1]:
            await Storm().let_in(caller, again=False)
        refused = await refusal(callers[-1])
        while refused.code == "throttled":
            await asyncio.sleep(float(refused.headers["Retry-After"]))
            refused = await refusal(callers[-1])
        assert (refused.status, refused.code) == (429, "too_many_sessions")
        assert int(refused.headers["Retry-After"]) > 0
        # On a conversation that has one already, the newer takes the older one's place.
        await Storm().let_in(callers[-1], again=False, conversation_id=callers[0].conversation_id)
        await callers[0].until(lambda: callers[0].closed is not None)
        assert callers[0].closed is not None
        assert callers[0].closed[0] == 4409
    finally:
        for caller in callers:
            await caller.__aexit__(None, None, None)
