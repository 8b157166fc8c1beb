"""Every write to voice sessions, from the ticket to the end, and the verbs that programs know them by."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from conversations import selectors as remembered
from conversations import services as remembering
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message
from realtime import allowance, instructions, rows, tickets, turns
from realtime.config import RealtimeConfig
from realtime.errors import (
    AccountDisabled,
    ConversationGone,
    EndReason,
    RealtimeDisabled,
    SessionNotFound,
    SessionNotResumable,
    TicketRefused,
    TooManySessions,
)
from realtime.live import THIS_PROCESS
from realtime.models import VoiceSession
from realtime.prices import PriceTable
from realtime.protocol.effects import Turn
from realtime.providers.base import Description
from realtime.providers.registry import provider_for
from realtime.session_config import session_config
from realtime.usage import added

T = TypeVar("T")
State = VoiceSession.State
RESUME_SECONDS = 30
"""How long a session waits for a client that was lost."""
LOST_SECONDS = allowance.LOST_SECONDS
REAP_SECONDS = 10.0
"""How often, at most, a process looks for such sessions when another one is asked for."""
_reaped_at = -math.inf
MAY_COME_BACK: tuple[EndReason, ...] = ("client_lost", "draining")
"""Ends that are written down only when nobody has come back in time."""


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What a caller may choose. Empty values: the server's own defaults."""

    conversation_id: UUID | None = None
    voice: str = ""
    speed: float = 1.0
    language: str = ""
    output: str = "audio"
    turn_detection: str = "server_vad"
    save: bool = True
    resume_session_id: str = ""
    web_session_key: str = ""
    """The web session it is asked from; signing out there ends what was opened. Empty for API clients."""
    token_expiry_sec: int | None = None
    """For how many seconds the ticket is wanted; never longer than the server's own limit, which is taken for None."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A session that waits for its ticket to be redeemed."""

    session: VoiceSession
    ticket: tickets.Ticket


# --- the verbs ------------------------------------------------------------------------------------------------------


def generate_session_config(*, user: User, request: SessionRequest, config: RealtimeConfig) -> dict[str, Any]:
    """Issue a session and answer with all a client needs to connect. Holds no key of the provider's.

    Raises RealtimeDisabled, RealtimeNotConfigured, ConversationNotFound, SessionNotFound, SessionNotResumable,
    TooManySessions and DailyLimitReached.
    """
    issued = open_session(user=user, request=request, config=config)
    description = provider_for(config).description
    return session_config(issued.session, issued.ticket, config=config, description=description)


def get_session_instructions(conversation_id: UUID, *, config: RealtimeConfig) -> str:
    """Who the assistant is, and what was said in the conversation so far as far as the budget reaches."""
    return recall(conversation_id, config=config).instructions()


def recall(conversation_id: UUID, *, config: RealtimeConfig) -> instructions.Memory:
    """What a session on this conversation begins with, to be written out whenever it needs another upstream."""
    most = instructions.turns_within(config.history_tokens)
    messages = remembered.recent_messages(conversation_id, most)
    turns = (
        instructions.PastTurn(m.role, m.text, interrupted=m.status == Message.Status.INTERRUPTED)
        for m in messages
    )
    # Where a turn stands says how many there were before it. To count those that had words would take ever longer.
    total = len(messages) + (messages[-1].position if len(messages) == most else 0)
    return instructions.remembered(
        config.instructions, turns, total=total, budget_tokens=config.history_tokens
    )


def validate_session(session_id: str, *, user: User) -> bool:
    """Whether an id is well formed, known, the caller's, and live or still redeemable."""
    if not tickets.is_session_id(session_id):
        return False
    now = timezone.now()
    usable = Q(state=State.LIVE) | _redeemable(now)
    return VoiceSession.objects.filter(usable, pk=session_id, user=user).exists()


# --- from the ticket to the end -------------------------------------------------------------------------------------


def open_session(*, user: User, request: SessionRequest, config: RealtimeConfig) -> Issued:
    """Write a session down and make the ticket that opens it. Raises what `generate_session_config` raises."""
    if not config.enabled:
        raise RealtimeDisabled
    provider = provider_for(config)
    provider.check()
    if request.resume_session_id or time.monotonic() > _reaped_at + REAP_SECONDS:
        reap()
    allowance.check_minutes(user, config)
    if request.resume_session_id:
        return _reissue(user, request.resume_session_id, config)
    return _without_the_gone(lambda: _issue(user, request, config, provider.description))


