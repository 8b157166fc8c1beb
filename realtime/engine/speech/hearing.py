"""Ears: a stream of microphone audio in, turns and their words out.

A turn is made of phrases. A phrase ends at a short pause, long before the turn does, and is recognised there and then:
when the turn is finally over, its words are already known.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from realtime.engine.speech.resampling import HEARING_RATE, Downsampler
from realtime.engine.speech.vad import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, ONSET_FRAMES, VoiceActivity
from realtime.engine.speech.vocabulary import Happened, SpeechStarted, SpeechStopped, Transcribed, TurnTaking

PHRASE_GAP_MS = 300
"""Silence that ends a phrase. Shorter pauses lie within words and would cut them apart."""
RUN_UP_MS = 320
"""Audio before the first voiced frame that the recogniser needs to catch soft consonants, whatever the padding is."""
LONGEST_PHRASE_MS = 15_000
"""A phrase without any pause is cut here: the recogniser's memory and its last pass grow with the phrase."""


class Recogniser(Protocol):
    """Words of one phrase at a time."""

    def begin(self) -> None: ...

    def hear(self, frame: bytes) -> None: ...

    def finish(self) -> str:
        """The words of the phrase; empty when nothing was recognised."""


class Ears:
    """Follows one stream of audio. Not for threads: whoever holds it calls it in order."""

    def __init__(self, probability: Callable[[bytes], float], recogniser: Recogniser) -> None:
        self._taking = TurnTaking()
        self._voice = VoiceActivity(probability, self._taking.threshold)
        self._recogniser = recogniser
        self._downsampler = Downsampler()
        self._rest = bytearray()
        """Less than one frame."""
        self._clock = 0
        """Samples at HEARING_RATE that voice detection has seen."""
        self._received = 0
        """Bytes at SAMPLE_RATE that came in."""
        self._lookback: deque[bytes] = deque(maxlen=RUN_UP_MS // FRAME_MS + ONSET_FRAMES)
        self._phrase_ms: int | None = None
        """Length of the open phrase, None when none is open."""
        self._words: list[str] = []
        self._announced = False
        """The open turn's SpeechStarted is out and its SpeechStopped is not."""
        self._turn_start = 0
        self._previous_end = 0

    def take_turns(self, taking: TurnTaking) -> None:
        """How turns are found from here on. Audio of the open turn is kept."""
        self._taking = taking
        self._voice.threshold = taking.threshold

    def hear(self, pcm: bytes) -> Iterator[Happened]:
        """Listen to `pcm` (PCM16, SAMPLE_RATE); what it brings is found while iterating."""
        self._received += len(pcm)
        self._rest += self._downsampler.feed(pcm)
        for frame in self._whole_frames():
            self._listen(frame)
            if self._taking.by_voice:
                yield from self._find_turns()

    def commit(self, turn: str) -> Transcribed:
        """Close the open turn by hand, down to its last sample."""
        self._rest += self._downsampler.flush()
        self._rest += bytes(-len(self._rest) % FRAME_BYTES)
        for frame in self._whole_frames():
            self._listen(frame)
        self._clock = self._received // 3
        return self._close_turn(turn)

    def clear(self) -> None:
        """Forget the open turn."""
        self._rest.clear()
        self._downsampler.flush()
        self._clock = self._received // 3
        self._lookback.clear()
        self._close_turn("")

    # --- one frame ----------------------------------------------------------------------------------------------

    def _whole_frames(self) -> Iterator[bytes]:
        while len(self._rest) >= FRAME_BYTES:
            frame = bytes(self._rest[:FRAME_BYTES])
            del self._rest[:FRAME_BYTES]
            yield frame

    def _listen(self, frame: bytes) -> None:
        self._clock += FRAME_SAMPLES
        self._voice.hear(frame)
        if self._phrase_ms is None:
            self._lookback.append(frame)
            if self._voice.talking:
                self._open_phrase()
            return
        self._recogniser.hear(frame)
        self._phrase_ms += FRAME_MS
        if self._voice.silence_ms >= min(PHRASE_GAP_MS, self._taking.silence_duration_ms):
            self._close_phrase()
            self._voice.hush()
        elif self._phrase_ms >= LONGEST_PHRASE_MS:
            self._close_phrase()

    def _find_turns(self) -> Iterator[Happened]:
        if self._phrase_ms is not None and not self._announced:
            self._announced = True
            onset = self._clock - ONSET_FRAMES * FRAME_SAMPLES
            padding = self._taking.prefix_padding_ms * HEARING_RATE // 1000
            self._turn_start = max(onset - padding, self._previous_end)
            yield SpeechStarted(_ms(self._turn_start))
        silent_enough = self._voice.silence_ms >= self._taking.silence_duration_ms
        if self._announced and silent_enough and not self._voice.perhaps_beginning:
            yield SpeechStopped(_ms(self._clock))
            yield self._close_turn("")

    # --- phrases and turns --------------------------------------------------------------------------------------

    def _open_phrase(self) -> None:
        self._recogniser.begin()
        for frame in self._lookback:
            self._recogniser.hear(frame)
        self._phrase_ms = len(self._lookback) * FRAME_MS
        self._lookback.clear()

    def _close_phrase(self) -> None:
        words = self._recogniser.finish()
        self._phrase_ms = None
        if words:
            self._words.append(words)

    def _close_turn(self, turn: str) -> Transcribed:
        if self._phrase_ms is not None:
            self._close_phrase()
        self._voice.hush()
        start = self._turn_start if self._announced else self._previous_end
        heard = Transcribed(turn, " ".join(self._words), (self._clock - start) / HEARING_RATE)
        self._words.clear()
        self._announced = False
        self._previous_end = self._clock
        return heard


def _ms(samples: int) -> int:
    return samples * 1000 // HEARING_RATE
