"""What a recogniser that has heard nobody yet makes of recorded people."""

import numpy as np
import pytest

from realtime.engine.speech import phrasebook
from realtime.engine.speech.hearing import Ears
from realtime.engine.speech.stt import BETTER_BY, Reading, SphinxRecogniser, preferred
from realtime.engine.speech.vad import silero
from realtime.engine.speech.vocabulary import Transcribed, TurnTaking
from tests.support.speech_clips import CARDS, recording, silence, word_errors


def first_turn(name: str) -> str:
    """The words of a recording as the very first thing a fresh pair of ears hears, found by voice."""
    return turn(Ears(silero(), SphinxRecogniser()), name)


def turn(ears: Ears, name: str) -> str:
    return words_in(ears, recording(name).as_sent)


def words_in(ears: Ears, speech: bytes) -> str:
    microphone = silence(0.5) + speech + silence(1)
    heard = [event for event in ears.hear(microphone) if isinstance(event, Transcribed)]
    return " ".join(event.text for event in heard)


def test_go_forward_ten_meters_is_exact_from_the_first_turn() -> None:
    assert first_turn("goforward.wav") == "go forward ten meters"


def test_the_cards_are_understood_from_the_first_turn() -> None:
    """At most 35 words of a hundred wrong, each clip heard by a recogniser of its own."""
    errors = sum(word_errors(recording(name).words, first_turn(name)) for name in CARDS)
    assert errors / sum(len(recording(name).words.split()) for name in CARDS) <= 0.35


@pytest.mark.parametrize("gain", [0.1, 0.3, 2.0])
def test_a_quiet_and_a_loud_microphone_are_understood_alike(gain: float) -> None:
    samples = np.frombuffer(recording("goforward.wav").as_sent, dtype="<i2")
    played = np.clip(samples * gain, -32768, 32767).astype("<i2").tobytes()
    assert words_in(Ears(silero(), SphinxRecogniser()), played) == "go forward ten meters"


def test_a_browser_that_turns_its_gain_down_in_the_first_words_is_understood() -> None:
    """The shape of Chromium's own gain control on this clip: more than fourfold at first, unchanged at the end."""
    samples = np.frombuffer(recording("goforward.wav").as_sent, dtype="<i2")
    gain = np.interp(np.linspace(0, 1, len(samples)), [0, 0.3, 0.6, 1], [5.0, 4.3, 2.5, 1.0])
    played = np.clip(samples * gain, -32768, 32767).astype("<i2").tobytes()
    assert words_in(Ears(silero(), SphinxRecogniser()), played) == "go forward ten meters"


@pytest.mark.parametrize("name", ["slt-what-did-i-say.wav", "slt-what-did-we-talk-about.wav"])
def test_a_question_of_the_phrasebook_is_exact_from_the_first_turn(name: str) -> None:
    assert first_turn(name) == recording(name).words


def test_one_pair_of_ears_understands_turn_after_turn() -> None:
    ears = Ears(silero(), SphinxRecogniser())
    assert [turn(ears, name) for name in ("goforward.wav", "cards-001.wav", "goforward.wav")] == [
        "go forward ten meters",
        "ten of clubs",
        "go forward ten meters",
    ]


def test_a_turn_committed_by_hand_is_understood_without_any_silence_around_it() -> None:
    ears = Ears(silero(), SphinxRecogniser())
    ears.take_turns(TurnTaking(by_voice=False))
    assert list(ears.hear(recording("goforward.wav").as_sent)) == []
    assert ears.commit("mine").text == "go forward ten meters"


def test_silence_has_no_words() -> None:
    ears = Ears(silero(), SphinxRecogniser())
    ears.take_turns(TurnTaking(by_voice=False))
    assert list(ears.hear(silence(2))) == []
    assert ears.commit("mine").text == ""


def test_a_phrase_without_a_single_frame_has_no_words() -> None:
    recogniser = SphinxRecogniser()
    recogniser.begin()
    assert recogniser.finish() == ""


# --- the phrasebook's reading against the free one --------------------------------------------------------------

FREE = Reading("what a week on demand", likelihood=-1000, frames=100)
ENOUGH = -1000 + BETTER_BY * 100


def book(text: str = "what did we talk about", likelihood: float = ENOUGH, frames: int = 100) -> Reading:
    return Reading(text, likelihood, frames)


def test_the_phrasebook_is_believed_where_it_explains_the_sound_better() -> None:
    assert preferred(FREE, book(), heard_ms=1000) == book()


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(book(likelihood=ENOUGH - 1), id="no clear gain"),
        pytest.param(book(frames=89), id="explains only part of the sound"),
        pytest.param(book("what did we talk"), id="breaks off in the middle"),
        pytest.param(Reading("", 0.0, 0), id="nothing"),
    ],
)
def test_otherwise_the_free_reading_stands(reading: Reading) -> None:
    assert preferred(FREE, reading, heard_ms=1000) == FREE


def test_the_recogniser_has_a_pronunciation_for_every_word_of_the_phrasebook() -> None:
    import pocketsphinx  # type: ignore[import-untyped]  # ships no types

    dictionary = pocketsphinx.Decoder(loglevel="FATAL", lm=None)
    assert [word for word in phrasebook.words() if dictionary.lookup_word(word) is None] == []
