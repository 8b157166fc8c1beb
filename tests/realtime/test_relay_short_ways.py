"""A relay whose frames go the short way, where there is one, beside one that has every frame read: both do the same.

A frame of sound of which nothing else comes takes a short way, up and down. Nobody but a clock may notice.
"""

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realtime.protocol.audio import BYTES_PER_MS
from realtime.protocol.core import Phase, RealtimeProtocol
from realtime.protocol.policy import Seen
from realtime.relay import Relay
from realtime.telemetry import Tally
from realtime.timing import Timing
from tests.support import upstream_turns as turns
from tests.support.protocol_session import spoken_answer_begins, spoken_answer_ends, words
from tests.support.relay_stage import Audience, Book, Changes, Upstream, setup_of

PATIENT = Timing(trailing=0.05, farewell=0.05, parked=1e6, tick=3600.0, haste=1000.0)
"""Nobody is late here, and nothing is due by itself; only what has to be waited for is short."""
FORTY = 1920
"""Bytes of forty milliseconds."""
STALLED_SECONDS = 8


class LongWay(RealtimeProtocol):
    """A core that reads every frame."""

    def takes_voice(self, pcm: bytes, now: float) -> bool:
        return False

    def more_sound(self, frame: str, now: float) -> tuple[str | bytes, str] | None:
        return None


@dataclass(frozen=True)
class Step:
    """Something that happens. `size` is of bytes, of frames or of milliseconds."""

    kind: str
    size: int = 0


