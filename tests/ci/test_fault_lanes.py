"""The quick form of the faults in lanes: every file is in one of them, and what measures comes after all."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.project_files import ROOT

ASK = """
import json, checks
commands = [[str(word) for word in command] for command in checks.faults()]
print(json.dumps([commands, checks.AT_ONCE.get("faults", 1)]))
"""
KEPT = "kept in "
RUN = f"""
import os, sys, checks
checks.environment_with_node = lambda: dict(os.environ)
look = [sys.executable, "-c", "import os; os.listdir(kept := os.environ['TESTS_KEPT']); print('{KEPT}' + kept)"]
checks.CHECKS = dict.fromkeys(("unit", "faults"), lambda: [look])
sys.exit(checks.main(["unit", "faults"]))
"""
FOLDER = "tests/faults"


def asked(**environment: str) -> tuple[list[list[str]], int]:
    """The commands of the check, and how many of them run at the same time."""
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / ".ci")}
    command = [sys.executable, "-c", ASK]
    told = subprocess.run(
        command, env=own | environment, capture_output=True, text=True, timeout=30, check=True
    )
    commands, at_once = json.loads(told.stdout)
    return commands, at_once


def files_of(command: list[str]) -> list[str]:
    """The test files that a command tries."""
    every = {str(path) for path in (ROOT / FOLDER).glob("test_*.py")}
    if FOLDER not in command:
        return [word for word in command if word in every]
    return sorted(every - {word.removeprefix("--ignore=") for word in command})


def selection(command: list[str]) -> str:
    """The expression of markers by which tests are picked; empty when all are."""
    words = [after for word, after in itertools.pairwise(command) if word == "-m"]
    return words[1] if words[1:] else ""


def test_every_file_of_the_faults_is_in_one_lane() -> None:
    commands, at_once = asked()
    lanes = [files_of(command) for command in commands[:at_once]]
    assert all(lanes)
    assert sorted(file for lane in lanes for file in lane) == sorted(
        map(str, (ROOT / FOLDER).glob("test_*.py"))
    )


def test_what_has_to_be_alone_comes_after_the_lanes_and_only_what_is_thorough_is_left_out() -> None:
    commands, at_once = asked()
    assert [selection(command) for command in commands] == [
        *["not thorough and not alone"] * at_once,
        "not thorough and alone",
    ]
    marked = [
        str(path)
        for path in sorted((ROOT / FOLDER).glob("test_*.py"))
        if re.search(r"\bmark\.alone\b", path.read_text(encoding="utf-8"))
    ]
    assert files_of(commands[-1]) == marked != []


def test_runs_at_the_same_time_remember_their_failures_apart() -> None:
    commands, _ = asked()
    memories = [word for command in commands for word in command if word.startswith("cache_dir=")]
    assert len(set(memories)) == len(commands)


def test_all_runs_share_a_place_for_what_takes_long_to_make_and_it_goes_with_them() -> None:
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / ".ci")}
    command = [sys.executable, "-c", RUN]
    told = subprocess.run(command, env=own, capture_output=True, text=True, timeout=30, check=True)
    places = [line.removeprefix(KEPT) for line in told.stdout.splitlines() if line.startswith(KEPT)]
    assert len(places) == 2, told.stdout
    assert len(set(places)) == 1
    assert not Path(places[0]).exists()


def test_the_long_form_is_one_run_of_everything() -> None:
    [command], _ = asked(FAULTS="long")
    assert selection(command) == ""
    assert len(files_of(command)) == len([*(ROOT / FOLDER).glob("test_*.py")])
