"""Runs the named checks one after the other, all of them even when one fails, so that one run tells everything."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from chromium import find_chromium
from curl import find_curl
from environment import PYTHON, venv_bin
from node import TESTS_JS, environment_with_node, node
from obstacle import ROOT, Obstacle, tell

Command = Sequence[object]


def lint() -> list[Command]:
    """Style and the mistakes a linter sees."""
    ruff = (PYTHON, "-m", "ruff")
    return [(*ruff, "check", "."), (*ruff, "format", "--check", "--output-format", "concise", ".")]


def types() -> list[Command]:
    """mypy --strict, with Django and REST framework understood by their plugins."""
    return [(PYTHON, "-m", "mypy")]


def walls() -> list[Command]:
    """Who may import whom, and what no file may hold."""
    return [
        (venv_bin("lint-imports"), "--no-logo"),
        pytest("tests/architecture", "--durations=0", "--no-header", "-q"),
    ]


def js() -> list[Command]:
    """The types of the browser's modules, then their tests."""
    compiler = TESTS_JS / "node_modules" / "typescript" / "bin" / "tsc"
    return [
        (node(), compiler, "--project", TESTS_JS),
        (node(), "--test", "--test-reporter=spec", *sorted(TESTS_JS.glob("*.test.js"))),
    ]


def unit() -> list[Command]:
    """The Python tests that need no browser."""
    return [pytest("-m", "not e2e")]


def e2e() -> list[Command]:
    """The tests that drive a browser."""
    return [pytest("-m", "e2e")]


def tests() -> list[Command]:
    """Every Python and browser test."""
    return [pytest()]


CHECKS: dict[str, Callable[[], list[Command]]] = {
    check.__name__: check for check in (lint, types, walls, js, unit, e2e, tests)
}


def pytest(*arguments: str) -> Command:
    """A pytest run; further arguments for it are taken from PYTEST_ARGS."""
    return (PYTHON, "-m", "pytest", *arguments, *os.environ.get("PYTEST_ARGS", "").split())


def main(names: Sequence[str]) -> int:
    """Run the checks and say which failed. Silent when none did: the last words stay those of the last check."""
    environment = environment_with_node()
    for name, program in (("CHROMIUM", find_chromium()), ("CURL", find_curl())):
        if program:
            environment[name] = program
    failed = []
    for name in names:
        tell(f"\n=== {name}")
        began = time.monotonic()
        outcomes = [_run(command, environment) for command in CHECKS[name]()]
        if any(outcomes):
            failed.append(name)
        if name != names[-1]:
            tell(f"=== {name}: {'FAILED' if any(outcomes) else 'ok'} in {time.monotonic() - began:.0f} s")
    if failed:
        tell(f"\nNot right yet: {', '.join(failed)}.")
    return 1 if failed else 0


def _run(command: Command, environment: dict[str, str]) -> int:
    width = {"COLUMNS": str(shutil.get_terminal_size((120, 24)).columns)}
    return subprocess.run(
        [str(word) for word in command], cwd=ROOT, env=environment | width, stdin=subprocess.DEVNULL
    ).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Obstacle as obstacle:
        sys.exit(str(obstacle))
    except KeyboardInterrupt:
        sys.exit(130)
