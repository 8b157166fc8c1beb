"""A sound card for tests: a private PulseAudio whose microphone is spoken into and whose speaker is recorded."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

from realtime.engine.speech.resampling import HEARING_RATE

PATH = f"{os.environ.get('PATH', '')}:/usr/bin:/usr/local/bin:/bin"
"""Where programs of the system are, also for somebody whose path was emptied."""
PROGRAMS = ("pulseaudio", "pacat", "pactl")
PATIENCE = 20.0
"""Seconds until it has to run."""

_LOUD = 300
"""Of 32768: what counts as sound. A sink that leads nowhere has no noise of its own."""
_BREATH = bytes(HEARING_RATE)
"""Half a second."""
_MODULES = (
    "module-null-sink sink_name=speaker",
    "module-null-sink sink_name=mouth",
    # Browsers offer no monitors as microphones; under another name it is one.
    "module-remap-source master=mouth.monitor source_name=microphone",
)


def missing_programs() -> list[str]:
    """What a machine lacks to have a sound server."""
    return [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]


class SoundServer:
    """A microphone and a speaker. `environment` makes a program use them instead of the machine's own."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            "PATH": PATH,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{folder}/sound",
        }
        self._recorded = bytearray()
        self._more = threading.Condition()
        self._started: list[subprocess.Popen[bytes]] = []

    def speak(self, pcm: bytes) -> None:
        """Say PCM16 at HEARING_RATE into the microphone. Returns at once: it takes as long as it is.

        A breath goes before it, and there is some in store, lest a busy machine swallow the first syllable.
        """
        speaking = self._start(
            "pacat", "--playback", "--device=mouth", *_FORMAT, "--latency-msec=250", stdin=subprocess.PIPE
        )
        assert speaking.stdin is not None
        threading.Thread(target=_give, args=(speaking.stdin, _BREATH + pcm), daemon=True).start()

    def wait_until_heard(self, seconds: float) -> None:
        """Wait until the speaker has given so much sound from now on, silences not counted."""
        start = len(self._recorded)
        self._wait(lambda: self._sound_since(start) >= seconds, f"no {seconds} s came out of the speaker")

    def wait_until_quiet(self, seconds: float) -> None:
        """Wait until the speaker has been silent for so long."""
        start = len(self._recorded)
        length = round(seconds * HEARING_RATE) * 2

        def is_quiet() -> bool:
            end = len(self._recorded)
            return end - start >= length and self._sound_since(end - length) == 0

        self._wait(is_quiet, f"the speaker was never silent for {seconds} s")

    def _wait(self, is_so: Callable[[], bool], otherwise: str) -> None:
        with self._more:
            assert self._more.wait_for(is_so, timeout=PATIENCE), otherwise

    def _sound_since(self, start: int) -> float:
        """Seconds of sound in what was recorded from a byte on."""
        heard = bytes(self._recorded[start : len(self._recorded) // 2 * 2])
        loud = np.abs(np.frombuffer(heard, dtype="<i2").astype(np.int32)) > _LOUD
        return float(np.count_nonzero(loud)) / HEARING_RATE

    def run(self) -> None:
        """Start, and wait until there is a speaker to record."""
        server = [f"--load={module}" for module in _MODULES]
        server.append(f"--load=module-native-protocol-unix socket={self._socket} auth-anonymous=1")
        stays = ("-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--log-level=error")
        pulse = self._start("pulseaudio", *stays, *server)
        deadline = time.monotonic() + PATIENCE
        while self._ask("get-source-volume", "microphone"):
            assert pulse.poll() is None, "PulseAudio ended by itself"
            assert time.monotonic() < deadline, "PulseAudio does not answer"
            time.sleep(0.02)
        recording = self._start(
            "pacat",
            "--record",
            "--device=speaker.monitor",
            *_FORMAT,
            "--latency-msec=40",
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._listen, args=(recording,), daemon=True).start()

    def stop(self) -> None:
        for each in reversed(self._started):
            if each.poll() is None:
                each.terminate()
            each.wait(timeout=10)

    @property
    def _socket(self) -> str:
        return self.environment["PULSE_SERVER"].removeprefix("unix:")

    def _ask(self, *question: str) -> int:
        asked = subprocess.run(
            [_program("pactl"), *question], env=self.environment, capture_output=True, timeout=PATIENCE
        )
        return asked.returncode

    def _listen(self, recording: "subprocess.Popen[bytes]") -> None:
        assert recording.stdout is not None
        with recording.stdout as sound:
            while some := os.read(sound.fileno(), 65536):
                with self._more:
                    self._recorded += some
                    self._more.notify_all()

    def _start(
        self, name: str, *arguments: str, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
    ) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [_program(name), *arguments],
            env=self.environment,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
        )
        self._started.append(process)
        return process


_FORMAT = ("--raw", f"--rate={HEARING_RATE}", "--channels=1", "--format=s16le")


def _program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    assert found, f"{name} is not installed"
    return found


def _give(pipe: IO[bytes], pcm: bytes) -> None:
    """Write all of it; when the server ends in the middle of a sentence, the rest stays unsaid."""
    with suppress(BrokenPipeError), pipe:
        pipe.write(pcm)


@contextmanager
def sound_server(folder: Path) -> Iterator[SoundServer]:
    """A sound server that keeps its things in `folder`; it is ended in the end."""
    folder.chmod(0o700)  # PulseAudio refuses a folder that others could read
    server = SoundServer(folder)
    try:
        server.run()
        yield server
    finally:
        server.stop()
