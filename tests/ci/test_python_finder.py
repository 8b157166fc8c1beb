"""The search for an interpreter, on systems that have none, an old one, or one that only pretends."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project_files import ROOT

FINDER = ROOT / ".ci" / "python"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only folder on the path."""
    (tmp_path / "cat").symlink_to("/bin/cat")
    return tmp_path


def found(programs: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", FINDER, "-c", "print('started')"],
        env={"PATH": str(programs), **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )


def put(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def test_without_python_it_says_what_to_install(programs: Path) -> None:
    outcome = found(programs)
    assert outcome.returncode == 1
    assert "sudo apt-get install python3 python3-venv" in outcome.stderr


def test_an_old_python_is_as_good_as_none(programs: Path) -> None:
    put(programs, "python3", "exit 1  # what the question for 3.11 is answered with")
    assert found(programs).returncode == 1


def test_a_launcher_that_refuses_is_passed_over(programs: Path) -> None:
    put(programs, "python3.13", "echo 'that version is not installed' >&2; exit 127")
    put(programs, "python3", f'exec "{sys.executable}" "$@"')
    outcome = found(programs)
    assert outcome.stdout == "started\n"
    assert outcome.stderr == ""


def test_a_newer_python_is_preferred(programs: Path) -> None:
    put(programs, "python3.13", 'case "$2" in import*) exit 0;; esac; echo newest')
    put(programs, "python3", f'exec "{sys.executable}" "$@"')
    assert found(programs).stdout == "newest\n"


def test_an_interpreter_that_is_named_comes_first(programs: Path) -> None:
    put(programs, "python3.13", "echo wrong")
    assert found(programs, PYTHON=sys.executable).stdout == "started\n"
