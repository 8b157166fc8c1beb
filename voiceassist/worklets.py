"""The worklets of the page in one file. Audio threads of browsers before 2023 (Firefox 114) know no imports."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

NAME = "js/voice/worklets.js"
"""Where pages find it. It is nowhere in the sources: their developer finds the modules beside it."""
PROCESSORS = ("capture-processor.js", "playback-processor.js")
_IMPORT = re.compile(r"""^import\s+\{[^}]*\}\s+from\s+["']\./(?P<name>[\w-]+\.js)["'];\n""", re.M)
_EXPORT = re.compile(r"^export (?=const|class|function)", re.M)


def together(folder: Path) -> str:
    """The processors of a folder and what they import, each module once and after those it needs.

    Every module becomes a block of its own, so that two may use one name for themselves. What a module exports has to
    be named only once among all.
    """
    written: dict[str, str] = {}
    for processor in PROCESSORS:
        _write(folder, processor, written)
    return "\n".join(written.values())


def _write(folder: Path, name: str, written: dict[str, str]) -> None:
    if name in written:
        return
    source = (folder / name).read_text(encoding="utf-8")
    for needed in _IMPORT.finditer(source):
        _write(folder, needed["name"], written)
    written[name] = _as_block(_IMPORT.sub("", source))


def _as_block(source: str) -> str:
    """A module as a function that runs at once and gives what it exports, if anything, to those after it."""
    exported = re.findall(r"^export (?:const|class|function) (\w+)", source, re.M)
    names = f"{{{', '.join(exported)}}}"
    body = _EXPORT.sub("", source)
    gives = f"const {names} = " if exported else ""
    returns = f"return {names};\n" if exported else ""
    return f"{gives}(() => {{\n{body}{returns}}})();\n"


class WorkletFinder(BaseFinder):
    """Offers the one file to Django: to `collectstatic`, and to the development server as the sources change."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._folder = settings.BASE_DIR / "static" / "js" / "voice" / "worklets"
        self._storage = FileSystemStorage(location=settings.VAR_DIR / "made")

    def check(self, **kwargs: object) -> list[object]:  # type: ignore[override]
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: object) -> str | list[str]:  # type: ignore[override]
        # What is not here is said by an empty list: Django takes None for a path, too.
        if path != NAME:
            return []
        made = self._make()
        return [made] if find_all else made

    def list(self, ignore_patterns: Collection[str] | None) -> Iterator[tuple[str, Storage]]:  # type: ignore[override]
        self._make()
        yield NAME, self._storage

    def _make(self) -> str:
        path, made = Path(self._storage.path(NAME)), together(self._folder)
        if not path.exists() or path.read_text(encoding="utf-8") != made:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Put in place whole: somebody else may be reading it, or making it as well.
            with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as fresh:
                fresh.write(made)
            Path(fresh.name).chmod(0o644)
            Path(fresh.name).replace(path)
        return str(path)
