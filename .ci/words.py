"""Collects every sentence of the sources that people read, and keeps the catalogues: `make words`.

Sentences that are new stand in the .po files without a translation, and those no longer used are gone. Then the .po
files are compiled; what is not translated stays English until somebody has written it. `words.py --check` writes
nothing and names the files that another run would change.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize
from obstacle import ROOT, tell

LOCALE = ROOT / "voiceassist" / "locale"
LANGUAGES = ("de",)
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_LITERAL = r'"(?:[^"\\\n]|\\.)*"'
_CALL_IN_SCRIPT = re.compile(
    rf"\bgettext(?:Noop)?\(\s*(?P<sentence>{_LITERAL}(?:\s*\+\s*{_LITERAL})*)\s*[,)]"
)
_NO_PAGES = {"migrations", "admin", "management"}
"""Folders whose words are English whatever the browser asks for: see voiceassist/languages.py."""


@dataclass(frozen=True, slots=True)
class Domain:
    """One file per language, and the sources whose sentences it holds."""

    name: str
    sources: Callable[[], Iterator[Path]]

    def path(self, language: str, ending: str = "po") -> Path:
        """Where the catalogue of a language lies."""
        return LOCALE / language / "LC_MESSAGES" / f"{self.name}.{ending}"


def _pages() -> Iterator[Path]:
    for folder, pattern in (
        ("templates", "*.html"),
        ("voiceassist", "*.py"),
        ("realtime", "*.py"),
        ("conversations", "*.py"),
    ):
        yield from _below(ROOT / folder, pattern)


def _scripts() -> Iterator[Path]:
    yield from _below(ROOT / "static" / "js", "*.js")


def _below(folder: Path, pattern: str) -> Iterator[Path]:
    for path in sorted(folder.rglob(pattern)):
        if not _NO_PAGES & set(path.relative_to(folder).parts):
            yield path


DOMAINS = (Domain("django", _pages), Domain("djangojs", _scripts))
EVERY = tuple((domain, language) for language in LANGUAGES for domain in DOMAINS)


def collect(domain: Domain) -> Catalog:
    """Every sentence of a domain's sources, with the files it stands in."""
    found = Catalog(charset="utf-8")
    for path in domain.sources():
        for line, message, comments, context in _extract(path):
            place = (path.relative_to(ROOT).as_posix(), line)
            found.add(message, locations=[place], auto_comments=comments, context=context)
    return found


def _extract(path: Path) -> Iterator[tuple[int, Any, list[str], str | None]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        yield from _extract_script(text)
        return
    if path.suffix == ".html":
        # Django's own reader of templates makes calls out of tags. What is around them is crossed out, and its indents
        # are nothing that Python would accept.
        text = "\n".join(line.strip() for line in templatize(text).splitlines())
    yield from extract("python", BytesIO(text.encode()), KEYWORDS, ("Translators:",), {"encoding": "utf-8"})


def _extract_script(text: str) -> Iterator[tuple[int, str, list[str], None]]:
    """Babel's reader of JavaScript takes any string in the call for a sentence, `gettext(TABLE["x"])` too."""
    for call in _CALL_IN_SCRIPT.finditer(text):
        sentence = "".join(json.loads(literal) for literal in re.findall(_LITERAL, call["sentence"]))
        yield text.count("\n", 0, call.start()) + 1, sentence, [], None


def bring_up_to_date(domain: Domain, language: str) -> Catalog:
    """The catalogue of a language with exactly the sentences of the sources; translations it had are kept."""
    kept = stored(domain, language)
    kept.update(collect(domain), no_fuzzy_matching=True)
    kept.obsolete.clear()
    return kept


def stored(domain: Domain, language: str) -> Catalog:
    """The catalogue as it lies in its file; an empty one where there is no file yet."""
    path = domain.path(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8")


def as_text(catalogue: Catalog) -> bytes:
    """A .po file. Neither dates nor line numbers: nothing changes where no sentence did."""
    written = BytesIO()
    write_po(written, catalogue, width=110, sort_by_file=True, omit_header=True, include_lineno=False)
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    return header.encode() + written.getvalue().strip() + b"\n"


class _Undated(Catalog):
    """A catalogue whose header says what readers of a .mo file need. Babel's own holds the moment of its making."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale)),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Plural-Forms", self.plural_forms),
        ]


def compiled(text: bytes, language: str) -> bytes:
    """The .mo file of a .po file: what the running site reads."""
    undated = _Undated(locale=language, charset="utf-8")
    for message in read_po(BytesIO(text), locale=language, charset="utf-8"):
        if message.id:
            undated.add(message.id, message.string, context=message.context)
    written = BytesIO()
    write_mo(written, undated)
    return written.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    """The sentences without a translation."""
    return [_first(message.id) for message in catalogue if message.id and not _is_translated(message.string)]


def _is_translated(string: Any) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


def _first(sentence: Any) -> str:
    return str(sentence[0]) if isinstance(sentence, tuple | list) else str(sentence)


def made(domain: Domain, language: str) -> dict[Path, bytes]:
    """The files of a domain and language, as they have to be."""
    text = as_text(bring_up_to_date(domain, language))
    return {domain.path(language): text, domain.path(language, "mo"): compiled(text, language)}


def check() -> int:
    """Name the files that are not as they have to be; 1 when there is one."""
    files = {path: made_of for each in EVERY for path, made_of in made(*each).items()}
    stale = [path for path, made_of in files.items() if not path.exists() or path.read_bytes() != made_of]
    for path in stale:
        tell(f"{path.relative_to(ROOT)} is not what the sources say. `make words` brings it up to date.")
    return 1 if stale else 0


def write() -> int:
    """Write all catalogues and name what waits for its translation; 1 when something does."""
    waiting = 0
    for domain, language in EVERY:
        for path, contents in made(domain, language).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents)
        untranslated = missing(stored(domain, language))
        for sentence in untranslated:
            tell(f"{domain.path(language).relative_to(ROOT)}: not translated yet: {sentence}")
        waiting += len(untranslated)
    return 1 if waiting else 0


if __name__ == "__main__":
    sys.exit(check() if "--check" in sys.argv[1:] else write())
