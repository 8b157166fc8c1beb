"""One turn of a session on its way into the conversation: its place, its words, and whether it may still be written."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction

from conversations import services as remembering
from conversations.models import Message
from realtime import rows
from realtime.errors import ConversationGone
from realtime.models import VoiceSession
from realtime.protocol.effects import Turn


def conversation_of(session: VoiceSession) -> UUID:
    """The conversation that a session is held in. Raises ConversationGone when it was deleted."""
    if session.conversation_id is None:
        raise ConversationGone
    return session.conversation_id


@transaction.atomic
def appended(session: VoiceSession, turn: Turn, spoken_at: datetime) -> Message | None:
    """Write a turn of a live session; None when it is not this epoch's to write.

    Raises ConversationNotFound.
    """
    key = turn.key or turn.item_id
    message = _append(session, turn, key, spoken_at)
    if _is_another(turn, message):
        words = hashlib.sha256(remembering.storable(turn.text).encode()).hexdigest()
        message = _append(session, turn, f"{key}~{words[:8]}", spoken_at)
    # The conversation is locked before the session, in the order in which a deletion locks them.
    if not rows.held(session).select_for_update().exists():
        transaction.set_rollback(True)
        return None
    return message


@transaction.atomic
def filled(session: VoiceSession, turn: Turn) -> Message | None:
    """Give a turn of a session that is over the words that came too late for it, in its own place.

    None when it has no place, or another epoch is in charge. Raises ConversationNotFound.
    """
    message = remembering.settle_message(
        conversation_id=conversation_of(session),
        external_id=f"{session.pk}:{turn.key or turn.item_id}",
        status=turn.status,
        text=turn.text,
        unheard_text=turn.unheard_text,
        heard_is_estimated=turn.heard_is_estimated,
        hidden=turn.hidden,
    )
    ours = VoiceSession.objects.filter(pk=session.pk, epoch=session.epoch)
    if not ours.select_for_update().exists():
        transaction.set_rollback(True)
        return None
    return message


def _append(session: VoiceSession, turn: Turn, key: str, spoken_at: datetime) -> Message:
    return remembering.append_message(
        conversation_id=conversation_of(session),
        role=turn.role,
        modality=turn.modality,
        status=turn.status,
        text=turn.text,
        unheard_text=turn.unheard_text,
        heard_is_estimated=turn.heard_is_estimated,
        hidden=turn.hidden,
        external_id=f"{session.pk}:{key}",
        spoken_at=spoken_at,
    )


def _is_another(turn: Turn, stored: Message) -> bool:
    """Whether other words were typed under an id that was used before: clients choose the ids of what they type."""
    is_typed = turn.role == "user" and turn.modality == "text" and turn.status == "final"
    return is_typed and remembering.storable(turn.text) != stored.text
