"""A hundred thousand messages in a thousand conversations, or fewer, put down in a few seconds."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model

from conversations.models import Conversation, Message, Review
from realtime.models import VoiceSession

MESSAGES = 100
COMMON = "knee"
"""Is said in every conversation."""
RARE = "quicksilver"
"""Was said once: in the oldest conversation."""
ABSENT = "phlogiston"
"""Was never said."""
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_SYLLABLES = ("ba", "do", "fe", "gi", "ku", "la", "mo", "ne", "pi", "ro", "su", "ta", "ve", "wi", "zo", "sha")
_WORDS = 3_000
Row = dict[str, Any]


def converse(owner: User, numbers: range) -> None:
    """Give `owner` conversations of these numbers, the later the higher: MESSAGES messages, a session, a review."""
    conversations = [_conversation(owner, number) for number in numbers]
    _insert(Conversation, iter(conversations))
    _insert(Message, _messages(conversations, numbers))
    _insert(VoiceSession, (_session(each) for each in conversations))
    _insert(
        Review, ({"conversation": each["id"], "updated_at": each["updated_at"]} for each in conversations)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # What its own housekeeping does in the background, where it can see what was committed.
            cursor.execute("ANALYZE")


def _conversation(owner: User, number: int) -> Row:
    began = _BEGAN + timedelta(hours=number)
    return {
        "id": uuid.uuid4(),
        "user": owner.pk,
        "title": f"Conversation {number}",
        "created_at": began,
        "updated_at": began,
        "message_count": MESSAGES,
    }


def _session(conversation: Row) -> Row:
    began = conversation["created_at"]
    return {
        "id": f"rtc_{conversation['user']}_{conversation['id'].hex}",
        "user": conversation["user"],
        "conversation": conversation["id"],
        "state": VoiceSession.State.ENDED,
        "end_reason": "client",
        "ticket_digest": conversation["id"].hex,
        "expires_at": began,
        "provider": "openai",
        "model": "gpt-realtime-2.1",
        "created_at": began,
        "started_at": began,
        "ended_at": began + timedelta(minutes=5),
    }


def _messages(conversations: list[Row], numbers: range) -> Iterator[Row]:
    spoken = random.Random(numbers.start)  # noqa: S311 - words, not secrets
    words = ["".join(spoken.choices(_SYLLABLES, k=spoken.randint(1, 4))) for _ in range(_WORDS)]
    for number, conversation in zip(numbers, conversations, strict=True):
        for position in range(MESSAGES):
            said = spoken.choices(words, k=6)
            said += [COMMON] * (position == 7)
            said += [RARE] * ((number, position) == (0, 8))
            yield {
                "id": uuid.uuid4(),
                "conversation": conversation["id"],
                "position": position,
                "role": Message.Role.ASSISTANT if position % 2 else Message.Role.USER,
                "modality": Message.Modality.AUDIO,
                "text": " ".join(said),
                "spoken_at": conversation["created_at"] + timedelta(seconds=10 * position),
                "created_at": conversation["created_at"],
            }


def _insert(model: type[Model], rows: Iterator[Row]) -> None:
    """Insert rows, which leave out what has a default. A model instance for each would take most of the time."""
    fields = model._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    # Most columns of most rows hold their default, which is made ready for the database once.
    ready = {field.name: field.get_db_prep_save(field.get_default(), connection) for field in fields}
    values = [
        [
            field.get_db_prep_save(row[field.name], connection) if field.name in row else ready[field.name]
            for field in fields
        ]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places})", values)  # noqa: S608
