"""What no file of the project may hold, and what every module must."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project_files import ROOT, project_files, python_modules, text_of

# Folded so that this file does not hold what it forbids.
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.*~-])/(?:wor" r"k|roo" r"t|tm" r"p|home|Users)/[\w.-]",
    "something like a provider's key": r"\bs" r"k-(?:proj-)?[A-Za-z0-9_]{20,}",
    "something like a ticket": r"\be" r"k_[A-Za-z0-9_-]{32,}",
    "a private key": r"-{5}BEGIN [A-Z ]*PRIVATE" r" KEY",
    "the address of a package registry": r"registry\.np"
    r"mjs|pypi\.or"
    r"g|python"
    r"hosted|deb\.debi"
    r"an",
}

READS_THE_ENVIRONMENT = {
    "voiceassist/env.py",
    # The engine's own server knows no settings: an option names the variable that holds its key.
    "realtime/management/commands/voiceassist_engine.py",
    # A speech worker inherits a few variables, each by name, and not the keys among the others.
    "realtime/engine/speech/process.py",
    # What a server other than ours would read, to warn whoever runs one. It is no setting of ours.
    "voiceassist/checks.py",
}
CATCHES_EVERYTHING = {
    "realtime/consumers.py": 1,  # a socket that could not be admitted is told so
    "realtime/engine/server.py": 1,  # the same for a session of the engine, whose client may be a stranger
    "realtime/control.py": 2,  # a layer that fails in whatever way; an order that is not obeyed
    "realtime/tasks.py": 1,  # whatever goes wrong in a task of a session ends that session
    "realtime/passage.py": 3,  # so does what goes wrong while a frame is heard
    "voiceassist/health.py": 1,  # a part that cannot be asked is not there
    "voiceassist/management/doctor/examination.py": 1,  # a part that cannot be examined is told so
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def findings(pattern: str) -> Iterator[str]:
    for path in project_files():
        for number, line in enumerate((text_of(path) or "").splitlines(), 1):
            if re.search(pattern, line):
                yield f"{name_of(path)}:{number}: {line.strip()[:120]}"


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    assert list(findings(FORBIDDEN[what])) == []


@pytest.mark.parametrize("module", python_modules(), ids=name_of)
def test_a_module_opens_with_a_line_that_says_what_the_room_is_for(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    assert docstring, "no docstring"
    assert docstring.splitlines()[0].rstrip().endswith((".", "?", ":")), "its first line is no sentence"


@pytest.mark.parametrize("module", python_modules(), ids=name_of)
def test_the_environment_is_read_by_its_reader_alone(module: Path) -> None:
    if name_of(module) in READS_THE_ENVIRONMENT:
        return
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}:
            assert _only_names_the_settings(tree, node), f"line {node.lineno} reads the environment"


@pytest.mark.parametrize("module", python_modules(), ids=name_of)
def test_everything_is_caught_only_where_a_session_ends(module: Path) -> None:
    """A handler that only tidies up and raises the same again catches nothing."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    catching_all = [node.lineno for node in handlers if _catches_everything(node) and not _raises_again(node)]
    assert len(catching_all) <= CATCHES_EVERYTHING.get(name_of(module), 0), f"lines {catching_all}"


@pytest.mark.parametrize("module", python_modules(), ids=name_of)
def test_a_drawer_for_everything_has_no_place(module: Path) -> None:
    assert module.stem not in {"utils", "util", "helpers", "common", "misc"}


def _only_names_the_settings(tree: ast.Module, environ: ast.Attribute) -> bool:
    """`os.environ.setdefault("DJANGO_SETTINGS_MODULE", …)`, which an ASGI application has to do."""
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.value is environ
        and call.func.attr == "setdefault"
        for call in ast.walk(tree)
    )


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    names = (
        {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
        if handler.type
        else {"Exception"}
    )
    return bool(names & {"Exception", "BaseException"})


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None
