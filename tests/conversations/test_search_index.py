"""The index of words follows the rows, comes back when a migration took it, and forgets."""

from datetime import UTC, datetime
from time import monotonic

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, models
from django.db.migrations.executor import MigrationExecutor

from conversations import search, services
from conversations.models import Conversation, Message
from conversations.search import fts, index, trigrams
from tests.support.traces_of_words import places_with

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "ꙮꙮꙮ"
"""A word that shares not a single byte sequence with any other."""
BEFORE = ("conversations", "0002_review_and_audit")


def _say(user: User, text: str) -> Conversation:
    conversation = services.create_conversation(user=user)
    services.append_message(
        conversation_id=conversation.pk,
        role="assistant",
        modality="audio",
        status="final",
        text=text,
        spoken_at=datetime.now(UTC),
    )
    return conversation


def _finds(query: str) -> list[Conversation]:
    return list(search.matching(Conversation.objects.all(), query))


def _is_complete() -> bool:
    with connection.cursor() as cursor:
        return index.of(connection).is_complete(cursor)


def test_what_was_said_before_the_migration_is_found(alice: User) -> None:
    MigrationExecutor(connection).migrate([BEFORE])
    assert not _is_complete()
    conversation = _say(alice, "quicksilver")
    call_command("migrate", verbosity=0)
    assert _is_complete()
    assert _finds("quicksilver") == [conversation]


def test_a_table_remade_by_a_migration_is_searched_as_before(alice: User) -> None:
    earlier = _say(alice, "quicksilver")
    as_it_is = Message._meta.get_field("external_id")
    longer = models.CharField(max_length=201, null=True, blank=True)
    longer.set_attributes_from_name("external_id")
    for old, new in ((as_it_is, longer), (longer, as_it_is)):
        with connection.schema_editor() as editor:
            editor.alter_field(Message, old, new)
    between = _say(alice, "quicksilver, too")
    call_command("migrate", verbosity=0)
    assert _is_complete()
    later = _say(alice, "more quicksilver")
    assert _finds("quicksilver") == [later, between, earlier]
    Message.objects.filter(conversation=earlier).delete()
    assert _finds("quicksilver") == [later, between]


def test_vacuum_changes_nothing(alice: User) -> None:
    conversations = [_say(alice, f"quicksilver of the {number}th") for number in range(30)]
    for conversation in conversations[:20]:
        services.delete_conversation(conversation=conversation)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM" if connection.vendor == "sqlite" else "VACUUM conversations_message")
    assert _finds("quicksilver 25th") == [conversations[25]]
    assert _finds("quicksilver 5th") == [conversations[25]]
    services.delete_conversation(conversation=conversations[25])
    assert _finds("25th") == []


def test_what_is_deleted_and_forgotten_is_nowhere_to_be_read(alice: User) -> None:
    for number in range(40):
        _say(alice, f"{CANARY} number {number} among other words")
    kept = _say(alice, "quicksilver")
    assert places_with("ꙮ")
    for conversation in _finds(CANARY):
        services.delete_conversation(conversation=conversation)
    search.forget()
    assert places_with("ꙮ") == []
    assert _finds("quicksilver") == [kept]


def test_forgetting_with_nothing_to_forget_is_harmless(alice: User) -> None:
    kept = _say(alice, "quicksilver")
    search.forget()
    search.forget()
    assert _finds("quicksilver") == [kept]


def test_while_somebody_reads_on_and_on_forgetting_holds_up_nobody(alice: User) -> None:
    erased, *_ = [_say(alice, f"{CANARY} number {number}") for number in range(3)]
    slow = connection.copy()
    with slow.cursor() as reader:
        reader.execute("SELECT id FROM conversations_message")
        reader.fetchone()
        services.delete_conversation(conversation=erased)
        began = monotonic()
        search.forget()
        assert monotonic() - began < 5
    slow.close()
    Conversation.objects.all().delete()
    search.forget()
    assert places_with("ꙮ") == [], "what had to wait is done the next time"


class _Refusing:
    """A cursor of a database that has neither the extension nor the tokenizer."""

    def execute(self, sql: str) -> None:
        if sql.startswith(("CREATE EXTENSION", "CREATE VIRTUAL TABLE")):
            raise OperationalError("there is no such thing\nDETAIL: at all")

    def fetchone(self) -> None:
        """No row of the extension."""


@pytest.mark.parametrize(
    ("kind", "advice"), [(trigrams, "CREATE EXTENSION pg_trgm;"), (fts, "SQLite 3.34 or newer with FTS5")]
)
def test_a_database_that_cannot_do_it_is_told_with_what_to_do(kind: index.Kind, advice: str) -> None:
    with pytest.raises(CommandError, match=advice) as caught:
        kind.create(_Refusing())  # type: ignore[arg-type] # all of a cursor that is needed
    assert "there is no such thing" in str(caught.value)
