"""Every read of voice sessions that another room wants."""

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from realtime import tickets
from realtime.errors import SessionNotFound
from realtime.models import VoiceSession


def sessions_of(user: User) -> QuerySet[VoiceSession]:
    """The user's sessions, the latest first."""
    return VoiceSession.objects.filter(user=user).order_by("-created_at", "-id")


def get_session(user: User, session_id: str) -> VoiceSession:
    """The session if it is the user's own. Raises SessionNotFound for any other, malformed ids included."""
    known = tickets.is_session_id(session_id)
    session = sessions_of(user).filter(pk=session_id).first() if known else None
    if session is None:
        raise SessionNotFound
    return session


def seconds_of(session: VoiceSession) -> float | None:
    """How long it was open, so far if it still is; None when it never was."""
    if session.started_at is None:
        return None
    # One that waits for its client to come back ended, if it did, when the client was lost.
    until = session.ended_at or session.client_lost_at or timezone.now()
    return max(0.0, (until - session.started_at).total_seconds())
