"""Who looked at whose words: each look of somebody else's, and a person's own taking out and erasing, is recorded."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from rest_framework.request import Request

from conversations.models import AccessedTranscript, Conversation, TranscriptAccess

Action = TranscriptAccess.Action
Via = TranscriptAccess.Via


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, through which door, and from where."""

    actor_id: int
    via: Via
    address: str = ""

    @classmethod
    def of(cls, request: HttpRequest | Request, via: Via) -> Self:
        """The signed-in person behind a request."""
        if not isinstance(request.user, User):
            raise TypeError("Transcripts were shown to somebody who is not signed in.")
        return cls(request.user.pk, via, str(request.META.get("REMOTE_ADDR") or "")[:45])


# Without a savepoint: what goes wrong here ends the transaction around it as well.
@transaction.atomic(savepoint=False)
def record(
    looker: Looker, action: Action, conversations: Iterable[Conversation], *, query_length: int = 0
) -> TranscriptAccess:
    """Write down one look at these conversations; at none of them is a look, too.

    Record before showing: whoever cannot be written down sees nothing.
    """
    access = TranscriptAccess.objects.create(
        actor_id=looker.actor_id,
        action=action,
        via=looker.via,
        address=looker.address,
        query_length=query_length,
    )
    AccessedTranscript.objects.bulk_create(
        AccessedTranscript(access=access, conversation_id=each.pk, owner_id=each.user_id)
        for each in conversations
    )
    return access
