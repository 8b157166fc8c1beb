"""Voice sessions for tests: issued, opened, and turns said in them."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from conversations.models import Conversation, Message
from realtime import leases, services, turns
from realtime.config import RealtimeConfig
from realtime.errors import EndReason
from realtime.models import VoiceSession
from realtime.protocol.effects import Turn

CONFIG = RealtimeConfig(provider="openai", api_key="sk-canary", sessions_per_user=2)
"""A provider that costs nothing to describe. Nothing here connects to it."""


def issue(user: User, config: RealtimeConfig = CONFIG, **wanted: Any) -> services.Issued:
    """A session that waits for its ticket."""
    return services.open_session(user=user, request=services.SessionRequest(**wanted), config=config)


def opened(user: User, config: RealtimeConfig = CONFIG, **wanted: Any) -> VoiceSession:
    """A live session."""
    return services.redeem_ticket(issue(user, config, **wanted).ticket.secret, config=config)


def lost(user: User, **wanted: Any) -> VoiceSession:
    """A session whose client was lost just now."""
    session = opened(user, **wanted)
    services.end_session(session=session, reason="client_lost")
    return session


def say(session: VoiceSession, item_id: str = "item_1", text: str = "Hello", **given: Any) -> Any:
    """Record a turn of the person's; whatever matters to a test is given by name."""
    turn: dict[str, Any] = {"role": "user", "modality": "audio", "status": "final", "text": text}
    return services.record_turn(
        session=session, turn=Turn(item_id, **(turn | given)), spoken_at=timezone.now()
    )


def put_back(session: VoiceSession, seconds: float, *columns: str) -> None:
    """Let these times of a session lie further in the past."""
    row = VoiceSession.objects.get(pk=session.pk)
    VoiceSession.objects.filter(pk=session.pk).update(
        **{column: getattr(row, column) - timedelta(seconds=seconds) for column in columns}
    )


def let_time_pass(time: timedelta) -> None:
    """Let all that was said lie further in the past."""
    Message.objects.update(spoken_at=F("spoken_at") - time, created_at=F("created_at") - time)
    Conversation.objects.update(updated_at=F("updated_at") - time)


def lease_of(session: VoiceSession, config: RealtimeConfig = CONFIG) -> leases.Lease:
    """What the process knows that holds it."""
    return leases.Lease(session, session.user.get_session_auth_hash(), config)


def renew(session: VoiceSession, config: RealtimeConfig = CONFIG) -> EndReason | None:
    """Renew its lease as the process does that holds it."""
    return leases.renew_lease(lease_of(session, config)).reason


def held_in(session: VoiceSession) -> Conversation:
    """The conversation of a session."""
    return Conversation.objects.get(pk=turns.conversation_of(session))


def delete_unnoticed(conversation: Conversation) -> None:
    """Delete a conversation past the signals, as another process does it: nothing in this one is told."""
    VoiceSession.objects.filter(conversation=conversation).update(conversation=None)
    Conversation.objects.filter(pk=conversation.pk)._raw_delete("default")


def ask_for_the_end(session: VoiceSession, reason: EndReason) -> None:
    """Ask for the end of a live session, as another process does it: the one that holds it is not told."""
    asked = VoiceSession.objects.filter(pk=session.pk)
    asked.update(end_requested_at=timezone.now(), end_requested_reason=reason)


def row_of(session: VoiceSession) -> VoiceSession:
    return VoiceSession.objects.get(pk=session.pk)
