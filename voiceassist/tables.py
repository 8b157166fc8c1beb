"""Whether the tables are those that this version works with."""

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.migrations.executor import MigrationExecutor

_are_known_to_fit = False


def waiting() -> int:
    """How many migrations are not applied. Raises django.db.Error when the database does not say."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def in_words(migrations: int) -> str:
    """What is wrong when so many wait, and what to do about it."""
    told = "One migration is" if migrations == 1 else f"{migrations} migrations are"
    return f"{told} not applied. Run `manage.py migrate`, or start with `serve --prepare`."


def are_fit() -> bool:
    """Whether none waits. Asked of the database until it is so: nobody takes one back under a server that runs.

    True while the database is away, which is another matter.
    """
    global _are_known_to_fit
    if not _are_known_to_fit:
        try:
            _are_known_to_fit = waiting() == 0
        except Error:
            return True
    return _are_known_to_fit
