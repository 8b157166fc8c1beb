"""The papers tell the truth: commands, variables, versions, licences and links are held against the project."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import voiceassist
from tests.support.project_files import ROOT, project_files
from voiceassist import env

MARKDOWN = sorted(path for path in project_files() if path.suffix == ".md")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def targets_of_the_makefile() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.M))


def test_the_first_screen_of_the_readme_holds_the_two_commands_and_the_page() -> None:
    first_screen = "\n".join(read("README.md").splitlines()[:40])
    assert "make run" in first_screen
    assert "make test" in first_screen
    assert re.search(r"!\[[^\]]+\]\(docs/images/chat\.png\)", first_screen)


@pytest.mark.parametrize("paper", MARKDOWN, ids=name_of)
def test_a_make_command_that_a_paper_names_exists(paper: Path) -> None:
    commands = re.findall(r"(?:^|[`\s])make ([a-z][a-z-]+)\b(?=[`\s]|$)", code_in(paper), re.M)
    assert set(commands) <= targets_of_the_makefile()


@pytest.mark.parametrize("paper", MARKDOWN, ids=name_of)
def test_a_link_inside_the_project_leads_somewhere(paper: Path) -> None:
    for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", paper.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", link):
            assert (paper.parent / link).exists(), f"{link} does not exist"


def test_the_environments_example_lists_exactly_what_the_settings_read() -> None:
    listed = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", read(".env.example"), re.M)
    assert len(listed) == len(set(listed)), "a variable is listed twice"
    assert set(listed) == env.names_read()


def test_the_environments_example_says_that_a_value_may_come_from_a_file() -> None:
    assert "NAME_FILE" in read(".env.example")


def test_the_changelog_has_an_entry_for_this_version() -> None:
    assert re.search(rf"^## \[?{re.escape(voiceassist.__version__)}\b", read("CHANGELOG.md"), re.M)


def test_the_version_is_the_same_everywhere() -> None:
    assert f'version = "{voiceassist.__version__}"' in read("pyproject.toml")


def test_every_package_that_runs_with_us_is_named_with_its_licence() -> None:
    named = set(re.findall(r"^\| `([^`]+)`", read("THIRD-PARTY.md"), re.M))
    assert packages_that_run_with_us() - named == set()


def packages_that_run_with_us() -> set[str]:
    """The names of our dependencies and of theirs, the speech part included, as far as this Python needs them."""
    found: set[str] = set()
    waiting = [Requirement(each) for each in requires("voiceassist") or []]
    waiting = [each for each in waiting if _wanted(each, {"", "speech"})]
    while waiting:
        requirement = waiting.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in found:
            found.add(name)
            waiting += [each for each in requirements_of(name) if _wanted(each, {"", *requirement.extras})]
    return found


def requirements_of(name: str) -> list[Requirement]:
    """What a package asks for; nothing for one that has no build for this Python."""
    try:
        return [Requirement(each) for each in requires(name) or []]
    except PackageNotFoundError:
        return []


def _wanted(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


def code_in(paper: Path) -> str:
    """What a Markdown file shows as code."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", paper.read_text(encoding="utf-8"), re.S))
