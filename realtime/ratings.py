"""What callers thought of a session, in one tap."""

from django.db import transaction

from realtime.errors import SessionNotFound
from realtime.models import VoiceSession


@transaction.atomic
def rate(*, session: VoiceSession, rating: VoiceSession.Rating | None) -> VoiceSession:
    """Note what its owner thought of it; None takes that back. Raises SessionNotFound when it was erased."""
    session.rating = rating or ""
    if not VoiceSession.objects.filter(pk=session.pk).update(rating=session.rating):
        raise SessionNotFound
    return session
