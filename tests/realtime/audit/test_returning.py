"""A client over networks that break: whatever was under way is lost, and yet each side gets all of the other, once.

Generated: how much is said in either direction, where the network breaks, and what was under way in either direction.
"""

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from realtime.protocol.policy import Seen
from tests.realtime.audit.test_audit import EXAMPLES
from tests.support import upstream_turns as turns
from tests.support.relay_stage import BRISK, Stage, staged

Event = dict[str, Any]
ANSWER = "item_answer"
MS = 48


@dataclass(frozen=True, slots=True)
class Step:
    """Something happens. `words` and `sounds` are how much of an answer, or of the client's; `lost` how many frames."""

    kind: Literal["upstream", "client", "breaks", "returns", "pings", "dies unnoticed"]
    words: int = 1
    sounds: int = 1
    lost_down: int = 0
    lost_up: int = 0


counts = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.builds(Step, st.just("upstream"), counts, counts),
        st.builds(Step, st.just("client"), counts, counts),
        st.builds(
            Step, st.sampled_from(["breaks", "dies unnoticed"]), lost_down=st.integers(0, 6), lost_up=counts
        ),
        st.builds(Step, st.sampled_from(["returns", "pings"])),
    ),
    max_size=25,
)


@dataclass(slots=True)
class Network:
    """One socket of the client's: what comes over it is under way first, and the last of it may never arrive."""

    stage: Stage
    under_way: list[str | bytes] = field(default_factory=list)
    is_dismissed: bool = False

    async def send_text(self, frame: str) -> None:
        self.takes(frame)

    async def send_audio(self, pcm: bytes) -> None:
        self.takes(pcm)

    def takes(self, frame: str | bytes) -> bool:
        self.under_way.append(frame)
        self.stage.changes.note()
        return True

    def dismiss(self, *, may_return: bool = False) -> None:
        self.is_dismissed = True


