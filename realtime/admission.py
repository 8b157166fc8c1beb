"""From a handshake to an opened session: origin, credential, conversation. Raises a RealtimeError for every no."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs
from uuid import UUID

from django.contrib.auth.models import User
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken

from conversations.errors import ConversationNotFound
from realtime import claims, handover, services, tickets
from realtime.config import RealtimeConfig
from realtime.errors import (
    ConversationGone,
    Draining,
    NotSignedIn,
    OriginRefused,
    RealtimeDisabled,
    Throttled,
    TicketRefused,
    UnsupportedQuery,
)
from realtime.executors import in_database
from realtime.live import PROCESS_NAME, LiveSession, LiveSessions
from realtime.models import VoiceSession
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event as Happening
from realtime.telemetry import Span

T = TypeVar("T")
OWN_DRESS = "voiceassist.v1"
GA_DRESS = "realtime"
HANDOVER_SECONDS = 3.0
"""How long another process has to let go of a session, before it is taken from it; longer, where it says that it is
putting it down (`handover.PUT_DOWN_SECONDS`)."""
LOOK_SECONDS = (0.05, 0.5)
"""How soon, at first and at last, it is looked again whether it has."""
Brake = Callable[[User, str], int | None]
"""Counts a session that an account asks for from an address. None when it may have it, else the seconds to wait."""
_KEY = "openai-insecure-api-key."
_NOT_VALID = "This access token is not valid, has expired or was withdrawn. Sign in again for a new one."


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client said when it opened the socket."""

    subprotocols: tuple[str, ...]
    query: dict[str, str]
    origin: str | None
    bearer: str = field(default="", repr=False)
    address: str = ""
    """The IP address of the client, as the server judges it; empty on a Unix socket."""

    @property
    def credential(self) -> str:
        """The ticket or access token, from the subprotocols or the Authorization header; empty without one."""
        offered = (name.removeprefix(_KEY) for name in self.subprotocols if name.startswith(_KEY))
        return next(offered, "") or self.bearer

    @property
    def dress(self) -> str | None:
        """The subprotocol we choose: our own when it is offered, else GA's; None for a client that offers neither."""
        return next((name for name in (OWN_DRESS, GA_DRESS) if name in self.subprotocols), None)

    @property
    def announces(self) -> bool:
        """Whether the client knows our own events."""
        return self.dress == OWN_DRESS or self.query.get("voiceassist") == "1"


