"""Conversations as JSON, word for word as they are kept."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from conversations import selectors
from conversations.models import Conversation, Message

SCHEMA_VERSION = 1


def document(conversation: Conversation) -> dict[str, Any]:
    """One conversation with its messages as plain values."""
    messages = selectors.one_by_one(selectors.messages_of(conversation))
    return _about(conversation) | {"messages": [_message(message) for message in messages]}


def write(conversation: Conversation) -> Iterator[str]:
    """`document` as a file, in pieces."""
    yield _json(_about(conversation))[:-1] + ', "messages": ['
    messages = selectors.one_by_one(selectors.messages_of(conversation))
    yield from _listed(_json(_message(message)) for message in messages)
    yield "]}\n"


def as_json(conversations: Iterable[Conversation]) -> Iterator[str]:
    """One file with all of them, in pieces."""
    yield f'{{"schema_version": {SCHEMA_VERSION}, "conversations": ['
    for number, conversation in enumerate(conversations):
        yield ",\n" * bool(number)
        yield from write(conversation)
    yield "]}\n"


def _listed(items: Iterable[str]) -> Iterator[str]:
    for number, item in enumerate(items):
        yield f"{',' * bool(number)}\n{item}"


def _about(conversation: Conversation) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "id": str(conversation.pk),
        "user": conversation.user.get_username(),
        "title": conversation.title,
        "created_at": _iso(conversation.created_at),
        "updated_at": _iso(conversation.updated_at),
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.pk),
        "position": message.position,
        "role": message.role,
        "modality": message.modality,
        "status": message.status,
        "text": message.text,
        "unheard_text": message.unheard_text,
        "heard_is_estimated": message.heard_is_estimated,
        "spoken_at": _iso(message.spoken_at),
    }


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
