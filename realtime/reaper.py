"""The end of sessions that nobody else ends."""

import math
import time
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from conversations import services as remembering
from realtime import allowance, leases, rows
from realtime.models import VoiceSession
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event as Happening

State = VoiceSession.State
REAP_SECONDS = 10.0
"""How often, at most, a process looks for them when another session is asked for."""
_reaped_at = -math.inf


def reap_in_time() -> None:
    """End them, if that is due."""
    if time.monotonic() > _reaped_at + REAP_SECONDS:
        reap()


def reap() -> None:
    """End what nobody will end: tickets that ran out, clients that did not come back, processes that are gone.

    Only what a process left behind is counted: the rest is over as it should be, and nobody has to look into it.
    """
    global _reaped_at
    _reaped_at = time.monotonic()
    now = timezone.now()
    sessions = VoiceSession.objects
    rows.end(sessions.filter(state=State.ISSUED, expires_at__lte=now), "client_lost", F("expires_at"))
    # A relay that still holds such a session gives it up itself, unless it is gone.
    held_by_nobody = Q(holder="") | Q(seen_at__lte=now - timedelta(seconds=allowance.LOST_SECONDS))
    lost_client = sessions.filter(
        held_by_nobody,
        state=State.WAITING,
        client_lost_at__lte=now - timedelta(seconds=leases.RESUME_SECONDS),
    )
    # Dated back to when they were last there: waiting to be reaped is not talking, and minutes are counted.
    rows.end(lost_client.filter(end_requested_reason="draining"), "draining", F("client_lost_at"))
    _left_behind(rows.end(lost_client.exclude(holder=""), "client_lost", F("client_lost_at")))
    rows.end(lost_client, "client_lost", F("client_lost_at"))
    lost_process = sessions.filter(
        state=State.LIVE, seen_at__lte=now - timedelta(seconds=allowance.LOST_SECONDS)
    )
    for session_id in list(lost_process.values_list("pk", flat=True)):
        if rows.end(lost_process.filter(pk=session_id), "lost", F("seen_at")):
            _left_behind(1)
            remembering.fail_pending(external_id_prefix=f"{session_id}:")


def _left_behind(sessions: int) -> None:
    """So many were ended whose process should have done it."""
    if sessions:
        FIGURES.count(Happening.SESSION_REAPED, sessions)
