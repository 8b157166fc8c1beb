"""What a server and all its children have used, as Linux tells it of other people's processes."""

import time
from contextlib import suppress
from pathlib import Path

from tests.faults.rig.kin import family


def cpu_seconds(pid: int) -> float:
    """How long they have computed so far, in user and kernel mode, threads that are over included.

    By the processes' own clocks: ticks of a hundredth of a second are too coarse for one session.
    """
    total = 0.0
    for each in family(pid):
        with suppress(OSError):
            total += time.clock_gettime(_clock_of(each))
    return total


def memory_bytes(pid: int) -> int:
    """What they hold, each page shared out among those who share it (PSS)."""
    total = 0
    for each in family(pid):
        with suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def _clock_of(pid: int) -> int:
    """The number under which Linux keeps the clock of a process, see clock_getcpuclockid(3)."""
    return (~pid << 3) | 2
