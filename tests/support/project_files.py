"""The files that belong to this project, found without git so that a copy of the tree can be tested too."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_MADE_AGAIN = {".git", ".venv", ".venv-next", "var", "node_modules", "__pycache__", "build", ".env"}
_PACKAGES = ("voiceassist", "realtime", "conversations")


def project_files() -> Iterator[Path]:
    """Every file that a commit would hold."""
    for folder, subfolders, files in os.walk(ROOT):
        subfolders[:] = [each for each in subfolders if not _is_made_again(each)]
        yield from (Path(folder, file) for file in files if not _is_made_again(file))


def python_modules() -> list[Path]:
    """The modules of the three packages, migrations left out: Django writes those."""
    modules = (path for package in _PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted(path for path in modules if "migrations" not in path.parts)


def text_of(path: Path) -> str | None:
    """The file's text, or None for a picture, a sound or another binary."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def _is_made_again(name: str) -> bool:
    return (
        name in _MADE_AGAIN
        or name.endswith(("_cache", ".egg-info", ".sqlite3", ".hypothesis"))
        or name == ".coverage"
    )
