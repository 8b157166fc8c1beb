from collections.abc import Iterator

import numpy as np
import pytest

from realtime.engine.speech.vad import FRAME_BYTES, FRAME_MS, ONSET_FRAMES, VoiceActivity, silero
from tests.support.speech_clips import REFERENCES, recording


def heard(probabilities: list[float], done_after: int | None = None) -> VoiceActivity:
    """What is known after frames of these probabilities; after `done_after` of them the phrase is over."""
    script = iter(probabilities)
    voice = VoiceActivity(lambda frame: next(script))
    for index in range(len(probabilities)):
        if index == done_after:
            voice.hush()
        voice.hear(b"")
    return voice


def frames(pcm: bytes) -> Iterator[bytes]:
    for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
        yield pcm[start : start + FRAME_BYTES]


def talking_frames(pcm: bytes) -> list[int]:
    voice = VoiceActivity(silero())
    found = []
    for index, frame in enumerate(frames(pcm)):
        voice.hear(frame)
        if voice.talking and voice.silence_ms == 0:
            found.append(index)
    return found


def test_a_single_loud_frame_is_a_click_and_not_a_voice() -> None:
    assert not heard([0.0, 0.9, 0.0, 0.9, 0.0]).talking


def test_two_voiced_frames_in_a_row_are_a_voice() -> None:
    assert heard([0.0, 0.9, 0.9]).talking


def test_a_fading_word_end_still_counts_as_voice() -> None:
    assert heard([0.9, 0.9, 0.4]).silence_ms == 0


def test_a_fading_sound_begins_nothing() -> None:
    assert not heard([0.4, 0.4, 0.4]).talking


def test_silence_is_counted_from_the_last_voiced_frame() -> None:
    assert heard([0.9, 0.9, 0.9, 0.1, 0.1, 0.1]).silence_ms == 3 * FRAME_MS


def test_a_click_in_the_silence_does_not_start_the_count_again() -> None:
    voice = heard([0.9, 0.9, 0.1, 0.9, 0.1], done_after=2)
    assert voice.silence_ms == 3 * FRAME_MS


def test_a_possible_beginning_shows() -> None:
    assert heard([0.1, 0.9]).perhaps_beginning
    assert not heard([0.1, 0.9, 0.9]).perhaps_beginning


@pytest.mark.parametrize("name", REFERENCES)
def test_every_recorded_speaker_is_noticed(name: str) -> None:
    assert len(talking_frames(recording(name).pcm)) * FRAME_MS > 300


def test_neither_silence_nor_hiss_nor_hum_is_a_voice() -> None:
    length = 16_000 * 5
    hiss = np.random.default_rng(7).normal(0, 300, length).astype("<i2").tobytes()
    hum = (3000 * np.sin(np.arange(length) * 2 * np.pi * 50 / 16_000)).astype("<i2").tobytes()
    for sound in (bytes(length * 2), hiss, hum):
        assert talking_frames(sound) == []


def test_a_voice_is_noticed_within_a_tenth_of_a_second() -> None:
    """Measured against the loudness of a recording that begins from silence."""
    pcm = bytes(16_000) + recording("slt-what-did-i-say.wav").pcm
    loud = next(
        index for index, frame in enumerate(frames(pcm)) if np.abs(np.frombuffer(frame, "<i2")).max() > 1000
    )
    assert talking_frames(pcm)[0] - loud <= ONSET_FRAMES + 1
