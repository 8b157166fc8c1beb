"""Which session a ticket is for, and whether it may be claimed now."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from realtime import allowance, leases, tickets
from realtime.config import RealtimeConfig
from realtime.errors import AccountDisabled, ConversationGone, TicketRefused
from realtime.models import VoiceSession

State = VoiceSession.State


def find_ticket(secret: str, *, redeemable: bool = True) -> VoiceSession:
    """The session of a ticket, without opening it.

    Raises TicketRefused when it is unknown or, unless told not to look, cannot be redeemed now; ConversationGone when
    that is because its conversation was deleted.
    """
    found = VoiceSession.objects.filter(ticket_digest=tickets.digest(secret))
    session = found.filter(claimable(timezone.now()) if redeemable else Q()).first()
    if session is None:
        raise ConversationGone if found.filter(conversation=None).exists() else TicketRefused
    return session


def find_parked(secret: str, *, config: RealtimeConfig) -> VoiceSession:
    """The session of a ticket, for a client that comes back to where it is parked.

    Raises TicketRefused, ConversationGone, AccountDisabled and TooManySessions.
    """
    session = find_ticket(secret, redeemable=False)
    if session.conversation_id is None:
        raise ConversationGone
    if session.state not in (State.LIVE, State.WAITING) or session.end_requested_at is not None:
        raise TicketRefused
    if not session.user.is_active:
        raise AccountDisabled
    allowance.check_live_sessions(session.user, session.conversation_id, config)
    return session


def claimable(now: datetime) -> Q:
    """Sessions that a ticket opens: new ones, and those that wait for their client."""
    waiting_since = now - timedelta(seconds=leases.RESUME_SECONDS)
    is_open = Q(state=State.ISSUED, expires_at__gt=now)
    is_waited_for = Q(state=State.WAITING, client_lost_at__gt=waiting_since, end_requested_at=None)
    return Q(conversation__isnull=False) & (is_open | is_waited_for)
