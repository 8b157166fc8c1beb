"""The ASGI edge of the socket: admit, compose, run the relay, end. Audio meets no thread and no channel layer here."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import orjson
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings

from realtime import services, turns
from realtime.admission import OWN_DRESS, Brake, Handshake, admit, handshake_of, no_brake
from realtime.config import RealtimeConfig
from realtime.errors import EndReason, InternalFault, RealtimeError
from realtime.executors import in_database
from realtime.history import DatabaseLedger
from realtime.instructions import Memory
from realtime.live import THIS_PROCESS, LiveSession
from realtime.models import VoiceSession
from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.events import Event, error_event
from realtime.protocol.session import SessionSetup
from realtime.providers.base import Description, Provider
from realtime.providers.identifiers import safety_identifier
from realtime.providers.registry import provider_for
from realtime.relay import Relay, Timing

log = logging.getLogger(__name__)
CLOSE_SECONDS = 5.0
CLEAN_CLOSES = frozenset({1000, 1005})
"""What a client sends that means to leave. Everything else may come back."""
CLOSED_BY_SERVER: dict[int, EndReason] = {1009: "protocol_error", 1012: "draining"}
"""The web server's own closes: over a frame too large to be handed on, and of every socket when it has to stop."""


class RealtimeConsumer(AsyncConsumer):
    """One socket, one session."""

    channel_layer_alias = None  # type: ignore[assignment]  # Channels reads None as: no layer

    def __init__(
        self,
        timing: Timing | None = None,
        provider_for: Callable[[RealtimeConfig], Provider] = provider_for,
        clock: Callable[[], float] | None = None,
        brake: Brake = no_brake,
    ) -> None:
        """`clock` gives seconds that never go back; by default the running loop's."""
        self._brake = brake
        self._timing = timing or Timing()
        self._provider_for = provider_for
        self._clock = clock or asyncio.get_running_loop().time
        self._relay: Relay | None = None
        self._session: asyncio.Task[None] | None = None
        self._decided = asyncio.Event()
        """Set once the session is composed, or refused."""
        self._left: int | None = None
        """The code with which the client's socket was closed."""
        self._end_asked: EndReason | None = None

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
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
        if self._relay is None:
            await self._decided.wait()
        if self._relay is not None:
            frame = message.get("bytes")
            await self._relay.offer(message["text"] if frame is None else frame)

    def _leave(self, code: int) -> None:
        self._left = code
        if self._relay is not None:
            self._relay.client_left(clean=code in CLEAN_CLOSES)

    async def _finish(self) -> None:
        if self._session is not None:
            if self._left is None:
                self._leave(1006)
            await self._session

    # --- the session --------------------------------------------------------------------------------------------

    async def _hold(self, handshake: Handshake) -> None:
        """The whole life of one socket."""
        config: RealtimeConfig = settings.REALTIME
        try:
            if await self._sent({"type": "websocket.accept", "subprotocol": handshake.dress}):
                session = await admit(
                    handshake,
                    config=config,
                    origins=settings.ALLOWED_ORIGINS,
                    live=THIS_PROCESS,
                    brake=self._brake,
                )
                await self._run(session, handshake, config)
        except RealtimeError as error:
            await self._refuse(handshake, error)
        except Exception:
            log.exception("A socket's session ends over a fault of ours")
            await self._refuse(handshake, InternalFault())
        finally:
            self._decided.set()

    async def _run(self, session: VoiceSession, handshake: Handshake, config: RealtimeConfig) -> None:
        """Hold an opened session until its end is written down, whatever happens on the way."""
        ledger = DatabaseLedger(session, config)
        here = LiveSession(session.pk, str(session.conversation_id), self._end, lambda: self._is_leaving)
        THIS_PROCESS.add(here)
        reason: EndReason = "internal"
        try:
            relay = await self._compose(session, handshake, config, ledger)
            ended = await relay.run()
            reason = ended.reason
            if reason == "client_lost" and self._left is not None:
                reason = CLOSED_BY_SERVER.get(self._left, reason)
        except RealtimeError as error:
            reason = error.end_reason
            raise
        finally:
            try:
                await ledger.end(reason)
            finally:
                # Not before: whoever waits for this session goes on now.
                THIS_PROCESS.remove(here)
        if not ended.client_is_gone:
            await self._close(ended.close_code, reason)

    def _end(self, reason: EndReason) -> None:
        self._end_asked = reason
        if self._relay is not None:
            self._relay.end(reason)

    @property
    def _is_leaving(self) -> bool:
        return self._left is not None or (self._relay is not None and self._relay.is_leaving)

    async def _compose(
        self, session: VoiceSession, handshake: Handshake, config: RealtimeConfig, ledger: DatabaseLedger
    ) -> Relay:
        provider = self._provider_for(config)
        provider.check()
        memory = await in_database(services.recall)(turns.conversation_of(session), config=config)
        setup = _setup(session, handshake, config, provider.description, memory)
        relay = Relay(
            core=RealtimeProtocol(setup, self._clock(), time.time()),
            client=self,
            provider=provider,
            ledger=ledger,
            safety_identifier=safety_identifier(session.user_id, salt=config.identifier_salt),
            clock=self._clock,
            timing=self._timing,
        )
        self._relay = relay
        self._decided.set()
        # Both may have happened while the session was being composed.
        if self._end_asked is not None:
            relay.end(self._end_asked)
        if self._left is not None:
            relay.client_left(clean=self._left in CLEAN_CLOSES)
        return relay

    # --- the client's side of the relay -------------------------------------------------------------------------

    async def send_text(self, frame: str) -> None:
        await self.send({"type": "websocket.send", "text": frame})

    async def send_audio(self, pcm: bytes) -> None:
        await self.send({"type": "websocket.send", "bytes": pcm})

    async def _refuse(self, handshake: Handshake, error: RealtimeError) -> None:
        """Say no in words: a handshake that is turned away reaches a browser as a bare 1006."""
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
        usage=session.usage,
        prices=config.prices,
    )
