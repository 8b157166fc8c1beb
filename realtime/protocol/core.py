"""RealtimeProtocol: the only state machine of a session. Frames in, effects out; time is passed in."""

from enum import Enum

from realtime.errors import EndReason, RealtimeError
from realtime.protocol import policy, wire
from realtime.protocol.effects import Effect, End, MalformedFromUpstream, Ready, Reconnect, ToUpstream, Turn
from realtime.protocol.endings import ENDINGS, OVERSIZE, TOO_FAST, Ending, ending_of_error, ending_of_refusal
from realtime.protocol.events import Event, is_well_formed, mapping_of
from realtime.protocol.from_client import FromClient
from realtime.protocol.from_upstream import FromUpstream
from realtime.protocol.pace import EventMeter
from realtime.protocol.reconnection import PAUSES, Lifetime, Reason, Reconnection
from realtime.protocol.refusals import Refusal, refusal_of_close, refusal_of_error
from realtime.protocol.retention import Retention
from realtime.protocol.session import SessionSetup
from realtime.protocol.succession import Succession
from realtime.protocol.talk import Talk

SETUP_SECONDS = 10.0
"""How long upstream may take to greet and to accept our configuration."""
MAX_MALFORMED = 10
MAX_PING = 1024
"""Characters of a frame that asks for a sign of life."""


class Phase(Enum):
    """How far a session is. One that loses its upstream begins anew at GREETING with another."""

    GREETING = "greeting"
    """Waiting for upstream's `session.created`."""
    CONFIGURING = "configuring"
    """Waiting for upstream to accept our `session.update`."""
    READY = "ready"
    ENDED = "ended"