def _issue(user: User, request: SessionRequest, config: RealtimeConfig, description: Description) -> Issued:
    wanted = config.token_expiry_sec if request.token_expiry_sec is None else request.token_expiry_sec
    lifetime = timedelta(seconds=min(wanted, config.token_expiry_sec))
    ticket = tickets.new_ticket()
    try:
        with transaction.atomic():
            allowance.check_live_sessions(user, request.conversation_id, config)
            session = VoiceSession.objects.create(
                id=tickets.new_session_id(user.pk),
                user=user,
                conversation=_conversation_for(user, request.conversation_id),
                ticket_digest=ticket.digest,
                expires_at=timezone.now() + lifetime,
                provider=description.name,
                model=description.model,
                transcription_model=config.transcription_model or description.transcription_model,
                voice=request.voice or config.voice or description.default_voice,
                speed=request.speed,
                language=request.language or config.language,
                output=request.output,
                turn_detection=request.turn_detection,
                save_transcript=request.save,
                web_session_key=tickets.digest(request.web_session_key) if request.web_session_key else "",
            )
    except IntegrityError as error:
        # Deleted after it was looked up and before the session was there to be ended with it.
        raise ConversationNotFound from error
    return Issued(session, ticket)


def find_ticket(secret: str, *, redeemable: bool = True) -> VoiceSession:
    """The session of a ticket, without opening it.

    Raises TicketRefused when it is unknown or, unless told not to look, cannot be redeemed now; ConversationGone when
    that is because its conversation was deleted.
    """
    found = VoiceSession.objects.filter(ticket_digest=tickets.digest(secret))
    session = found.filter(_redeemable(timezone.now()) if redeemable else Q()).first()
    if session is None:
        raise ConversationGone if found.filter(conversation=None).exists() else TicketRefused
    return session


def redeem_ticket(secret: str, *, config: RealtimeConfig) -> VoiceSession:
    """Open the session of a ticket: once, whoever else tries. A live session on the same conversation is replaced.

    Raises TicketRefused, ConversationGone, AccountDisabled when the account was switched off meanwhile, and
    DailyLimitReached and TooManySessions: tickets hold no place, so several may be out when the last one is taken.
    """
    return _without_the_gone(lambda: _opened(secret, config))


@transaction.atomic
def _opened(secret: str, config: RealtimeConfig) -> VoiceSession:
    known = find_ticket(secret)
    # One person's sessions are opened one after another, so that two at once can neither pass the cap nor share a
    # conversation.
    User.objects.select_for_update(no_key=True).filter(pk=known.user_id).first()
    on_it = Q(conversation=turns.conversation_of(known), state__in=[State.LIVE, State.WAITING])
    locked = rows.locked(VoiceSession.objects.filter(on_it | Q(pk=known.pk)))
    session = _redeem(secret)
    if not session.user.is_active:
        raise AccountDisabled
    allowance.check_minutes(session.user, config)
    allowance.check_live_sessions(session.user, session.conversation_id, config)
    rows.end_locked(locked.keys() - {known.pk}, "replaced", timezone.now())
    return session


def _without_the_gone(opening: Callable[[], T]) -> T:
    """Open a session; if there are too many, try again without those whose process is no more."""
    try:
        return opening()
    except TooManySessions:
        reap()
        return opening()


def _redeem(secret: str) -> VoiceSession:
    now = timezone.now()
    digest = tickets.digest(secret)
    opened = VoiceSession.objects.filter(_redeemable(now), ticket_digest=digest).update(
        state=State.LIVE,
        epoch=F("epoch") + 1,
        started_at=Coalesce("started_at", now),
        seen_at=now,
        client_lost_at=None,
        end_requested_at=None,
        end_requested_reason="",
    )
    if opened != 1:
        raise TicketRefused
    return VoiceSession.objects.select_related("user", "conversation").get(ticket_digest=digest)


def record_turn(*, session: VoiceSession, turn: Turn, spoken_at: datetime) -> Message | None:
    """Store one turn. None when the session is no longer this epoch's to write, or its conversation is gone.

    A session that is over writes no further turn, but one that has its place already may still get its words.
    """
    try:
        return turns.appended(session, turn, spoken_at) or turns.filled(session, turn)
    except (ConversationNotFound, ConversationGone):
        return None


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


def renew_lease(*, session: VoiceSession, auth_hash: str, config: RealtimeConfig) -> EndReason | None:
    """Say that a session is alive, and learn whether it has to end: the reason, or None."""
    now = timezone.now()
    row = VoiceSession.objects.select_related("user").filter(pk=session.pk).first()
    if row is None:
        return "erased"
    if row.conversation_id is None:
        return "conversation_deleted"
    if row.state != State.LIVE or row.epoch != session.epoch:
        return cast(EndReason, row.end_reason) if row.state == State.ENDED and row.end_reason else "replaced"
    if row.end_requested_at is not None:
        return cast(EndReason, row.end_requested_reason or "ended_by_owner")
    if not row.user.is_active:
        return "account_disabled"
    if row.user.get_session_auth_hash() != auth_hash:
        return "signed_out"
    # First, so that what was talked while the database was away counts as well.
    rows.held(session).update(seen_at=now)
    return "daily_limit" if allowance.seconds_left_today(row.user, config) == 0 else None


