"""From a handshake to an opened session: origin, credential, conversation. Raises a RealtimeError for every no."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs
from uuid import UUID

from django.contrib.auth.models import User
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken

from conversations.errors import ConversationNotFound
from realtime import services, tickets
from realtime.config import RealtimeConfig
from realtime.errors import (
    ConversationGone,
    NotSignedIn,
    OriginRefused,
    RealtimeDisabled,
    Throttled,
    TicketRefused,
    UnsupportedQuery,
)
from realtime.executors import in_database
from realtime.live import LiveSessions
from realtime.models import VoiceSession

OWN_DRESS = "voiceassist.v1"
GA_DRESS = "realtime"
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
    """Open the session that the handshake is entitled to. A live one on the same conversation here is ended first.

    A ticket was counted when it was asked for; a session opened with an access token is counted by the `brake`.
    """
    # Programs send no Origin and are judged by their credential; a page is also judged by where it comes from.
    if handshake.origin is not None and handshake.origin not in origins:
        raise OriginRefused
    if {"intent", "call_id"} & set(handshake.query):
        raise UnsupportedQuery
    if not config.enabled:
        raise RealtimeDisabled
    secret = handshake.credential
    if not secret:
        raise NotSignedIn
    if not tickets.is_ticket(secret):
        secret = await in_database(_ticket_for_token)(secret, handshake, config, brake)
    return await _redeem(secret, config, live)


async def _redeem(secret: str, config: RealtimeConfig, live: LiveSessions) -> VoiceSession:
    find = in_database(services.find_ticket)
    known = await find(secret, redeemable=False)
    # A client that comes straight back may be here before its old socket has put everything down.
    await live.settle(known.pk)
    session = await find(secret)
    await live.replace(str(session.conversation_id), by=session.pk)
    return await in_database(services.redeem_ticket)(secret, config=config)


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
