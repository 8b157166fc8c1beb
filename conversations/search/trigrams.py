"""The index of words on PostgreSQL: pg_trgm's, of titles and of what was said."""

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models.expressions import RawSQL

_TITLE = "UPPER(title)"
# No word has a line break in it, so none is found across this one.
_SAID = "UPPER(text || chr(10) || unheard_text)"
_INDEXES = {
    "conversation_words": f"conversations_conversation USING gin ({_TITLE} gin_trgm_ops)",
    "message_words": f"conversations_message USING gin ({_SAID} gin_trgm_ops)",
}
_NO_EXTENSION = """\
Search needs the PostgreSQL extension pg_trgm, and it could not be created ({error}). Have an administrator of the \
database server run this in the database of DATABASE_URL, then migrate again:
    CREATE EXTENSION pg_trgm;
Where the server does not know the extension, its contributed modules are to be installed first (postgresql-contrib)."""
_ROWS = (
    f"SELECT conversation_id FROM conversations_message WHERE NOT hidden AND {_SAID} LIKE UPPER(%s)"  # noqa: S608 - our own names
    f" UNION ALL SELECT id FROM conversations_conversation WHERE {_TITLE} LIKE UPPER(%s)"
)


def conversations_with(word: str, connection: BaseDatabaseWrapper) -> RawSQL:
    """The conversation of each title and each shown message with this word in it."""
    pattern = f"%{connection.ops.prep_for_like_query(word)}%"
    return RawSQL(_ROWS, [pattern] * 2)  # noqa: S611 - the word is a parameter


hits = conversations_with
"""A row for each of them, to be counted."""


def is_complete(cursor: CursorWrapper) -> bool:
    """Whether all of the index is there."""
    cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = ANY (current_schemas(false))")
    return _INDEXES.keys() <= {name for (name,) in cursor.fetchall()}


def create(cursor: CursorWrapper) -> None:
    """Make the index; raise CommandError, with what to do, where the extension is missing and cannot be created."""
    cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
    if not cursor.fetchone():
        try:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DatabaseError as error:
            raise CommandError(_NO_EXTENSION.format(error=str(error).splitlines()[0])) from error
    for name, definition in _INDEXES.items():
        # Every search reads all of what is not sorted in yet.
        cursor.execute(f"CREATE INDEX {name} ON {definition} WITH (gin_pending_list_limit = 512)")


def drop(cursor: CursorWrapper) -> None:
    """Take the index away. The extension stays: others may use it."""
    for name in _INDEXES:
        cursor.execute(f"DROP INDEX IF EXISTS {name}")
