"""The catalogue of faults and the tests are of one mind: every number is tried, and the paper says by what."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from tests.support.project_files import ROOT

FAULTS = range(1, 41)
HERE = Path(__file__).parent
PAPER = ROOT / "docs" / "faults.md"


def marked() -> dict[int, set[str]]:
    """Which files try which fault: `@pytest.mark.fault(n)` on a test, or on a whole module."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
                found[ast.literal_eval(node.args[0])].add(path.stem)
    return found


def written() -> dict[int, set[str]]:
    """Which files the table of the paper names for which fault."""
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", PAPER.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {int(number): set(re.findall(r"`(test_\w+)`", tests)) for number, tests in rows}


def test_every_fault_is_tried() -> None:
    assert sorted(marked()) == list(FAULTS)


def test_the_paper_names_the_tests_of_every_fault() -> None:
    assert written() == marked()
