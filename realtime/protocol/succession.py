"""Succession: how one upstream takes over from another, while the client stays."""

from realtime.protocol import items, session
from realtime.protocol.effects import AudioToUpstream
from realtime.protocol.entries import Entry
from realtime.protocol.events import Event
from realtime.protocol.latency import Latency
from realtime.protocol.playback import Playback
from realtime.protocol.replay import Replay, after_a_loss
from realtime.protocol.retention import Stretch, pieces
from realtime.protocol.stenographer import Stenographer
from realtime.protocol.talk import Talk


class Succession:
    """Knows what the next upstream has to be told."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._replay = Replay()

    def configuration(self) -> Event:
        """The first `session.update` of an upstream: what the client asked for so far, and what was said."""
        talk, instructions = self._talk, None
        remembered = talk.log.history([*self._replay.heard_again, *self._replay.sent_again])
        if talk.setup.remember is not None and remembered:
            instructions = talk.setup.remember(remembered)
        return session.configuration(talk.setup, talk.requests.new_id(), talk.wishes.all, instructions)

    def began(self, upstream_session: Event) -> None:
        """The first upstream is ready."""
        talk = self._talk
        talk.configured(upstream_session)
        talk.out.extend(talk.notices.session_created(talk.session, talk.wishes.all))

    def upstream_left(self, now: float, *, was_there: bool) -> None:
        """Upstream is gone; its open answers are closed for the client, which goes on. `was_there`: it listened to
        the last."""
        talk = self._talk
        self._replay = after_a_loss(talk.log, talk.gate, talk.kept, now)
        talk.out.extend(talk.notices.broken_off(talk.unfinished, self._content_of))
        # What follows is about items and responses of another upstream, whose ids may be the same.
        talk.minutes = Stenographer(talk.log)
        talk.playback = Playback()
        talk.latency = Latency()
        talk.has_spoken = False
        talk.kept.upstream_left(now, was_there=was_there)
        talk.microphone.upstream_left()
        talk.watchdog.nothing_due()
        talk.record(talk.log.take(now))

    def resumed(self, upstream_session: Event, now: float) -> None:
        """Another upstream is ready: it is told, and asked, what its predecessor took with it."""
        talk = self._talk
        talk.configured(upstream_session)
        for _ in range(talk.wishes.resumed()):
            talk.out.extend(talk.notices.session_updated(talk.session, talk.wishes.all))
        if talk.kept.open_item_id:
            talk.out.extend(talk.notices.item_deleted(talk.kept.open_item_id))
        replay, self._replay = self._replay, Replay()
        heard_again = {entry.item_id for entry in replay.heard_again}
        talk.kept, tail = talk.kept.for_another_upstream(heard_again)
        for entry, stretch in replay.steps(talk.log, talk.kept):
            if entry is not None and stretch is None:
                self._send_again(entry)
            elif stretch is not None:
                self._say_again(entry, stretch, now)
        for pcm in pieces(tail):
            talk.kept.received(pcm, now, push_to_talk=talk.is_push_to_talk)
            talk.out.append(AudioToUpstream(pcm))
        talk.ask(talk.gate.resumed({"type": "response.create"} if replay.asks else None), now)

    def _send_again(self, entry: Entry) -> None:
        # An id that one upstream chose may be the one that another gives to something else.
        item_id = entry.item_id if entry.has_own_id else self._talk.requests.new_item_id()
        self._talk.log.sent_again(entry, item_id)
        self._talk.send(items.create(entry, item_id))

    def _say_again(self, entry: Entry | None, stretch: Stretch, now: float) -> None:
        talk = self._talk
        if entry is not None and talk.log.said_again(entry, now):
            talk.out.extend(talk.notices.item_deleted(entry.item_id))
        talk.kept.said_again(len(stretch.pcm))
        talk.out.extend(AudioToUpstream(pcm) for pcm in pieces(stretch.pcm))
        if talk.is_push_to_talk:
            talk.send({"type": "input_audio_buffer.commit"})
        else:
            silence = session.closing_silence(talk.session)
            talk.kept.silence(len(silence))
            talk.out.extend(AudioToUpstream(pcm) for pcm in pieces(silence))

    def _content_of(self, item_id: str) -> list[Event] | None:
        entry = self._talk.log.entry(item_id)
        return items.content(entry) if entry is not None and entry.role == "assistant" else None
