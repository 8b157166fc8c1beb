"""One turn of a session on its way into the conversation: its place, its words, and whether it may still be written."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from conversations import selectors as remembered
from conversations import services as remembering
from conversations.models import Message
from realtime import rows
from realtime.errors import ConversationGone, EndReason
from realtime.models import VoiceSession
from realtime.protocol.effects import Turn

LATELY = timedelta(minutes=5)
"""For so long what comes again is looked for: a client that was lost comes back soon, or not at all."""
AMONG = 32
"""And among no more turns than these."""
AS_MEANT: tuple[EndReason, ...] = (
    "client",
    "idle",
    "ended_by_owner",
    "ended_by_admin",
    "signed_out",
    "account_disabled",
    "conversation_deleted",
    "erased",
)
"""How sessions end because somebody wanted that, or nobody wanted anything. After every other end the client may not
know what of it arrived, and sends it again."""


def conversation_of(session: VoiceSession) -> UUID:
    """The conversation that a session is held in. Raises ConversationGone when it was deleted."""
    if session.conversation_id is None:
        raise ConversationGone
    return session.conversation_id


def owes_answer(session: VoiceSession) -> bool:
    """Whether the last words of its conversation were spoken in this very session, and nobody answered them.

    What was typed is sent again by whoever typed it, and a client cannot say a second time what it said.
    """
    latest = remembered.recent_messages(conversation_of(session), 1)
    return any(
        message.role == "user"
        and message.modality == "audio"
        and message.status == "final"
        and (message.external_id or "").startswith(f"{session.pk}:")
        for message in latest
    )


@transaction.atomic
def appended(session: VoiceSession, turn: Turn, spoken_at: datetime) -> Message | None:
    """Write a turn of a live session; None when it is not this epoch's to write.

    Raises ConversationNotFound.
    """
    key = turn.key or turn.item_id
    message = _sent_before(session, turn, key, spoken_at) or _append(session, turn, key, spoken_at)
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


def _sent_before(session: VoiceSession, turn: Turn, key: str, spoken_at: datetime) -> Message | None:
    """What was typed to another session that was lost, and comes once more under its id: that is one turn.

    Clients may use an id again in every session, so nothing is looked for in sessions that ended as was meant. The
    ids that we give are of one session alone.
    """
    if not _is_typed(turn):
        return None
    # Locked before it is looked at: the first of the two may still be on its way through another process.
    conversation = remembering.locked(conversation_of(session))
    typed = remembered.typed_lately(
        conversation,
        item_id=remembering.storable(key),
        text=remembering.storable(turn.text),
        since=spoken_at - LATELY,
        among=AMONG,
    )
    by_session = {(message.external_id or "").partition(":")[0]: message for message in typed}
    by_session.pop(session.pk, None)
    lost = VoiceSession.objects.filter(pk__in=by_session).exclude(end_reason__in=AS_MEANT)
    names = lost.values_list("pk", flat=True) if by_session else ()
    return next((by_session[name] for name in names), None)


def _is_another(turn: Turn, stored: Message) -> bool:
    """Whether other words were typed under an id that was used before: clients choose the ids of what they type."""
    return _is_typed(turn) and remembering.storable(turn.text) != stored.text


def _is_typed(turn: Turn) -> bool:
    return turn.role == "user" and turn.modality == "text" and turn.status == "final"
