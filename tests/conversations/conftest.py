"""A conversation of Alice's, and turns said in it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User

from conversations import services
from conversations.models import Conversation, Message

Say = Callable[..., Message]


@pytest.fixture
def conversation(alice: User) -> Conversation:
    return services.create_conversation(user=alice)


@pytest.fixture
def say(conversation: Conversation) -> Say:
    """Append a turn of the person's; whatever matters to a test is given by name."""

    def append(text: str = "Hello there", **given: Any) -> Message:
        turn: dict[str, Any] = {
            "conversation_id": conversation.pk,
            "role": "user",
            "modality": "audio",
            "status": "final",
            "text": text,
            "spoken_at": datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        }
        return services.append_message(**(turn | given))

    return append
