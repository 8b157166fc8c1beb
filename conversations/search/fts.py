"""The index of words on SQLite: an FTS5 table of trigrams, kept by triggers, so that no writer has to think of it."""

# ruff: noqa: S608 - every name in these statements is ours, every word a parameter

from dataclasses import dataclass

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models.expressions import RawSQL

_ENTRY = "conversations_search_entry"
_WORDS = "conversations_search_words"
_TABLES = {
    # Gives each title and message a number that lasts: SQLite's own of rows with a UUID change on VACUUM.
    _ENTRY: f"CREATE TABLE {_ENTRY}"
    " (id integer PRIMARY KEY, row_id char(32) NOT NULL UNIQUE, conversation_id char(32) NOT NULL)",
    # Holds the trigrams and no second copy of what was said.
    _WORDS: f"CREATE VIRTUAL TABLE {_WORDS} USING fts5(words, content='', tokenize='trigram')",
}
_PAGES_AT_ONCE = 500
_PATIENCE_MS = 100
_NO_FTS = """\
Search needs SQLite 3.34 or newer with FTS5, and the SQLite of this Python is another ({error}). Use a newer Python, \
or PostgreSQL through DATABASE_URL."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A table whose rows are entered, with the words of a row and the number of its conversation."""

    table: str
    columns: tuple[str, ...]
    words: str
    conversation: str
    shown: str = "TRUE"

    def enter(self, row: str, rows: str = "") -> str:
        """Statements that enter one row, or all in `rows`."""
        entered = f"{row}.id, {row}.{self.conversation}"
        return (
            f"INSERT INTO {_ENTRY} (row_id, conversation_id)"
            f" SELECT {entered} {rows and 'FROM'} {rows} WHERE {self.shown.format(row=row)};"
            f"INSERT INTO {_WORDS} (rowid, words) SELECT {_ENTRY}.id, {self.words.format(row=row)}"
            f" FROM {_ENTRY} {rows and 'JOIN'} {rows} WHERE {_ENTRY}.row_id = {row}.id;"
        )

    def leave(self, row: str) -> str:
        """Statements that take one row out; a table without texts has to be told them."""
        return (
            f"INSERT INTO {_WORDS} ({_WORDS}, rowid, words) SELECT 'delete', id, {self.words.format(row=row)}"
            f" FROM {_ENTRY} WHERE row_id = {row}.id;"
            f"DELETE FROM {_ENTRY} WHERE row_id = {row}.id;"
        )

    def triggers(self) -> dict[str, str]:
        """What follows the rows as they come, change and go."""
        enter, leave = self.enter("NEW"), self.leave("OLD")
        old, new = (", ".join(f"{row}.{column}" for column in self.columns) for row in ("OLD", "NEW"))
        did = {
            "entered": f"INSERT ON {self.table} BEGIN {enter} END",
            "changed": f"UPDATE OF {', '.join(self.columns)} ON {self.table}"
            f" WHEN ({old}) IS NOT ({new}) BEGIN {leave} {enter} END",
            "left": f"DELETE ON {self.table} BEGIN {leave} END",
        }
        return {
            f"{self.table}_{name}": f"CREATE TRIGGER {self.table}_{name} AFTER {what}"
            for name, what in did.items()
        }


_SOURCES = (
    _Source("conversations_conversation", ("title",), "{row}.title", "id"),
    _Source(
        "conversations_message",
        ("text", "unheard_text", "hidden"),
        # No word has a line break in it, so none is found across this one.
        "{row}.text || char(10) || {row}.unheard_text",
        "conversation_id",
        "NOT {row}.hidden",
    ),
)
_TRIGGERS = {name: trigger for source in _SOURCES for name, trigger in source.triggers().items()}


def hits(word: str, connection: BaseDatabaseWrapper) -> RawSQL:
    """A row for each title and each shown message with this word in it, to be counted."""
    return RawSQL(f"SELECT 1 FROM {_WORDS} WHERE {_WORDS} MATCH %s", [_phrase(word)])  # noqa: S611 - a parameter


def conversations_with(word: str, connection: BaseDatabaseWrapper) -> RawSQL:
    """The conversation of each title and each shown message with this word in it."""
    rows = f"SELECT conversation_id FROM {_ENTRY} JOIN {_WORDS} ON {_WORDS}.rowid = {_ENTRY}.id WHERE {_WORDS} MATCH %s"
    return RawSQL(rows, [_phrase(word)])  # noqa: S611 - the word is a parameter


def _phrase(word: str) -> str:
    """The word as what it is, whatever it would mean in a query."""
    return '"' + word.replace('"', '""') + '"'


def is_complete(cursor: CursorWrapper) -> bool:
    """Whether all of the index is there, as this version makes it."""
    cursor.execute("SELECT name, sql FROM sqlite_master")
    return (_TABLES | _TRIGGERS).items() <= dict(cursor.fetchall()).items()


def create(cursor: CursorWrapper) -> None:
    """Make the index and enter what is there; raise CommandError where this SQLite has no trigrams."""
    try:
        for table in _TABLES.values():
            cursor.execute(table)
    except DatabaseError as error:
        raise CommandError(_NO_FTS.format(error=error)) from error
    for source in _SOURCES:
        for statement in source.enter(source.table, source.table).rstrip(";").split(";"):
            cursor.execute(statement)
    for trigger in _TRIGGERS.values():
        cursor.execute(trigger)


def drop(cursor: CursorWrapper) -> None:
    """Take the index away."""
    for name in _TRIGGERS:
        cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
    for name in _TABLES:
        cursor.execute(f"DROP TABLE IF EXISTS {name}")


def merge(connection: BaseDatabaseWrapper) -> None:
    """Make deleted words unreadable: entries taken out are but marked until the parts of the index are merged.

    In steps, each a transaction of its own, so that nobody who speaks waits for long.
    """
    with connection.cursor() as cursor:
        pages = -_PAGES_AT_ONCE  # negative: all parts are to become one
        while _merged(cursor, pages):
            pages = _PAGES_AT_ONCE
        if not connection.in_atomic_block:
            _empty_log(cursor)


def _empty_log(cursor: CursorWrapper) -> None:
    """Else it would hold the rows as they were until it is written over.

    Nobody can write while this waits for those who read, so it soon gives up: the next time will do.
    """
    cursor.execute("PRAGMA busy_timeout")
    (patience,) = cursor.fetchone()
    cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    try:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {patience}")


def _merged(cursor: CursorWrapper, pages: int) -> bool:
    before = cursor.connection.total_changes
    cursor.execute(f"INSERT INTO {_WORDS} ({_WORDS}, rank) VALUES ('merge', %s)", [pages])
    did: int = cursor.connection.total_changes - before
    return did > 1  # the statement itself is one change
