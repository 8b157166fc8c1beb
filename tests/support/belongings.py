"""What one person has here, with words in all of it that nobody else may see."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from conversations import audit, services
from conversations.models import AccessedTranscript, Conversation, Message, Review, TranscriptAccess
from realtime.models import TalkingTime, VoiceSession
from tests.support.sessions import issue, opened

SECRET = "quicksilver"
"""Stands in every text that belongs to the person."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """One row of each kind, and the tokens of a program."""

    owner: User
    conversation: Conversation
    message: Message
    review: Review
    session: VoiceSession
    """Live, on the conversation."""
    unopened: VoiceSession
    """Its ticket is not spent."""
    talking_time: TalkingTime
    look: TranscriptAccess
    shown: AccessedTranscript
    token: OutstandingToken
    refresh: str
    access: str


def belongings_of(owner: User, *, conversation_id: uuid.UUID | None = None) -> Belongings:
    """Give `owner` something of everything."""
    owner.groups.add(Group.objects.create(name=f"takes {SECRET}"))
    conversation = Conversation.objects.create(
        pk=conversation_id or uuid.uuid4(), user=owner, title=f"{SECRET} for my knee"
    )
    session = opened(owner, conversation_id=conversation.pk)
    message = _said(session, "user", "audio", f"Is {SECRET} good for my knee?")
    _said(session, "assistant", "audio", f"No, {SECRET}", unheard_text=f" is {SECRET}.", status="interrupted")
    _said(session, "user", "text", f"{SECRET}, typed")
    review = Review.objects.create(conversation=conversation, is_flagged=True, notes=f"asks for {SECRET}")
    look = audit.record(
        audit.Looker(owner.pk, audit.Via.PAGE, "192.0.2.7"), audit.Action.EXPORT, [conversation]
    )
    refresh = RefreshToken.for_user(owner)
    return Belongings(
        owner=owner,
        conversation=conversation,
        message=message,
        review=review,
        session=session,
        unopened=issue(owner).session,
        talking_time=TalkingTime.objects.create(user=owner, day=timezone.localdate(), seconds=60),
        look=look,
        shown=look.transcripts.get(),
        token=OutstandingToken.objects.get(jti=refresh["jti"]),
        refresh=str(refresh),
        access=str(refresh.access_token),
    )


def _said(
    session: VoiceSession,
    role: str,
    modality: str,
    text: str,
    *,
    unheard_text: str = "",
    status: str = "final",
) -> Message:
    return services.append_message(
        conversation_id=str(session.conversation_id),
        role=role,
        modality=modality,
        status=status,
        text=text,
        unheard_text=unheard_text,
        external_id=f"{session.pk}:{uuid.uuid4().hex}",
        spoken_at=timezone.now() - timedelta(minutes=1),
    )
