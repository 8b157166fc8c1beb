"""Every write to voice sessions, from the ticket to the end, and the verbs that programs know them by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
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
from realtime import (
    allowance,
    claims,
    handover,
    instructions,
    leases,
    preferences,
    reaper,
    rows,
    tickets,
    turns,
)
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
from realtime.live import PROCESS_NAME
from realtime.models import VoiceSession
from realtime.options import DEFAULT_SPEED, OUTPUTS, TURN_DETECTION
from realtime.protocol.effects import Turn
from realtime.providers.base import Description
from realtime.providers.registry import provider_for
from realtime.session_config import session_config
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event as Happening

T = TypeVar("T")
State = VoiceSession.State
RESUME_SECONDS = leases.RESUME_SECONDS
MAY_COME_BACK: tuple[EndReason, ...] = ("client_lost", "draining")
"""Ends that are written down only when nobody has come back in time."""


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What a caller may choose. Empty, or None: what the person prefers, else the server's own defaults."""

    conversation_id: UUID | None = None
    voice: str = ""
    speed: float | None = None
    language: str = ""
    output: str = ""
    turn_detection: str = ""
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
    usable = Q(state=State.LIVE) | claims.claimable(now)
    return VoiceSession.objects.filter(usable, pk=session_id, user=user).exists()


# --- from the ticket to the end -------------------------------------------------------------------------------------


def open_session(*, user: User, request: SessionRequest, config: RealtimeConfig) -> Issued:
    """Write a session down and make the ticket that opens it. Raises what `generate_session_config` raises."""
    if not config.enabled:
        raise RealtimeDisabled
    reaper.reap_in_time()
    provider = provider_for(config)
    if request.resume_session_id:
        # Whatever it goes on with is there already: its provider need not take new connections at the moment.
        allowance.check_minutes(user, config)
        try:
            return _reissue(user, request, config)
        except SessionNotResumable:
            reaper.reap()  # its time may be over without anybody having written that down
            raise
    provider.check()
    allowance.check_minutes(user, config)
    return _without_the_gone(lambda: _issue(user, request, config, provider.description))


def _issue(user: User, request: SessionRequest, config: RealtimeConfig, description: Description) -> Issued:
    wanted = config.token_expiry_sec if request.token_expiry_sec is None else request.token_expiry_sec
    lifetime = timedelta(seconds=min(wanted, config.token_expiry_sec))
    chosen = _chosen(user, request, config, description)
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
                save_transcript=request.save,
                web_session_key=_web_session_of(request),
                **chosen,
            )
    except IntegrityError as error:
        # Deleted after it was looked up and before the session was there to be ended with it.
        raise ConversationNotFound from error
    FIGURES.count(Happening.TICKET_ISSUED)
    return Issued(session, ticket)


def _chosen(
    user: User, request: SessionRequest, config: RealtimeConfig, description: Description
) -> dict[str, Any]:
    """How the session is to be: as this request says, else as the person prefers, else as the server has it."""
    preferred = preferences.preferences_of(user, description)
    speeds = (request.speed, preferred.speed, DEFAULT_SPEED)
    return {
        "voice": request.voice or preferred.voice or config.voice or description.default_voice,
        "speed": next(speed for speed in speeds if speed is not None),
        "language": request.language or preferred.language or config.language,
        "output": request.output or preferred.output or OUTPUTS[0],
        "turn_detection": request.turn_detection or preferred.turn_detection or TURN_DETECTION[0],
    }


def redeem_ticket(secret: str, *, config: RealtimeConfig) -> VoiceSession:
    """Open the session of a ticket: once, whoever else tries. A live session on the same conversation is replaced.

    Raises TicketRefused, ConversationGone, AccountDisabled when the account was switched off meanwhile, and
    DailyLimitReached and TooManySessions: tickets hold no place, so several may be out when the last one is taken.
    """
    return _without_the_gone(lambda: _opened(secret, config))


@transaction.atomic
def _opened(secret: str, config: RealtimeConfig) -> VoiceSession:
    known = claims.find_ticket(secret)
    # One person's sessions are opened one after another, so that two at once can neither pass the cap nor share a
    # conversation.
    User.objects.select_for_update(no_key=True).filter(pk=known.user_id).first()
    on_it = Q(conversation=turns.conversation_of(known), state__in=[State.LIVE, State.WAITING])
    too_many = Q(pk__in=allowance.parked_too_many(known.user, known.conversation_id, config))
    locked = rows.locked(VoiceSession.objects.filter(on_it | too_many | Q(pk=known.pk)))
    given_up = VoiceSession.objects.filter(too_many, pk__in=locked, state=State.WAITING)
    names = set(given_up.values_list("pk", flat=True))
    if names:
        end_now(sessions=given_up, reason="client_lost")
    session = _redeem(secret)
    if not session.user.is_active:
        raise AccountDisabled
    allowance.check_minutes(session.user, config)
    allowance.check_live_sessions(session.user, session.conversation_id, config)
    others = set(locked.keys() - names - {known.pk})
    rows.end_locked(others, "replaced", Coalesce("client_lost_at", timezone.now()))
    # Whoever opened one of them at the same moment, in this process or another, hears of it now and not with its lease.
    if others:
        transaction.on_commit(lambda: handover.end_everywhere(others, "replaced"))
    return session


