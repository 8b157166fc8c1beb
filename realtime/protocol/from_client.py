"""FromClient: what a client sends, and what becomes of it."""

from collections.abc import Callable
from dataclasses import replace

from realtime.protocol import items, policy, session
from realtime.protocol.effects import Acknowledged, AudioToUpstream
from realtime.protocol.events import Event
from realtime.protocol.talk import Talk


class FromClient:
    """Reads a client's events while an upstream is ready. Each handler says whether the event goes up as admitted."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._half_sample = b""
        """The first byte of a sample whose other one is still to come."""

    def event(self, event: Event, now: float) -> None:
        """An event came from the client. Raises NotAllowed and MalformedFrame."""
        if event["type"] == "session.update":
            self._update(event)
            return
        if event["type"] == "input_audio_buffer.append":
            self._hear_on(policy.microphone_audio(event), now)
            return
        if event["type"] == policy.PING and self._talk.setup.announces:
            self.ping(event)
            return
        admitted = policy.admit(event)
        handler = _FROM_CLIENT.get(admitted["type"])
        if handler is None or handler(self, admitted, now):
            self._talk.send(admitted)

    def ping(self, event: Event) -> None:
        """The client asks for a sign of life, and says what it has. Raises NotAllowed."""
        ping_id, processed = policy.ping_id(event), policy.acknowledged(event)
        if processed:
            self._talk.out.append(Acknowledged(processed))
        self._talk.out.extend(self._talk.notices.pong(ping_id))

    def hear(self, pcm: bytes, now: float) -> None:
        """Audio came from the client."""
        push_to_talk = self._talk.is_push_to_talk
        self._talk.microphone.received(len(pcm), now, push_to_talk=push_to_talk)
        self._talk.kept.received(pcm, now, push_to_talk=push_to_talk)
        self._talk.out.append(AudioToUpstream(pcm))

    def takes(self, pcm: bytes, now: float) -> bool:
        """The same for audio that keeps the pace and is sent at once, of which nobody else has to know. False: it has
        to be heard."""
        talk = self._talk
        push_to_talk = talk.is_push_to_talk
        if not talk.microphone.pace.takes(len(pcm), now):
            return False
        if push_to_talk:
            talk.microphone.held(len(pcm))
        talk.kept.received(pcm, now, push_to_talk=push_to_talk, is_sent=True)
        return True

    def _hear_on(self, audio: bytes, now: float) -> None:
        """Audio came as a stream of bytes: clients cut it where they like, and upstream gets whole samples."""
        audio = self._half_sample + audio
        whole = len(audio) - len(audio) % 2
        self._half_sample = audio[whole:]
        if whole:
            self.hear(audio[:whole], now)

    def write_down(self, event: Event, now: float) -> None:
        """An event of a client that has left while there was no upstream. What it typed still counts."""
        if event["type"] == "conversation.item.create":
            self._create(policy.admit(event), now)

    def _update(self, event: Event) -> None:
        talk = self._talk
        change = policy.session_change(event)
        takes = change
        if talk.has_spoken and change.voice != session.voice_of(talk.session):
            # Upstream would refuse the whole update. Its successor, who has said nothing yet, can be asked for it.
            takes = replace(change, voice=None)
        if takes.is_empty:
            talk.wishes.wished(change)
            talk.out.extend(talk.notices.session_updated(talk.session, talk.wishes.all))
        else:
            sent = talk.send(session.update(takes, talk.setup, event.get("event_id")))
            talk.wishes.sent(sent["event_id"], change)

    def _create(self, event: Event, now: float) -> bool:
        self._talk.active_at = now
        item = event["item"]
        if item.setdefault("id", self._talk.requests.new_item_id()) and self._talk.log.knows(item["id"]):
            raise policy.NotAllowed("duplicate_item_id", "There is an item with that id already.", "item.id")
        self._talk.log.create_forwarded(item["id"], " ".join(part["text"] for part in item["content"]), now)
        return True

    def _ask_for_answer(self, event: Event, now: float) -> bool:
        self._talk.active_at = now
        try:
            self._talk.ask(self._talk.gate.ask(event), now)
        except OverflowError as error:
            raise policy.NotAllowed(
                "too_many_responses", "Too many answers are waiting. Wait for the one that is being given."
            ) from error
        self._talk.latency.asked(now)
        return False

    def _commit(self, event: Event, now: float) -> bool:
        self._talk.kept.committed_by_client(now)
        self._talk.latency.fell_silent(now)
        return self._turn_closed(now)

    def _clear(self, event: Event, now: float) -> bool:
        self._talk.kept.cleared()
        return self._turn_closed(now)

    def _turn_closed(self, now: float) -> bool:
        self._talk.active_at = now
        self._talk.microphone.closed()
        self._half_sample = b""
        return True

    def _truncate(self, event: Event, now: float) -> bool:
        item_id, former = event["item_id"], self._talk.log.former(event["item_id"])
        received = self._talk.log.received_ms(item_id)
        if former is not None and received is None:
            raise policy.NotAllowed("invalid_value", "Only spoken answers can be cut back.", "item_id")
        if received is not None:
            event["audio_end_ms"] = min(event["audio_end_ms"], received)
            self._talk.log.truncated_by_client(item_id, event["audio_end_ms"], now)
        if former is not None:
            self._talk.log.truncated(item_id, None, now)
            self._talk.record(self._talk.log.take(now))
            self._talk.out.extend(self._talk.notices.item_truncated(item_id, event["audio_end_ms"]))
        return former is None

    def _delete(self, event: Event, now: float) -> bool:
        former = self._talk.log.former(event["item_id"])
        if former is not None:
            former.is_deleted = True
            self._talk.out.extend(self._talk.notices.item_deleted(event["item_id"]))
        return former is None

    def _retrieve(self, event: Event, now: float) -> bool:
        former = self._talk.log.former(event["item_id"])
        if former is not None:
            self._talk.out.extend(self._talk.notices.item_retrieved(items.shown(former)))
        return former is None


_FROM_CLIENT: dict[str, Callable[[FromClient, Event, float], bool]] = {
    "input_audio_buffer.commit": FromClient._commit,
    "input_audio_buffer.clear": FromClient._clear,
    "conversation.item.create": FromClient._create,
    "conversation.item.truncate": FromClient._truncate,
    "conversation.item.delete": FromClient._delete,
    "conversation.item.retrieve": FromClient._retrieve,
    "response.create": FromClient._ask_for_answer,
}
"""Who acts on which event; what else is admitted goes up."""
