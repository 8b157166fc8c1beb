"""Every event of the telemetry is counted by somebody: a series that nobody feeds says that all is well."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from realtime.telemetry import Event
from tests.support.project_files import ROOT, python_modules

HOME = "realtime.telemetry"
ONLY_NAMED = {"realtime/telemetry.py", "voiceassist/figures.py"}
"""Where events are made, and given the names under which they are exported."""


def counted_in(source: str) -> set[str]:
    """The names of the events that a module hands to some `count`, directly or from a table of its own."""
    tree = ast.parse(source)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == HOME]
    called = {each.asname or each.name for node in imports for each in node.names if each.name == "Event"}
    tables = dict(_tables(tree, called))
    return {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "count"
        for argument in node.args
        for name in _named(argument, called, tables)
    }


def _tables(tree: ast.Module, called: set[str]) -> Iterator[tuple[str, set[str]]]:
    """The module's own names for something that holds events."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, set(_named(node.value, called, {}))


def _named(expression: ast.expr, called: set[str], tables: Mapping[str, set[str]]) -> Iterator[str]:
    for node in ast.walk(expression):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in called:
            yield node.attr
        elif isinstance(node, ast.Name):
            yield from tables.get(node.id, ())


def _counted(path: Path) -> set[str]:
    is_left_out = path.relative_to(ROOT).as_posix() in ONLY_NAMED
    return set() if is_left_out else counted_in(path.read_text(encoding="utf-8"))


def test_no_series_is_dead() -> None:
    counted = {name for path in python_modules() for name in _counted(path)}
    assert set(Event.__members__) - counted == set()


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        ("from realtime.telemetry import Event\ntally.count(Event.LIMIT_HIT, 2)", {"LIMIT_HIT"}),
        ("from realtime.telemetry import Event as E\nself.tally.count(E.LIMIT_HIT)", {"LIMIT_HIT"}),
        (
            "from realtime.telemetry import Event\n_T = {1: Event.SIGN_IN}\ntally.count(_T.get(2, Event.LIMIT_HIT))",
            {"SIGN_IN", "LIMIT_HIT"},
        ),
        ("from realtime.telemetry import Event\ntally.counted(Event.LIMIT_HIT)", set()),
        ("from realtime.telemetry import Event\n_T = {1: Event.SIGN_IN}\nprint(_T)", set()),
        ("from elsewhere import Event\ntally.count(Event.LIMIT_HIT)", set()),
    ],
    ids=["at once", "renamed", "from a table", "asked", "a table for nothing", "another event"],
)
def test_what_is_taken_for_counting(source: str, counted: set[str]) -> None:
    assert counted_in(source) == counted
