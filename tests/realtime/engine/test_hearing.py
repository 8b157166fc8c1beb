"""Ears with a scripted detector and a scripted recogniser: when turns begin and end, and what belongs to them."""

from dataclasses import dataclass, field

import pytest

from realtime.engine.speech.hearing import LONGEST_PHRASE_MS, PHRASE_GAP_MS, RUN_UP_MS, Ears
from realtime.engine.speech.vad import FRAME_MS, ONSET_FRAMES
from realtime.engine.speech.vocabulary import (
    SAMPLE_RATE,
    Happened,
    SpeechStarted,
    SpeechStopped,
    Transcribed,
    TurnTaking,
)

FRAME_SENT = SAMPLE_RATE * FRAME_MS // 1000 * 2
"""Bytes of one detector frame as they come in."""


@dataclass
class CountingRecogniser:
    """Calls its phrases one, two, three, and remembers how long each was."""

    lengths_ms: list[int] = field(default_factory=list)
    open: bool = False

    def begin(self) -> None:
        assert not self.open
        self.open = True
        self.lengths_ms.append(0)

    def hear(self, frame: bytes) -> None:
        assert self.open
        self.lengths_ms[-1] += FRAME_MS

    def finish(self) -> str:
        assert self.open
        self.open = False
        return ("one", "two", "three", "four", "five")[len(self.lengths_ms) - 1]


