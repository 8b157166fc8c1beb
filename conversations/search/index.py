"""The index of words: made, mended and cleaned, on whichever database there is."""

from typing import Protocol

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models.expressions import RawSQL

from conversations.search import fts, trigrams

SHORTEST_INDEXED = 3
"""Either index is made of three characters in a row."""


class Kind(Protocol):
    """An index as one database has it: a module of this package."""

    def hits(self, word: str, connection: BaseDatabaseWrapper) -> RawSQL:
        """A row for each title and each shown message with this word in it, to be counted."""

    def conversations_with(self, word: str, connection: BaseDatabaseWrapper) -> RawSQL:
        """The conversation of each of them."""

    def is_complete(self, cursor: CursorWrapper) -> bool:
        """Whether all of it is there."""

    def create(self, cursor: CursorWrapper) -> None:
        """Make it of what is there. Raises CommandError, with what to do, where the database cannot."""

    def drop(self, cursor: CursorWrapper) -> None:
        """Take it away, or what is left of it."""


def of(connection: BaseDatabaseWrapper) -> Kind:
    """The index that this database has."""
    return fts if connection.vendor == "sqlite" else trigrams


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the index unless it is there; what a later migration took from it is made again.

    On SQLite Django changes a table by making another, and the triggers of the first are gone without a word.
    """
    kind = of(connection)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if not kind.is_complete(cursor):
            kind.drop(cursor)
            kind.create(cursor)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the index away."""
    with connection.cursor() as cursor:
        of(connection).drop(cursor)


def forget(using: str = DEFAULT_DB_ALIAS) -> None:
    """Let nothing of what was deleted be read from the index any more. To be called when an erasure is committed.

    PostgreSQL clears away deleted rows, and what its indexes hold of them, by itself.
    """
    if connections[using].vendor == "sqlite":
        fts.merge(connections[using])
