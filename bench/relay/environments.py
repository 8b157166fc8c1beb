"""Environments of their own for contenders whose packages do not go with ours, made when they are first asked for.

The agents SDK keeps `websockets` below 17, and we are on 17. Each has a file of pinned versions beside it; where pip
finds them is the machine's own choice.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.support.project_files import ROOT

_REQUIREMENTS = ROOT / "bench" / "relay" / "requirements"


class Absent(Exception):
    """A contender cannot be had on this machine."""


def python_with(name: str) -> Path:
    """The Python of the environment with what `requirements/NAME.txt` lists. Raises Absent where pip cannot get it."""
    listed = _REQUIREMENTS / f"{name}.txt"
    folder = ROOT / "var" / "bench" / name
    python, memory = folder / "bin" / "python", folder / "installed"
    wanted = hashlib.sha256(listed.read_bytes()).hexdigest()
    if not memory.is_file() or memory.read_text(encoding="utf-8") != wanted:
        print(f"Installing what the contender '{name}' needs into {folder.relative_to(ROOT)} ...", flush=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--requirement", str(listed))
        memory.write_text(wanted, encoding="utf-8")
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False)  # noqa: S603 - our own words
    if done.returncode:
        raise Absent(f"{' '.join(command)} failed; what it said stands above")
