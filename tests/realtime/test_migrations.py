"""Migrations of sessions go both ways, whatever rows there are."""

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from realtime.models import VoiceSession
from tests.support.sessions import held_in, opened

BEFORE = ("realtime", "0002_session_transcription_model")


@pytest.mark.django_db(transaction=True)
def test_sessions_of_deleted_conversations_do_not_bar_the_way_back(alice: User) -> None:
    kept, bereft = opened(alice), opened(alice)
    held_in(bereft).delete()
    MigrationExecutor(connection).migrate([BEFORE])
    call_command("migrate", verbosity=0)
    assert VoiceSession.objects.get() == kept
