"""The ASGI edge of the socket: admit, compose, run the relay, end. Audio meets no thread and no channel layer here."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, cast

import orjson
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError

from realtime import services, turns
from realtime.admission import (
    OWN_DRESS,
    Brake,
    Handshake,
    find_parked,
    handshake_of,
    may_return,
    no_brake,
    redeem,
    ticket_of,
)
from realtime.config import RealtimeConfig
from realtime.direct import DIRECT, Direct
from realtime.errors import DatabaseUnavailable, EndReason, InternalFault, RealtimeError, TicketRefused
from realtime.executors import in_database
from realtime.history import DatabaseLedger
from realtime.instructions import Memory
from realtime.light_event import LightEvent
from realtime.live import THIS_PROCESS, LiveSession
from realtime.models import VoiceSession
from realtime.protocol import policy, wire
from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.endings import ENDINGS
from realtime.protocol.events import Event, error_event
from realtime.protocol.session import SessionSetup
from realtime.providers.base import Description, Provider
from realtime.providers.identifiers import safety_identifier
from realtime.providers.registry import provider_for
from realtime.relay import Relay
from realtime.tasks import first_of
from realtime.telemetry import SPEAKING
from realtime.telemetry import THIS_PROCESS as FIGURES
from realtime.telemetry import Event as Happening
from realtime.timing import Timing

log = logging.getLogger(__name__)
CLOSE_SECONDS = 5.0
FIRST_FRAME_SECONDS = 5.0
"""How long a client that could go on where it was has to say that it wants to."""
CLEAN_CLOSES = frozenset({1000, 1005})
"""What a client sends that means to leave. Everything else may come back."""
CLOSED_BY_SERVER: dict[int, EndReason] = {1009: "protocol_error", 1012: "draining"}
"""The web server's own closes: over a frame too large to be handed on, and of every socket when it has to stop."""