class Talk:
    """A relay and those around it, under a clock that only the test moves."""

    def __init__(self, core: type[RealtimeProtocol], **setup: Any) -> None:
        self.now = 1000.0
        changes = Changes()
        self.changes, self.upstream, self.client = changes, Upstream(changes), Audience(changes)
        self.book, self.tally = Book(changes), Tally()
        self.core = core(setup_of(**setup), self.now)
        self.relay = Relay(
            core=self.core,
            client=self.client,
            provider=self.upstream,
            ledger=self.book,
            safety_identifier="somebody",
            clock=lambda: self.now,
            timing=PATIENT,
            jitter=lambda: 0.0,
            telemetry=self.tally,
        )
        self.heard: list[Any] = []
        """What the client got on sockets that it lost."""
        self.came_back: list[bool] = []
        """Whether it could go on where it was, each time."""
        self.connected = 1
        self.said = 0
        """How many frames of either side there were so far."""
        self.answers = 0
        """How many answers began."""

    async def live(self, steps: list[Step]) -> dict[str, Any]:
        """Go through it, and see how everything is in the end."""
        running = asyncio.create_task(self.relay.run())
        try:
            await self.changes.until(lambda: self.client.events("session.created"))
            for step in steps:
                if not self.is_over:
                    await self.do(step)
            self.upstream.gate.open()
            self.client.gate.open()
            await self.calm()
            found = self.found()
        finally:
            self.relay.client_left(clean=True)
            async with asyncio.timeout(10):
                await running
        return found | {"turns": self.book.turns, "usage": self.book.usage}

    async def calm(self) -> None:
        """Let everybody come to an end with what they do."""
        for _ in range(12):
            await asyncio.sleep(0)

    def later(self, milliseconds: int) -> None:
        self.now += milliseconds / 1000

    def found(self) -> dict[str, Any]:
        """What anybody got, and what is kept for later."""
        kept, seat = self.core._talk.kept, self.relay._seat
        anew, tail = kept.for_another_upstream({each.item_id for each in kept.stretches})
        return {
            "upstream": [_plain(event) for event in self.upstream.received],
            "client": [_plain(thing) for thing in (*self.heard, *self.client.heard)],
            "came back": self.came_back,
            "deadline": self.core.deadline(),
            "pause": round(self.core.pause(self.now), 6),
            "frames": (self.core._frames, seat.frames_taken),
            "stretches": [(each.item_id, each.pcm) for each in anew.stretches],
            "tail": tail,
            "received": [self.core._talk.log.received_ms(f"item_{number}") for number in range(9)],
            "plays until": round(self.core._talk.log.plays_until, 6),
        }

    # --- what happens -------------------------------------------------------------------------------------------

    async def do(self, step: Step) -> None:
        match step.kind:
            case "later":
                self.later(step.size)
            case "turn":
                await self.calm()
            case "voice":
                await self.speak(step.size)
            case "talk":
                for _ in range(step.size):
                    await self.speak(FORTY)
                    self.later(40)
            case "commit" | "clear":
                await self.offer(json.dumps({"type": f"input_audio_buffer.{step.kind}"}))
            case "cut":
                played = {"content_index": 0, "audio_end_ms": step.size}
                event = {"type": "conversation.item.truncate", "item_id": self.item_id, **played}
                await self.offer(json.dumps(event))
            case "upstream stalls":
                self.upstream.gate.shut()
            case "upstream goes on":
                self.upstream.gate.open()
            case "client stalls":
                self.client.gate.shut()
            case "client goes on":
                self.client.gate.open()
            case "away":
                self.relay.client_left(clean=False)
            case "back":
                await self.come_back(step.size)
            case "lost":
                self.upstream.drop()
                await self.lose()
            case "expired":
                self.relay.upstream_said(json.dumps(turns.error("session_expired", "It is too old.")))
                await self.lose()
            case _:
                for event in self.events(step):
                    self.relay.upstream_said(event if isinstance(event, str) else json.dumps(event))

    async def speak(self, size: int) -> None:
        self.said += 1
        await self.offer((self.said.to_bytes(2, "little") * (size // 2 + 1))[:size])

    async def offer(self, frame: str | bytes) -> None:
        """As the consumer does it."""
        if not self.relay.takes(frame, self.client):
            await self.relay.offer(frame, self.client)
            await self.calm()

    async def come_back(self, played_ms: int) -> None:
        """The client is there again, on another socket, and has played so much of the answer."""
        if not self.relay.is_parked:
            return
        ids = [thing["event_id"] for thing in self.client.heard if isinstance(thing, dict)]
        client = Audience(self.changes)
        seen = Seen(ids[-1] if ids else None, self.item_id if played_ms else None, played_ms)
        self.came_back.append(self.relay.take_up(client, seen))
        if self.came_back[-1]:
            self.heard += self.client.heard
            self.client = client
        await self.calm()

    async def lose(self) -> None:
        """Upstream is gone, and another one comes, unless that was so too often."""
        await self.changes.until(lambda: len(self.upstream.connections) > self.connected or self.is_over)
        self.connected += 1
        self.upstream.gate.open()
        await self.changes.until(lambda: self.relay._upstreams.is_ready or self.is_over)
        await self.calm()

    @property
    def is_over(self) -> bool:
        return self.core.phase is Phase.ENDED

    @property
    def item_id(self) -> str:
        return f"item_{self.answers}"

    def events(self, step: Step) -> list[Any]:
        """What upstream says."""
        self.said += 1
        response_id = f"resp_{self.answers}"
        match step.kind:
            case "begins":
                self.answers += 1
                return spoken_answer_begins(self.item_id, response_id=f"resp_{self.answers}")
            case "ends":
                return spoken_answer_ends(self.item_id, "seventeen", response_id=response_id)
            case "sound" | "sounds":
                frames, size = (1, step.size) if step.kind == "sound" else (step.size, FORTY)
                return [self.sound(bytes([self.said % 251, number % 251]) * size) for number in range(frames)]
            case "odd":
                return [self.sound(bytes([self.said % 251]) * step.size)]
            case "no base64":
                return [self.sound(b"") | {"delta": "AA*A"}]
            case "words":
                return [words(self.item_id, "blue ", response_id=response_id)]
            case "another part":
                return [self.sound(bytes(FORTY)) | {"content_index": 1}]
            case "an answer of before":
                before = self.answers - 1
                return [turns.sound(f"item_{before}", bytes(FORTY), response_id=f"resp_{before}")]
            case "no id":
                return [self.sound(bytes(FORTY)) | {"event_id": None}]
            case "nonsense":
                return ["{"]
            case "speaks":
                item_id = f"turn_{self.said}"
                # Within what is kept in any case: of what is older, a frame more or less may be there.
                at = max(0, self.core._talk.kept._position // BYTES_PER_MS - 300)
                return [turns.event("input_audio_buffer.speech_started", item_id=item_id, audio_start_ms=at)]
            case kind:
                return [turns.event(kind)]

    def sound(self, pcm: bytes) -> dict[str, Any]:
        """Like that of a server that numbers its events, in as many digits as it has to."""
        sound = turns.sound(self.item_id, pcm, response_id=f"resp_{self.answers}")
        self.said += 1
        return sound | {"event_id": f"event_{self.said}"}


def _plain(thing: Any) -> Any:
    """Without the ids that are made up anew each time."""
    if isinstance(thing, dict) and "event_id" in thing:
        return thing | {"event_id": ""}
    return thing


def lived(core: type[RealtimeProtocol], steps: list[Step], **setup: Any) -> tuple[Talk, dict[str, Any]]:
    async def living() -> tuple[Talk, dict[str, Any]]:
        talk = Talk(core, **setup)
        return talk, await talk.live(steps)

    return asyncio.run(living())


def assert_alike(steps: list[Step], **setup: Any) -> Talk:
    short, found = lived(RealtimeProtocol, steps, **setup)
    _, expected = lived(LongWay, steps, **setup)
    for what, how in expected.items():
        assert found[what] == how, what
    return short


UP = st.lists(
    st.sampled_from([FORTY, FORTY, 2, 20_000, 64 * 1024, 0, 1919]).map(lambda size: Step("voice", size))
    | st.integers(1, 100).map(lambda frames: Step("talk", frames))
    | st.sampled_from([5, 40, 1000]).map(lambda ms: Step("later", ms))
    | st.sampled_from(
        ["upstream stalls", "upstream goes on", "lost", "expired", "clear", "turn", "speaks"]
    ).map(Step)
    | st.sampled_from([Step("begins"), Step("sound", FORTY), Step("conversation.item.retrieved")]),
    max_size=14,
)
STALLED = [
    Step("talk", 50),
    Step("upstream stalls"),
    *[Step("talk", 25), Step("conversation.item.retrieved")] * STALLED_SECONDS,
    Step("lost"),
]
"""Nothing goes up any more, though upstream still speaks, until it is lost."""


@settings(max_examples=60, deadline=None)
@given(UP, st.sampled_from(["semantic", "push_to_talk"]), st.booleans())
@example(STALLED, "semantic", True)
@example([Step("lost"), Step("talk", 3)] * 7, "push_to_talk", True)
@example(
    [Step("talk", 50), Step("upstream stalls"), Step("later", 2000), Step("voice", FORTY), Step("expired")],
    "semantic",
    True,
)
@example(
    [Step("begins"), Step("sound", FORTY), *[Step("talk", 99), Step("sound", FORTY)] * 2, Step("lost")],
    "semantic",
    True,
)
def test_what_is_said_arrives_alike(steps: list[Step], detection: str, is_own: bool) -> None:
    assert_alike(steps, turn_detection=detection, binary_audio=is_own, announces=is_own)


def test_of_what_could_not_be_sent_the_next_upstream_hears_all() -> None:
    talk = assert_alike(STALLED, binary_audio=True)
    unsent = STALLED_SECONDS * 25 * FORTY
    assert len(talk.upstream.latest.heard()) >= unsent


DOWN = st.lists(
    st.integers(1, 30).map(lambda frames: Step("sounds", frames))
    | st.sampled_from([0, 1, 2, 333, FORTY]).map(lambda size: Step("sound", size))
    | st.sampled_from([1, 333, 1921]).map(lambda size: Step("odd", size))
    | st.sampled_from([0, 20, 500, 5000]).map(lambda ms: Step("cut", ms))
    | st.sampled_from([5, 40, 1000, 5000]).map(lambda ms: Step("later", ms))
    | st.sampled_from(["begins", "begins", "ends", "words", "another part", "an answer of before"]).map(Step)
    | st.sampled_from([0, 20, 100, 400]).map(lambda ms: Step("back", ms))
    | st.just(Step("away"))
    | st.sampled_from(["no base64", "no id", "nonsense", "speaks", "response.output_audio.done"]).map(Step)
    | st.sampled_from(["client stalls", "client goes on", "turn", "lost", "conversation.item.retrieved"]).map(
        Step
    ),
    max_size=20,
)


@settings(max_examples=80, deadline=None)
@given(DOWN, st.booleans())
@example(
    [Step("begins"), Step("sounds", 5), Step("odd", 333), Step("odd", 1), Step("words"), Step("ends")], True
)
@example([Step("begins"), Step("sounds", 3), Step("speaks"), Step("sounds", 3), Step("ends")], True)
@example([Step("begins"), Step("sounds", 2), Step("lost"), Step("sounds", 2)], True)
@example(
    [Step("begins"), Step("sounds", 2), Step("begins"), Step("an answer of before"), Step("sounds", 2)], False
)
@example([Step("begins"), Step("sounds", 2), Step("client stalls"), Step("sounds", 2), Step("speaks")], True)
@example(
    [Step("sounds", 5), Step("words"), Step("sounds", 5), Step("away"), Step("sounds", 5), Step("back", 100)],
    True,
)
@example(
    [
        Step("words"),
        *[Step("sounds", 2), Step("begins")] * 2,
        Step("sounds", 2),
        Step("away"),
        Step("back", 20),
    ],
    True,
)
def test_what_is_answered_arrives_alike(steps: list[Step], is_binary: bool) -> None:
    assert_alike([Step("begins"), *steps], binary_audio=is_binary)


@pytest.mark.parametrize("is_binary", [True, False])
def test_the_sound_of_an_answer_arrives_whole(is_binary: bool) -> None:
    """So that what is alike is not alike because nothing comes."""
    steps = [
        Step("begins"),
        Step("sounds", 20),
        Step("odd", 333),
        Step("odd", 1),
        Step("words"),
        Step("sounds", 20),
    ]
    talk = assert_alike(steps, binary_audio=is_binary)
    if is_binary:
        sound = b"".join(thing for thing in talk.client.heard if isinstance(thing, bytes))
    else:
        deltas = talk.client.events("response.output_audio.delta")
        sound = b"".join(base64.b64decode(event["delta"]) for event in deltas)
    assert len(sound) == 40 * 2 * FORTY + 334
