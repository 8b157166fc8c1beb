"""Audio that is only passed on, of which nothing else comes, leaves a session as it would have been otherwise."""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from realtime.protocol import wire
from realtime.protocol.effects import AudioToUpstream, Effect, FrameToClient
from realtime.protocol.pace import IN_HAND_SECONDS, PATIENCE_SECONDS
from tests.support import upstream_turns as turns
from tests.support.protocol_session import ProtocolSession, typed_by_client, updated

SIXTY_FOURTH = 750
"""Bytes that last a sixty-fourth of a second: sums of these are exact, in whatever order they are made."""
SECOND = 64 * SIXTY_FOURTH
LARGEST = wire.MAX_BINARY_BYTES
PUSH_TO_TALK: dict[str, Any] = {"audio": {"input": {"turn_detection": None}}}


@dataclass(frozen=True)
class Step:
    """Something that happens; `size` is of the voice in bytes, or of the time in sixty-fourths of a second."""

    kind: str
    size: int = 0


VOICE = st.sampled_from(
    [
        1920,
        1920,
        SIXTY_FOURTH,
        50 * SIXTY_FOURTH,
        LARGEST,
        LARGEST - 750,
        2,
        1,
        1919,
        0,
        LARGEST + 1,
        LARGEST + 2,
    ]
).map(lambda size: Step("voice", size))
FLOOD = st.integers(1, 35).map(lambda seconds: Step("flood", seconds))
TIME = st.sampled_from([1, 3, 64, 640, 2000]).map(lambda size: Step("later", size))
FRAMES = ["append", "half", "commit", "clear", "type", "nonsense", "ping", "resume"]
"""Of the client's, and of upstream's."""
EVENTS = ["begins", "stops", "committed", "transcribed", "push-to-talk", "detected", "chatter"]
OTHER = st.sampled_from([*FRAMES, *EVENTS, "lost", "back", "end", "left"]).map(Step)
TALKS = st.lists(VOICE | VOICE | FLOOD | TIME | OTHER | st.just(Step("events", 150)), max_size=24)


