"""Talk: what is known of a session's traffic, for all who have a hand in it, and what is to be done about it."""

from realtime.protocol import session
from realtime.protocol.effects import Effect, RecordTurn, RecordUsage, ToUpstream, Turn
from realtime.protocol.events import Event
from realtime.protocol.latency import Latency
from realtime.protocol.microphone import Microphone
from realtime.protocol.notices import Notices
from realtime.protocol.playback import Playback
from realtime.protocol.refusals import Refusal
from realtime.protocol.requests import Requests
from realtime.protocol.responses import ResponseGate
from realtime.protocol.retention import Retention
from realtime.protocol.session import SessionSetup
from realtime.protocol.stenographer import Stenographer
from realtime.protocol.tally import Tally
from realtime.protocol.transcript import TranscriptLog
from realtime.protocol.unfinished import Unfinished
from realtime.protocol.watchdog import Watchdog
from realtime.protocol.wishes import Wishes


class Talk:
    """The rooms of one session, and the effects that nobody has collected yet. Times are of one monotonic clock."""

    def __init__(self, setup: SessionSetup, now: float) -> None:
        self.setup = setup
        self.out: list[Effect] = []
        self.verdict: Refusal | None = None
        """What upstream said when it gave up; None while it has not."""
        self.active_at = now
        """When something was last said or typed."""
        self.notices = Notices(setup)
        self.log = TranscriptLog(setup.epoch)
        self.minutes = Stenographer(self.log)
        self.microphone = Microphone()
        self.kept = Retention()
        self.playback = Playback()
        self.gate = ResponseGate()
        self.watchdog = Watchdog()
        self.latency = Latency()
        self.requests = Requests(setup.session_id, setup.epoch)
        self.unfinished = Unfinished()
        self.wishes = Wishes()
        self.tally = Tally(setup)
        self.voice_item = ""
        """The spoken turn that upstream is to answer of its own."""
        self.has_spoken = False
        """This upstream's voice was heard; it cannot be changed any more."""
        self.session: Event = {}
        """Upstream's session, as it last told us."""
        self.is_push_to_talk = False
        """Only the client says where a turn ends."""

    def configured(self, upstream_session: Event) -> None:
        """Upstream says how its session is."""
        self.session = session.effective(upstream_session, self.setup, self.wishes.all)
        self.is_push_to_talk = session.is_push_to_talk(self.session)

    @property
    def is_quiet(self) -> bool:
        """Whether nobody speaks or is answered, and no word is on its way."""
        return (
            self.gate.is_quiet
            and not self.microphone.is_speaking
            and not self.kept.has_open_turn
            and not self.log.awaits_transcripts
        )

    def send(self, event: Event) -> Event:
        """Pass an event upstream under an id by which a refusal can be told from others."""
        sent = self.requests.sent(event)
        self.out.append(ToUpstream(sent))
        return sent

    def ask(self, create: Event | None, now: float) -> None:
        """Pass on a `response.create`, if there is one: an answer is due from now on."""
        if create is not None:
            self.send(create)
            self.watchdog.asked(now)

    def voice_waits_no_more(self) -> None:
        """Nobody is owed an answer to what was said."""
        self.gate.voice_waits_no_more()
        self.latency.nobody_waits()
        if not self.gate.awaits_answer:
            self.watchdog.not_asked()

    def count(self, usage: Event, response_id: str | None = None) -> None:
        """Write down what was used, if anything was, and tell the client."""
        self.record_usage(usage)
        self.out.extend(self.notices.used(usage, self.tally, response_id))

    def record_usage(self, usage: Event) -> None:
        """Write down what was used, if anything was."""
        if usage:
            self.out.append(RecordUsage(usage))

    def record(self, turns: list[Turn]) -> None:
        """Write down turns, unless nothing is to be written down."""
        for turn in turns:
            if turn.role == "user" and turn.status == "failed":
                self.kept.given_up(turn.item_id)
        if self.setup.save:
            self.out.extend(RecordTurn(turn) for turn in turns)

    def taken(self) -> list[Effect]:
        """What is to be done, since the last time this was asked."""
        effects, self.out = self.out, []
        return effects
