"""Everything that was put down anywhere: by a running site, or by the test itself, in rows, files, cache and screen."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

import psycopg
from django.core.cache import cache
from django.db import connection
from psycopg import sql

from tests.support.running_site import RunningSite
from tests.support.site_home import SiteHome

Row = dict[str, Any]


def places_that_hold(word: str, site: RunningSite) -> list[str]:
    """Where a word of a session is written, in whatever case: tables, files and the screen, by name."""
    found = [f"table {name}" for name, rows in _tables(site.home).items() if _holds(word, repr(rows))]
    files = [path for path in site.home.var.rglob("*") if path.is_file()]
    found += [f"file {path.name}" for path in files if _holds(word, path.read_bytes().decode("latin-1"))]
    return found + ["the screen"] * _holds(word, site.screen)


def rows_of(table: str, home: SiteHome) -> list[Row]:
    """Every row of a table, by column."""
    return _tables(home)[table]


def _holds(word: str, text: str) -> bool:
    return word.lower() in text.lower()


def _tables(home: SiteHome) -> dict[str, list[Row]]:
    address = home.environment.get("DATABASE_URL")
    if address:
        with psycopg.connect(address) as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            return {name: _postgres_rows(connection, name) for (name,) in tables}
    with closing(sqlite3.connect(f"file:{home.var / 'voiceassist.sqlite3'}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: _sqlite_rows(database, name) for (name,) in names}


def _sqlite_rows(database: sqlite3.Connection, table: str) -> list[Row]:
    rows = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608  # the database itself named the table
    return [dict(row) for row in rows]


def _postgres_rows(connection: "psycopg.Connection[tuple[Any, ...]]", table: str) -> list[Row]:
    cursor = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
    columns = [column.name for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


# --- the test's own database and cache --------------------------------------------------------------------------------

Contents = dict[str, Counter[bytes]]
"""The rows of each table, as they lie there."""


def contents() -> Contents:
    """Every row of every table: also of those that no model knows, such as the parts of an index."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        else:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        found: Contents = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # the database named it
            found[table] = Counter(b"|".join(map(_as_bytes, row)) for row in cursor.fetchall())
        return found


def tables_that_hold(*words: str) -> set[str]:
    """The tables in which one of these words is written, and `the cache` if it is there."""
    spellings = [each for word in words for each in (word.encode(), json.dumps(word)[1:-1].encode())]
    places = contents() | {"the cache": Counter(_cached())}
    return {
        place
        for place, rows in places.items()
        if any(spelling.lower() in row.lower() for row in rows for spelling in spellings)
    }


def _as_bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def _cached() -> list[bytes]:
    """All that is in the cache, keys and values; only its own backend can say."""
    store: Any = cache
    if hasattr(store, "_expire_info"):
        return [f"{name} ".encode() + value for name, value in store._cache.items()]
    client = store._cache.get_client()
    return [name + b" " + (client.get(name) or b"") for name in client.scan_iter()]
