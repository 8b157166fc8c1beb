"""What takes seconds to make and is only copied afterwards: made once for all runs of the tests that go together.

TESTS_KEPT names the folder that such runs share; whoever sets it clears it away. Without it a run has its own.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, which `make` fills where nobody has done so yet. What it raises is raised here."""
    folder = _place() / name
    with Path(f"{folder}.lock").open("w") as lock:
        # Another run may be making it just now. It goes with the file, also when we are killed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            begun = Path(f"{folder}.begun")
            shutil.rmtree(begun, ignore_errors=True)
            begun.mkdir()
            make(begun)
            begun.rename(folder)
    return folder


@cache
def _place() -> Path:
    """Others may pass through it and not look around: PostgreSQL runs under a name of its own."""
    if shared := os.environ.get("TESTS_KEPT"):
        folder = Path(shared)
    else:
        own = TemporaryDirectory(prefix="voiceassist-tests-")
        _ours.append(own)
        folder = Path(own.name)
    folder.chmod(0o711)
    return folder


_ours: "list[TemporaryDirectory[str]]" = []
"""What is needed to the end of this run, and goes then."""
