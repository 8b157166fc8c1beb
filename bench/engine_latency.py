"""How long the embedded engine takes from the end of speech to the first sound of its answer, at a speaker's own pace.

    python bench/engine_latency.py [--sessions 4] [--turns 6] [clip.wav ...]

Every session says the clips one after the other into one engine, 40 ms at a time as a microphone does, with silence in
between. The clock starts when the last voiced sample of a clip is sent and stops at the first
`response.output_audio.delta`; 500 ms of it are the silence that voice detection waits for. The last line says what the
processes that listen took: their processor time over the time somebody had the microphone open, loading included.
"""

import argparse
import asyncio
import base64
import json
import resource
import statistics
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr  # type: ignore[import-untyped]

from realtime.config import EngineConfig
from realtime.engine.server import Engine, EngineSession

RATE = 24_000
FRAME_SECONDS = 0.04
FRAME_BYTES = int(RATE * FRAME_SECONDS) * 2
SILENT_FRAME = bytes(FRAME_BYTES)
CLIPS = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "speech"
PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Clip:
    name: str
    frames: Sequence[bytes]
    voiced_frames: int
    """How many frames there are up to the last voiced one."""


@dataclass
class Turn:
    clip: str
    words: str = ""
    seconds: float = 0.0


def read_clip(path: Path) -> Clip:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
        heard = soxr.resample(samples, file.getframerate(), RATE).astype(np.int16)
    loud = np.flatnonzero(np.abs(heard) > np.abs(heard).max() * 0.05)
    pcm = heard.tobytes()
    frames = [
        pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        for start in range(0, len(pcm), FRAME_BYTES)
    ]
    return Clip(path.stem, frames, int(loud[-1]) * 2 // FRAME_BYTES + 1)


class Speaker:
    """A microphone that never stops: what is to be said, else silence."""

    def __init__(self, session: EngineSession) -> None:
        self._session = session
        self._waiting: list[bytes] = []
        self._until_voice_ends = 0
        self.voice_ended = 0.0

    def say(self, clip: Clip) -> None:
        self._waiting = list(clip.frames)
        self._until_voice_ends = clip.voiced_frames

    async def run(self) -> None:
        due = time.perf_counter()
        while True:
            frame = self._waiting.pop(0) if self._waiting else SILENT_FRAME
            audio = base64.b64encode(frame).decode()
            await self._session.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            self._until_voice_ends -= 1
            if self._until_voice_ends == 0:
                self.voice_ended = time.perf_counter()
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))


async def one_session(engine: Engine, clips: Sequence[Clip]) -> list[Turn]:
    session = await engine.open()
    transcribing = {"type": "realtime", "audio": {"input": {"transcription": {"model": "any"}}}}
    await session.send(json.dumps({"type": "session.update", "session": transcribing}))
    speaker = Speaker(session)
    speaking = asyncio.create_task(speaker.run())
    turns = []
    for clip in clips:
        await asyncio.sleep(0.6)
        speaker.say(clip)
        turns.append(await asyncio.wait_for(answered(session, speaker, Turn(clip.name)), PATIENCE_SECONDS))
    speaking.cancel()
    await asyncio.wait([speaking])
    await session.close()
    return turns


async def answered(session: EngineSession, speaker: Speaker, turn: Turn) -> Turn:
    """Wait for the end of the answer. A clip with a pause in it may be taken for two turns: the last answer counts."""
    while True:
        event = json.loads(await session.receive())
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed":
                turn.words = f"{turn.words} {event['transcript']}".strip()
            case "response.created":
                turn.seconds = 0.0
            case "response.output_audio.delta" if not turn.seconds:
                turn.seconds = time.perf_counter() - speaker.voice_ended
            case "response.done" if event["response"]["status"] == "completed":
                return turn


def summary(name: str, turns: Sequence[Turn]) -> str:
    times = sorted(turn.seconds * 1000 for turn in turns)
    return f"{name}: {len(times)} turns, median {statistics.median(times):.0f} ms, worst {times[-1]:.0f} ms"


def costs(seconds: float) -> str:
    """What the processes that have ended took, of a core and of memory, for so many seconds of open microphone."""
    took = resource.getrusage(resource.RUSAGE_CHILDREN)
    share = (took.ru_utime + took.ru_stime) / seconds
    return f"speech processes: {share:.0%} of a core, {took.ru_maxrss / 1024:.0f} MB the largest"


async def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("clips", nargs="*", type=Path, help="default: the clips of the tests")
    options.add_argument("--sessions", type=int, default=4)
    options.add_argument("--turns", type=int, default=6, help="turns in each session")
    chosen = options.parse_args()
    clips = [read_clip(path) for path in chosen.clips or sorted(CLIPS.rglob("*.wav"))]
    engine = Engine(EngineConfig())
    if engine.voice_problem:
        raise SystemExit(engine.voice_problem)
    await engine.start()
    sessions = []
    began = time.perf_counter()
    for number in range(chosen.sessions):
        said = [clips[(number + turn) % len(clips)] for turn in range(chosen.turns)]
        sessions.append(await one_session(engine, said))
        for turn in sessions[-1]:
            print(f"session {number + 1}: {turn.seconds * 1000:5.0f} ms  {turn.clip}: {turn.words!r}")
    seconds = time.perf_counter() - began
    await engine.close()
    print(summary("first turns", [turns[0] for turns in sessions]))
    print(summary("later turns", [turn for turns in sessions for turn in turns[1:]]))
    print(summary("all turns", [turn for turns in sessions for turn in turns]))
    print(costs(seconds))


if __name__ == "__main__":
    asyncio.run(main())
