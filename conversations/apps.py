"""Django's handle on this floor."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        post_migrate.connect(_mend_search, sender=self)


def _mend_search(*, using: str, **kwargs: Any) -> None:
    """Bring back what a migration that came after the index's own took from it."""
    # Models are not there yet when this module is loaded.
    from conversations.search.index import install

    connection = connections[using]
    if ("conversations", "0003_search") in MigrationRecorder(connection).applied_migrations():
        install(connection)
