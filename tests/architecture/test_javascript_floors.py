"""The walls between the browser's rooms, and what Django's manifest storage needs of an import to rewrite it."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.project_files import ROOT

JS = ROOT / "static" / "js"
_OF_A_SESSION = {"voice", "voice/connection", "voice/sound", "voice/transcript"}
MAY_IMPORT = {
    "pages": {"pages", "elements", "voice/checks", *_OF_A_SESSION, "api", "lib"},
    "elements": {"elements", "lib"},
    "voice/checks": {"voice/checks", *_OF_A_SESSION, "lib"},
    "voice": {*_OF_A_SESSION, "lib"},
    "voice/connection": {"voice/connection", "lib"},
    "voice/sound": {"voice/sound", "lib"},
    "voice/transcript": {"voice/transcript", "lib"},
    "voice/worklets": {"voice/worklets"},
    "api": {"api", "lib"},
    "lib": {"lib"},
}
VOCABULARY = {"voice/vocabulary.js", "voice/problem.js"}
"""The names of states, events and failures: all that elements, and the rooms below a session, know of `voice`."""
KNOW_THE_VOCABULARY = {"elements", "voice/connection", "voice/sound", "voice/transcript"}
STATEMENT = re.compile(
    r"""^(?:import|export)\b(?:[^"'();]*?\bfrom)?\s*["'](?P<url>[^"']+)["'](?P<end>.*)$""", re.M
)
TYPE = re.compile(r"""\bimport\(\s*["'](?P<url>[^"']+)["']\s*\)""")
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.S)


def modules() -> list[Path]:
    return sorted(JS.rglob("*.js"))


def imports_of(module: Path) -> Iterator[str]:
    """Every address the module names, in code and in the types of its comments: Django rewrites both."""
    text = module.read_text(encoding="utf-8")
    for pattern in (STATEMENT, TYPE):
        yield from (match["url"] for match in pattern.finditer(text))


def name_of(path: Path) -> str:
    return path.relative_to(JS).as_posix()


def room_of(path: Path) -> str:
    return path.parent.relative_to(JS).as_posix()


def target_of(module: Path, url: str) -> Path:
    return (module.parent / url).resolve()


def test_every_folder_is_a_room_that_the_plan_knows() -> None:
    assert {room_of(module) for module in modules()} == set(MAY_IMPORT)


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_an_import_is_relative_and_names_a_file_that_exists(module: Path) -> None:
    for url in imports_of(module):
        assert url.startswith(("./", "../")), f"{url} is not relative"
        assert url.endswith(".js"), f"{url} does not end in .js"
        assert target_of(module, url).is_file(), f"{url} does not exist"


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_an_import_ends_in_a_semicolon_or_it_would_keep_its_unhashed_name(module: Path) -> None:
    for match in STATEMENT.finditer(module.read_text(encoding="utf-8")):
        assert match["end"] == ";", match.group()


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_a_comment_holds_no_import_statement_because_it_would_be_rewritten_too(module: Path) -> None:
    for comment in COMMENT.findall(module.read_text(encoding="utf-8")):
        assert not re.search(r"\b(import|export)\b[^;]*\bfrom\s*[\"']|@import\b", comment), comment


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_an_import_goes_to_a_room_below(module: Path) -> None:
    allowed = MAY_IMPORT[room_of(module)]
    for target in (target_of(module, url) for url in imports_of(module)):
        is_vocabulary = room_of(module) in KNOW_THE_VOCABULARY and name_of(target) in VOCABULARY
        assert is_vocabulary or room_of(target) in allowed, (
            f"{name_of(target)} is not below {name_of(module)}"
        )


def test_no_import_leads_in_a_circle() -> None:
    graph = {module: {target_of(module, url) for url in imports_of(module)} for module in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(name_of(module) for module in error.args[1]))
