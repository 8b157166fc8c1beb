"""Every write to voice sessions, from the ticket to the end, and the verbs that programs know them by."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from conversations import selectors as remembered
from conversations import services as remembering
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message
from realtime import allowance, instructions, tickets
from realtime.config import RealtimeConfig
from realtime.errors import (
    AccountDisabled,
    EndReason,
    RealtimeDisabled,
    SessionNotFound,
    SessionNotResumable,
    TicketRefused,
)
from realtime.models import VoiceSession
from realtime.protocol.effects import Turn
from realtime.providers.registry import provider_for
from realtime.session_config import session_config
from realtime.usage import added

State = VoiceSession.State
RESUME_SECONDS = 30
"""How long a session waits for a client that was lost."""
LOST_SECONDS = 90
"""A live session whose process has not been heard of for so long is lost."""
MAY_COME_BACK: tuple[EndReason, ...] = ("client_lost", "draining")
"""Ends that are written down only when nobody has come back in time."""
RECENT_TURNS = 400
"""No budget holds more turns than this, so no more rows are read."""


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
    messages = remembered.recent_messages(conversation_id, RECENT_TURNS)
    turns = (
        instructions.PastTurn(m.role, m.text, interrupted=m.status == Message.Status.INTERRUPTED)
        for m in messages
    )
    total = len(messages)
    if total == RECENT_TURNS:
        total = remembered.count_messages(conversation_id)
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
    reap()
    allowance.check_minutes(user, config)
    if request.resume_session_id:
        return _reissue(user, request.resume_session_id, config)
    description = provider.description
    wanted = config.token_expiry_sec if request.token_expiry_sec is None else request.token_expiry_sec
    lifetime = timedelta(seconds=min(wanted, config.token_expiry_sec))
    with transaction.atomic():
        conversation = _conversation_for(user, request.conversation_id)
        allowance.check_live_sessions(user, conversation, config)
        ticket = tickets.new_ticket()
        session = VoiceSession.objects.create(
            id=tickets.new_session_id(user.pk),
            user=user,
            conversation=conversation,
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
    return Issued(session, ticket)


def find_ticket(secret: str, *, redeemable: bool = True) -> VoiceSession:
    """The session of a ticket, without opening it. Raises TicketRefused when it is unknown or, unless told not to
    look, cannot be redeemed now."""
    found = VoiceSession.objects.filter(ticket_digest=tickets.digest(secret))
    session = found.filter(_redeemable(timezone.now()) if redeemable else Q()).first()
    if session is None:
        raise TicketRefused
    return session


def redeem_ticket(secret: str, *, config: RealtimeConfig) -> VoiceSession:
    """Open the session of a ticket: once, whoever else tries. A live session on the same conversation is replaced.

    Raises TicketRefused, AccountDisabled when the account was switched off meanwhile, and DailyLimitReached and
    TooManySessions: tickets hold no place, so several may be out when the last one is taken.
    """
    with transaction.atomic():
        # One person's sessions are opened one after another, so that two at once can neither pass the cap nor share
        # a conversation.
        User.objects.select_for_update(no_key=True).filter(pk=find_ticket(secret).user_id).first()
        session = _redeem(secret)
        if not session.user.is_active:
            raise AccountDisabled
        allowance.check_minutes(session.user, config)
        allowance.check_live_sessions(session.user, session.conversation, config)
        others = VoiceSession.objects.filter(conversation_id=session.conversation_id).exclude(pk=session.pk)
        _end(others.filter(state__in=[State.LIVE, State.WAITING]), "replaced", timezone.now())
    return session


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
        message = _appended(session, turn, spoken_at)
        return message or _filled(session, turn)
    except ConversationNotFound:
        return None


@transaction.atomic
def _appended(session: VoiceSession, turn: Turn, spoken_at: datetime) -> Message | None:
    key = turn.key or turn.item_id
    message = _append(session, turn, key, spoken_at)
    if _is_another(turn, message):
        words = hashlib.sha256(remembering.storable(turn.text).encode()).hexdigest()
        message = _append(session, turn, f"{key}~{words[:8]}", spoken_at)
    # The conversation is locked before the session, in the order in which a deletion locks them.
    if not _held(session).select_for_update().exists():
        transaction.set_rollback(True)
        return None
    return message


def _append(session: VoiceSession, turn: Turn, key: str, spoken_at: datetime) -> Message:
    return remembering.append_message(
        conversation_id=session.conversation_id,
        role=turn.role,
        modality=turn.modality,
        status=turn.status,
        text=turn.text,
        unheard_text=turn.unheard_text,
        heard_is_estimated=turn.heard_is_estimated,
        hidden=turn.hidden,
        external_id=f"{session.pk}:{key}",
        spoken_at=spoken_at,
    )


def _is_another(turn: Turn, stored: Message) -> bool:
    """Whether other words were typed under an id that was used before: clients choose the ids of what they type."""
    is_typed = turn.role == "user" and turn.modality == "text" and turn.status == "final"
    return is_typed and remembering.storable(turn.text) != stored.text


@transaction.atomic
def _filled(session: VoiceSession, turn: Turn) -> Message | None:
    """Give a turn of a session that is over the words that came too late for it, in its own place."""
    message = remembering.settle_message(
        conversation_id=session.conversation_id,
        external_id=f"{session.pk}:{turn.key or turn.item_id}",
        status=turn.status,
        text=turn.text,
        unheard_text=turn.unheard_text,
        heard_is_estimated=turn.heard_is_estimated,
        hidden=turn.hidden,
    )
    ours = VoiceSession.objects.filter(pk=session.pk, epoch=session.epoch)
    if not ours.select_for_update().exists():
        transaction.set_rollback(True)
        return None
    return message


def record_usage(*, session: VoiceSession, usage: dict[str, Any]) -> None:
    """Add usage to the session's sums, also what was used up after it was over."""
    with transaction.atomic():
        rows = VoiceSession.objects.filter(pk=session.pk, epoch=session.epoch)
        row = rows.select_for_update().first()
        if row is not None:
            row.usage = added(row.usage, usage)
            row.save(update_fields=["usage"])


