"""Recorded speech, as a microphone would send it to a Realtime server."""

import array
import asyncio
import base64
import json
import wave
from collections.abc import Iterator
from pathlib import Path

import soxr  # type: ignore[import-untyped]
from numpy import frombuffer, int16
from openai.resources.realtime.realtime import AsyncRealtimeConnection

CLIPS = Path(__file__).resolve().parent.parent / "fixtures" / "speech"
RATE = 24_000
FRAME_SECONDS = 0.04
_FRAME_BYTES = int(RATE * FRAME_SECONDS) * 2


def reference(clip: str) -> str:
    """What is said in the clip."""
    words: str = json.loads((CLIPS / "references.json").read_text(encoding="utf-8"))[clip]
    return words


def pcm_of(clip: str) -> bytes:
    """The clip as PCM16 at 24 kHz."""
    with wave.open(str(CLIPS / clip)) as file:
        samples = frombuffer(file.readframes(file.getnframes()), dtype=int16)
        resampled: bytes = soxr.resample(samples, file.getframerate(), RATE).astype(int16).tobytes()
    return resampled


def silence(seconds: float) -> bytes:
    return bytes(int(RATE * seconds) * 2)


def appends(pcm: bytes) -> Iterator[str]:
    """The audio in frames of 40 ms, base64."""
    for start in range(0, len(pcm), _FRAME_BYTES):
        yield base64.b64encode(pcm[start : start + _FRAME_BYTES]).decode()


async def speak(connection: AsyncRealtimeConnection, pcm: bytes, *, at_once: bool = False) -> None:
    """Send the audio at the pace of speech, or as fast as the server takes it."""
    for audio in appends(pcm):
        await connection.input_audio_buffer.append(audio=audio)
        if not at_once:
            await asyncio.sleep(FRAME_SECONDS)


def loudness(pcm: bytes) -> float:
    """The root mean square of the samples; silence is 0, speech some hundreds or thousands."""
    samples = array.array("h", pcm)
    return float((sum(sample * sample for sample in samples) / len(samples)) ** 0.5) if samples else 0.0
