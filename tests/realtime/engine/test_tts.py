"""Synthesis whatever the synthesiser: pieces, word times, long texts. Each synthesiser has a test file of its own."""

from collections.abc import Sequence

import numpy as np
import pytest

from realtime.engine.speech import espeak, flite, voices
from realtime.engine.speech.clip import Clip
from realtime.engine.speech.tts import PIECE_BYTES, spoken, synthesiser, without_lead_in, words_of
from realtime.engine.speech.vocabulary import SAMPLE_RATE, Say, Spoken

RATE = 16_000


class Beeper:
    """Beeps half a second for each word, after a pause of a second, and remembers how it was asked."""

    voices = ("high", "low")

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], str, float]] = []

    def speak(self, words: Sequence[str], voice: str, speed: float) -> Clip:
        self.asked.append((list(words), voice, speed))
        tone = (8000 * np.sin(np.arange(RATE // 2 * len(words)) / 8)).astype("<i2").tobytes()
        return Clip(bytes(RATE * 2) + tone, RATE, tuple(1 + (index + 1) / 2 for index in range(len(words))))


def say(text: str, voice: str = "high", speed: float = 1.0) -> tuple[list[Spoken], Beeper]:
    beeper = Beeper()
    return list(spoken(Say("u", text, voice, speed), beeper)), beeper


def test_the_first_piece_carries_the_text_and_the_word_times() -> None:
    pieces, _ = say("Hello you.")
    assert pieces[0].text == "Hello you."
    assert [word.text for word in pieces[0].words] == ["Hello ", "you."]
    assert all(piece.text == "" and piece.words == () for piece in pieces[1:])


def test_word_times_are_those_of_the_sound_that_is_sent() -> None:
    pieces, _ = say("Hello you.")
    length_ms = sum(len(piece.pcm) for piece in pieces) / 2 / SAMPLE_RATE * 1000
    assert [word.end_ms for word in pieces[0].words] == pytest.approx([530, 1030], abs=5)
    assert pieces[0].words[-1].end_ms == pytest.approx(length_ms, abs=5)


def test_pieces_are_short_enough_to_be_stopped_between() -> None:
    pieces, _ = say("One two three four.")
    assert len(pieces) > 5
    assert all(len(piece.pcm) <= PIECE_BYTES for piece in pieces)


def test_a_long_text_is_spoken_clause_by_clause_and_no_letter_is_lost() -> None:
    text = "First of all, hello. Then there is more to say, and more, and more, until it ends. Bye."
    pieces, beeper = say(text)
    assert "".join(piece.text for piece in pieces) == text
    assert "".join(word.text for piece in pieces for word in piece.words) == text
    assert len(beeper.asked) > 2


def test_a_voice_of_another_system_is_the_default_one() -> None:
    assert say("Hi.", voice="marin")[1].asked[0][1] == "high"
    assert say("Hi.", voice="low")[1].asked[0][1] == "low"


@pytest.mark.parametrize(("asked", "used"), [(0.1, 0.25), (0.8, 0.8), (9.0, 1.5)])
def test_speed_is_kept_within_what_is_offered(asked: float, used: float) -> None:
    assert say("Hi.", speed=asked)[1].asked[0][2] == used


@pytest.mark.parametrize("text", [" ", "\n\n"])
def test_blank_text_is_spoken_as_nothing_and_still_answered(text: str) -> None:
    pieces, beeper = say(text)
    assert [(piece.text, piece.pcm) for piece in pieces] == [(text, b"")]
    assert beeper.asked == []


@pytest.mark.parametrize("text", ["one", "one two", "  one\ttwo \n", "“One”, two — three!"])
def test_the_words_of_a_clause_joined_are_the_clause(text: str) -> None:
    assert "".join(words_of(text)) == text


def test_nobody_waits_for_the_pause_before_the_first_sound() -> None:
    clip = without_lead_in(Beeper().speak(["one"], "high", 1.0))
    assert len(clip.pcm) / 2 / RATE == pytest.approx(0.53, abs=0.005)
    assert clip.ends == pytest.approx([0.53], abs=0.005)


def test_a_clip_of_pure_silence_is_left_as_it_is() -> None:
    clip = Clip(bytes(100), RATE, (0.0,))
    assert without_lead_in(clip) == clip


def test_flite_is_preferred_where_it_is_installed() -> None:
    expected = flite.voices() or espeak.voices()
    assert synthesiser().voices == voices.available() == expected
