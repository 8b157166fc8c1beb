"""Runs the named checks one after the other, all of them even when one fails, so that one run tells everything."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from chromium import find_chromium
from curl import find_curl
from environment import PYTHON, venv_bin
from firefox import find_firefox
from nginx import find_nginx
from node import TESTS_JS, environment_with_node, node
from obstacle import ROOT, Obstacle, tell
from runs import Command, Verdict, run_all, run_all_with_second_try
from webkit import find_webkit


def lint() -> list[Command]:
    """Style, the mistakes a linter sees, and whether the packages of requirements.lock go with one another."""
    ruff = (PYTHON, "-m", "ruff")
    return [
        (*ruff, "check", "."),
        (*ruff, "format", "--check", "--output-format", "concise", "."),
        (PYTHON, "-m", "pip", "--disable-pip-version-check", "check"),
    ]


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
    """The types of the browser's modules, whether old browsers understand them, then their tests."""
    compiler = TESTS_JS / "node_modules" / "typescript" / "bin" / "tsc"
    return [
        (node(), compiler, "--project", TESTS_JS),
        (PYTHON, ROOT / ".ci" / "old_browsers.py"),
        (node(), "--test", "--test-reporter=spec", *sorted(TESTS_JS.glob("*.test.js"))),
    ]


def unit() -> list[Command]:
    """The Python tests that need no browser and break nothing."""
    return [pytest("-m", "not e2e", "--ignore", FAULTS)]


def e2e() -> list[Command]:
    """The tests that drive a browser. Firefox and WebKitGTK by themselves: on a busy machine their sound has gaps."""
    return [pytest("-m", "e2e", "--ignore", OTHER_BROWSERS), pytest(OTHER_BROWSERS)]


def tests() -> list[Command]:
    """The Python and browser tests: the latter mostly wait for people to finish speaking, so both run at once."""
    return [*unit(), *e2e()]


def faults() -> list[Command]:
    """What breaks, and what holds all the same. After all else: floods would be heard in the tests that speak.

    FAULTS=long is the whole of it, one test after the other. The quick form leaves out what is `thorough`. It waits
    more than it computes, so it runs in lanes at the same time; what measures comes last, with the machine to itself.
    """
    if os.environ.get("FAULTS") == "long":
        return [pytest(FAULTS, *TOLD_OF_FAULTS)]
    lanes = [
        [str(path) for pattern in patterns for path in sorted(ROOT.glob(f"{FAULTS}/{pattern}"))]
        for patterns in FAULT_LANES
    ]
    rest = [f"--ignore={path}" for lane in lanes for path in lane]
    picked = [("-m", "not thorough and not alone", *lane) for lane in (*lanes, (FAULTS, *rest))]
    alone = [
        path for path in sorted(ROOT.glob(f"{FAULTS}/test_*.py")) if ALONE in path.read_text(encoding="utf-8")
    ]
    return [
        pytest(*which, *TOLD_OF_FAULTS, "-o", f"cache_dir=.pytest_cache/faults-{number}")
        for number, which in enumerate([*picked, ("-m", "not thorough and alone", *map(str, alone))])
    ]


FAULTS = "tests/faults"
FAULT_LANES = (
    ("test_infrastructure_services.py", "test_infrastructure_workers.py", "test_client_storm.py"),
    ("test_nemesis.py", "test_two_workers.py"),
    (
        "test_client.py",
        "test_client_f*.py",
        "test_client_slow.py",
        "test_upstream.py",
        "test_upstream_flood.py",
    ),
)
"""Files that run one after the other, beside the other lanes; one lane more has the rest. Each takes about as long.
What shares a worker is in one of them: to start one takes longer than most tests."""
ALONE = "@pytest.mark.alone"
TOLD_OF_FAULTS = ("--durations=20", "-rs", "-p", "no:schemathesis", "-p", "no:hypothesispytest")
"""No test here has a use for these plugins, and every run would wait for them to be loaded."""
OTHER_BROWSERS = "tests/e2e/test_other_browsers.py"
AT_ONCE = {"tests": 2, "faults": 4}
"""How many of a check's commands run at the same time."""
SECOND_TRY = {"tests"}
"""Checks whose tests share the machine with others and are tried again when few of them fail."""
CHECKS: dict[str, Callable[[], list[Command]]] = {
    check.__name__: check for check in (lint, types, walls, js, unit, e2e, tests, faults)
}


def pytest(*arguments: str) -> Command:
    """A pytest run; further arguments for it are taken from PYTEST_ARGS."""
    return (PYTHON, "-m", "pytest", *arguments, *os.environ.get("PYTEST_ARGS", "").split())


def main(names: Sequence[str]) -> int:
    """Run the checks and say which failed. Silent when all went well at once: the last words stay the last check's."""
    environment = environment_with_node()
    programs = {
        "CHROMIUM": find_chromium(),
        "CURL": find_curl(),
        "FIREFOX": find_firefox(),
        "NGINX": find_nginx(),
        "WEBKIT_DRIVER": find_webkit(),
    }
    for name, program in programs.items():
        if program:
            environment[name] = program
    with tempfile.TemporaryDirectory(prefix="voiceassist-tests-") as kept:
        # What takes a run of pytest long to make, the others copy.
        return _told(names, environment | {"TESTS_KEPT": kept})


def _told(names: Sequence[str], environment: dict[str, str]) -> int:
    failed = []
    unsteady: list[str] = []
    for name in names:
        tell(f"\n=== {name}")
        began = time.monotonic()
        verdict = _verdict(name, environment)
        unsteady += verdict.unsteady
        if not verdict.is_right:
            failed.append(name)
        if name != names[-1]:
            tell(f"=== {name}: {'ok' if verdict.is_right else 'FAILED'} in {time.monotonic() - began:.0f} s")
    if unsteady:
        tell(f"\nPassed only at the second try: {', '.join(unsteady)}.")
    if failed:
        tell(f"\nNot right yet: {', '.join(failed)}.")
    return 1 if failed else 0


def _verdict(name: str, environment: dict[str, str]) -> Verdict:
    # Whoever picks tests looks at them, and after a run that ended at its first failure the rest would count as passed.
    is_picked = any(os.environ.get(variable) for variable in ("PYTEST_ARGS", "PYTEST_ADDOPTS"))
    run = run_all_with_second_try if name in SECOND_TRY and not is_picked else run_all
    return run(CHECKS[name](), environment, at_once=AT_ONCE.get(name, 1))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Obstacle as obstacle:
        sys.exit(str(obstacle))
    except KeyboardInterrupt:
        sys.exit(130)