def end_session(*, session: VoiceSession, reason: EndReason) -> None:
    """Write the end down. A client that was lost, by its fault or ours, may come back; every other end is final."""
    now = timezone.now()
    if reason in MAY_COME_BACK:
        # Whose end another process has asked for does not come back because its client was lost first.
        rows.end(rows.held(session).filter(end_requested_at__isnull=False), F("end_requested_reason"), now)
        waiting = {"state": State.WAITING, "client_lost_at": now, "seen_at": now}
        # Redeeming the ticket again takes it back.
        rows.held(session).update(**waiting, end_requested_reason=reason)
    else:
        rows.end(rows.held(session), reason, now)
    # A later epoch still waits for words of its own, and fails them itself.
    if not VoiceSession.objects.filter(pk=session.pk, epoch__gt=session.epoch).exists():
        remembering.fail_pending(external_id_prefix=f"{session.pk}:", conversation_id=session.conversation_id)


@transaction.atomic
def end_now(*, sessions: QuerySet[VoiceSession], reason: EndReason) -> int:
    """End sessions: what nobody holds ends here and now, what this process holds as soon as this is committed, and
    what another one holds when it renews its lease. How many were not over yet."""
    not_over = VoiceSession.objects.filter(pk__in=sessions.values("pk")).exclude(state=State.ENDED)
    states = rows.locked(not_over)
    held = {name for name, state in states.items() if state == State.LIVE}
    now = timezone.now()
    if held:
        asked = {"end_requested_at": now, "end_requested_reason": reason}
        VoiceSession.objects.filter(pk__in=held).update(**asked)
    # Waiting for somebody who does not come back is not talking, and minutes are counted.
    rows.end_locked(states.keys() - held, reason, Coalesce("client_lost_at", now))
    transaction.on_commit(lambda: THIS_PROCESS.end(held, reason))
    return len(states)


def end_web_session(web_session_key: str) -> int:
    """End all that was opened from a web session. How many sessions were not over yet."""
    opened_there = VoiceSession.objects.filter(web_session_key=tickets.digest(web_session_key))
    return end_now(sessions=opened_there, reason="signed_out")


@transaction.atomic
def end_conversation(conversation_id: UUID) -> int:
    """End the sessions on a conversation that is about to be deleted. How many were not over yet."""
    # The conversation is locked before its sessions, in the order in which a turn locks them.
    Conversation.objects.select_for_update().filter(pk=conversation_id).first()
    held_there = VoiceSession.objects.filter(conversation=conversation_id)
    return end_now(sessions=held_there, reason="conversation_deleted")


def reap() -> None:
    """End what nobody will end: tickets that ran out, clients that did not come back, processes that are gone."""
    global _reaped_at
    _reaped_at = time.monotonic()
    now = timezone.now()
    sessions = VoiceSession.objects
    rows.end(sessions.filter(state=State.ISSUED, expires_at__lte=now), "client_lost", F("expires_at"))
    lost_client = sessions.filter(
        state=State.WAITING, client_lost_at__lte=now - timedelta(seconds=RESUME_SECONDS)
    )
    # Dated back to when they were last there: waiting to be reaped is not talking, and minutes are counted.
    rows.end(lost_client.filter(end_requested_reason="draining"), "draining", F("client_lost_at"))
    rows.end(lost_client, "client_lost", F("client_lost_at"))
    lost_process = sessions.filter(state=State.LIVE, seen_at__lte=now - timedelta(seconds=LOST_SECONDS))
    for session_id in list(lost_process.values_list("pk", flat=True)):
        if rows.end(lost_process.filter(pk=session_id), "lost", F("seen_at")):
            remembering.fail_pending(external_id_prefix=f"{session_id}:")


# --- rows -----------------------------------------------------------------------------------------------------------


def _conversation_for(user: User, conversation_id: UUID | None) -> Conversation:
    if conversation_id is None:
        return remembering.create_conversation(user=user)
    return remembered.get_conversation(user, conversation_id)


def _reissue(user: User, session_id: str, config: RealtimeConfig) -> Issued:
    """A fresh ticket for a session whose client was lost. Raises SessionNotFound and SessionNotResumable."""
    session = VoiceSession.objects.filter(pk=session_id, user=user).first()
    if session is None:
        raise SessionNotFound
    if session.conversation_id is None:
        raise ConversationNotFound
    ticket = tickets.new_ticket()
    now = timezone.now()
    # Only a session that waits can be taken up; one that lives would be torn from a client that is there.
    taken = VoiceSession.objects.filter(_redeemable(now), pk=session_id, state=State.WAITING)
    patience = F("client_lost_at") + timedelta(seconds=min(RESUME_SECONDS, config.token_expiry_sec))
    if taken.update(ticket_digest=ticket.digest, expires_at=patience) != 1:
        raise SessionNotResumable
    session.refresh_from_db()
    return Issued(session, ticket)


def _redeemable(now: datetime) -> Q:
    waiting_since = now - timedelta(seconds=RESUME_SECONDS)
    is_open = Q(state=State.ISSUED, expires_at__gt=now)
    is_waited_for = Q(state=State.WAITING, client_lost_at__gt=waiting_since)
    return Q(conversation__isnull=False) & (is_open | is_waited_for)
