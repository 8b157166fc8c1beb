"""Processes and their children, looked up where Linux shows them."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def family(pid: int) -> list[int]:
    """A process and everything that descends from it, parents before children."""
    found = [pid]
    for each in found:
        found += _children(each)
    return found


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone by now."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def rss_bytes(pid: int) -> int:
    """Memory that a process holds; 0 once it is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def open_files(pid: int) -> int:
    """How many file descriptors a process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_seconds(pid: int) -> float:
    """How long a process has computed so far, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def starved_seconds(pid: int) -> float:
    """How long the threads of a process, all together, have waited for a processor that others used."""
    waited = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with suppress(FileNotFoundError, ProcessLookupError):
            waited += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[1])
    return waited / 1e9


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            listed = Path(f"/proc/{pid}/task/{task}/children").read_text()
            found += [int(each) for each in listed.split()]
    return found
