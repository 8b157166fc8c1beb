"""Where in a conversation the words were said that somebody looks for: a short piece of one message."""

import re
from collections.abc import Collection, Iterable
from functools import reduce
from itertools import islice
from operator import and_, or_
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import Coalesce, Concat

from conversations.models import Conversation, Message
from conversations.search.query import Holds, words_of

LONGEST = 120
"""Characters, the marks of a cut included."""
_BEFORE = 40
"""So many characters before the word are shown where there are more."""
_CUT = "…"
_LOOKED_AT = 100
"""Of more places where a word stands in one message, no others are compared."""


def excerpts(conversations: Collection[Conversation], query: str) -> dict[UUID, str]:
    """A piece of the first message that has every word that the title lacks, or else of the first that has one of them.

    By conversation; one whose title has all words, or in which none was said, is not among them. One query.
    """
    words = words_of(query)
    if not words or not conversations:
        return {}
    titled = Conversation.objects.filter(pk__in=[each.pk for each in conversations])
    found = (
        titled.exclude(_all(Holds(F("title"), word) for word in words))
        .annotate(said=_said(words))
        .exclude(said=None)
        .order_by()
        .values_list("pk", "title", "said")
    )
    return {key: _piece(said, _lacking(title, words)) for key, title, said in found}


def _said(words: list[str]) -> Coalesce:
    """The text of that message. It stops reading at the first."""
    in_title = [Q(Holds(OuterRef("title"), word)) for word in words]
    in_message = [Q(Holds(F("text"), word)) | Q(Holds(F("unheard_text"), word)) for word in words]
    pairs = list(zip(in_title, in_message, strict=True))
    return Coalesce(
        _first(reduce(and_, (titled | said for titled, said in pairs))),
        _first(reduce(or_, (~titled & said for titled, said in pairs))),
    )


def _first(holds: Q) -> Subquery:
    shown = Message.objects.filter(holds, conversation=OuterRef("pk"), hidden=False).order_by("position")
    both = Concat("text", Value("\n"), "unheard_text", output_field=TextField())
    return Subquery(shown.values(said=both)[:1])


def _all(lookups: Iterable[Holds]) -> Q:
    return reduce(and_, map(Q, lookups))


def _lacking(title: str, words: list[str]) -> list[str]:
    return [word for word in words if not _any_of([word]).search(title)] or words


def _any_of(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)), re.IGNORECASE)


def _piece(text: str, words: list[str]) -> str:
    """What stands around the words, cut between words where there are any."""
    line = " ".join(text.split())
    if len(line) <= LONGEST:
        return line
    start, end = _place(line, words)
    room = LONGEST - 2 * len(_CUT)
    left = max(0, min(start - _BEFORE, len(line) - room))
    right = left + room
    if left > 0:
        left = max(left, line.find(" ", left - 1, start) + 1)
    if right < len(line):
        space = line.rfind(" ", end, right + 1)
        right = right if space < 0 else space
    return (_CUT if left > 0 else "") + line[left:right].strip() + (_CUT if right < len(line) else "")


def _place(line: str, words: list[str]) -> tuple[int, int]:
    """Where the word begins and ends behind which most of the others stand; the beginning of the line where none is.

    The databases know the other case of a few more letters.
    """
    places = [found.span() for found in islice(_any_of(words).finditer(line), _LOOKED_AT)]

    def company(place: tuple[int, int]) -> int:
        near = line[place[0] : place[0] + LONGEST - _BEFORE].lower()
        return sum(word.lower() in near for word in words)

    return max(places, key=company, default=(0, 0))
