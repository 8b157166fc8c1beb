"""Modules that are run in a process of their own, because they set Django up in another way than the tests."""

import os
import subprocess
import sys
from collections.abc import Mapping

from tests.support.project_files import ROOT


def run_apart(module: str, environment: Mapping[str, str]) -> None:
    """Run it as `python -m` does; of our own environment it learns where programs are. Raises AssertionError."""
    machine = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=machine | dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{module} failed:\n{done.stdout}{done.stderr}"