def handshake_of(scope: Mapping[str, Any]) -> Handshake:
    """Read an ASGI WebSocket scope."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    kind, _, token = headers.get(b"authorization", "").partition(" ")
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return Handshake(
        subprotocols=tuple(scope.get("subprotocols") or ()),
        query={name: values[-1] for name, values in query.items()},
        origin=headers.get(b"origin"),
        bearer=token.strip() if kind.lower() == "bearer" else "",
        address=(scope.get("client") or ("",))[0] or "",
    )


def no_brake(user: User, address: str) -> None:
    """Lets everybody have as many sessions as they ask for."""


async def admit(
    handshake: Handshake,
    *,
    config: RealtimeConfig,
    origins: list[str],
    live: LiveSessions,
    brake: Brake = no_brake,
) -> VoiceSession:
    """Open the session that the handshake is entitled to. A live one on the same conversation is ended first."""
    ticket = await ticket_of(handshake, config=config, origins=origins, live=live, brake=brake)
    return await redeem(ticket, config=config, live=live, enter=lambda session: session)


async def ticket_of(
    handshake: Handshake,
    *,
    config: RealtimeConfig,
    origins: list[str],
    live: LiveSessions,
    brake: Brake = no_brake,
) -> str:
    """The ticket that the handshake brings, or is entitled to.

    A ticket was counted when it was asked for; a session opened with an access token is counted by the `brake`.
    """
    # Programs send no Origin and are judged by their credential; a page is also judged by where it comes from.
    if handshake.origin is not None and handshake.origin not in origins:
        raise OriginRefused
    if {"intent", "call_id"} & set(handshake.query):
        raise UnsupportedQuery
    if not config.enabled:
        raise RealtimeDisabled
    if live.is_draining:
        raise Draining
    secret = handshake.credential
    if not secret:
        raise NotSignedIn
    if not tickets.is_ticket(secret):
        return await in_database(_ticket_for_token)(secret, handshake, config, brake)
    return secret


async def find_parked(ticket: str, *, live: LiveSessions) -> LiveSession | None:
    """Where in this process the session of a ticket waits for its client; None if it does not."""
    try:
        known = await in_database(claims.find_ticket)(ticket, redeemable=False)
    except (TicketRefused, ConversationGone):
        return None  # told with everything else that is looked at when it is redeemed
    here = live.find(known.pk)
    if here is None:
        return None
    await here.composed.wait()  # lost before it had begun, and back already
    # Where another ticket was asked for since, its client comes on this socket, though nobody could tell us so.
    here.lose_client(known.ticket_digest)
    return here if here.is_parked else None


async def may_return(ticket: str, here: LiveSession, *, config: RealtimeConfig) -> bool:
    """Whether a client may go on with its ticket where its session waits for it; to be asked just before it does."""
    try:
        known = await in_database(claims.find_parked)(ticket, config=config)
    except (TicketRefused, ConversationGone):
        return False
    if known.epoch > here.epoch:
        # Another process has opened it, and nobody could tell us so: what is said here would not be kept.
        here.end("replaced")
        return False
    here.ticket_digest = known.ticket_digest
    return here.is_parked


async def redeem(
    ticket: str,
    *,
    config: RealtimeConfig,
    live: LiveSessions,
    enter: Callable[[VoiceSession], T],
    why_anew: str = "not_parked",
) -> T:
    """Open the session of a ticket; whoever holds it, or another one on its conversation, puts that down first.

    `enter` makes it known to those who come next; until then they wait, so that there are never two of a conversation.
    `why_anew` is counted of one that was there before and could not be gone on with.
    """
    find = in_database(claims.find_ticket)
    known = await find(ticket, redeemable=False)
    async with live.door(str(known.conversation_id)):
        # A client that comes straight back may be here before its old socket has put everything down.
        await live.settle(known.pk)
        session = await find(ticket)
        here = live.find(session.pk)
        if here is not None and not here.is_leaving():
            raise TicketRefused  # its client is there, and the row does not say so yet
        await live.replace(str(session.conversation_id), by=session.pk)
        await _handed_over(session)
        if live.is_draining:
            raise Draining
        opened = await in_database(services.redeem_ticket)(ticket, config=config)
        entered = enter(opened)
    FIGURES.count(Happening.TICKET_REDEEMED)
    if opened.epoch > 1:
        is_from_elsewhere = known.holder not in ("", PROCESS_NAME)
        FIGURES.count(Happening.SESSION_TAKEN_UP, label="other_process" if is_from_elsewhere else why_anew)
    return entered


async def _handed_over(session: VoiceSession) -> None:
    """Have other processes put down what they hold, and wait for that. One that does not answer is not waited for
    long: from the next epoch on it writes nothing."""
    held = await in_database(handover.call_in)(session)
    if not held:
        return
    began, pause = time.monotonic(), LOOK_SECONDS[0]
    patience = handover.ORDERS.expect(held)
    try:
        while held and patience.lasts(held, HANDOVER_SECONDS):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LOOK_SECONDS[1])
            held = await in_database(handover.held_elsewhere)(session)
    finally:
        patience.close()
    FIGURES.count(Happening.SESSION_HANDED_OVER, label="forced" if held else "let_go")
    FIGURES.time(Span.HANDOVER, time.monotonic() - began)


def _ticket_for_token(token: str, handshake: Handshake, config: RealtimeConfig, brake: Brake) -> str:
    """Open a session on the fly for the holder of an access token, and return its ticket."""
    authentication = JWTAuthentication()
    try:
        user = cast(User, authentication.get_user(authentication.get_validated_token(token.encode())))
    except (InvalidToken, AuthenticationFailed) as error:
        raise TicketRefused(_NOT_VALID) from error
    wait = brake(user, handshake.address)
    if wait is not None:
        raise Throttled(wait)
    request = services.SessionRequest(conversation_id=_uuid(handshake.query.get("conversation_id")))
    try:
        return services.open_session(user=user, request=request, config=config).ticket.secret
    except ConversationNotFound as error:
        raise ConversationGone from error


def _uuid(conversation_id: str | None) -> UUID | None:
    try:
        return UUID(conversation_id) if conversation_id else None
    except ValueError as error:
        raise ConversationGone from error
