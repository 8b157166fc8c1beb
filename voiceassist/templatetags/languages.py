"""What templates ask about languages: which there are, and the sentences that a page's scripts need."""

from dataclasses import dataclass

from django import template
from django.conf import settings
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from voiceassist.languages import sentences_for_scripts

register = template.Library()


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """A language the pages are in, by its own name."""

    code: str
    name: str
    is_current: bool


@register.simple_tag
def language_choices() -> list[LanguageChoice]:
    """All languages. Django's own tag would translate their names, for readers who do not read that language."""
    current = get_language()
    return [LanguageChoice(code, name, code == current) for code, name in settings.LANGUAGES]


@register.simple_tag
def page_words() -> SafeString | str:
    """The catalogue that static/js/lib/words.js reads, as data; nothing on an English page."""
    sentences = sentences_for_scripts(get_language() or "")
    return json_script(sentences, "page-words") if sentences else ""
