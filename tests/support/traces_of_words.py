"""Where a word is still to be read in the test database: rows, indexes, and on SQLite the files themselves."""

from pathlib import Path

from django.db import connection


def places_with(word: str) -> list[str]:
    """The tables, the indexes' own tables and the files of the database that hold the word."""
    with connection.cursor() as cursor:
        places = [name for name in connection.introspection.table_names(cursor) if _table_has(name, word)]
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        database = Path(connection.settings_dict["NAME"])
        files = (path for path in database.parent.glob(f"{database.name}*") if path.is_file())
        places += [path.name for path in files if word.encode() in path.read_bytes()]
    return places


def _table_has(name: str, word: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")  # noqa: S608 - our own tables
        return any(_has(value, word) for row in cursor.fetchall() for value in row)


def _has(value: object, word: str) -> bool:
    if isinstance(value, bytes | memoryview):
        return word.encode() in bytes(value)
    return isinstance(value, str) and word in value
