"""A command of `manage.py` in a process of its own: what it prints is read along, and it is ended in the end."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.support.project_files import ROOT

PATIENCE = 60.0
"""Seconds until a server has to answer. It takes two on a quiet machine."""
_LAST_WORDS = 2_000
"""Characters of what it printed that a failing test shows."""
_OF_THE_MACHINE = ("PATH", "HOME", "LANG", "TMPDIR")
"""All that it learns of our own environment."""


class Program:
    """A process that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._printed: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    @property
    def screen(self) -> str:
        """Everything it printed so far, logs included; once it has ended, everything that it ever printed."""
        if self._process.poll() is not None:
            self._reader.join(timeout=10)
        return "".join(self._printed)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        self._process.send_signal(number)
        return self._process.wait(timeout=30)

    def wait_until(self, is_there: Callable[[], bool]) -> None:
        """Wait until it can be used. Raises AssertionError with its words when it ends before that."""
        deadline = time.monotonic() + PATIENCE
        while not is_there():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the program did not start:\n{self.screen}")
            time.sleep(0.02)

    def ended(self) -> None:
        """End it if it runs, and read what it said last."""
        if self._process.poll() is None:
            self.stop()
        self._reader.join(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        """Read what it prints, lest its pipe fill up."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._printed.append(line)


@contextmanager
def program(*command: str, environment: Mapping[str, str]) -> Iterator[Program]:
    """`manage.py` with a command, started and not waited for; it is ended in the end."""
    machine = {name: os.environ[name] for name in _OF_THE_MACHINE if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=machine | {"PYTHONUNBUFFERED": "1"} | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Program(process)
    try:
        yield running
    except BaseException as error:
        error.add_note(f"manage.py {command[0]} printed at last:\n{running.screen[-_LAST_WORDS:]}")
        raise
    finally:
        running.ended()


def free_port() -> int:
    """A TCP port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
