"""The catalogue of faults and the tests are of one mind: every number is tried, and the paper says by what."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from tests.support.project_files import ROOT

FAULTS = range(1, 41)
HERE = Path(__file__).parent
PAPER = ROOT / "docs" / "faults.md"
THOROUGH = "pytest.mark.thorough"
Test = ast.FunctionDef | ast.AsyncFunctionDef


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


def every_test() -> list[Test]:
    """All of these tests, as they are written."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("test_*.py")))
    return [test for tree in trees for test in those_of(tree)]


def those_of(tree: ast.Module) -> list[Test]:
    return [each for each in tree.body if isinstance(each, Test) and each.name.startswith("test_")]


def numbers(test: Test) -> set[int]:
    """The faults that a test tries."""
    return {ast.literal_eval(call.args[0]) for call in marks(test, "fault")}


def is_quick(test: Test) -> bool:
    """Whether the quick form has some of it: a test, or a case of one, that is not kept for the long form."""
    if any(ast.unparse(mark) == THOROUGH for mark in test.decorator_list):
        return False
    return all(has_quick_cases(call.args[1]) for call in marks(test, "parametrize"))


def has_quick_cases(values: ast.expr) -> bool:
    match values:
        case ast.List(elts=cases):
            return any(THOROUGH not in ast.unparse(case) for case in cases)
        case ast.Call(
            func=ast.Name(id="cases"), keywords=[ast.keyword(arg="quick", value=ast.List(elts=names))]
        ):
            return bool(names)
    return True


def marks(test: Test, name: str) -> list[ast.Call]:
    calls = [each for each in test.decorator_list if isinstance(each, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == f"pytest.mark.{name}"]


def test_every_fault_is_tried() -> None:
    assert sorted(marked()) == list(FAULTS)


def test_the_paper_names_the_tests_of_every_fault() -> None:
    assert written() == marked()


def test_the_quick_form_tries_every_fault() -> None:
    quick = [test for test in every_test() if is_quick(test)]
    assert sorted(set().union(*map(numbers, quick))) == list(FAULTS)


def test_what_is_kept_for_the_long_form_is_not_of_the_quick_one() -> None:
    whole, by_its_cases, named, in_part, in_name = those_of(ast.parse(EXAMPLES))
    assert not any(map(is_quick, (whole, by_its_cases, named)))
    assert is_quick(in_part)
    assert is_quick(in_name)


EXAMPLES = """
@pytest.mark.thorough
def test_whole(): ...

@pytest.mark.parametrize("number", [pytest.param(1, marks=pytest.mark.thorough)])
def test_by_its_cases(number): ...

@pytest.mark.parametrize("number", cases(NUMBERS, quick=[]))
def test_named(number): ...

@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.thorough)])
async def test_in_part(number): ...

@pytest.mark.parametrize("number", cases(NUMBERS, quick=["one"]))
def test_in_name(number): ...
"""