@dataclass(slots=True)
class Caller:
    """A client as docs/socket.md describes it: it knows what it has, and keeps what it sent."""

    stage: Stage
    network: Network | None = None
    words: list[str] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)
    events: list[str] = field(default_factory=list)
    kept: list[str | bytes] = field(default_factory=list)
    sent: int = 0
    """How many of those went over some network."""
    last_event_id: str | None = None

    def take(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self.sound += frame
            return
        event: Event = json.loads(frame)
        self.last_event_id = event["event_id"]
        self.events.append(event["event_id"])
        if event["type"] == "response.output_text.delta":
            self.words.append(event["delta"])
        elif event["type"] == "voiceassist.resumed":
            self.sent = event["frames"]

    def arrived(self, lost: int = 0) -> None:
        """What was under way is there, but for the last frames of it."""
        assert self.network is not None
        frames, self.network.under_way = self.network.under_way, []
        for frame in frames[: max(0, len(frames) - lost)]:
            self.take(frame)

    async def send(self, lost: int = 0) -> None:
        """Send what was not sent yet, of which the last frames never arrive."""
        assert self.network is not None
        under_way, self.sent = self.kept[self.sent :], len(self.kept)
        for frame in under_way[: max(0, len(under_way) - lost)]:
            await self.stage.relay.offer(frame, self.network)

    async def ping(self) -> None:
        assert self.network is not None
        ping = {"type": "voiceassist.ping", "id": "p", "last_event_id": self.last_event_id}
        await self.stage.relay.offer(json.dumps(ping), self.network)

    async def come_back(self) -> None:
        """On another network. What it gets there is what it was sent before anything else."""
        self.network = Network(self.stage)
        seen = Seen(self.last_event_id, ANSWER if self.sound else None, len(self.sound) / MS)
        assert self.stage.relay.take_up(self.network, seen)
        network = self.network
        await self.stage.until(lambda: network.under_way)
        assert json.loads(network.under_way[0])["type"] == "voiceassist.resumed"
        self.take(network.under_way.pop(0))


def words_up(stage: Stage) -> list[str]:
    """What was typed, as upstream got it."""
    created = (event for event in stage.upstream.received if event["type"] == "conversation.item.create")
    return [event["item"]["content"][0]["text"] for event in created]


class Play:
    """One generated session, and what each side meant the other to get."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.caller = stage, Caller(stage)
        self.said: list[str] = []
        self.sounded = bytearray()
        self.typed: list[str] = []
        self.spoken = bytearray()
        self._serial = 0

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    async def step(self, step: Step) -> None:
        caller = self.caller
        match step.kind:
            case "upstream":
                await self._upstream(step)
            case "client":
                self._client(step)
                if caller.network is not None:
                    await caller.send()
            case "breaks" | "dies unnoticed" if caller.network is not None:
                self._client(step)
                await caller.send(lost=step.lost_up)
                await self._settled()
                caller.arrived(lost=step.lost_down)
                network, caller.network = caller.network, None
                if step.kind == "breaks":
                    self.stage.relay.client_left(clean=False, client=network)
                else:
                    self.stage.relay.lose_client()
                    assert network.is_dismissed
                await self.stage.relay.offer(json.dumps({"type": "response.create"}), network)
            case "returns" if caller.network is None:
                await caller.come_back()
                await caller.send()
            case "pings" if caller.network is not None:
                await self._settled()
                caller.arrived()
                await caller.ping()

    async def _upstream(self, step: Step) -> None:
        ids = {"response_id": "resp_1", "item_id": ANSWER, "output_index": 0, "content_index": 0}
        for _ in range(max(step.words, step.sounds)):
            if step.words:
                word = f"word {self._next()}"
                self.said.append(word)
                self.stage.upstream.say(turns.event("response.output_text.delta", delta=word, **ids))
            if step.sounds:
                pcm = self._next().to_bytes(2, "little") * 1000
                self.sounded += pcm
                self.stage.upstream.say(turns.sound(ANSWER, pcm))
        await self._settled()

    def _client(self, step: Step) -> None:
        for _ in range(step.words):
            text = f"text {self._next()}"
            self.typed.append(text)
            content = [{"type": "input_text", "text": text}]
            item = {"id": f"item_{self._next()}", "type": "message", "role": "user", "content": content}
            self.caller.kept.append(json.dumps({"type": "conversation.item.create", "item": item}))
        for _ in range(step.sounds):
            pcm = self._next().to_bytes(2, "little") * 100
            self.spoken += pcm
            self.caller.kept.append(pcm)

    async def _settled(self) -> None:
        """Wait until everything that was said is on its way, or waits for somebody."""
        await self.stage.until(lambda: self.stage.upstream.is_read)
        for _ in range(20):
            await asyncio.sleep(0)

    async def end(self) -> None:
        """The network holds at last, and everything arrives."""
        if self.caller.network is None:
            await self.caller.come_back()
        await self.caller.send()
        network = self.caller.network
        assert network is not None
        await self.stage.until(lambda: self._is_all_there(network))
        self.caller.arrived()

    def _is_all_there(self, network: Network) -> bool:
        self.caller.arrived()
        return (
            len(self.caller.sound) >= len(self.sounded)
            and len(self.caller.words) >= len(self.said)
            and len(words_up(self.stage)) >= len(self.typed)
            and len(self.stage.upstream.latest.heard()) >= len(self.spoken)
        )


async def played(plan: list[Step]) -> Play:
    timing = replace(BRISK, parked=600.0)
    async with staged(timing=timing, begins=True, binary_audio=True, announces=True) as stage:
        await stage.ready()
        stage.relay.client_left(clean=False)
        play = Play(stage)
        await play.caller.come_back()
        stage.upstream.say(*turns.answer_begins(ANSWER, "", after=""))
        for step in plan:
            await play.step(step)
        await play.end()
        return play


def test_each_side_gets_all_of_the_other_once_and_in_order_however_often_the_network_breaks() -> None:
    returns = 0

    @settings(
        max_examples=max(40, EXAMPLES // 10),
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(steps)
    @example(
        [
            Step("upstream", 3, 3),
            Step("client", 2, 2),
            Step("breaks", 1, 1, lost_down=4, lost_up=2),
            Step("upstream", 2, 2),
            Step("returns"),
            Step("dies unnoticed", 1, 0, lost_down=9, lost_up=3),
            Step("returns"),
            Step("pings"),
            Step("breaks", 0, 2, lost_down=1),
        ]
    )
    def audit(plan: list[Step]) -> None:
        nonlocal returns
        play = asyncio.run(played(plan))
        assert play.caller.words == play.said
        assert play.caller.sound == play.sounded
        assert words_up(play.stage) == play.typed
        assert play.stage.upstream.latest.heard() == play.spoken
        assert len(set(play.caller.events)) == len(play.caller.events), "no event came twice"
        assert "response.create" not in play.stage.upstream.kinds(), "a dead socket is not heard"
        returns += sum(step.kind == "returns" for step in plan)

    audit()
    assert returns > 10
