"""Files of conversations: complete, in pieces, and with nothing in them but what they say they are."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import exports, selectors, services
from conversations.models import Conversation, Message
from tests.conversations.conftest import Say
from tests.support import webvtt

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
Write = Callable[[str], str]


@pytest.fixture
def write(conversation: Conversation) -> Write:
    """The conversation as a file of a format."""

    def file(name: str) -> str:
        conversation.refresh_from_db()
        return "".join(exports.FORMATS[name].write(conversation))

    return file


@pytest.fixture
def talk(conversation: Conversation, say: Say) -> Conversation:
    """One turn of every kind."""
    Conversation.objects.update(created_at=BEGAN)
    say("My knee hurts.\nSince when it rains.", spoken_at=BEGAN)
    say("", hidden=True, spoken_at=BEGAN + timedelta(seconds=2))
    answer = {"role": "assistant", "status": "interrupted", "spoken_at": BEGAN + timedelta(seconds=3)}
    say("Since when", unheard_text=" exactly, may I ask?", **answer)
    say("", status="failed", spoken_at=BEGAN + timedelta(seconds=5))
    say("", status="pending", spoken_at=BEGAN + timedelta(seconds=6))
    say("Tuesday", modality="text", spoken_at=BEGAN + timedelta(seconds=7, milliseconds=250))
    conversation.refresh_from_db()
    return conversation


def test_text_indents_what_was_said_and_nothing_else(talk: Conversation, write: Write) -> None:
    assert (
        write("txt")
        == f"""\
Title: My knee hurts. Since when it rains
Begun: 2026-11-21 09:30:00 UTC
Conversation: {talk.pk}

2026-11-21 09:30:00 UTC  You, spoken
    My knee hurts.
    Since when it rains.

2026-11-21 09:30:03 UTC  Assistant, spoken, interrupted
    Since when
  Not heard:
     exactly, may I ask?

2026-11-21 09:30:05 UTC  You, spoken, could not be transcribed

2026-11-21 09:30:06 UTC  You, spoken, not transcribed yet

2026-11-21 09:30:07 UTC  You, typed
    Tuesday
"""
    )


def test_markdown_quotes_what_was_said(talk: Conversation, write: Write) -> None:
    assert (
        write("md")
        == f"""\
# My knee hurts. Since when it rains

Begun 2026-11-21 09:30:00 UTC, conversation {talk.pk}

**You**, spoken, 2026-11-21 09:30:00 UTC

> My knee hurts.
>
> Since when it rains.

**Assistant**, spoken, interrupted, 2026-11-21 09:30:03 UTC

> Since when

*Not heard:*

> exactly, may I ask?

**You**, spoken, could not be transcribed, 2026-11-21 09:30:05 UTC

**You**, spoken, not transcribed yet, 2026-11-21 09:30:06 UTC

**You**, typed, 2026-11-21 09:30:07 UTC

> Tuesday
"""
    )


def test_subtitles_have_a_cue_for_each_turn_at_its_time(talk: Conversation, write: Write) -> None:
    assert webvtt.read(write("vtt")) == [
        webvtt.Cue(0, 3000, "You", "My knee hurts.\nSince when it rains.", ""),
        webvtt.Cue(
            3000,
            5000,
            "Assistant",
            "Since when\nNot heard:\nexactly, may I ask?",
            "Not heard:\nexactly, may I ask?",
        ),
        webvtt.Cue(5000, 6000, "You", "could not be transcribed", "could not be transcribed"),
        webvtt.Cue(6000, 7000, "You", "not transcribed yet", "not transcribed yet"),
        webvtt.Cue(7250, 8670, "You", "Tuesday", ""),
    ]


def test_json_has_the_words_as_they_are_kept(talk: Conversation, write: Write) -> None:
    document = json.loads(write("json"))
    assert document == exports.document(talk)
    assert {name: document[name] for name in ("schema_version", "id", "user", "title", "created_at")} == {
        "schema_version": 1,
        "id": str(talk.pk),
        "user": "alice",
        "title": "My knee hurts. Since when it rains",
        "created_at": "2026-11-21T09:30:00Z",
    }
    assert [message["position"] for message in document["messages"]] == [0, 2, 3, 4, 5]
    assert document["messages"][1] | {"id": ""} == {
        "id": "",
        "position": 2,
        "role": "assistant",
        "modality": "audio",
        "status": "interrupted",
        "text": "Since when",
        "unheard_text": " exactly, may I ask?",
        "heard_is_estimated": False,
        "spoken_at": "2026-11-21T09:30:03Z",
    }


def test_several_conversations_are_one_json_document(talk: Conversation, bob: User) -> None:
    other = services.create_conversation(user=bob, title="Nothing yet")
    for chosen in ([], [talk], [talk, other]):
        document = json.loads("".join(exports.as_json(chosen)))
        assert document == {
            "schema_version": 1,
            "conversations": [exports.document(conversation) for conversation in chosen],
        }


@pytest.mark.parametrize("name", exports.FORMATS)
def test_an_empty_conversation_is_a_whole_file(write: Write, name: str) -> None:
    file = write(name)
    assert file.endswith("\n")
    assert webvtt.read(file) == [] if name == "vtt" else file.strip()


def test_turns_whose_clocks_disagree_still_follow_each_other(say: Say, write: Write) -> None:
    for number, seconds in enumerate((5, 5, 3, 5.0004, 400_000, 0)):
        say(f"turn {number}", spoken_at=BEGAN + timedelta(seconds=seconds))
    cues = webvtt.read(write("vtt"))
    assert [cue.text for cue in cues] == [f"turn {number}" for number in range(6)]
    assert [cue.start for cue in cues] == [0, 1, 2, 3, 399_995_000, 399_995_001]


def test_the_name_of_the_file_holds_no_word_of_anybody(conversation: Conversation, say: Say) -> None:
    say("Quicksilver")
    for extension in ("txt", "csv"):
        name = exports.filename(conversation, extension)
        assert re.fullmatch(rf"conversation-{str(conversation.pk)[:8]}-\d{{4}}-\d\d-\d\d\.{extension}", name)


@pytest.mark.parametrize("name", exports.FORMATS)
def test_formats_say_what_they_are(name: str) -> None:
    given = exports.FORMATS[name]
    assert given.extension == name
    assert given.content_type.isascii()
    assert given.content_type == "application/json" or "charset=utf-8" in given.content_type


@pytest.mark.parametrize("name", exports.FORMATS)
def test_a_long_conversation_is_written_while_it_is_read(conversation: Conversation, name: str) -> None:
    Message.objects.bulk_create(
        Message(conversation=conversation, position=position, role="user", text="turn", spoken_at=BEGAN)
        for position in range(1200)
    )
    conversation.user.get_username()
    with CaptureQueriesContext(connection) as queries:
        pieces = exports.FORMATS[name].write(conversation)
        for _ in range(10):
            next(pieces)
        assert len(queries) == 1, "a page is read when it is needed"
        rest = "".join(pieces)
    assert len(queries) == 3
    assert rest.count("turn") >= 1190


def test_messages_are_read_once_each_across_pages(conversation: Conversation) -> None:
    for count in (0, 1, 499, 500, 501, 1000):
        Message.objects.all().delete()
        Message.objects.bulk_create(
            Message(conversation=conversation, position=position, role="user", spoken_at=BEGAN)
            for position in range(count)
        )
        read = selectors.one_by_one(selectors.messages_of(conversation))
        assert [message.position for message in read] == list(range(count))
