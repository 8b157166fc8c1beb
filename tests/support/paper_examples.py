"""The examples of a paper: its fenced blocks, what is said to come of them, and whether it is what came."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARK = "\x1e"
"""Printed between the outputs of two examples; no answer of ours holds it."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$\n*", re.M | re.S)
ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Example:
    """A block that can be run, and the one below it, if that shows what it prints."""

    language: str
    line: int
    source: str
    expected: str = ""


def examples_in(paper: str, *languages: str) -> Iterator[Example]:
    """The blocks in these languages, from top to bottom. A `json` or `text` block right after one is its output."""
    for block in _BLOCK.finditer(paper):
        if block[1] not in languages:
            continue
        below = _BLOCK.match(paper, block.end())
        output = below[2] if below and below[1] in ("json", "text") else ""
        yield Example(block[1], paper.count("\n", 0, block.start()) + 1, block[2], output)


def complaint_about_program(
    interpreter: Sequence[str],
    examples: Iterable[Example],
    marking: str,
    *,
    folder: Path,
    programs: Iterable[Path] = (),
) -> str:
    """Run examples as one program in `folder`, and say at which line it first went wrong; empty when it did not.

    `marking` prints MARK in their language; `programs` are what they call beside a bare system and our own Python.
    """
    examples = list(examples)
    path = [Path(sys.executable).parent, *(program.parent for program in programs)]
    outcome = subprocess.run(
        interpreter,
        input="".join(f"{example.source}\n{marking}\n" for example in examples),
        cwd=folder,
        env={"PATH": os.pathsep.join([*map(str, path), os.defpath])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    printed = outcome.stdout.split(MARK)
    for example, output in zip(examples, printed, strict=False):
        if complaint := complaint_about(example, output):
            return f"line {example.line}: {complaint}\n{outcome.stderr}"
    if outcome.returncode == 0 and len(printed) == len(examples) + 1:
        return ""
    return f"line {examples[len(printed) - 1].line}: it stopped.\n{outcome.stderr}"


def complaint_about(example: Example, printed: str) -> str:
    """What of an example's output is not as the paper shows it; empty when it is.

    Words are compared but for `…`, which stands for anything; numbers but for their value, since most are times and
    counts. An object has the fields that are shown and no other, unless `"…"` is among them.
    """
    if not example.expected:
        return ""
    try:
        expected = json.loads(example.expected)
    except ValueError:
        return _missing_line(example.expected, printed)
    try:
        return _difference(expected, json.loads(printed), "")
    except ValueError:
        return f"this is no JSON: {printed[:500]}"


def _missing_line(expected: str, printed: str) -> str:
    """The first line that does not come, in its order, among the printed ones."""
    lines = iter(printed.splitlines())
    for wanted in expected.splitlines():
        if not any(_fits(wanted.strip(), line.strip()) for line in lines):
            return f"{wanted!r} is not printed in: {printed[:500]}"
    return ""


def _difference(expected: Any, told: Any, path: str) -> str:
    if isinstance(expected, dict) and isinstance(told, dict):
        return _difference_of_objects(expected, told, path)
    if isinstance(expected, list) and isinstance(told, list):
        return _difference_of_lists(expected, told, path)
    if isinstance(expected, str) and isinstance(told, str):
        return "" if _fits(expected, told) else f"{path} is {told!r}"
    alike = expected == told if isinstance(expected, bool | None) else type(expected) is type(told)
    return "" if alike else f"{path} is {told!r}"


def _difference_of_objects(expected: dict[str, Any], told: dict[str, Any], path: str) -> str:
    shown = set(expected) - {ELLIPSIS}
    if shown - set(told) or (ELLIPSIS not in expected and set(told) - shown):
        return f"{path or 'the answer'} has the fields {sorted(told)}"
    return next(filter(None, (_difference(expected[key], told[key], f"{path}.{key}") for key in shown)), "")


def _difference_of_lists(expected: list[Any], told: list[Any], path: str) -> str:
    shown = [each for each in expected if each != ELLIPSIS]
    if len(told) < len(shown) or (len(shown) == len(expected) and len(told) > len(shown)):
        return f"{path} has {len(told)} elements"
    pairs = enumerate(zip(shown, told, strict=False))
    return next(filter(None, (_difference(one, other, f"{path}[{n}]") for n, (one, other) in pairs)), "")


def _fits(expected: str, told: str) -> bool:
    pattern = ".*".join(map(re.escape, expected.split(ELLIPSIS)))
    return re.fullmatch(pattern, told, re.S) is not None