class Talker(ProtocolSession):
    """A session whose client talks; its voice is taken `at_once` where that is possible."""

    def __init__(self, *, at_once: bool, **setup: Any) -> None:
        super().__init__(announces=True, binary_audio=True, **setup)
        self.at_once = at_once
        self.taken = 0
        """Frames that were taken at once."""
        self._turns = 0

    def speaks(self, pcm: bytes) -> None:
        if self.at_once and self.core.takes_voice(pcm, self.now):
            self.taken += 1
            self.effects.append(AudioToUpstream(pcm))
        else:
            self.client(pcm)

    def lives(self, step: Step) -> None:
        item_id = f"item_{self._turns}"
        match step.kind:
            case "voice":
                self.speaks(_voice(len(self.effects), step.size))
            case "flood":
                for _ in range(step.size):
                    self.speaks(_voice(len(self.effects), SECOND))
            case "later":
                self.later(step.size / 64)
            case "events":
                self.client(*[{"type": "input_audio_buffer.clear"}] * step.size)
            case "append":
                self.client({"type": "input_audio_buffer.append", "audio": "AAECAwQF"})
            case "half":
                self.client({"type": "input_audio_buffer.append", "audio": "AAEC"})
            case "commit" | "clear":
                self.client({"type": f"input_audio_buffer.{step.kind}"})
            case "type":
                self.client(typed_by_client("tea or coffee"))
            case "nonsense":
                self.client("{")
            case "resume":
                self.client({"type": "voiceassist.resume"})
            case "ping":
                self.client({"type": "voiceassist.ping", "id": "1"})
            case "begins":
                self.upstream(
                    turns.event("input_audio_buffer.speech_started", item_id=item_id, audio_start_ms=40)
                )
            case "stops":
                self.upstream(
                    turns.event("input_audio_buffer.speech_stopped", item_id=item_id, audio_end_ms=400)
                )
            case "committed":
                self._turns += 1
                self.upstream(
                    turns.event("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
                )
            case "transcribed":
                self.upstream(turns.heard(f"item_{self._turns - 1}", "seventeen"))
            case "push-to-talk":
                self.upstream(updated(**PUSH_TO_TALK))
            case "detected":
                self.upstream(updated())
            case "lost":
                self.loses_upstream()
            case "back":
                self.gets_upstream()
            case "chatter":
                self.upstream(turns.event("conversation.item.retrieved"))
            case "end":
                self.does(self.core.end("daily_limit", self.now))
            case "left":
                self.hang_up()

    def state(self) -> dict[str, Any]:
        """What anybody can see of it."""
        core, kept = self.core, self.core._talk.kept
        anew, tail = kept.for_another_upstream({each.item_id for each in kept.stretches})
        return {
            "effects": [_plain(effect) for effect in self.effects],
            "phase": core.phase,
            "pause": round(core.pause(self.now), 9),
            "end": self.end,
            "frames": core._frames,
            "deadline": core.deadline(),
            "stretches": [(each.item_id, each.pcm, each.is_whole) for each in anew.stretches],
            "tail": tail,
            "awaits": core.awaits_transcripts,
        }


def _voice(serial: int, size: int) -> bytes:
    """Audio that can be told from that of any other moment."""
    return (serial.to_bytes(3, "little") * (size // 3 + 1))[:size]


def _plain(effect: Effect) -> Any:
    """An effect without the ids that a test's upstream makes up anew each time."""
    if isinstance(effect, FrameToClient):
        return json.loads(effect.frame) | {"event_id": ""}
    return effect


def lived(steps: list[Step], *, at_once: bool, **setup: Any) -> Talker:
    talker = Talker(at_once=at_once, **setup)
    for step in steps:
        talker.lives(step)
    return talker


def assert_alike(steps: list[Step]) -> Talker:
    short, long = lived(steps, at_once=True), lived(steps, at_once=False)
    assert short.state() == long.state()
    assert (short.hang_up(), short.finish()) == (long.hang_up(), long.finish())
    return short


@settings(max_examples=250, deadline=None)
@given(TALKS)
@example([Step("flood", 31), Step("later", 64), Step("voice", 1920), Step("later", 640), Step("voice", 1920)])
@example([Step("push-to-talk"), Step("voice", 1920), Step("voice", 1920), Step("voice", 1920), Step("left")])
@example([Step("half"), Step("voice", 1920), Step("half"), Step("voice", 1920)])
@example([Step("voice", 1920), Step("resume")])
@example([Step("lost"), Step("voice", 1920), Step("back"), Step("voice", 1920)])
def test_a_talk_is_the_same_whichever_way_its_voice_takes(steps: list[Step]) -> None:
    assert_alike(steps)


def test_of_a_plain_talk_all_is_taken_at_once() -> None:
    talker = assert_alike([Step("voice", 1920), Step("later", 3)] * 500)
    assert talker.taken == 500


def test_what_is_no_audio_or_too_much_is_told_of_and_not_taken() -> None:
    for size in (0, 1, 1919, LARGEST + 1, LARGEST + 2):
        talker = assert_alike([Step("voice", size)])
        assert talker.taken == 0
        assert talker.errors() or talker.end


def test_nothing_is_taken_before_upstream_is_ready_while_it_is_away_or_after_the_end() -> None:
    early = ProtocolSession(greeted=False)
    assert not early.core.takes_voice(bytes(1920), early.now)
    for kind in ("lost", "end", "left"):
        talker = assert_alike([Step(kind), Step("voice", 1920)])
        assert talker.taken == 0


def test_a_flood_is_taken_up_to_the_bound_and_ends_the_session_when_it_goes_on() -> None:
    bound = int(IN_HAND_SECONDS)
    assert assert_alike([Step("flood", bound + 5)]).taken == bound
    pressing = [Step("flood", bound + 1)]
    pressing += [Step("later", 64), Step("flood", 1)] * (int(PATIENCE_SECONDS) + 2)
    talker = assert_alike(pressing)
    assert talker.end is not None
    assert talker.taken == bound


def test_who_stays_at_the_bound_is_not_taken_and_who_left_it_is_not_blamed_for_it() -> None:
    half = 32
    staying = [Step("flood", 31), Step("later", 96)]
    staying += [Step("voice", half * SIXTY_FOURTH), Step("later", half)] * (2 * int(PATIENCE_SECONDS) + 5)
    assert assert_alike(staying).end is not None
    leaving = [Step("flood", 31), Step("later", 320), Step("voice", 1920), Step("later", 640)]
    assert assert_alike([*leaving, Step("flood", 15), Step("voice", 1920)]).end is None


def test_while_events_press_against_their_bound_audio_is_judged_like_everything_else() -> None:
    pressing = [Step("events", 201)]
    for _ in range(int(PATIENCE_SECONDS) + 2):
        pressing += [Step("later", 64), Step("events", 50), Step("voice", 1920)]
    talker = assert_alike(pressing)
    assert talker.end is not None
    assert talker.taken == 0
