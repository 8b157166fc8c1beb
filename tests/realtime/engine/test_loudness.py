import numpy as np
import pytest

from realtime.engine.speech.loudness import FRAMES_LISTENED_TO, LEVEL, Leveller
from realtime.engine.speech.vad import FRAME_SAMPLES


def tone(level: float) -> bytes:
    """A frame whose root mean square is `level`."""
    wave = np.sin(np.arange(FRAME_SAMPLES) * 2 * np.pi / 32) * level * np.sqrt(2)
    return bytes(wave.astype("<i2").tobytes())


def level(frames: list[bytes]) -> float:
    samples = np.frombuffer(b"".join(frames), dtype="<i2").astype(float)
    return float(np.sqrt(np.mean(samples**2)))


def levelled(frames: list[bytes]) -> list[bytes]:
    leveller = Leveller()
    leveller.begin()
    return [out for frame in frames for out in leveller.feed(frame)] + leveller.flush()


@pytest.mark.parametrize("speaker", [150, 2000, 12_000])
def test_every_speaker_comes_out_at_the_same_level(speaker: float) -> None:
    assert level(levelled([tone(speaker)] * 40)) == pytest.approx(LEVEL, rel=0.02)


def test_the_quiet_before_the_first_word_does_not_count() -> None:
    quiet, voice = [tone(20)] * 12, [tone(500)] * 40
    assert level(levelled(quiet + voice)[12:]) == pytest.approx(LEVEL, rel=0.02)


def test_the_gain_is_held_through_the_phrase() -> None:
    out = levelled([tone(500)] * FRAMES_LISTENED_TO + [tone(250)] * 10)
    assert level(out[-10:]) == pytest.approx(LEVEL / 2, rel=0.02)


def test_no_frame_is_lost_or_comes_twice() -> None:
    for count in (0, 1, FRAMES_LISTENED_TO - 1, FRAMES_LISTENED_TO, FRAMES_LISTENED_TO + 5):
        assert len(levelled([tone(500)] * count)) == count


def test_silence_stays_silent() -> None:
    assert level(levelled([bytes(FRAME_SAMPLES * 2)] * 30)) == 0


def test_the_next_phrase_is_levelled_by_itself() -> None:
    leveller = Leveller()
    for speaker in (200, 5000):
        leveller.begin()
        out = [out for _ in range(FRAMES_LISTENED_TO) for out in leveller.feed(tone(speaker))]
        assert level(out) == pytest.approx(LEVEL, rel=0.02)
