"""Every sentence of pages and scripts is in every catalogue, translated, and says the same of the same things."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings

from tests.support.project_files import ROOT

LOCALE = ROOT / "voiceassist" / "locale"
CATALOGUES = sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}")


def name_of(path: Path) -> str:
    return path.relative_to(LOCALE).as_posix()


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def sentences(path: Path) -> Iterator[Message]:
    return (message for message in catalogue(path) if message.id)


def forms(text: Any) -> tuple[str, ...]:
    """A sentence, or its forms for one and for many."""
    return tuple(text) if isinstance(text, tuple | list) else (str(text),)


def test_every_language_but_english_has_both_catalogues() -> None:
    languages = {code for code, _ in settings.LANGUAGES} - {settings.LANGUAGE_CODE}
    assert {(path.parts[-3], path.stem) for path in CATALOGUES} == {
        (language, domain) for language in languages for domain in ("django", "djangojs")
    }


def test_the_catalogues_hold_what_the_sources_say_and_are_compiled() -> None:
    outcome = subprocess.run(
        [sys.executable, ".ci/words.py", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (outcome.stdout, outcome.stderr, outcome.returncode) == ("", "", 0)


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_nothing_waits_for_a_translation_or_a_second_look(path: Path) -> None:
    waiting = [message.id for message in sentences(path) if message.fuzzy or not all(forms(message.string))]
    assert waiting == []


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_a_translation_has_the_placeholders_of_the_sentence(path: Path) -> None:
    for message in sentences(path):
        wanted = set(PLACEHOLDER.findall(" ".join(forms(message.id))))
        for form in forms(message.string):
            # The form for one may say "eine" instead of the number.
            found = set(PLACEHOLDER.findall(form))
            assert found == wanted or (message.pluralizable and found < wanted), message.id


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_a_translation_begins_and_ends_as_the_sentence_does(path: Path) -> None:
    """A space at the edge joins it to something, and a full stop says that it is a whole sentence."""
    for message in sentences(path):
        for form in forms(message.string):
            original = forms(message.id)[0]
            assert form[:1].isspace() == original[:1].isspace(), message.id
            assert form[-1:].isspace() == original[-1:].isspace(), message.id
            assert form.rstrip().endswith((".", "!", "?", "…", ":")) == original.rstrip().endswith(
                (".", "!", "?", "…", ":")
            ), message.id


def test_no_sentence_of_a_script_is_written_so_that_it_would_be_overlooked() -> None:
    """Only whole sentences in double quotes are collected: no template strings, nothing put together."""
    known = {
        form for path in LOCALE.glob("*/*/djangojs.po") for each in sentences(path) for form in forms(each.id)
    }
    call = re.compile(r"""\bgettext(?:Noop)?\(\s*(?P<quote>["'`])(?P<begin>[^"'`\\$\n]{0,40})""")
    for path in sorted((ROOT / "static" / "js").rglob("*.js")):
        for found in call.finditer(path.read_text(encoding="utf-8")):
            where = f"{path.name}: {found[0]}"
            assert found["quote"] == '"', where
            assert any(sentence.startswith(found["begin"]) for sentence in known), where


NAMES = {"VoiceAssist", "Markdown", "JSON", "WebVTT", "Esc", "card", "chat", "page", "settings", "test"}
"""Names that are the same in every language, and words of the bodies' classes, which stand between tags too."""
MARKED = re.compile(
    r"\{% blocktrans(?:late)?\b.*?\{% endblocktrans(?:late)? %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S
)
READ_ALOUD = re.compile(r'\b(?:aria-label|aria-description|title|placeholder|alt)="([^"]*)"')


@pytest.mark.parametrize(
    "template",
    [path for path in sorted((ROOT / "templates").rglob("*.html")) if "admin" not in path.parts],
    ids=lambda path: path.name,
)
def test_no_word_of_a_page_is_left_out_of_the_catalogues(template: Path) -> None:
    if template.name == "api_docs.html":
        return  # for programmers, and English like what it describes
    bare = MARKED.sub(" ", template.read_text(encoding="utf-8"))
    between_tags = " ".join([*READ_ALOUD.findall(bare), re.sub(r"<[^>]*>", " ", bare)])
    assert set(re.findall(r"[^\W\d_]{2,}", between_tags)) - NAMES == set()
