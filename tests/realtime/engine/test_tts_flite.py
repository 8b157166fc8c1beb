"""flite, where the system has it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.engine.speech import flite
from realtime.engine.speech.clip import Clip
from realtime.engine.speech.flite import Flite

pytestmark = pytest.mark.skipif(not flite.voices(), reason="libflite is not installed on this machine")

WORDS = ["Hello", "there,", "how", "are", "you", "today?"]


@pytest.fixture(scope="module")
def speaker() -> Flite:
    return Flite()


def seconds(clip: Clip) -> float:
    return len(clip.pcm) / 2 / clip.rate


def loudness(pcm: bytes) -> float:
    return float(np.abs(np.frombuffer(pcm, "<i2")).mean()) if pcm else 0.0


def test_every_voice_found_makes_a_sound(speaker: Flite) -> None:
    assert all(loudness(speaker.speak(WORDS, voice, 1.0).pcm) > 300 for voice in speaker.voices)


def test_the_best_voice_is_the_default(speaker: Flite) -> None:
    assert speaker.voices == tuple(voice for voice in flite.VOICES if voice in speaker.voices)


def test_after_the_end_of_the_last_word_there_is_only_silence(speaker: Flite) -> None:
    clip = speaker.speak(WORDS, speaker.voices[0], 1.0)
    end = int(clip.ends[-1] * clip.rate) * 2
    assert 0 < len(clip.pcm) - end < clip.rate
    assert loudness(clip.pcm[end + clip.rate // 25 * 2 :]) < loudness(clip.pcm[:end]) / 20


def test_a_word_that_is_read_as_several_is_one_word(speaker: Flite) -> None:
    clip = speaker.speak(["on", "3/4/2024,", "then"], speaker.voices[0], 1.0)
    assert clip.ends[1] - clip.ends[0] > 2 * clip.ends[0]


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.5])
def test_speed_is_honoured(speaker: Flite, speed: float) -> None:
    usual = seconds(speaker.speak(WORDS, speaker.voices[0], 1.0))
    assert seconds(speaker.speak(WORDS, speaker.voices[0], speed)) == pytest.approx(usual / speed, rel=0.05)


def test_one_slow_clause_does_not_slow_the_next(speaker: Flite) -> None:
    usual = seconds(speaker.speak(WORDS, speaker.voices[0], 1.0))
    speaker.speak(WORDS, speaker.voices[0], 0.25)
    assert seconds(speaker.speak(WORDS, speaker.voices[0], 1.0)) == pytest.approx(usual, rel=0.01)


def test_accents_are_read_as_their_plain_letters(speaker: Flite) -> None:
    accented = seconds(speaker.speak(["naïve", "café"], speaker.voices[0], 1.0))
    assert accented == pytest.approx(
        seconds(speaker.speak(["naive", "cafe"], speaker.voices[0], 1.0)), abs=0.01
    )


@pytest.mark.parametrize("words", [["👍"], ["…"], ["—"], ["**"]])
def test_what_cannot_be_read_is_no_sound(speaker: Flite, words: list[str]) -> None:
    assert speaker.speak(words, speaker.voices[0], 1.0) == Clip(b"", 16_000, (0.0,))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="abI09.,;:!?'\"()-$%&+=/@_*#é€😀—…", min_size=1, max_size=12), max_size=8))
def test_each_word_has_its_own_end_whatever_it_looks_like(words: list[str]) -> None:
    ends = Flite().speak(words, flite.voices()[-1], 1.5).ends
    assert len(ends) == len(words)
    assert list(ends) == sorted(ends)
    assert all(
        end > before
        for before, end, word in zip((0.0, *ends), ends, words, strict=False)
        if word.isascii() and word.isalnum()
    )
