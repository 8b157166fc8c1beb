"""The search for the Python of `make test-next`, on machines that have it somewhere, or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project_files import ROOT

ASK = "import sys; sys.executable = '/nowhere'; import next_versions; print(next_versions.find_python())"


TOLD = "import next_versions; print(*next_versions.CHECKS)"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """One folder on the path, one of pyenv, both empty."""
    (tmp_path / "bin").mkdir()
    return tmp_path


def put(place: Path, version: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
    place.chmod(0o755)
    return place


def found(machine: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {
        "PATH": str(machine / "bin"),
        "PYENV_ROOT": str(machine / "pyenv"),
        "PYTHONPATH": str(ROOT / ".ci"),
    }
    return subprocess.run(
        [sys.executable, "-c", ASK], env=own | environment, capture_output=True, text=True, timeout=30
    )


def test_one_that_is_named_comes_first(machine: Path) -> None:
    put(machine / "bin" / "python3.13", "3.13")
    named = put(machine / "elsewhere" / "python3", "3.13")
    assert found(machine, PYTHON=str(named)).stdout.strip() == str(named)


def test_one_on_the_path(machine: Path) -> None:
    there = put(machine / "bin" / "python3.13", "3.13")
    assert found(machine).stdout.strip() == str(there)


def test_one_of_pyenv_s_that_its_launcher_does_not_start(machine: Path) -> None:
    (put(machine / "bin" / "python3.13", "")).write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    there = put(machine / "pyenv" / "versions" / "3.13.0" / "bin" / "python3.13", "3.13")
    put(machine / "pyenv" / "versions" / "3.12.1" / "bin" / "python3.12", "3.12")
    assert found(machine).stdout.strip() == str(there)


def test_another_version_under_that_name_is_not_taken(machine: Path) -> None:
    put(machine / "bin" / "python3.13", "3.12")
    assert "Obstacle" in found(machine).stderr


def test_without_one_it_says_what_to_install(machine: Path) -> None:
    told = found(machine).stderr
    assert "sudo apt-get install python3.13 python3.13-venv" in told
    assert "make test-next PYTHON=" in told


# --- what is run with it ----------------------------------------------------------------------------------------------


def commands(*make: str) -> list[str]:
    """What make would run, with nobody's settings around it."""
    own = {"PATH": os.environ["PATH"]}
    told = subprocess.run([*make, "--dry-run"], cwd=ROOT, env=own, capture_output=True, text=True, check=True)
    return told.stdout.splitlines()


def test_it_tries_the_tests_and_the_quick_faults() -> None:
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / ".ci")}
    asked = subprocess.run([sys.executable, "-c", TOLD], env=own, capture_output=True, text=True, check=True)
    run = commands(*asked.stdout.split(), "VENV=.venv-next")
    assert ".venv-next/bin/python .ci/checks.py tests" in run
    assert "FAULTS=quick .venv-next/bin/python .ci/checks.py faults" in run


def test_who_asks_for_the_faults_by_name_has_all_of_them() -> None:
    assert "FAULTS=long .venv/bin/python .ci/checks.py faults" in commands("make", "faults")
