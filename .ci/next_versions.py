"""Runs the tests and the quick faults on Python 3.13 and the Django that comes with it.

That is in .venv-next, beside the .venv of every day.

requirements.lock holds both: the long-term Django for Python 3.11, the newest for those after it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from obstacle import ROOT, Obstacle, tell

PYTHON = "3.13"
DJANGO = "6.1"
VENV = ".venv-next"
CHECKS = ("make", "--keep-going", "tests", "faults", "FAULTS=quick")
"""All of them even when one fails, so that one run tells everything."""


def main() -> int:
    """The status of the tests there; an Obstacle when there is no such Python, or the lock brings another Django."""
    python = find_python()
    how = {"VENV": VENV, "PYTHON": python}
    subprocess.run([python, ".ci/prepare.py", "site", "tests"], cwd=ROOT, env=os.environ | how, check=True)
    versions = _versions()
    if not versions.startswith(f"{PYTHON} {DJANGO}."):
        raise Obstacle(
            f"{VENV} has Python and Django {versions}, not {PYTHON} and {DJANGO}.\n"
            "Another Django: see requirements.lock. Another Python: make clean, and try again."
        )
    tell(f"=== on Python and Django {versions}")
    # Make passes what it was told on to a make below it, in MAKEFLAGS; what is said here comes after it.
    return subprocess.run([*CHECKS, *(f"{name}={value}" for name, value in how.items())], cwd=ROOT).returncode


def find_python() -> str:
    """A Python of that version: named by PYTHON, on the path, or one of pyenv's that is not switched on."""
    for candidate in _candidates():
        if _is_right(candidate):
            return candidate
    raise Obstacle(
        f"make test-next needs Python {PYTHON}, and none was found here.\n"
        f"  Debian, Ubuntu:  sudo apt-get install python{PYTHON} python{PYTHON}-venv   (where the release has one)\n"
        f"  macOS:           brew install python@{PYTHON}\n"
        f"  pyenv:           pyenv install {PYTHON}\n"
        "Installed somewhere unusual? Name it: make test-next PYTHON=/path/to/python3"
    )


def _candidates() -> Iterator[str]:
    if named := os.environ.get("PYTHON"):
        yield named
    yield sys.executable
    if found := shutil.which(f"python{PYTHON}"):
        yield found
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    yield from map(str, sorted(versions.glob(f"{PYTHON}*/bin/python{PYTHON}"), reverse=True))


def _is_right(candidate: str) -> bool:
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        told = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, cwd="/")
    except OSError:
        return False
    return told.stdout.strip() == PYTHON


def _versions() -> str:
    ask = "import sys, django; print('%d.%d' % sys.version_info[:2], django.__version__)"
    told = subprocess.run(
        [ROOT / VENV / "bin" / "python", "-c", ask], capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Obstacle as obstacle:
        sys.exit(str(obstacle))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except KeyboardInterrupt:
        sys.exit(130)