def _without_the_gone(opening: Callable[[], T]) -> T:
    """Open a session; if there are too many, try again without those whose process is no more."""
    try:
        return opening()
    except TooManySessions:
        reaper.reap()
        return opening()


def _redeem(secret: str) -> VoiceSession:
    now = timezone.now()
    digest = tickets.digest(secret)
    opened = VoiceSession.objects.filter(claims.claimable(now), ticket_digest=digest).update(
        state=State.LIVE,
        epoch=F("epoch") + 1,
        holder=PROCESS_NAME,
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


def end_session(*, session: VoiceSession, reason: EndReason) -> None:
    """Write the end down. A client that was lost, by its fault or ours, may come back; every other end is final."""
    now = timezone.now()
    # Waiting for somebody who does not come back is not talking, and minutes are counted.
    lost_at = Coalesce("client_lost_at", now)
    if reason in MAY_COME_BACK:
        # Whose end another process has asked for does not come back because its client was lost first.
        asked = rows.held(session).filter(end_requested_at__isnull=False)
        rows.end(asked, F("end_requested_reason"), lost_at)
        waiting = {"state": State.WAITING, "client_lost_at": lost_at, "seen_at": now, "holder": ""}
        # Redeeming the ticket again takes it back.
        rows.held(session).update(**waiting, end_requested_reason=reason)
    else:
        rows.end(rows.held(session), reason, lost_at)
    # A later epoch still waits for words of its own, and fails them itself.
    if not VoiceSession.objects.filter(pk=session.pk, epoch__gt=session.epoch).exists():
        remembering.fail_pending(external_id_prefix=f"{session.pk}:", conversation_id=session.conversation_id)


@transaction.atomic
def end_now(*, sessions: QuerySet[VoiceSession], reason: EndReason) -> int:
    """End sessions: what nobody holds ends here and now, what a process holds as soon as this is committed and it has
    heard of it; at the latest when it renews its lease. How many were not over yet."""
    not_over = VoiceSession.objects.filter(pk__in=sessions.values("pk")).exclude(state=State.ENDED)
    states = rows.locked(not_over)
    a_relay = Q(state=State.LIVE) | ~Q(holder="")
    held = set(VoiceSession.objects.filter(a_relay, pk__in=states).values_list("pk", flat=True))
    now = timezone.now()
    if held:
        asked = {"end_requested_at": now, "end_requested_reason": reason}
        VoiceSession.objects.filter(pk__in=held).update(**asked)
    # Waiting for somebody who does not come back is not talking, and minutes are counted.
    rows.end_locked(states.keys() - held, reason, Coalesce("client_lost_at", now))
    transaction.on_commit(lambda: handover.end_everywhere(held, reason))
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


# --- rows -----------------------------------------------------------------------------------------------------------


def _conversation_for(user: User, conversation_id: UUID | None) -> Conversation:
    if conversation_id is None:
        return remembering.create_conversation(user=user)
    return remembered.get_conversation(user, conversation_id)


def _web_session_of(request: SessionRequest) -> str:
    """The web session that a session belongs to, as its row knows it."""
    return tickets.digest(request.web_session_key) if request.web_session_key else ""


@transaction.atomic
def _reissue(user: User, request: SessionRequest, config: RealtimeConfig) -> Issued:
    """A fresh ticket for a session whose client was lost, or is taken to be: who asks is its owner, and a dead network
    tells the server last. It belongs to the web session that asks from now on. Raises SessionNotFound and
    SessionNotResumable."""
    session_id = request.resume_session_id
    session = VoiceSession.objects.filter(pk=session_id, user=user).first()
    if session is None:
        raise SessionNotFound
    if session.conversation_id is None:
        raise ConversationNotFound
    ticket, before = tickets.new_ticket(), session.ticket_digest
    now = timezone.now()
    named = VoiceSession.objects.filter(pk=session_id, conversation__isnull=False)
    live = named.filter(state=State.LIVE, end_requested_at=None)
    live.update(state=State.WAITING, client_lost_at=now)
    patience = F("client_lost_at") + timedelta(seconds=min(RESUME_SECONDS, config.token_expiry_sec))
    taken = named.filter(claims.claimable(now), state=State.WAITING)
    fresh = {"ticket_digest": ticket.digest, "expires_at": patience}
    if taken.update(**fresh, web_session_key=_web_session_of(request)) != 1:
        raise SessionNotResumable
    FIGURES.count(Happening.TICKET_ISSUED)
    session.refresh_from_db()
    if session.holder:
        transaction.on_commit(lambda: handover.lose_client(session, instead_of=before))
    return Issued(session, ticket)
