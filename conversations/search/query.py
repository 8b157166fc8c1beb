"""Which conversations hold every word that somebody looks for.

A rare word is found by the index. A word that nearly everybody says is looked for in one conversation after the other,
which stops at the first message that has it: a page of them is full soon.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.lookups import IContains, IsNull
from django.db.models.sql.compiler import SQLCompiler

from conversations.models import Conversation, Message
from conversations.search import index
from conversations.services import storable

LONGEST_QUERY = 200
MOST_WORDS = 8
RARE = 500
"""In at most so many titles and messages: then all of them are taken from the index. Beyond, walking is quicker."""


def matching(conversations: QuerySet[Conversation], query: str) -> QuerySet[Conversation]:
    """Those in which every word of the query occurs, in the title or in a message that is shown.

    A word may be part of another, in any case of its letters; the two databases agree on what is a letter's other case
    save for oddities, such as the dotless ı. What goes beyond eight words or 200 characters is not looked for.
    """
    words = words_of(query)
    rare = _rare(words, connections[conversations.db])
    for word in words:
        conversations = conversations.filter(Q(pk__in=rare[word]) if word in rare else _says(word))
    return conversations


def words_of(query: str) -> list[str]:
    """What is looked for: each word once."""
    # As texts are stored; databases refuse the same in a parameter.
    return list(dict.fromkeys(storable(query[:LONGEST_QUERY]).split()))[:MOST_WORDS]


def _rare(words: list[str], connection: BaseDatabaseWrapper) -> dict[str, RawSQL]:
    """The conversations of each rare word. One query counts the hits of all words, and none further than it has to."""
    indexed = [word for word in words if len(word) >= index.SHORTEST_INDEXED]
    if not indexed:
        return {}
    kind = index.of(connection)
    hits = [kind.hits(word, connection) for word in indexed]
    counts = (f"(SELECT COUNT(*) FROM ({rows.sql} LIMIT {RARE + 1}) AS hits)" for rows in hits)  # noqa: S608 - ours
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", [each for rows in hits for each in rows.params])
        found = cursor.fetchone()
    return {
        word: kind.conversations_with(word, connection)
        for word, count in zip(indexed, found, strict=True)
        if count <= RARE
    }


def _says(word: str) -> Q:
    """Reads the words themselves, conversation by conversation."""
    saying = Message.objects.filter(
        Holds(F("text"), word) | Holds(F("unheard_text"), word), conversation=OuterRef("pk"), hidden=False
    )
    # Not Exists(): PostgreSQL would rather collect what everybody said before it looks at the first conversation.
    first = Subquery(saying.order_by().values("position")[:1])
    return Q(Holds(F("title"), word)) | Q(IsNull(first, False))


class Holds(IContains):
    """`icontains`, which on SQLite knows the two cases of ASCII letters only, for all letters."""

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        if self.rhs.isascii():
            return self.as_sql(compiler, connection)
        column, params = self.process_lhs(compiler, connection)
        return f"{column} GLOB %s", (*params, f"*{''.join(map(_in_either_case, self.rhs))}*")


def _in_either_case(letter: str) -> str:
    cases = {case for case in (letter, letter.lower(), letter.upper()) if len(case) == 1}
    return f"[{''.join(sorted(cases))}]" if len(cases) > 1 or letter in "*?[" else letter
