"""espeak-ng: the voice that comes with pip. GPL-3, so it is loaded in the speech worker's process alone."""

import ctypes
import importlib.util
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from realtime.engine.speech.clip import Clip, SynthesisFailed

VOICES = ("en-us", "en-gb", "en-gb-scotland")
"""English alone: that is what the recogniser understands. The default first."""

_WORDS_PER_MINUTE = 165
_SLOWEST = 80
"""Words per minute below which espeak-ng does not go; what is missing is made up for between the words."""
_GAP_UNIT_SECONDS = 0.027
"""Measured at the slowest rate, which stretches the nominal 10 ms."""
_SYNCHRONOUS = 2
_UTF8 = 1
_RATE, _WORD_GAP = 1, 7
_EVENT_END_OF_LIST, _EVENT_WORD = 0, 1


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def voices() -> tuple[str, ...]:
    """The voices that can be used here, the default first; none without espeakng-loader."""
    return VOICES if importlib.util.find_spec("espeakng_loader") else ()


class Espeak:
    """Speaks English. Raises SynthesisFailed when the library cannot be used."""

    def __init__(self) -> None:
        import espeakng_loader  # type: ignore[import-untyped]  # ships no types

        try:
            self._espeak = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise SynthesisFailed("The speech library espeak-ng cannot be loaded on this server.") from error
        self._declare()
        home = str(Path(espeakng_loader.get_data_path()).parent).encode()
        self._rate = self._espeak.espeak_Initialize(_SYNCHRONOUS, 200, home, 0)
        if self._rate <= 0:
            raise SynthesisFailed("The speech library espeak-ng does not find its voices on this server.")
        self.voices = VOICES
        self._pcm = bytearray()
        self._starts: list[tuple[int, int]] = []
        # ctypes keeps no reference of its own: the callback must live as long as the library may call it.
        self._callback = _Callback(self._take)
        self._espeak.espeak_SetSynthCallback(self._callback)

    def speak(self, words: Sequence[str], voice: str, speed: float) -> Clip:
        """One clause in `voice`, `speed` times as fast as usual."""
        self._pcm.clear()
        self._starts.clear()
        self._espeak.espeak_SetVoiceByName(voice.encode())
        pace = _WORDS_PER_MINUTE * speed
        self._espeak.espeak_SetParameter(_RATE, round(max(pace, _SLOWEST)), 0)
        gap = 0.0 if pace >= _SLOWEST else 60 / pace - 60 / _SLOWEST
        self._espeak.espeak_SetParameter(_WORD_GAP, round(gap / _GAP_UNIT_SECONDS), 0)
        plain = [word.replace("\0", "") for word in words]
        text = " ".join(plain).encode()
        if self._espeak.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8, None, None):
            raise SynthesisFailed("The speech library espeak-ng could not speak this clause.")
        return Clip(bytes(self._pcm), self._rate, self._ends(plain))

    def _take(self, wav: Any, count: int, events: Any) -> int:
        if count > 0:
            self._pcm += ctypes.string_at(wav, count * 2)
        index = 0
        while events[index].type != _EVENT_END_OF_LIST:
            if events[index].type == _EVENT_WORD:
                self._starts.append((events[index].text_position - 1, events[index].sample))
            index += 1
        return 0

    def _ends(self, words: Sequence[str]) -> tuple[float, ...]:
        """A word ends where the sound of the next one begins; espeak-ng reports beginnings, by character."""
        places = [0, *accumulate(len(word) + 1 for word in words)][: len(words)]
        starts: list[int | None] = [None] * len(words)
        for position, sample in self._starts:
            word = max(bisect_right(places, position) - 1, 0)
            if word < len(words) and starts[word] is None:
                starts[word] = sample
        end = len(self._pcm) // 2
        ends = [0.0] * len(words)
        for index in reversed(range(len(words))):
            ends[index] = end / self._rate
            sample_or_none = starts[index]
            if sample_or_none is not None:
                end = min(end, sample_or_none)
        return tuple(ends)

    def _declare(self) -> None:
        integer, text, pointer = ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p
        for name, result, arguments in (
            ("espeak_Initialize", integer, [integer, integer, text, integer]),
            ("espeak_SetSynthCallback", None, [_Callback]),
            ("espeak_SetVoiceByName", integer, [text]),
            ("espeak_SetParameter", integer, [integer, integer, integer]),
            (
                "espeak_Synth",
                integer,
                [
                    text,
                    ctypes.c_size_t,
                    ctypes.c_uint,
                    integer,
                    ctypes.c_uint,
                    ctypes.c_uint,
                    pointer,
                    pointer,
                ],
            ),
        ):
            function = getattr(self._espeak, name)
            function.restype, function.argtypes = result, arguments