class RealtimeConsumer(AsyncConsumer):
    """One socket. The first of a session owns it until it is over; later ones are lent to it."""

    channel_layer_alias = None  # type: ignore[assignment]  # Channels reads None as: no layer

    def __init__(
        self,
        timing: Timing | None = None,
        provider_for: Callable[[RealtimeConfig], Provider] = provider_for,
        clock: Callable[[], float] | None = None,
        brake: Brake = no_brake,
    ) -> None:
        """`clock` gives seconds that never go back; by default the running loop's."""
        self.base_send: Callable[[Any], Awaitable[None]]
        self._brake = brake
        self._timing = timing or Timing()
        self._provider_for = provider_for
        self._clock = clock or asyncio.get_running_loop().time
        self._relay: Relay | None = None
        self._session: asyncio.Task[None] | None = None
        self._decided = LightEvent()
        """Set once the session is composed, or refused."""
        self._left: int | None = None
        """The code with which the client's socket was closed."""
        self._end_asked: EndReason | None = None
        self._gone = LightEvent()
        """Set once the client left this socket, or the session left it."""
        self._direct: Direct | None = None
        self._first: asyncio.Future[str | bytes | None] = asyncio.get_running_loop().create_future()
        """The first frame of the client's; None when it leaves without any."""
        self._is_resume = False
        """That frame was taken for what it says, and is not part of the session."""
        self._farewell: asyncio.Task[None] | None = None
        self._why_anew = "not_parked"
        """Why a session that was there before begins anew, if it does."""

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        self._direct = scope.get("extensions", {}).get(DIRECT)
        # Channels' own loop makes a task for every message, so that it can listen to a layer as well. We have none.
        self.scope, self.base_send = scope, send
        try:
            with suppress(StopConsumer):
                while True:
                    await self.dispatch(await receive())
        finally:
            if self._direct is not None:
                self._direct.hears = None
            # Channels does not call `disconnect` when a send fails or the server stops; this is always run.
            await asyncio.shield(self._finish())

    async def dispatch(self, message: Any) -> None:
        # Channels' own dispatch hops to one thread that all sockets share, for every message.
        match message["type"]:
            case "websocket.receive":
                await self._receive(message)
            case "websocket.connect":
                self._session = asyncio.create_task(
                    self._hold(handshake_of(cast(dict[str, Any], self.scope)))
                )
            case "websocket.disconnect":
                self._leave(_close_code(message))
                raise StopConsumer

    async def _receive(self, message: Any) -> None:
        """Hand a frame to the relay. Waiting here stops the reading of the socket: that is the back-pressure."""
        frame: str | bytes = message["text"] if message.get("bytes") is None else message["bytes"]
        is_first = not self._first.done()
        if is_first:
            self._first.set_result(frame)
        if self._relay is None:
            await self._decided.wait()
        if is_first and self._relay is not None:
            # What goes wrong while a frame is heard is logged with the ids of its session.
            SPEAKING.set((self._relay.core.setup.session_id, self._relay.core.setup.conversation_id))
        if self._relay is not None and not (is_first and self._is_resume):
            await self._relay.offer(frame, self)
        if is_first and self._relay is not None and self._direct is not None:
            # From now on in whatever task the socket is read, and with the same ids in the log.
            takes = partial(self._relay.takes, client=self)
            self._direct.hears = partial(copy_context().run, takes)

    def _leave(self, code: int) -> None:
        self._left = code
        self._gone.set()
        if not self._first.done():
            self._first.set_result(None)
        if self._relay is not None:
            self._tell_relay(self._relay, code)

    def _tell_relay(self, relay: Relay, code: int) -> None:
        relay.client_left(clean=code in CLEAN_CLOSES, client=self, because=CLOSED_BY_SERVER.get(code))

    async def _finish(self) -> None:
        if self._session is not None:
            if self._left is None:
                self._leave(1006)
            await self._session
        if self._farewell is not None:
            await self._farewell

    # --- the session --------------------------------------------------------------------------------------------

    async def _hold(self, handshake: Handshake) -> None:
        """The whole life of one socket."""
        config: RealtimeConfig = settings.REALTIME
        try:
            if await self._sent({"type": "websocket.accept", "subprotocol": handshake.dress}):
                ticket = await ticket_of(
                    handshake,
                    config=config,
                    origins=settings.ALLOWED_ORIGINS,
                    live=THIS_PROCESS,
                    brake=self._brake,
                )
                if not await self._lent(ticket, handshake, config) and self._left is None:
                    session, here = await redeem(
                        ticket,
                        config=config,
                        live=THIS_PROCESS,
                        enter=self._enter,
                        why_anew=self._why_anew,
                    )
                    await self._run(session, here, handshake, config)
        except RealtimeError as error:
            await self._refuse(handshake, error)
        except (OperationalError, InterfaceError):
            log.warning("The database is away: a socket is refused")
            await self._refuse(handshake, DatabaseUnavailable())
        except Exception:
            log.exception("A socket's session ends over a fault of ours")
            await self._refuse(handshake, InternalFault())
        finally:
            self._decided.set()

    async def _lent(self, ticket: str, handshake: Handshake, config: RealtimeConfig) -> bool:
        """Give this socket to a session that waits for its client in this process. Returns, if it could be given, when
        the session or the client has left it."""
        if handshake.dress != OWN_DRESS:
            return False
        parked = await find_parked(ticket, live=THIS_PROCESS)
        if parked is None:
            return False
        seen = await self._seen()
        if self._left is not None:
            return True  # gone again before it said anything: whoever comes next finds the session as it was
        if seen is None or not await may_return(ticket, parked, config=config) or parked.relay is None:
            return False
        if not parked.relay.take_up(self, seen):
            self._why_anew = "journal_short"
            return False
        self._is_resume = True
        self._relay = parked.relay
        self._decided.set()
        if self._left is not None:
            self._tell_relay(parked.relay, self._left)
        await first_of(parked.over.wait(), self._gone.wait())
        if parked.over.is_set() and parked.relay.is_with(self):
            await self._close(*parked.ending)
        return True

    async def _seen(self) -> policy.Seen | None:
        """What the client says that it has seen, in its first frame; None when that is about something else."""
        with suppress(TimeoutError, wire.MalformedFrame, policy.NotAllowed):
            async with asyncio.timeout(FIRST_FRAME_SECONDS):
                frame = await asyncio.shield(self._first)
            if isinstance(frame, str) and policy.RESUME in frame:
                event = wire.decode(frame)
                return policy.seen(event) if event["type"] == policy.RESUME else None
        return None

    def _enter(self, session: VoiceSession) -> tuple[VoiceSession, LiveSession]:
        """Make a session known in this process."""
        here = LiveSession(session.pk, str(session.conversation_id), self._end, lambda: self._is_leaving)
        here.ticket_digest, here.epoch = session.ticket_digest, session.epoch
        THIS_PROCESS.add(here)
        return session, here

    async def _run(
        self, session: VoiceSession, here: LiveSession, handshake: Handshake, config: RealtimeConfig
    ) -> None:
        """Hold an opened session until its end is written down, whatever happens on the way."""
        SPEAKING.set((session.pk, str(session.conversation_id)))
        ledger = DatabaseLedger(session, config)
        FIGURES.count(Happening.SESSION_STARTED)
        log.info("session %s opened for account %s", session.pk, session.user_id)
        reason: EndReason = "internal"
        try:
            relay = await self._compose(session, handshake, config, ledger, here)
            ended = await relay.run()
            reason = ended.reason
            here.ending = ended.close_code, reason
        except RealtimeError as error:
            # What was there before and could not be taken up just now is there for the next try.
            waits_on = error.retryable and session.epoch > 1
            reason = "client_lost" if waits_on else error.end_reason
            here.ending = error.close_code, error.end_reason
            raise
        finally:
            try:
                await ledger.end(reason)
            finally:
                # Not before: whoever waits for this session goes on now.
                here.composed.set()
                THIS_PROCESS.remove(here)
                FIGURES.count(Happening.SESSION_ENDED, label=reason)
                log.info("session %s is over: %s", session.pk, reason)
        if relay.is_with(self):
            await self._close(ended.close_code, reason)

    def _end(self, reason: EndReason) -> None:
        self._end_asked = reason
        if self._relay is not None:
            self._relay.end(reason)

    @property
    def _is_leaving(self) -> bool:
        return self._left is not None if self._relay is None else self._relay.is_settling

    async def _compose(
        self,
        session: VoiceSession,
        handshake: Handshake,
        config: RealtimeConfig,
        ledger: DatabaseLedger,
        here: LiveSession,
    ) -> Relay:
        provider = self._provider_for(config)
        provider.check()
        memory = await in_database(services.recall)(turns.conversation_of(session), config=config)
        owes_answer = session.epoch > 1 and await in_database(turns.owes_answer)(session)
        setup = _setup(session, handshake, config, provider.description, memory, owes_answer=owes_answer)
        relay = Relay(
            core=RealtimeProtocol(setup, self._clock(), time.time()),
            client=self,
            provider=provider,
            ledger=ledger,
            safety_identifier=safety_identifier(session.user_id, salt=config.identifier_salt),
            clock=self._clock,
            timing=self._timing,
        )
        self._relay = here.relay = relay
        self._decided.set()
        # Both may have happened while the session was being composed.
        if self._end_asked is not None:
            relay.end(self._end_asked)
        if self._left is not None:
            self._tell_relay(relay, self._left)
        here.composed.set()
        return relay

    # --- the client's side of the relay -------------------------------------------------------------------------

    async def send_text(self, frame: str) -> None:
        await self.base_send({"type": "websocket.send", "text": frame})

    async def send_audio(self, pcm: bytes) -> None:
        await self.base_send({"type": "websocket.send", "bytes": pcm})

    @property
    def takes(self) -> Callable[[str | bytes], bool] | None:
        return None if self._direct is None else self._direct.takes

    def dismiss(self, *, may_return: bool = False) -> None:
        self._gone.set()
        reason: EndReason = "slow_client" if may_return else "replaced"
        self._farewell = asyncio.create_task(self._close(ENDINGS[reason].close_code, reason))

    async def _refuse(self, handshake: Handshake, error: RealtimeError) -> None:
        """Say no in words: a handshake that is turned away reaches a browser as a bare 1006."""
        FIGURES.count(Happening.SOCKET_REFUSED, label=error.code)
        if isinstance(error, TicketRefused):
            FIGURES.count(Happening.TICKET_REFUSED, label=error.code)
        log.info("socket refused: %s from %s", error.code, handshake.address)
        events: list[Event] = [error_event("event_refused", error.code, error.detail)]
        if handshake.announces:
            ended: dict[str, Any] = {
                "type": "voiceassist.ended",
                "event_id": "event_ended",
                "reason": error.end_reason,
                "code": error.code,
                "detail": error.detail,
                "retryable": error.retryable,
            }
            if error.retry_after is not None:
                ended["retry_after"] = error.retry_after
            events.append(ended)
        for event in events:
            await self._sent({"type": "websocket.send", "text": orjson.dumps(event).decode()})
        await self._close(error.close_code, error.code)

    async def _close(self, code: int, reason: str) -> None:
        await self._sent({"type": "websocket.close", "code": code, "reason": reason})

    async def _sent(self, message: dict[str, Any]) -> bool:
        """Send outside of the relay; whether it could be sent."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.send(message)
        except (OSError, TimeoutError, RuntimeError):
            # RuntimeError is how servers say that the socket is closed already.
            log.debug("%s: the client is gone already", message["type"])
            return False
        return True


def _close_code(disconnect: dict[str, Any]) -> int:
    """The code with which a client left; 1006 of one that was lost."""
    code = disconnect.get("code")
    if code == 1005 and "reason" not in disconnect:
        # uvicorn says so of a connection that broke; a close frame without a code brings at least an empty reason.
        return 1006
    return code or 1005


def _setup(
    session: VoiceSession,
    handshake: Handshake,
    config: RealtimeConfig,
    description: Description,
    memory: Memory,
    *,
    owes_answer: bool,
) -> SessionSetup:
    return SessionSetup(
        session_id=session.pk,
        conversation_id=str(session.conversation_id),
        model=description.model,
        provider_name=description.name,
        provider_label=description.label,
        is_language_model=description.is_language_model,
        instructions=memory.instructions(),
        voice=session.voice,
        speed=session.speed,
        language=session.language,
        transcription_model=config.transcription_model or description.transcription_model,
        output=session.output,
        turn_detection=session.turn_detection,
        save=session.save_transcript,
        epoch=session.epoch,
        binary_audio=handshake.dress == OWN_DRESS,
        announces=handshake.announces,
        idle_seconds=config.idle_minutes * 60.0,
        voice_problem=description.voice_problem,
        remember=memory.instructions,
        owes_answer=owes_answer,
        usage=session.usage,
        prices=config.prices,
    )
