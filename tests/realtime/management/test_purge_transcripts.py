"""`manage.py purge_transcripts`: what it deletes, what it says of it, and whom it leaves alone."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import override_settings

from conversations.models import Message
from realtime import services
from realtime.models import VoiceSession
from tests.support.sessions import let_time_pass, opened, row_of, say


def _command(*arguments: str) -> str:
    said = StringIO()
    call_command("purge_transcripts", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture
def talk(alice: User) -> VoiceSession:
    """A session that lives, in a conversation whose only words are three days old."""
    session = opened(alice)
    say(session)
    let_time_pass(timedelta(days=3))
    return session


@pytest.fixture
def old(talk: VoiceSession) -> None:
    """A conversation of three days ago."""
    services.end_session(session=talk, reason="client")


@override_settings(TRANSCRIPT_RETENTION_DAYS=2)
def test_it_says_what_it_did(old: None) -> None:
    assert _command("--dry-run") == "Would delete 1 message older than 2 days and 1 empty conversation.\n"
    assert _command() == "Deleted 1 message older than 2 days and 1 empty conversation.\n"
    assert _command() == "Deleted 0 messages older than 2 days and 0 empty conversations.\n"


@override_settings(TRANSCRIPT_RETENTION_DAYS=None)
def test_it_says_so_when_words_are_kept(old: None) -> None:
    kept = "TRANSCRIPT_RETENTION_DAYS is not set, so messages are kept until their owners delete them.\n"
    assert _command() == kept + "Deleted 0 empty conversations.\n"
    assert _command("--dry-run") == kept + "Would delete 0 empty conversations.\n"


@override_settings(TRANSCRIPT_RETENTION_DAYS=None)
def test_days_can_be_given(old: None) -> None:
    assert _command("--days", "1") == "Deleted 1 message older than 1 day and 1 empty conversation.\n"


def test_who_speaks_is_not_cut_off(talk: VoiceSession) -> None:
    for rehearsed in ("--dry-run", "--days=1"):
        assert "1 message older than 1 day and 0 empty conversations" in _command("--days=1", rehearsed)
    assert not Message.objects.exists()
    assert (row_of(talk).state, row_of(talk).end_requested_reason) == ("live", "")
    assert say(talk) is not None


@pytest.mark.parametrize("days", ["0", "-1", "soon", "1.5", "²", ""])
def test_days_that_are_none_are_refused_in_words(days: str) -> None:
    with pytest.raises(CommandError, match="give a whole number of days, 1 or more"):
        _command(f"--days={days}")