class Room:
    """Somebody in front of a microphone: `talk` brings audio with a voice in it, `wait` brings silence."""

    def __init__(self, taking: TurnTaking = TurnTaking()) -> None:  # noqa: B008  # frozen
        self.recogniser = CountingRecogniser()
        self._voiced = False
        self.ears = Ears(lambda frame: float(self._voiced), self.recogniser)
        self.ears.take_turns(taking)
        # The resampler gives the first samples back late; with it filled, frames go out as they come in.
        self.before_ms = 320
        self.wait(self.before_ms)

    def talk(self, ms: int) -> list[Happened]:
        return self._bring(ms, voiced=True)

    def wait(self, ms: int) -> list[Happened]:
        return self._bring(ms, voiced=False)

    def _bring(self, ms: int, *, voiced: bool) -> list[Happened]:
        self._voiced = voiced
        assert ms % FRAME_MS == 0
        return [happened for _ in range(ms // FRAME_MS) for happened in self.ears.hear(bytes(FRAME_SENT))]


BY_HAND = TurnTaking(by_voice=False)


def test_a_turn_is_started_stopped_and_transcribed() -> None:
    room = Room()
    started = room.talk(640)
    rest = room.wait(640)
    assert [type(event) for event in started + rest] == [SpeechStarted, SpeechStopped, Transcribed]


def test_the_start_is_moved_back_by_the_padding() -> None:
    room = Room(TurnTaking(prefix_padding_ms=200))
    room.wait(960)
    (started,) = room.talk(320)
    assert isinstance(started, SpeechStarted)
    # One frame is still in the resampler when the first voiced one arrives.
    assert abs(started.audio_start_ms - (320 + 960 - 200)) <= FRAME_MS


def test_the_start_is_never_before_the_beginning_of_hearing() -> None:
    (started,) = Room(TurnTaking(prefix_padding_ms=2000)).talk(320)
    assert started == SpeechStarted(0)


def test_the_start_is_never_before_the_end_of_the_turn_before() -> None:
    room = Room(TurnTaking(prefix_padding_ms=2000))
    room.talk(640)
    stopped = next(event for event in room.wait(640) if isinstance(event, SpeechStopped))
    (started,) = room.talk(320)
    assert isinstance(started, SpeechStarted)
    assert started.audio_start_ms == stopped.audio_end_ms


@pytest.mark.parametrize("silence_ms", [200, 500, 1200])
def test_the_end_comes_after_the_silence_that_was_asked_for(silence_ms: int) -> None:
    room = Room(TurnTaking(silence_duration_ms=silence_ms))
    room.talk(640)
    stopped = next(event for event in room.wait(1600) if isinstance(event, SpeechStopped))
    assert abs(stopped.audio_end_ms - (room.before_ms + 640 + silence_ms)) <= 2 * FRAME_MS


def test_a_pause_shorter_than_the_silence_does_not_end_the_turn() -> None:
    room = Room()
    events = room.talk(640) + room.wait(416) + room.talk(640) + room.wait(640)
    assert [type(event) for event in events] == [SpeechStarted, SpeechStopped, Transcribed]


def test_a_voice_that_begins_at_the_last_moment_keeps_the_turn_open() -> None:
    room = Room()
    events = room.talk(640) + room.wait(480) + room.talk(640) + room.wait(640)
    assert [type(event) for event in events] == [SpeechStarted, SpeechStopped, Transcribed]


def test_words_on_both_sides_of_a_pause_belong_to_one_turn() -> None:
    room = Room()
    events = room.talk(640) + room.wait(416) + room.talk(640) + room.wait(640)
    assert isinstance(events[-1], Transcribed)
    assert events[-1].text == "one two"


def test_a_phrase_is_recognised_while_the_turn_is_still_open() -> None:
    room = Room()
    room.talk(640)
    assert room.wait(PHRASE_GAP_MS + FRAME_MS * 3 - PHRASE_GAP_MS % FRAME_MS) == []
    assert not room.recogniser.open


def test_the_recogniser_hears_what_was_before_the_first_voiced_frame() -> None:
    room = Room(TurnTaking(prefix_padding_ms=0))
    room.talk(FRAME_MS * ONSET_FRAMES + FRAME_MS)
    assert room.recogniser.lengths_ms[0] >= RUN_UP_MS


def test_a_turn_lasts_from_its_announced_start_to_its_announced_end() -> None:
    room = Room()
    (started,) = room.talk(640)
    stopped, transcribed = room.wait(640)
    assert isinstance(started, SpeechStarted)
    assert isinstance(stopped, SpeechStopped)
    assert isinstance(transcribed, Transcribed)
    assert transcribed.seconds == pytest.approx(
        (stopped.audio_end_ms - started.audio_start_ms) / 1000, abs=0.002
    )


def test_an_endless_phrase_is_cut_and_none_of_it_is_lost() -> None:
    room = Room()
    room.talk(LONGEST_PHRASE_MS // FRAME_MS * FRAME_MS + 640)
    *_, transcribed = room.wait(640)
    assert isinstance(transcribed, Transcribed)
    assert transcribed.text == "one two"
    assert sum(room.recogniser.lengths_ms) >= LONGEST_PHRASE_MS + 640


def test_by_hand_nothing_is_announced() -> None:
    room = Room(BY_HAND)
    assert room.talk(640) + room.wait(2048) == []


def test_a_commit_closes_the_turn_under_its_own_name() -> None:
    room = Room(BY_HAND)
    room.talk(640)
    heard = room.ears.commit("mine")
    assert (heard.turn, heard.text) == ("mine", "one")
    assert heard.seconds == pytest.approx((room.before_ms + 640) / 1000)


def test_a_commit_hears_down_to_the_last_sample() -> None:
    room = Room(BY_HAND)
    room.talk(640)
    room.ears.commit("mine")
    assert sum(room.recogniser.lengths_ms) >= 640 + RUN_UP_MS - FRAME_MS


def test_a_second_commit_without_new_audio_is_empty() -> None:
    room = Room(BY_HAND)
    room.talk(640)
    room.ears.commit("first")
    assert room.ears.commit("second") == Transcribed("second", "", 0.0)


def test_several_pauses_before_a_commit_cost_no_words() -> None:
    room = Room(BY_HAND)
    for _ in range(3):
        room.talk(640)
        room.wait(960)
    assert room.ears.commit("mine").text == "one two three"


def test_a_commit_in_the_middle_of_a_voice_turn_closes_it_for_good() -> None:
    room = Room()
    room.talk(640)
    assert room.ears.commit("mine").text == "one"
    assert room.wait(960) == []


def test_a_voice_that_goes_on_after_a_commit_is_a_new_turn() -> None:
    room = Room()
    room.talk(640)
    room.ears.commit("mine")
    (started,) = room.talk(640)
    assert isinstance(started, SpeechStarted)
    assert started.audio_start_ms == room.before_ms + 640


def test_times_go_on_counting_across_a_commit_of_odd_length() -> None:
    room = Room(BY_HAND)
    list(room.ears.hear(bytes(1001 * 48)))
    room.ears.commit("mine")
    room.ears.take_turns(TurnTaking(prefix_padding_ms=0))
    room.wait(640)
    (started,) = room.talk(320)
    assert isinstance(started, SpeechStarted)
    assert abs(started.audio_start_ms - (room.before_ms + 1001 + 640)) <= 2 * FRAME_MS


def test_cleared_audio_is_never_transcribed() -> None:
    room = Room(BY_HAND)
    room.talk(640)
    room.ears.clear()
    assert room.ears.commit("mine").text == ""


def test_clearing_a_voice_turn_takes_its_end_away_too() -> None:
    room = Room()
    room.talk(640)
    room.ears.clear()
    assert room.wait(960) == []


def test_switching_to_push_to_talk_in_the_middle_of_a_turn_keeps_its_words() -> None:
    room = Room()
    room.talk(640)
    room.ears.take_turns(BY_HAND)
    assert room.wait(960) == []
    assert room.ears.commit("mine").text == "one"


def test_switching_to_voice_detection_announces_whoever_is_talking() -> None:
    room = Room(BY_HAND)
    room.talk(640)
    room.ears.take_turns(TurnTaking())
    events = room.talk(320) + room.wait(640)
    assert [type(event) for event in events] == [SpeechStarted, SpeechStopped, Transcribed]


def test_audio_in_pieces_of_any_size_is_heard_the_same() -> None:
    whole, pieces = Room(), Room()
    pcm = bytes(FRAME_SENT * 20)
    whole._voiced = pieces._voiced = True
    expected = list(whole.ears.hear(pcm))
    got = [event for start in range(0, len(pcm), 626) for event in pieces.ears.hear(pcm[start : start + 626])]
    assert got == expected
