"""Tests that failed are tried once more with their files, in the open: real runs of pytest over tests of a folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project_files import ROOT

RUN = """
import os, sys, checks
own, beside = sys.argv[1:3]
checks.environment_with_node = lambda: dict(os.environ)
checks.CHECKS = {
    name: lambda: [[sys.executable, "-m", "pytest", "--rootdir", folder, folder] for folder in (own, beside)]
    for name in ("tests", "unit")
}
sys.exit(checks.main(sys.argv[3:] or ["tests"]))
"""
FAILS_FIRST = """
from pathlib import Path

def test_of_an_accident():
    trace = Path(__file__).with_name("trace")
    if not trace.exists():
        trace.touch()
        raise AssertionError("it was too early")
"""
FAILS_FIRST_IN_A_GROUP = """
import pytest
from pathlib import Path

class TestGroup:
    @pytest.mark.parametrize("name", ["a::b[0].py"])
    def test_of_an_accident(self, name):
        trace = Path(__file__).with_name("trace")
        if not trace.exists():
            trace.touch()
            raise AssertionError("it was too early")
"""
FAILS_FIRST_AND_IN_THE_END = """
import pytest
from pathlib import Path

TRACE = Path(__file__).with_name("trace")

@pytest.fixture
def untidy():
    was_there = TRACE.exists()
    yield
    assert not was_there

def test_of_an_accident(untidy):
    if not TRACE.exists():
        TRACE.touch()
        raise AssertionError("it was too early")
"""
FAILS_THEN = """
def test_that_is_steady_once():
    again = Path(__file__).with_name("again")
    assert not again.exists()
    again.touch()
"""
PROVOKED = """
import pytest

left = []

def test_that_leaves_something():
    left.append("something")

class TestRoom:
    @pytest.mark.parametrize("name", ["a::b[0]"])
    def test_that_finds_it(self, name):
        assert left == []
