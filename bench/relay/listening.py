"""Servers that do not print their port: they are told one, and asked until they answer."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection

from bench.relay.machine import of_the_machine
from tests.support.project_files import ROOT

PATIENCE = 90.0
"""Seconds until it has to answer; the largest of them loads for half a minute on a busy machine."""


@contextmanager
def listening(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """The process of a server that listens on this port. What it prints goes to `log`."""
    with log.open("w") as printed:
        process = subprocess.Popen(  # noqa: S603 - ours
            command,
            cwd=ROOT,
            env=of_the_machine() | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(port, process, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            told = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            assert process.poll() is None, f"a server ended before it answered:\n{told}"
            assert time.monotonic() < deadline, f"nobody listens on port {port}:\n{told}"
            time.sleep(0.02)
