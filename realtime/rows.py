"""Which rows of sessions are meant, and how several of them are locked and ended."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from realtime.errors import EndReason
from realtime.models import VoiceSession

_State = VoiceSession.State


def held(session: VoiceSession) -> QuerySet[VoiceSession]:
    """The row, as long as it is not over in the epoch that `session` was opened in.

    A relay whose client was lost goes on for a while: it writes its turns while the row waits.
    """
    return VoiceSession.objects.filter(
        pk=session.pk, epoch=session.epoch, state__in=[_State.LIVE, _State.WAITING]
    )


def locked(sessions: QuerySet[VoiceSession]) -> dict[str, str]:
    """Lock rows, in one order everywhere: two who end the same sessions then wait for each other and not in a circle.

    Their states, by id.
    """
    return dict(sessions.select_for_update().order_by("pk").values_list("pk", "state"))


@transaction.atomic
def end(sessions: QuerySet[VoiceSession], reason: EndReason | F, when: datetime | F | Coalesce) -> int:
    """Write down that sessions are over. How many were ended here, and not by somebody else meanwhile."""
    names = locked(sessions)
    end_locked(names, reason, when)
    return len(names)


def end_locked(names: Collection[str], reason: EndReason | F, when: datetime | F | Coalesce) -> None:
    """Write down that sessions are over whose rows are locked already."""
    if names:
        ended = VoiceSession.objects.filter(pk__in=names)
        ended.update(state=_State.ENDED, end_reason=reason, ended_at=when, holder="")
