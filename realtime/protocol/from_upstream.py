"""FromUpstream: what an upstream sends, and what becomes of it."""

from collections.abc import Callable

from realtime.protocol import audio, session
from realtime.protocol.effects import FirstAudio, FrameToClient, TellOperator, ToClient
from realtime.protocol.events import Event, list_of, mapping_of, text_of
from realtime.protocol.more_sound import MoreSound
from realtime.protocol.refusals import Consequence, Refusal, refusal_of_error
from realtime.protocol.requests import Request
from realtime.protocol.talk import Talk

_LAST_WORDS = (Consequence.END, Consequence.RECONNECT)
"""An upstream that says so has nothing more to give."""
_WORDS_AND_SOUND = ("response.output_text.", "response.output_audio")
"""How the events of a response begin that hold something of the answer itself."""


class FromUpstream:
    """Reads an upstream's events. Each handler says whether the frame is passed on as it came."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._told_operator: set[str] = set()
        self._more = MoreSound()

    def event(self, event: Event, frame: str, now: float) -> None:
        """An event came from upstream, in `frame`."""
        kind = event["type"]
        self._talk.kept.upstream_spoke()
        if kind == "input_audio_buffer.committed" and self._talk.log.is_turn(text_of(event.get("item_id"))):
            return  # said twice
        self._talk.minutes.take_down(event, now)
        if kind.startswith("response.") and kind != "response.done":
            self._talk.watchdog.answering(now)
            if kind.startswith(_WORDS_AND_SOUND):
                self._talk.gate.answer_came()
        handler = _FROM_UPSTREAM.get(kind)
        if handler is not None:
            self._more.forget()
        if handler is None or handler(self, event, now):
            self._talk.out.append(FrameToClient(frame, text_of(event.get("event_id"))))
        if not kind.endswith(".delta"):
            self._talk.record(self._talk.log.take(now))
        if kind in _AFTERWARDS:
            _AFTERWARDS[kind](self, event, now)
        if kind == "response.output_audio.delta" and self._was_passed_on(event):
            self._more.learn(event, frame)

    def more_sound(self, frame: str, now: float) -> tuple[str | bytes, str] | None:
        """What a client is given of a frame that is more of the sound that was passed on last, which may be nothing,
        and the item of that sound; None of any other frame, which is an event."""
        sound = self._more.found(frame)
        if sound is None:
            return None
        talk = self._talk
        more: str | bytes = frame
        if talk.setup.binary_audio:
            try:
                pcm = audio.decode(sound)
            except ValueError:
                return None
            size, more = len(pcm), talk.playback.more(pcm)
        else:
            size = audio.decoded_length(sound)
        talk.kept.upstream_spoke()
        talk.watchdog.answering(now)
        talk.log.answer_audio(self._more.item_id, size, now)
        return more, self._more.item_id

    def _was_passed_on(self, sound: Event) -> bool:
        return not self._talk.setup.binary_audio or self._talk.playback.goes_on(sound)

    def another(self) -> None:
        """Another upstream is heard from now on."""
        self._more.forget()

    def hear_out(self, event: Event, now: float) -> None:
        """An event came from upstream when nobody listened any more."""
        self._talk.minutes.take_down(event, now)
        if event["type"] == "response.done":
            self._talk.record_usage(self._talk.tally.response(event))
        elif event["type"] == "conversation.item.input_audio_transcription.completed":
            self._talk.record_usage(self._talk.tally.transcription(event))
        elif event["type"] == "input_audio_buffer.committed":
            self._talk.microphone.commit_answered()
        elif event["type"] == "error":
            request = self._talk.requests.refused(text_of(mapping_of(event.get("error")).get("event_id")))
            if request.kind == "conversation.item.create":
                self._talk.log.create_refused(request.item_id)
            elif request.kind in ("", "input_audio_buffer.commit"):
                self._talk.microphone.commit_answered()

    def _session_updated(self, event: Event, now: float) -> bool:
        self._talk.wishes.granted()
        self._talk.configured(mapping_of(event.get("session")))
        self._talk.out.extend(self._talk.notices.session_updated(self._talk.session, self._talk.wishes.all))
        return False

    def _speech_started(self, event: Event, now: float) -> bool:
        talk = self._talk
        talk.active_at = now
        start = event.get("audio_start_ms")
        is_new = talk.kept.is_new(start)
        if is_new:
            talk.log.not_heard_again(now)
            talk.kept.not_heard_again()
        talk.microphone.speech_started()
        talk.kept.speech_started(text_of(event.get("item_id")), start)
        talk.voice_waits_no_more()
        talk.latency.speaks(again=not is_new)
        if session.interrupts(talk.session):
            talk.log.interrupted(now)
            talk.latency.interrupted()
            if talk.setup.binary_audio:
                talk.out.append(talk.playback.interrupted(talk.gate.active_id))
        return True

    def _speech_stopped(self, event: Event, now: float) -> bool:
        self._talk.active_at = now
        self._talk.microphone.speech_stopped()
        self._talk.kept.speech_stopped(event.get("audio_end_ms"))
        self._talk.latency.fell_silent(now)
        return True

    def _turn_closed(self, event: Event, now: float) -> bool:
        """Committed or cleared, by either side."""
        self._talk.active_at = now
        self._talk.microphone.closed()
        return True

    def _committed(self, event: Event, now: float) -> bool:
        talk, item_id = self._talk, text_of(event.get("item_id"))
        if talk.log.is_speech(item_id):
            stretch = talk.kept.committed(item_id, now)
            entry = talk.log.entry(item_id)
            is_known = entry is not None and entry.status != "open"
            if is_known:  # its words came first
                talk.kept.understood(item_id)
            is_noise = is_known and entry is not None and not entry.words
            if session.answers_speech(talk.session) and not stretch.by_client and not is_noise:
                talk.gate.voice_asked()
                talk.voice_item = item_id
                talk.watchdog.asked(now)
        self._turn_closed(event, now)
        return self._places_item(event)

    def _item_placed(self, event: Event, now: float) -> bool:
        """Added or done. An item that was said again is known to the client already, and so is what was said before."""
        item = mapping_of(event.get("item"))
        if self._talk.log.repeats(text_of(item.get("id"))):
            return False
        is_of_old = self._talk.log.is_of_old(text_of(item.get("id"))) and not self._talk.gate.is_busy
        if is_of_old and _is_in_words(item):
            return False
        return self._places_item(event)

    def _places_item(self, event: Event) -> bool:
        """Whether the item before it is known to the client under the same id; else the client is told the other."""
        previous = text_of(event.get("previous_item_id"))
        shown = self._talk.log.shown_as(previous)
        if shown != previous:
            self._talk.out.append(ToClient(event | {"previous_item_id": shown}))
        return shown == previous

    def _item_deleted(self, event: Event, now: float) -> bool:
        self._talk.log.deleted(text_of(event.get("item_id")))
        return True

    def _transcribed(self, event: Event, now: float) -> None:
        self._talk.count(self._talk.tally.transcription(event))
        if event.get("status") == "in_progress":
            return  # a snapshot, not the final words
        item_id = text_of(event.get("item_id"))
        self._talk.kept.understood(item_id)
        if item_id == self._talk.voice_item and not text_of(event.get("transcript")).strip():
            self._talk.voice_waits_no_more()

    def _transcription_failed(self, event: Event, now: float) -> bool:
        self._talk.kept.understood(text_of(event.get("item_id")))
        refusal = refusal_of_error(mapping_of(event.get("error")))
        code = refusal.upstream_code
        if refusal.is_fatal and code not in self._told_operator:
            self._told_operator.add(code)
            self._talk.out.append(TellOperator(code))
        self._talk.out.extend(self._talk.notices.transcription_failed(event))
        return False

    def _part_added(self, event: Event, now: float) -> bool:
        self._talk.playback.part_added(event)
        return True

    def _audio(self, event: Event, now: float) -> bool:
        talk = self._talk
        talk.has_spoken = True
        waited = talk.latency.sounded(text_of(event.get("response_id")), now)
        if waited is not None:
            talk.out.append(FirstAudio(waited))
        if talk.setup.binary_audio:
            talk.out.extend(talk.playback.delta(event))
        return not talk.setup.binary_audio

    def _response_created(self, event: Event, now: float) -> bool:
        response_id = text_of(mapping_of(event.get("response")).get("id"))
        self._talk.active_at = now
        self._talk.unfinished.created(event)
        self._talk.gate.created(response_id)
        self._talk.latency.began(response_id, now)
        return True

    def _output_added(self, event: Event, now: float) -> bool:
        self._talk.unfinished.item_added(event)
        return True

    def _output_done(self, event: Event, now: float) -> bool:
        self._talk.unfinished.item_done(event)
        return True

    def _response_done(self, event: Event, now: float) -> bool:
        response = mapping_of(event.get("response"))
        self._talk.active_at = now
        self._talk.unfinished.done(event)
        self._talk.watchdog.nothing_due()
        refusal = _refusal_of_response(response)
        if refusal is not None:
            self._talk.out.extend(self._talk.notices.response_failed(response, refusal))
        return refusal is None

    def _response_was_done(self, event: Event, now: float) -> None:
        talk, response = self._talk, mapping_of(event.get("response"))
        response_id = text_of(response.get("id"))
        talk.count(talk.tally.response(event), response_id)
        refusal = _refusal_of_response(response)
        if refusal is not None and refusal.consequence in _LAST_WORDS:
            talk.verdict = refusal
        talk.ask(talk.gate.done(response_id), now)
        if talk.gate.awaits_answer:
            talk.watchdog.asked(now)

    def _error(self, event: Event, now: float) -> bool:
        error = mapping_of(event.get("error"))
        request = self._talk.requests.refused(text_of(error.get("event_id")))
        refusal = refusal_of_error(error, answering=request.kind)
        came_second = refusal.code == "conversation_already_has_active_response"
        if came_second and request.kind in ("", "response.create"):
            self._talk.gate.lost_the_race(request.create)
            return False
        self._take_back(request, refusal, text_of(error.get("event_id")), now)
        if refusal.consequence in _LAST_WORDS:
            self._talk.verdict = refusal
        elif not refusal.is_benign or request.asked_as is not None:
            self._talk.out.extend(self._talk.notices.refused_upstream(refusal, request))
        return False

    def _take_back(self, request: Request, refusal: Refusal, event_id: str, now: float) -> None:
        """Upstream did not do what it was asked for."""
        if request.kind == "response.create":
            self._talk.watchdog.not_asked()
            self._talk.latency.nobody_waits()
            self._talk.ask(self._talk.gate.refused(), now)
        elif request.kind == "conversation.item.create":
            self._talk.log.create_refused(request.item_id)
        elif request.kind == "input_audio_buffer.commit":
            self._talk.kept.commit_refused()
            self._talk.latency.nobody_waits()
        elif request.kind == "session.update":
            self._talk.wishes.refused(event_id)
        elif refusal.param.startswith("session.") or refusal.code == "cannot_update_voice":
            self._talk.wishes.refused("")


def _refusal_of_response(response: Event) -> Refusal | None:
    """Why a response was not completed; None when it was, or when somebody stopped it."""
    error = mapping_of(mapping_of(response.get("status_details")).get("error"))
    return refusal_of_error(error) if response.get("status") == "failed" or error else None


def _is_in_words(item: Event) -> bool:
    """Whether it is a message that nobody speaks at the moment."""
    parts = [mapping_of(part) for part in list_of(item.get("content"))]
    spoken = any(part.get("type") == "input_audio" for part in parts)
    return item.get("type") == "message" and item.get("role") in ("user", "assistant") and not spoken


_FROM_UPSTREAM: dict[str, Callable[[FromUpstream, Event, float], bool]] = {
    "error": FromUpstream._error,
    "session.created": lambda *_: False,
    "session.updated": FromUpstream._session_updated,
    "rate_limits.updated": lambda *_: False,
    "input_audio_buffer.speech_started": FromUpstream._speech_started,
    "input_audio_buffer.speech_stopped": FromUpstream._speech_stopped,
    "input_audio_buffer.committed": FromUpstream._committed,
    "input_audio_buffer.cleared": FromUpstream._turn_closed,
    "conversation.item.added": FromUpstream._item_placed,
    "conversation.item.done": FromUpstream._item_placed,
    "conversation.item.deleted": FromUpstream._item_deleted,
    "conversation.item.input_audio_transcription.failed": FromUpstream._transcription_failed,
    "response.created": FromUpstream._response_created,
    "response.output_item.added": FromUpstream._output_added,
    "response.output_item.done": FromUpstream._output_done,
    "response.content_part.added": FromUpstream._part_added,
    "response.output_audio.delta": FromUpstream._audio,
    "response.done": FromUpstream._response_done,
}
"""Who acts on which event; everything else passes through untouched."""
_AFTERWARDS: dict[str, Callable[[FromUpstream, Event, float], None]] = {
    "conversation.item.input_audio_transcription.completed": FromUpstream._transcribed,
    "response.done": FromUpstream._response_was_done,
}
"""What follows once the client has been told."""
