"""Connections to PostgreSQL that do not wait for ever: a server that hangs keeps its connections open and says nothing.

Nothing of TCP finds that out, because the machine still acknowledges what it gets; the driver itself waits until an
answer comes, also in the query with which its pool finds out whether a connection still works.
"""

from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen

R = TypeVar("R")

CHECK_SECONDS = 0.9
"""How long the pool's check of a connection may take, before a statement of ours is sent on it."""
WAKE_SECONDS = 0.1
"""How often the driver looks up while it waits, as it does by itself: Ctrl-C is noticed then."""
_TOO_LONG = "the database did not answer in time"

_statement_seconds: float | None = None


def bound_statements(seconds: float | None) -> None:
    """For how long, at most, one statement is waited for in this process; None: for as long as it takes."""
    global _statement_seconds
    _statement_seconds = seconds


class Connection(psycopg.Connection[Any]):
    """A connection that is given up when the server does not answer: OperationalError, as for one that was lost."""

    _is_checked = False

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
        # What the pool sends in its check, and nobody else.
        self._is_checked = query == ""
        try:
            return super().execute(query, *args, **kwargs)
        finally:
            self._is_checked = False

    def wait(self, gen: PQGen[R], interval: float = WAKE_SECONDS, timeout: float | None = None) -> R:
        if timeout is None:
            timeout = CHECK_SECONDS if self._is_checked else _statement_seconds
        try:
            return super().wait(gen, interval, timeout)
        except errors._WaitTimeout:
            # Its answer may still come: nobody must take it for that of another statement.
            self.pgconn.finish()
            raise psycopg.OperationalError(_TOO_LONG) from None