class RealtimeProtocol:
    """One session between a client and its upstreams. All times are seconds of one monotonic clock."""

    def __init__(self, setup: SessionSetup, now: float, unix_now: float = 0.0) -> None:
        """`unix_now` is what a clock on the wall shows at `now`; 0.0 when nobody knows."""
        self.setup = setup
        self.phase = Phase.GREETING
        self._talk = Talk(setup, now)
        self._from_client = FromClient(self._talk)
        self._from_upstream = FromUpstream(self._talk)
        self._succession = Succession(self._talk)
        self._reconnection = Reconnection()
        self._lifetime = Lifetime(unix_now - now if unix_now else None)
        self._setup_by = now + SETUP_SECONDS
        self._was_ready = False
        """An upstream served this session; from now on another one may take its place."""
        self._over_at: float | None = None
        """When the client left or was told to; it has heard nothing since."""
        self._malformed = 0
        self._away_at: float | None = None
        """When the client was lost that may come back; None while it is there."""
        self._was_heard = False
        """A client said something."""
        self._frames = 0
        """How many of its frames were read, over all its sockets."""
        self._events = EventMeter()

    # --- what the relay tells us --------------------------------------------------------------------------------

    def upstream_frame(self, frame: str, now: float) -> list[Effect]:
        """A frame came from upstream."""
        # A server that stutters is not the caller's concern.
        try:
            event = wire.decode(frame)
        except wire.MalformedFrame:
            return [MalformedFromUpstream()]
        if not is_well_formed(event):
            return [MalformedFromUpstream()]
        if self.phase is Phase.READY:
            self._from_upstream.event(event, frame, now)
            self._note(event, now)
            self._judge(now)
        elif self.phase is Phase.ENDED:
            self._from_upstream.hear_out(event, now)
        else:
            self._greet(event, now)
        return self._talk.taken()

    def more_sound(self, frame: str, now: float) -> tuple[str | bytes, str] | None:
        """What the client is given of a frame of upstream's that is nothing but more sound of an item, and that item:
        the frame, or PCM16, which may be empty. None: it has to come as an `upstream_frame`."""
        return self._from_upstream.more_sound(frame, now) if self.phase is Phase.READY else None

    def upstream_closed(self, closed_with: int, reason: str, now: float) -> list[Effect]:
        """The connection to upstream ended without our asking."""
        self._lost(refusal_of_close(closed_with, reason), now)
        return self._talk.taken()

    def connection_failed(self, error: RealtimeError, now: float) -> list[Effect]:
        """A connection to upstream could not be had."""
        if self._was_ready and error.retryable:
            self._reconnect("lost", error.code, ending_of_error(error), now, at_least=error.retry_after or 0)
        else:
            self._end(ending_of_error(error), now)
        return self._talk.taken()

    def failed(self, error: RealtimeError, now: float) -> list[Effect]:
        """Something of ours went wrong."""
        self._end(ending_of_error(error), now)
        return self._talk.taken()

    def behind(self, unsent_bytes: int) -> None:
        """How many bytes of microphone audio still wait to be sent upstream."""
        self._talk.kept.behind(unsent_bytes)

    def client_frame(self, frame: str | bytes, now: float) -> list[Effect]:
        """A frame came from the client: JSON in text, PCM16 in bytes. Only once READY, or when it has left."""
        if self.phase is Phase.ENDED:
            return []
        self._frames += not policy.is_of_the_line(frame)
        if wire.is_oversize(frame):
            self._end(OVERSIZE, now)
            return self._talk.taken()
        event: Event = {}
        try:
            if isinstance(frame, bytes):
                wire.check_pcm(frame)
                self._hear(frame, now)
            else:
                event = wire.decode(frame)
                self._client_event(event, now)
                if event["type"] != "input_audio_buffer.append":
                    self._events.received(now)
        except (wire.MalformedFrame, policy.NotAllowed) as error:
            self._talk.out.extend(self._talk.notices.refused(error, event))
            self._events.received(now)
            self._malformed += isinstance(error, wire.MalformedFrame)
            if self._malformed >= MAX_MALFORMED:
                self._end(ENDINGS["protocol_error"], now)
            self._check_pace(now)
        self._was_heard = True
        return self._talk.taken()

    def takes_voice(self, pcm: bytes, now: float) -> bool:
        """Whether audio of the client's has only to be sent upstream, at once, as nearly all of it. False: nothing was
        done with it, and it comes as a `client_frame`."""
        size = len(pcm)
        if (
            self.phase is not Phase.READY
            or not 0 < size <= wire.MAX_BINARY_BYTES
            or size & 1
            or not self._events.is_calm(now)
            or not self._from_client.takes(pcm, now)
        ):
            return False
        self._frames += 1
        self._was_heard = True
        return True

    def aside(self, frame: str | bytes, now: float) -> list[Effect]:
        """The answer to a frame that only asks for a sign of life, whatever else waits; nothing for any other frame.

        It is no activity: who says nothing else is idle all the same.
        """
        if self.phase is Phase.ENDED or not self.may_be_aside(frame):
            return []
        try:
            event = wire.decode(frame)
            if event["type"] == policy.PING:
                self._from_client.ping(event)
                self._events.received(now)
                self._check_pace(now)
        except (wire.MalformedFrame, policy.NotAllowed):
            return []  # told in its turn, like every other refusal
        return self._talk.taken()

    def may_be_aside(self, frame: str | bytes) -> bool:
        """Whether `aside` has to be asked."""
        return self.setup.announces and _may_be_a_ping(frame)

    def tick(self, now: float) -> list[Effect]:
        """Time has passed; due at `deadline` at the latest."""
        idle_at = self._idle_at()
        if self.phase in (Phase.GREETING, Phase.CONFIGURING) and now >= self._setup_by:
            self._silent(now)
        elif self.phase is Phase.READY and idle_at is not None and now >= idle_at:
            self._end(ENDINGS["idle"], now)
        elif self.phase is Phase.READY and self._talk.watchdog.is_due(now):
            self._silent(now)
        if self.phase is not Phase.ENDED:
            self._talk.record(self._talk.log.take(now))
            self._recycle_in_time(now)
        return self._talk.taken()

    def deadline(self) -> float | None:
        """When `tick` is due; None when only events matter."""
        if self.phase is Phase.ENDED:
            return None
        due = [self._talk.log.deadline()]
        if self.phase is Phase.READY:
            due += [self._idle_at(), self._talk.watchdog.deadline, self._recycle_at()]
        else:
            due.append(self._setup_by)
        return min((at for at in due if at is not None), default=None)

    def end(self, reason: EndReason, now: float) -> list[Effect]:
        """Somebody asked for the end."""
        self._close_turn()
        self._end(ENDINGS[reason], now)
        return self._talk.taken()

    def client_left(self, now: float) -> list[Effect]:
        """Nobody listens any more; upstream is heard a little longer for words that are on their way.

        A client that was lost before and has not come back left when it was lost.
        """
        self._close_turn()
        self._leave(now)
        return self._talk.taken()

    def client_away(self, now: float) -> None:
        """The client was lost and may come back. Until then nothing of an answer is heard, and nobody is idle."""
        self._away_at = now
        self._talk.log.listener_away(now)

    def client_back(self, seen: policy.Seen, frames: int, now: float) -> Event:
        """It is back: what it is told first. `frames` is how many of its frames were taken in so far."""
        if self._away_at is not None:
            self._talk.active_at += now - self._away_at
        self._away_at = None
        self._was_heard = True
        self._talk.log.listener_back(seen.item_id, seen.played_ms, now)
        return self._talk.notices.resumed(frames)

    def drain(self, seconds: float) -> list[Effect]:
        """The process has to stop: it is told to the client. `drained` follows when all is quiet, or `end`."""
        self._talk.out.extend(self._talk.notices.draining(seconds))
        return self._talk.taken()

    def drained(self, now: float) -> list[Effect]:
        """It was quiet, and the client has everything: it plays to the end what it has, wherever it goes on."""
        self._talk.log.heard_out()
        self._end(ENDINGS["draining"], now)
        return self._talk.taken()

    def finish(self, now: float) -> list[Effect]:
        """The session is over: what is left of the transcript."""
        self._leave(now)
        self._talk.record(self._talk.log.finish(now if self._over_at is None else self._over_at))
        self._talk.kept = Retention()  # no other upstream will hear it
        return self._talk.taken()

    def turn_saved(self, turn: Turn, message_id: str, position: int) -> list[Effect]:
        """A turn is stored."""
        self._talk.out.extend(self._talk.notices.message_saved(turn, message_id, position))
        return self._talk.taken()

    def storage(self, *, is_behind: bool) -> list[Effect]:
        """What is said could not be stored for a while, and waits; or everything is stored again."""
        if self.phase is not Phase.ENDED and self.setup.save:
            self._talk.out.extend(self._talk.notices.storage(is_behind=is_behind))
        return self._talk.taken()

    def pause(self, now: float) -> float:
        """For how many seconds to stop reading the client; 0 when there is room."""
        return max(self._talk.microphone.pace.pause(now), self._events.pause(now))

    @property
    def is_quiet(self) -> bool:
        """Whether nobody speaks or is answered, as far as there is an upstream to say so."""
        return self._talk.is_quiet if self.phase is Phase.READY else not self._was_ready

    @property
    def awaits_transcripts(self) -> bool:
        """Whether words of the user are still to come from upstream."""
        return self._talk.microphone.commit_is_due or self._talk.log.awaits_transcripts

    def _idle_at(self) -> float | None:
        """When the session has been idle for too long; None while somebody speaks, or is waited for."""
        if self._talk.microphone.is_speaking or self._away_at is not None:
            return None
        return max(self._talk.active_at, self._talk.log.plays_until) + self.setup.idle_seconds

    # --- the client ---------------------------------------------------------------------------------------------

    def _client_event(self, event: Event, now: float) -> None:
        if event["type"] == policy.RESUME and self.setup.binary_audio and not self._was_heard:
            policy.seen(event)  # here the session begins anew, and there is nothing to go on with
            return
        if self.phase is not Phase.READY:
            self._from_client.write_down(event, now)
            return
        self._from_client.event(event, now)
        self._check_pace(now)

    def _hear(self, pcm: bytes, now: float) -> None:
        if self.phase is Phase.READY:
            self._from_client.hear(pcm, now)
            self._check_pace(now)

    def _check_pace(self, now: float) -> None:
        if self._talk.microphone.pace.is_exhausted(now) or self._events.is_exhausted(now):
            self._end(TOO_FAST, now)

    # --- upstream -----------------------------------------------------------------------------------------------

    def _greet(self, event: Event, now: float) -> None:
        if event["type"] == "error":
            self._lost(refusal_of_error(mapping_of(event.get("error")), in_setup=True), now)
        elif event["type"] == "session.created" and self.phase is Phase.GREETING:
            self.phase = Phase.CONFIGURING
            self._lifetime.began(now)
            self._note(event, now)
            self._talk.out.append(ToUpstream(self._succession.configuration()))
        elif event["type"] == "session.updated" and self.phase is Phase.CONFIGURING:
            self._note(event, now)
            self._begin(mapping_of(event.get("session")), now)

    def _begin(self, upstream_session: Event, now: float) -> None:
        """Upstream took the configuration: the client may speak, or go on."""
        self.phase = Phase.READY
        self._from_upstream.another()
        seconds = self._reconnection.ready(now)
        if self._was_ready:
            self._succession.resumed(upstream_session, now)
            self._talk.out.extend(self._talk.notices.reconnected(seconds))
        else:
            self._was_ready = True
            self._talk.active_at = now
            self._succession.began(upstream_session)
            if self.setup.owes_answer:
                self._talk.ask(self._talk.gate.ask({"type": "response.create"}), now)
        self._talk.out.append(Ready())

    def _note(self, event: Event, now: float) -> None:
        """Keep what an event says of how upstream is."""
        if event["type"] in ("session.created", "session.updated"):
            self._lifetime.ends(mapping_of(event.get("session")).get("expires_at"), now)
        elif (
            event["type"] == "response.done"
            and mapping_of(event.get("response")).get("status") == "completed"
        ):
            self._reconnection.answered()

    def _judge(self, now: float) -> None:
        """After an event: whether upstream gave up, or is to be replaced while it is quiet."""
        verdict, self._talk.verdict = self._talk.verdict, None
        if verdict is not None:
            self._lost(verdict, now)
        else:
            self._recycle_in_time(now)

    def _recycle_in_time(self, now: float) -> None:
        due_at = self._lifetime.recycle_at
        if self.phase is not Phase.READY or due_at is None or now < due_at:
            return
        quiet_at = self._recycle_at()
        if quiet_at is not None and now >= quiet_at:
            self._reconnect("recycled", "recycled", ENDINGS["provider_failed"], now)

    def _recycle_at(self) -> float | None:
        """When this upstream can be replaced with nobody noticing; None while that cannot be foreseen."""
        due_at = self._lifetime.recycle_at
        if due_at is None or not self._talk.is_quiet:
            return None
        return max(due_at, self._talk.log.plays_until)

    def _silent(self, now: float) -> None:
        """Upstream does not answer."""
        ending = ENDINGS["provider_silent"]
        if self._was_ready:
            self._reconnect("silent", "silent", ending, now)
        else:
            self._end(ending, now)

    def _lost(self, refusal: Refusal, now: float) -> None:
        """Upstream is gone, or has said that it will do no more."""
        if refusal.is_fatal or not self._was_ready:
            self._end(ending_of_refusal(refusal), now)
        else:
            is_expiry = refusal.code == "provider_session_expired"
            reason: Reason = "recycled" if is_expiry else "lost"
            self._reconnect(reason, refusal.code, ending_of_refusal(refusal), now)

    def _reconnect(
        self, reason: Reason, code: str, ending: Ending, now: float, *, at_least: float = 0
    ) -> None:
        """Let go of this upstream and have another one, or end the session when that was tried often enough."""
        if self.phase is Phase.ENDED:
            return
        if self.phase is Phase.READY:
            self._succession.upstream_left(now, was_there=reason == "recycled")
        pause = self._reconnection.pause(reason, now)
        if pause is None:
            self._end(ending, now)
            return
        pause = max(pause, min(at_least, PAUSES[-1]))
        self.phase = Phase.GREETING
        self._setup_by = now + pause + SETUP_SECONDS
        self._talk.out.extend(
            self._talk.notices.reconnecting(self._reconnection.reason, self._reconnection.attempt)
        )
        self._talk.out.append(Reconnect(pause, code if self._reconnection.reason == "lost" else reason))

    # --- the end ------------------------------------------------------------------------------------------------

    def _end(self, ending: Ending, now: float) -> None:
        """The one way a session ends from this side: the client is told why, then closed."""
        if self.phase is Phase.ENDED:
            return
        self._leave(now)
        self._talk.out.extend(self._talk.notices.ended(ending, self._frames))
        self._talk.out.append(End(ending.reason, ending.close_code, ending.code or ending.reason))

    def _close_turn(self) -> None:
        """Ended in the middle of a word: what was said of it is still worth writing down."""
        if self.phase is Phase.READY and self._talk.microphone.left():
            self._talk.send({"type": "input_audio_buffer.commit"})

    def _leave(self, now: float) -> None:
        self.phase = Phase.ENDED
        if self._over_at is None:
            self._over_at = now if self._away_at is None else self._away_at
            self._talk.log.nobody_listens(self._over_at)


def _may_be_a_ping(frame: str | bytes) -> bool:
    """Audio and long texts pass here too: they cost no second look."""
    return isinstance(frame, str) and len(frame) <= MAX_PING and policy.PING in frame