"""
FAILS = "def test_of_a_fault():\n    assert False\n"
PASSES = (
    "def test_that_passes():\n    with open(__file__ + '.runs', 'a') as runs:\n        runs.write('once ')\n"
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The tests of the run that is seen at once."""
    return folder_of(tmp_path / "own")


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The tests of the run that goes on at the same time."""
    return folder_of(tmp_path / "beside")


def folder_of(place: Path) -> Path:
    place.mkdir()
    (place / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (place / "test_steady.py").write_text(PASSES, encoding="utf-8")
    return place


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def checked(
    own: Path, beside: Path, *names: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The checks as they ended, and the lines that they printed."""
    variables = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT / ".ci"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    ended = subprocess.run(
        [sys.executable, "-c", RUN, own, beside, *names],
        env=variables | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended, ended.stdout.rstrip().splitlines()


def test_what_passes_at_the_second_try_is_right_and_named_at_the_very_end(own: Path, beside: Path) -> None:
    put(own, "test_unsteady.py", FAILS_FIRST)
    put(beside, "test_unsteady_too.py", FAILS_FIRST)
    ended, lines = checked(own, beside)
    assert ended.returncode == 0, ended.stdout
    names = ["test_unsteady.py::test_of_an_accident", "test_unsteady_too.py::test_of_an_accident"]
    assert lines[-1] == f"Passed only at the second try: {', '.join(names)}."
    for name in names:
        told = lines.index(f"  {name}")
        assert lines[told - 1] == "Failed first, and tried once more with the rest of their files:"
    assert lines.count("Failed first, and passed at the second try:") == 2
    runs = (own / "test_steady.py.runs").read_text(encoding="utf-8")
    assert runs == "once ", "files without a failure are not run again"


def test_what_fails_twice_is_a_failure_and_what_passed_beside_it_is_named(own: Path, beside: Path) -> None:
    put(own, "test_unsteady.py", FAILS_FIRST)
    put(own, "test_wrong.py", FAILS)
    ended, lines = checked(own, beside)
    assert ended.returncode == 1
    assert lines[-3:] == [
        "Passed only at the second try: test_unsteady.py::test_of_an_accident.",
        "",
        "Not right yet: tests.",
    ]
    assert lines[lines.index("Failed twice:") + 1] == "  test_wrong.py::test_of_a_fault"


def test_what_another_test_of_its_file_provokes_does_not_vanish(own: Path, beside: Path) -> None:
    put(own, "test_entangled.py", PROVOKED)
    ended, lines = checked(own, beside)
    assert ended.returncode == 1
    assert (
        lines[lines.index("Failed twice:") + 1]
        == "  test_entangled.py::TestRoom::test_that_finds_it[a::b[0]]"
    )
    assert lines[-1] == "Not right yet: tests."


def test_what_passes_in_a_group_and_with_parameters_is_recognised(own: Path, beside: Path) -> None:
    put(own, "test_unsteady.py", FAILS_FIRST_IN_A_GROUP)
    ended, lines = checked(own, beside)
    assert ended.returncode == 0, ended.stdout
    name = "test_unsteady.py::TestGroup::test_of_an_accident[a::b[0].py]"
    assert lines[-1] == f"Passed only at the second try: {name}."


@pytest.mark.parametrize(
    "then", ["pytest.skip('not now')", "pytest.xfail('not yet')"], ids=["skipped", "expected"]
)
def test_what_is_not_run_to_its_end_at_the_second_try_has_not_passed(
    own: Path, beside: Path, then: str
) -> None:
    put(own, "test_unsteady.py", f"import pytest\n{FAILS_FIRST}    {then}\n")
    ended, lines = checked(own, beside)
    assert ended.returncode == 1
    told = lines.index("Failed first, and neither passed nor failed then:")
    assert lines[told + 1] == "  test_unsteady.py::test_of_an_accident"
    assert lines[-1] == "Not right yet: tests."
    assert "Passed only" not in ended.stdout


def test_what_fails_in_its_tidying_up_has_not_passed(own: Path, beside: Path) -> None:
    put(own, "test_unsteady.py", FAILS_FIRST_AND_IN_THE_END)
    ended, lines = checked(own, beside)
    assert ended.returncode == 1
    assert lines[lines.index("Failed twice:") + 1] == "  test_unsteady.py::test_of_an_accident"
    assert "Passed only" not in ended.stdout


def test_what_fails_at_the_second_try_alone_is_a_failure(own: Path, beside: Path) -> None:
    put(own, "test_unsteady.py", FAILS_FIRST + FAILS_THEN)
    ended, lines = checked(own, beside)
    assert ended.returncode == 1
    told = lines.index("Passed first, and failed at the second try:")
    assert lines[told + 1] == "  test_unsteady.py::test_that_is_steady_once"
    assert lines[-1] == "Not right yet: tests."


def test_more_than_three_are_no_accident(own: Path, beside: Path) -> None:
    for number in range(4):
        place = own / f"number{number}"
        place.mkdir()
        put(place, f"test_{number}.py", FAILS_FIRST)
    ended, lines = checked(own, beside)
    assert ended.returncode == 1
    assert lines[-1] == "Not right yet: tests."
    assert "second try" not in ended.stdout
    assert "tried once more" not in ended.stdout


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("import nothing_of_that_name\n", "test_wrong.py"),
        ("import os\n\ndef test_that_takes_all_with_it():\n    os._exit(1)\n", "test_zzz.py"),
    ],
)
def test_a_run_that_did_not_come_to_its_end_is_not_made_good(
    own: Path, beside: Path, broken: str, name: str
) -> None:
    put(own, "test_unsteady.py", FAILS_FIRST)
    put(own, name, broken)
    ended, lines = checked(own, beside)
    assert ended.returncode == 1
    assert lines[-1] == "Not right yet: tests."
    assert "second try" not in ended.stdout


@pytest.mark.parametrize("picking", ["PYTEST_ARGS", "PYTEST_ADDOPTS"])
def test_whoever_picks_tests_sees_each_failure(own: Path, beside: Path, picking: str) -> None:
    put(own, "test_unsteady.py", FAILS_FIRST)
    ended, lines = checked(own, beside, **{picking: "-x"})
    assert ended.returncode == 1
    assert lines[-1] == "Not right yet: tests."


def test_other_checks_have_no_second_try(own: Path, beside: Path) -> None:
    put(own, "test_unsteady.py", FAILS_FIRST)
    ended, lines = checked(own, beside, "unit")
    assert ended.returncode == 1
    assert lines[-1] == "Not right yet: unit."


@pytest.mark.parametrize("name", ["tests", "unit"])
def test_a_run_without_a_test_is_right_only_where_tests_are_picked(
    own: Path, beside: Path, name: str
) -> None:
    (beside / "test_steady.py").unlink()
    ended, lines = checked(own, beside, name)
    assert ended.returncode == 1
    assert lines[-1] == f"Not right yet: {name}."
    picked, _ = checked(own, beside, name, PYTEST_ARGS="-q")
    assert picked.returncode == 0, picked.stdout


def test_when_nothing_fails_there_is_nothing_to_tell(own: Path, beside: Path) -> None:
    ended, lines = checked(own, beside)
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in lines[-1]
    assert "tried" not in ended.stdout
