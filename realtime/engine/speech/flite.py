"""flite: English voices of the system's libflite, when it is there. Its state is global: one thread at a time."""

import ctypes
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from realtime.engine.speech.clip import Clip, SynthesisFailed

VOICES = ("slt", "rms", "awb", "kal16", "kal")
"""The best first; it is the default."""

_STEMS = ("lib{}.so.1", "lib{}.so", "lib{}.dylib")
_END_OF_TOKEN = b"daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end"
"""The way from a token to the end of its last word's last sound, in seconds; 0 for a token that is not spoken."""
_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "⁄": "/", "°": " degrees "}
)
_SPOKEN_SIGNS = "$%&+=/@"
_UNSPOKEN = str.maketrans(dict.fromkeys("*_#`~|<>{}[]\\^", " "))


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


class _Voice(ctypes.Structure):
    """The beginning of a cst_voice; the rest is not ours."""

    _fields_ = (("name", ctypes.c_char_p), ("features", ctypes.c_void_p))


_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "flite_init": (ctypes.c_int, []),
    "flite_synth_text": (ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_void_p]),
    "utt_wave": (ctypes.POINTER(_Wave), [ctypes.c_void_p]),
    "utt_relation": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]),
    "relation_head": (ctypes.c_void_p, [ctypes.c_void_p]),
    "item_next": (ctypes.c_void_p, [ctypes.c_void_p]),
    "flite_ffeature_float": (ctypes.c_float, [ctypes.c_void_p, ctypes.c_char_p]),
    "flite_feat_set_float": (None, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float]),
    "delete_utterance": (None, [ctypes.c_void_p]),
}


@cache
def voices() -> tuple[str, ...]:
    """The voices that can be loaded here, the default first; none without libflite."""
    if _load("flite") is None:
        return ()
    return tuple(name for name in VOICES if _load(f"flite_cmu_us_{name}") is not None)


class Flite:
    """Speaks English. Raises SynthesisFailed when libflite or its voices are not there."""

    def __init__(self) -> None:
        library = _load("flite")
        if library is None or not voices():
            raise SynthesisFailed("The speech library flite is not installed on this server.")
        self._flite = library
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self._flite.flite_init()
        self.voices = voices()
        self._registered: dict[str, Any] = {}

    def speak(self, words: Sequence[str], voice: str, speed: float) -> Clip:
        """One clause in `voice`, `speed` times as fast as usual."""
        plain = [_spoken_form(word) for word in words]
        if not any(plain):
            return Clip(b"", 16_000, (0.0,) * len(words))
        handle = self._voice(voice)
        self._flite.flite_feat_set_float(handle.contents.features, b"duration_stretch", 1 / speed)
        utterance = self._flite.flite_synth_text(" ".join(filter(None, plain)).encode("ascii"), handle)
        if not utterance:
            raise SynthesisFailed("The speech library flite could not speak this clause.")
        try:
            wave = self._flite.utt_wave(utterance).contents
            pcm = ctypes.string_at(wave.samples, wave.num_samples * 2)
            return Clip(pcm, wave.sample_rate, _ends_of_words(plain, list(self._ends_of_tokens(utterance))))
        finally:
            self._flite.delete_utterance(utterance)

    def _voice(self, name: str) -> Any:
        if name not in self._registered:
            register = getattr(_load(f"flite_cmu_us_{name}"), f"register_cmu_us_{name}")
            register.restype, register.argtypes = ctypes.POINTER(_Voice), [ctypes.c_char_p]
            self._registered[name] = register(None)
        return self._registered[name]

    def _ends_of_tokens(self, utterance: int) -> Iterator[float]:
        token = self._flite.relation_head(self._flite.utt_relation(utterance, b"Token"))
        while token:
            yield self._flite.flite_ffeature_float(token, _END_OF_TOKEN)
            token = self._flite.item_next(token)


def _spoken_form(word: str) -> str:
    """`word` as flite can read it: one ASCII token without markup, or nothing.

    Punctuation that stands alone is left out: flite hangs it on a neighbour, and the words could no longer be counted.
    """
    plain = unicodedata.normalize("NFKD", word.translate(_PLAIN)).encode("ascii", "ignore").decode("ascii")
    plain = "".join(character for character in plain if character.isprintable())
    plain = "-".join(plain.translate(_UNSPOKEN).split())
    return plain if any(sign.isalnum() or sign in _SPOKEN_SIGNS for sign in plain) else ""


def _ends_of_words(plain: Sequence[str], ends_of_tokens: Sequence[float]) -> tuple[float, ...]:
    """The end of each word in seconds; a word without sound ends where the one before it does."""
    tokens = iter(ends_of_tokens)
    ends, latest = [], 0.0
    for word in plain:
        if word:
            latest = max(latest, next(tokens, 0.0))
        ends.append(latest)
    return tuple(ends)


@cache
def _load(stem: str) -> ctypes.CDLL | None:
    for pattern in _STEMS:
        try:
            return ctypes.CDLL(pattern.format(stem))
        except OSError:
            continue
    return None