def renew_lease(*, session: VoiceSession, auth_hash: str, config: RealtimeConfig) -> EndReason | None:
    """Say that a session is alive, and learn whether it has to end: the reason, or None."""
    now = timezone.now()
    row = VoiceSession.objects.select_related("user").filter(pk=session.pk).first()
    if row is None:
        return "conversation_deleted"
    if row.state != State.LIVE or row.epoch != session.epoch:
        return cast(EndReason, row.end_reason) if row.state == State.ENDED and row.end_reason else "replaced"
    if row.end_requested_at is not None:
        return cast(EndReason, row.end_requested_reason or "ended_by_owner")
    if not row.user.is_active:
        return "account_disabled"
    if row.user.get_session_auth_hash() != auth_hash:
        return "signed_out"
    if allowance.seconds_left_today(row.user, config) == 0:
        return "daily_limit"
    _held(session).update(seen_at=now)
    return None


def end_session(*, session: VoiceSession, reason: EndReason) -> None:
    """Write the end down. A client that was lost, by its fault or ours, may come back; every other end is final."""
    now = timezone.now()
    if reason in MAY_COME_BACK:
        # Whose end another process has asked for does not come back because its client was lost first.
        _end(_held(session).filter(end_requested_at__isnull=False), F("end_requested_reason"), now)
        waiting = {"state": State.WAITING, "client_lost_at": now, "seen_at": now}
        # Redeeming the ticket again takes it back.
        _held(session).update(**waiting, end_requested_reason=reason)
    else:
        _end(_held(session), reason, now)
    # A later epoch still waits for words of its own, and fails them itself.
    if not VoiceSession.objects.filter(pk=session.pk, epoch__gt=session.epoch).exists():
        remembering.fail_pending(external_id_prefix=f"{session.pk}:", conversation_id=session.conversation_id)


def request_end(sessions: QuerySet[VoiceSession], reason: EndReason) -> list[str]:
    """Ask whoever holds these sessions to end them; what nobody holds ends here. The ids of those that are held."""
    now = timezone.now()
    with transaction.atomic():
        held = list(sessions.filter(state=State.LIVE).values_list("pk", flat=True))
        VoiceSession.objects.filter(pk__in=held).update(end_requested_at=now, end_requested_reason=reason)
        _end(sessions.filter(state__in=[State.ISSUED, State.WAITING]), reason, now)
    return held


def request_end_of_web_session(web_session_key: str) -> list[str]:
    """Ask for the end of all that was opened from a web session. The ids of the live ones."""
    digest = tickets.digest(web_session_key)
    return request_end(VoiceSession.objects.filter(web_session_key=digest), "signed_out")


def reap() -> None:
    """End what nobody will end: tickets that ran out, clients that did not come back, processes that are gone."""
    now = timezone.now()
    rows = VoiceSession.objects
    _end(rows.filter(state=State.ISSUED, expires_at__lte=now), "client_lost", F("expires_at"))
    lost_client = rows.filter(
        state=State.WAITING, client_lost_at__lte=now - timedelta(seconds=RESUME_SECONDS)
    )
    # Dated back to when they were last there: waiting to be reaped is not talking, and minutes are counted.
    _end(lost_client.filter(end_requested_reason="draining"), "draining", F("client_lost_at"))
    _end(lost_client, "client_lost", F("client_lost_at"))
    lost_process = rows.filter(state=State.LIVE, seen_at__lte=now - timedelta(seconds=LOST_SECONDS))
    for session_id in list(lost_process.values_list("pk", flat=True)):
        _end(lost_process.filter(pk=session_id), "lost", F("seen_at"))
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
    return Q(state=State.ISSUED, expires_at__gt=now) | Q(
        state=State.WAITING, client_lost_at__gt=waiting_since
    )


def _held(session: VoiceSession) -> QuerySet[VoiceSession]:
    """The row, as long as it is live in the epoch that `session` was opened in."""
    return VoiceSession.objects.filter(pk=session.pk, epoch=session.epoch, state=State.LIVE)


def _end(sessions: QuerySet[VoiceSession], reason: EndReason | F, when: datetime | F) -> int:
    return sessions.update(state=State.ENDED, end_reason=reason, ended_at=when)
