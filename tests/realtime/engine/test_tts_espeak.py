"""espeak-ng, which is there wherever the speech extra is installed."""

import numpy as np
import pytest

from realtime.engine.speech.clip import Clip
from realtime.engine.speech.espeak import VOICES, Espeak

WORDS = ["Hello", "there,", "how", "are", "you", "today?"]


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    return Espeak()


def seconds(clip: Clip) -> float:
    return len(clip.pcm) / 2 / clip.rate


def loudness(pcm: bytes) -> float:
    return float(np.abs(np.frombuffer(pcm, "<i2")).mean())


@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_offered_makes_a_sound(espeak: Espeak, voice: str) -> None:
    assert loudness(espeak.speak(WORDS, voice, 1.0).pcm) > 300


def test_voices_differ(espeak: Espeak) -> None:
    assert len({espeak.speak(WORDS, voice, 1.0).pcm for voice in VOICES}) == len(VOICES)


def test_words_end_one_after_the_other_and_the_last_with_the_clip(espeak: Espeak) -> None:
    clip = espeak.speak(WORDS, "en-us", 1.0)
    assert len(clip.ends) == len(WORDS)
    assert list(clip.ends) == sorted(clip.ends)
    assert clip.ends[-1] == pytest.approx(seconds(clip))


def test_a_word_ends_where_it_would_end_if_the_next_were_left_out(espeak: Espeak) -> None:
    """Within what the intonation of a shorter sentence changes."""
    whole = espeak.speak(["twelve", "plus", "thirty"], "en-us", 1.0)
    part = espeak.speak(["twelve", "plus"], "en-us", 1.0)
    assert whole.ends[1] == pytest.approx(part.ends[1], abs=0.25)


def test_a_word_that_is_read_as_several_is_one_word(espeak: Espeak) -> None:
    clip = espeak.speak(["on", "3/4/2024,", "then"], "en-us", 1.0)
    assert clip.ends[1] - clip.ends[0] > 2 * clip.ends[0]


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.75, 1.25, 1.5])
def test_speed_is_honoured(espeak: Espeak, speed: float) -> None:
    usual = seconds(espeak.speak(WORDS, "en-us", 1.0))
    assert seconds(espeak.speak(WORDS, "en-us", speed)) == pytest.approx(usual / speed, rel=0.25)


@pytest.mark.parametrize("words", [["…"], ["👍"], ["naïve", "café"], ["a\0b"], ["<break/>"], ["x" * 400]])
def test_strange_words_are_survived(espeak: Espeak, words: list[str]) -> None:
    assert len(espeak.speak(words, "en-us", 1.0).ends) == len(words)
    assert loudness(espeak.speak(WORDS, "en-us", 1.0).pcm) > 300
