"""The dialogue: client frames, findings of the speech worker and words of answers in, frames and wishes out. No I/O."""

import math

from realtime.engine.dialogue import fields, items
from realtime.engine.dialogue.answering import Answering
from realtime.engine.dialogue.conversation import Conversation
from realtime.engine.dialogue.effects import Close, Effect, Send, Tell
from realtime.engine.dialogue.frames import ClientError, Json, MakeId, decode, encode, error_body, event_type
from realtime.engine.dialogue.input_buffer import ClosedTurn, InputBuffer
from realtime.engine.dialogue.session import Session
from realtime.engine.speech.vocabulary import (
    ClearAudio,
    CommitAudio,
    Happened,
    SaidAll,
    SpeechFailed,
    SpeechStarted,
    SpeechStopped,
    Spoken,
    Transcribed,
)


class Dialogue:
    """The one state machine of a session. Every public method gives the effects to be carried out, in order."""

    def __init__(self, *, session: Session, make_id: MakeId, voice_problem: str = "") -> None:
        self._session = session
        self._make_id = make_id
        self._voice_problem = voice_problem
        self._conversation = Conversation(make_id("conv"))
        self._input = InputBuffer(make_id)
        self._effects: list[Effect] = []
        self._answering = Answering(
            session=session,
            conversation=self._conversation,
            make_id=make_id,
            emit=self._emit,
            wish=lambda effect: self._effects.append(effect),
            can_speak=not voice_problem,
        )
        self._speech_trouble_told = False
        self._handlers = {
            "session.update": self._update_session,
            "input_audio_buffer.append": self._append_audio,
            "input_audio_buffer.commit": self._commit_audio,
            "input_audio_buffer.clear": self._clear_audio,
            "conversation.item.create": self._create_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.truncate": self._truncate_item,
            "conversation.item.delete": self._delete_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
            "output_audio_buffer.clear": self._refuse_webrtc,
        }

    # --- what comes in ------------------------------------------------------------------------------------------

    def begin(self) -> list[Effect]:
        """The session is open."""
        self._emit("session.created", session=self._session.shown())
        self._effects.append(Tell(self._session.turn_taking()))
        return self._flush()

    def received(self, frame: str) -> list[Effect]:
        """A frame of the client. What cannot be followed is answered with an error event; the session goes on."""
        event: Json = {}
        try:
            event = decode(frame)
            kind = event_type(event)
            if kind not in self._handlers:
                known = ", ".join(f"'{name}'" for name in self._handlers)
                raise ClientError(
                    "invalid_value", f"Invalid value: '{kind[:64]}'. Supported values are: {known}.", "type"
                )
            self._handlers[kind](event)
        except ClientError as error:
            self._error(error, event.get("event_id"))
        return self._flush()

    def happened(self, event: Happened) -> list[Effect]:
        """Something the speech worker found or did."""
        self._speech_trouble_told &= isinstance(event, SpeechFailed)
        match event:
            case SpeechStarted():
                self._speech_started(event)
            case SpeechStopped():
                self._speech_stopped(event)
            case Transcribed():
                self._transcribed(event)
            case Spoken():
                self._answering.spoken(event)
            case SaidAll():
                self._answering.said_all(event)
            case SpeechFailed():
                self._tell_speech_trouble("speech_failed", event.detail)
        return self._flush()

    def speech_lost(self, code: str, detail: str) -> list[Effect]:
        """There is no speech worker (any more): what waited for it is closed, what was to be spoken is only written."""
        self._speech_lost(code, detail)
        return self._flush()

    def words_found(self, response_id: str, delta: str) -> list[Effect]:
        """Another piece of the words of an answer."""
        self._answering.words_found(response_id, delta)
        return self._flush()

    def words_ended(self, response_id: str, *, cut_short: bool = False) -> list[Effect]:
        """All words of an answer are found; `cut_short` when its length was limited."""
        self._answering.words_ended(response_id, cut_short=cut_short)
        return self._flush()

    def words_failed(self, response_id: str, code: str, detail: str) -> list[Effect]:
        """No answer can be had."""
        self._answering.words_failed(response_id, code, detail)
        return self._flush()

    def expire(self) -> list[Effect]:
        """The session has reached its longest duration."""
        self._error(
            ClientError("session_expired", "Your session hit the maximum duration of 60 minutes."),
            event_id=None,
        )
        self._effects.append(Close(1001, "invalid_request_error.session_expired"))
        return self._flush()

    # --- the client's requests ----------------------------------------------------------------------------------

    def _update_session(self, event: Json) -> None:
        before = self._session.turn_taking()
        self._session.update(event.get("session"), voice_is_fixed=self._answering.assistant_was_heard)
        after = self._session.turn_taking()
        if after != before:
            self._effects.append(Tell(after))
        self._emit("session.updated", session=self._session.shown())

    def _append_audio(self, event: Json) -> None:
        heard = self._input.append(event)
        if self._voice_problem:
            self._tell_speech_trouble("speech_unavailable", self._voice_problem)
            return
        self._effects += map(Tell, heard)

    def _commit_audio(self, event: Json) -> None:
        if self._voice_problem:
            raise ClientError("speech_unavailable", self._voice_problem, kind="server_error")
        turn = self._input.commit()
        self._effects.append(Tell(CommitAudio(turn.item_id)))
        self._add_spoken_turn(turn)

    def _clear_audio(self, event: Json) -> None:
        self._input.clear()
        self._effects.append(Tell(ClearAudio()))
        self._emit("input_audio_buffer.cleared")

    def _create_item(self, event: Json) -> None:
        if "item" not in event:
            raise ClientError("missing_required_parameter", "Missing required parameter: 'item'.", "item")
        item = items.created_by_client(event["item"], self._make_id)
        previous = self._conversation.insert(item, event.get("previous_item_id"))
        self._emit("conversation.item.added", previous_item_id=previous, item=item.shape)
        self._emit("conversation.item.done", previous_item_id=previous, item=item.shape)

    def _retrieve_item(self, event: Json) -> None:
        self._emit(
            "conversation.item.retrieved", item=self._conversation.retrieve(event.get("item_id")).shape
        )

    def _truncate_item(self, event: Json) -> None:
        item_id, end_ms = event.get("item_id"), event.get("audio_end_ms")
        heard = self._conversation.truncate(item_id, event.get("content_index"), end_ms)
        # The words that were truly heard are an addition of ours: nobody else knows them as well as the synthesiser.
        place = {"item_id": item_id, "content_index": 0, "audio_end_ms": end_ms}
        self._emit("conversation.item.truncated", **place, transcript=heard)

    def _delete_item(self, event: Json) -> None:
        self._emit("conversation.item.deleted", item_id=self._conversation.delete(event.get("item_id")).id)

    def _create_response(self, event: Json) -> None:
        settings = self._answering.requested(fields.RESPONSE(event.get("response") or {}, "response"))
        if settings.modality == "audio" and self._voice_problem:
            self._tell_speech_trouble("speech_unavailable", self._voice_problem)
        self._answering.open(settings)

    def _cancel_response(self, event: Json) -> None:
        self._answering.cancel(event.get("response_id"))

    def _refuse_webrtc(self, event: Json) -> None:
        raise ClientError(
            "invalid_value",
            "output_audio_buffer.clear belongs to WebRTC: here the client plays the audio.",
            "type",
        )

    # --- hearing ------------------------------------------------------------------------------------------------

    def _speech_started(self, event: SpeechStarted) -> None:
        item_id = self._input.speech_started(event)
        self._emit("input_audio_buffer.speech_started", audio_start_ms=event.audio_start_ms, item_id=item_id)
        detection = self._session.turn_detection
        if detection is not None and detection["interrupt_response"]:
            self._answering.interrupt()

    def _speech_stopped(self, event: SpeechStopped) -> None:
        turn = self._input.speech_stopped(event)
        if turn is None:
            return
        self._emit("input_audio_buffer.speech_stopped", audio_end_ms=event.audio_end_ms, item_id=turn.item_id)
        self._add_spoken_turn(turn)
        detection = self._session.turn_detection
        if detection is not None and detection["create_response"]:
            self._answering.turn_ended()

    def _add_spoken_turn(self, turn: ClosedTurn) -> None:
        item = items.spoken_by_user(turn.item_id, turn.listened_ms)
        previous = self._conversation.append(item)
        self._emit("input_audio_buffer.committed", previous_item_id=previous, item_id=item.id)
        self._emit("conversation.item.added", previous_item_id=previous, item=item.shape)
        self._emit("conversation.item.done", previous_item_id=previous, item=item.shape)

    def _transcribed(self, event: Transcribed) -> None:
        found = self._input.transcribed(event)
        if found is None:
            return
        item_id, words = found
        if self._session.transcribes:
            kind, place = (
                "conversation.item.input_audio_transcription",
                {"item_id": item_id, "content_index": 0},
            )
            if words:
                self._emit(f"{kind}.delta", **place, delta=words)
            seconds = math.ceil(event.seconds) if words else 0
            self._emit(
                f"{kind}.completed", **place, transcript=words, usage={"type": "duration", "seconds": seconds}
            )
        self._words_known(item_id, words)
        self._answering.words_known()

    def _words_known(self, item_id: str, words: str) -> None:
        item = self._conversation.find(item_id)
        if item is not None:
            item.words = words
            if self._session.transcribes:
                item.shape["content"][0]["transcript"] = words

    def _speech_lost(self, code: str, detail: str) -> None:
        self._tell_speech_trouble(code, detail)
        for item_id in self._input.lost():
            self._words_known(item_id, "")
            if self._session.transcribes:
                kind = "conversation.item.input_audio_transcription.failed"
                error = {"type": "server_error", "code": code, "message": detail, "param": None}
                self._emit(kind, item_id=item_id, content_index=0, error=error)
        self._answering.speech_lost(code, detail)

    def _tell_speech_trouble(self, code: str, detail: str) -> None:
        """Audio arrives many times a second; one error a spell of trouble is enough."""
        if not self._speech_trouble_told:
            self._speech_trouble_told = True
            self._error(ClientError(code, detail, kind="server_error"), event_id=None)

    # --- what goes out ------------------------------------------------------------------------------------------

    def _emit(self, kind: str, **members: object) -> None:
        self._effects.append(Send(encode({"type": kind, "event_id": self._make_id("event"), **members})))

    def _error(self, error: ClientError, event_id: object) -> None:
        self._emit("error", error=error_body(error, event_id))

    def _flush(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects
