"""What a process that holds a session writes of it: that it is alive, whether its client is there, and its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from realtime import allowance, rows
from realtime.config import RealtimeConfig
from realtime.errors import EndReason
from realtime.models import VoiceSession
from realtime.prices import PriceTable
from realtime.usage import added

State = VoiceSession.State
RESUME_SECONDS = 30
"""How long a session waits for a client that was lost."""
AT_ONCE = 500
"""How many sessions are named in one statement; SQLite may take no more than 999 values."""
_LOOKED_AT = (
    "conversation_id",
    "state",
    "epoch",
    "end_reason",
    "end_requested_at",
    "end_requested_reason",
    "started_at",
    "user__is_active",
    "user__password",
)
"""What decides whether a session may go on."""


@dataclass(slots=True, eq=False)
class Lease:
    """What a process knows of a session that it holds."""

    session: VoiceSession
    auth_hash: str
    """Of its person, when it was opened."""
    config: RealtimeConfig
    is_parked: bool = False
    """Whether its client was lost and is waited for."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of a session that was said to be alive."""

    reason: EndReason | None
    """Why it has to end now; None if it may go on."""
    surely_left: float | None = None
    """For how many seconds its person may surely go on talking (see `allowance.surely_left`)."""
    is_put_off: bool = False
    """Nothing came of it yet: somebody else was writing its row."""


def renew_leases(asked: Sequence[Lease]) -> list[Renewal]:
    """Say that sessions are alive, and learn what becomes of each.

    A session whose row somebody else is writing is put off: to wait for one would keep all others waiting. It has to be
    renewed alone.
    """
    return [
        renewal
        for start in range(0, len(asked), AT_ONCE)
        for renewal in _renewed(asked[start : start + AT_ONCE], skips_locked=True)
    ]


def renew_lease(lease: Lease) -> Renewal:
    """Say that one session is alive. Waits for whoever writes its row."""
    return _renewed([lease], skips_locked=False)[0]


def _renewed(asked: Sequence[Lease], *, skips_locked: bool) -> list[Renewal]:
    looked_at = VoiceSession.objects.select_related("user").only(*_LOOKED_AT)
    found = looked_at.in_bulk([lease.session.pk for lease in asked])
    over = [_reason_to_end(lease, found.get(lease.session.pk)) for lease in asked]
    going_on = [lease for lease, reason in zip(asked, over, strict=True) if reason is None]
    # First, so that what was talked while the database was away counts as well.
    written = _say_alive(going_on, skips_locked=skips_locked) if going_on else set()
    limited = [lease for lease in going_on if lease.config.minutes_per_day is not None]
    users = {found[lease.session.pk].user_id for lease in limited}
    spent = allowance.seconds_spent_today(users) if users else {}
    renewals: list[Renewal] = []
    for lease, reason in zip(asked, over, strict=True):
        if reason is not None:
            renewals.append(Renewal(reason))
        elif skips_locked and lease.session.pk not in written:
            renewals.append(Renewal(None, is_put_off=True))
        else:
            row = found[lease.session.pk]
            renewals.append(_within_limits(row, spent.get(row.user_id, 0.0), lease.config))
    return renewals


def _reason_to_end(lease: Lease, row: VoiceSession | None) -> EndReason | None:
    """Why a session is not to be said alive."""
    if row is None:
        return "erased"
    if row.conversation_id is None:
        return "conversation_deleted"
    if row.state not in (State.LIVE, State.WAITING) or row.epoch != lease.session.epoch:
        return cast(EndReason, row.end_reason) if row.state == State.ENDED and row.end_reason else "replaced"
    if row.end_requested_at is not None:
        return cast(EndReason, row.end_requested_reason or "ended_by_owner")
    if not row.user.is_active:
        return "account_disabled"
    return None if row.user.get_session_auth_hash() == lease.auth_hash else "signed_out"


@transaction.atomic
def _say_alive(leases: Sequence[Lease], *, skips_locked: bool) -> set[str]:
    """Write down that sessions are alive, those that are still held. Which rows nobody else was writing.

    One that is not parked has its client, whatever the row says after the time to come back: somebody may have asked
    for it from another place and not come.
    """
    now = timezone.now()
    patience = now - timedelta(seconds=RESUME_SECONDS)
    named = VoiceSession.objects.filter(pk__in=[lease.session.pk for lease in leases])
    # In the order in which everybody locks several (see `rows.locked`).
    locked = named.select_for_update(skip_locked=skips_locked, no_key=True).order_by("pk")
    found = {row.pk: row for row in locked.only("state", "epoch", "client_lost_at")}
    alive, back = [], []
    for lease in leases:
        row = found.get(lease.session.pk)
        if row is None or row.epoch != lease.session.epoch or row.state not in (State.LIVE, State.WAITING):
            continue
        alive.append(row.pk)
        lost_at = None if lease.is_parked or row.state == State.LIVE else row.client_lost_at
        if lost_at is not None and lost_at <= patience:
            back.append(row.pk)
    if alive:
        VoiceSession.objects.filter(pk__in=alive).update(seen_at=now)
    if back:
        VoiceSession.objects.filter(pk__in=back).update(state=State.LIVE, client_lost_at=None)
    return set(found)


def _within_limits(row: VoiceSession, spent: float, config: RealtimeConfig) -> Renewal:
    longest = timedelta(hours=config.session_hours)
    if row.started_at is not None and timezone.now() - row.started_at >= longest:
        return Renewal("session_limit")
    left = allowance.left_of_the_day(spent, config)
    return Renewal("daily_limit" if left == 0 else None, allowance.surely_left_of(left, config))


def park_session(*, session: VoiceSession, lost_at: datetime) -> None:
    """Write down that a session waits for its client, while its relay goes on."""
    live = rows.held(session).filter(state=State.LIVE)
    live.update(state=State.WAITING, client_lost_at=lost_at)


def take_back_session(*, session: VoiceSession) -> bool:
    """Write down that the client of a session is back. Whether the session is still there for it."""
    back = {"state": State.LIVE, "client_lost_at": None, "seen_at": timezone.now()}
    return rows.held(session).update(**back) == 1


def record_usage(*, session: VoiceSession, usage: dict[str, Any], prices: PriceTable) -> None:
    """Add usage to the session's sums, also what was used up after it was over, and say what they come to today."""
    with transaction.atomic():
        ours = VoiceSession.objects.filter(pk=session.pk, epoch=session.epoch)
        row = ours.select_for_update().first()
        if row is not None:
            row.usage = added(row.usage, usage)
            row.cost_usd = row.estimated_cost(prices)
            row.save(update_fields=["usage", "cost_usd"])


def record_first_audio(*, session: VoiceSession, answers: int, median_ms: int, slowest_ms: int) -> None:
    """Write down how long the session's answers took to sound, all `answers` of them together."""
    VoiceSession.objects.filter(pk=session.pk, epoch=session.epoch).update(
        answers=answers, first_audio_ms=median_ms, slowest_first_audio_ms=slowest_ms
    )
