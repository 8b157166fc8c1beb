"""Runs the commands of a check, some of them at the same time, and those that failed by accident once more."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obstacle import ROOT, tell
from second_try import SecondTry

Command = Sequence[object]

OWN_DATABASE = {"TOX_PARALLEL_ENV": "beside"}
"""By this name pytest-django tells apart the test databases of runs at the same time."""
NOTHING_TO_DO = 5
"""What pytest ends with when there was no test for it: right only where PYTEST_ARGS picks some."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a check went; `unsteady` are the tests that passed only at the second try."""

    is_right: bool
    unsteady: tuple[str, ...] = ()


def run_all(commands: list[Command], environment: dict[str, str], *, at_once: int = 1) -> Verdict:
    """Run the first `at_once` commands at the same time, and the rest one by one.

    What the first one says is seen at once, and the words of those beside it after it.
    """
    outcomes = _run_each(commands, environment, at_once)
    return Verdict(_is_right(outcomes, is_picked=bool(environment.get("PYTEST_ARGS"))))


def run_all_with_second_try(
    commands: list[Command], environment: dict[str, str], *, at_once: int = 1
) -> Verdict:
    """The same for runs of pytest. When all are over, the few tests that failed are tried again with their files."""
    with tempfile.TemporaryDirectory() as folder:
        tries = [SecondTry(command, Path(folder, str(number))) for number, command in enumerate(commands)]
        outcomes = _run_each([each.first for each in tries], environment, at_once)
        for number, each in enumerate(tries):
            if each.is_due(outcomes[number]):
                outcomes[number] = each.conclude(_run(each.again, environment))
        return Verdict(
            _is_right(outcomes, is_picked=False), tuple(test for each in tries for test in each.passed)
        )


def _is_right(outcomes: list[int], *, is_picked: bool) -> bool:
    """Whether all went well, and something was done: by each, unless tests were picked."""
    return not set(outcomes) - ({0, NOTHING_TO_DO} if is_picked else {0}) and 0 in outcomes


def _run_each(commands: list[Command], environment: dict[str, str], at_once: int) -> list[int]:
    """What each ended with."""
    outcomes = _run_at_once(commands[:at_once], environment)
    return outcomes + [_run(command, environment) for command in commands[at_once:]]


def _run_at_once(commands: list[Command], environment: dict[str, str]) -> list[int]:
    first, *others = commands
    with ExitStack() as open_files:
        running = []
        for command in others:
            said = open_files.enter_context(tempfile.TemporaryFile())
            how = _how(environment | OWN_DATABASE)
            running.append((subprocess.Popen(_words(command), stdout=said, stderr=said, **how), said))
        try:
            outcomes = [_run(first, environment)]
            for process, said in running:
                outcomes.append(process.wait())
                said.seek(0)
                tell(said.read().decode(errors="replace"))
        finally:
            for process, _ in running:
                process.terminate()
    return outcomes


def _run(command: Command, environment: dict[str, str]) -> int:
    return subprocess.run(_words(command), **_how(environment)).returncode


def _words(command: Command) -> list[str]:
    return [str(word) for word in command]


def _how(environment: dict[str, str]) -> dict[str, Any]:
    width = {"COLUMNS": str(shutil.get_terminal_size((120, 24)).columns)}
    return {"cwd": ROOT, "env": environment | width, "stdin": subprocess.DEVNULL}
