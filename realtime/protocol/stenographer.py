"""Stenographer: reads what upstream sends, also after the client has left, and takes down the turns."""

from collections.abc import Callable
from typing import Literal

from realtime.protocol import audio
from realtime.protocol.events import Event, list_of, mapping_of, text_of
from realtime.protocol.transcript import TranscriptLog


class Stenographer:
    """Turns upstream's events into entries of a TranscriptLog. Times are seconds of the log's clock."""

    def __init__(self, log: TranscriptLog) -> None:
        self._log = log
        self._answers: dict[str, list[str]] = {}
        """The items that each running response announced."""
        self._began: dict[str, float] = {}
        """When each running response began."""

    def take_down(self, event: Event, now: float) -> None:
        """Keep what the transcript needs of an event."""
        reader = _READERS.get(event["type"])
        if reader is not None:
            reader(self, event, now)

    def _committed(self, event: Event, now: float) -> None:
        self._log.committed(text_of(event.get("item_id")), text_of(event.get("previous_item_id")), now)

    def _nudged(self, event: Event, now: float) -> None:
        self._log.nudged(text_of(event.get("item_id")))

    def _item_added(self, event: Event, now: float) -> None:
        self._log.item_added(mapping_of(event.get("item")), text_of(event.get("previous_item_id")), now)

    def _transcribed(self, event: Event, now: float) -> None:
        if event.get("status") != "in_progress":  # a snapshot, not the final words
            self._log.transcribed(text_of(event.get("item_id")), text_of(event.get("transcript")), now)

    def _not_transcribed(self, event: Event, now: float) -> None:
        self._log.transcription_failed(text_of(event.get("item_id")), now)

    def _response_began(self, event: Event, now: float) -> None:
        self._began[text_of(mapping_of(event.get("response")).get("id"))] = now

    def _answer_announced(self, event: Event, now: float) -> None:
        item = mapping_of(event.get("item"))
        if item.get("type") == "message" and item.get("role") == "assistant":
            item_id = text_of(item.get("id"))
            response_id = text_of(event.get("response_id"))
            self._answers.setdefault(response_id, []).append(item_id)
            self._log.answer_announced(item_id, now, self._began.get(response_id))

    def _words(self, event: Event, now: float) -> None:
        spoken = event["type"] in _SPOKEN
        self._log.answer_words(
            text_of(event.get("item_id")), _part(event), text_of(event.get("delta")), spoken=spoken
        )

    def _all_words(self, event: Event, now: float) -> None:
        words = text_of(event.get("transcript")) or text_of(event.get("text"))
        spoken = event["type"] in _SPOKEN
        self._log.answer_part(text_of(event.get("item_id")), _part(event), words, spoken=spoken)

    def _sound(self, event: Event, now: float) -> None:
        length = audio.decoded_length(text_of(event.get("delta")))
        self._log.answer_audio(text_of(event.get("item_id")), length, now)

    def _answer_done(self, event: Event, now: float) -> None:
        item = mapping_of(event.get("item"))
        # Why an item is incomplete is only told when its response is done.
        if item.get("status") == "completed":
            self._log.answer_done(text_of(item.get("id")), "completed", now)

    def _response_done(self, event: Event, now: float) -> None:
        response = mapping_of(event.get("response"))
        listed = [text_of(mapping_of(item).get("id")) for item in list_of(response.get("output"))]
        announced = self._answers.pop(text_of(response.get("id")), [])
        self._began.pop(text_of(response.get("id")), None)
        for item_id in dict.fromkeys(announced + listed):
            self._log.answer_done(item_id, _outcome(response), now)

    def _truncated(self, event: Event, now: float) -> None:
        heard = event.get("transcript")
        self._log.truncated(text_of(event.get("item_id")), heard if isinstance(heard, str) else None, now)


def _part(event: Event) -> int:
    index = event.get("content_index")
    return index if isinstance(index, int) else 0


def _outcome(response: Event) -> Literal["completed", "cancelled", "failed"]:
    """An answer that ran into its length or content limit is as complete as it gets: nobody interrupted it."""
    match response.get("status"):
        case "cancelled":
            return "cancelled"
        case "failed":
            return "failed"
        case _:
            return "completed"


_SPOKEN = frozenset({"response.output_audio_transcript.delta", "response.output_audio_transcript.done"})
_READERS: dict[str, Callable[[Stenographer, Event, float], None]] = {
    "input_audio_buffer.committed": Stenographer._committed,
    "input_audio_buffer.timeout_triggered": Stenographer._nudged,
    "conversation.item.added": Stenographer._item_added,
    "conversation.item.truncated": Stenographer._truncated,
    "conversation.item.input_audio_transcription.completed": Stenographer._transcribed,
    "conversation.item.input_audio_transcription.failed": Stenographer._not_transcribed,
    "response.created": Stenographer._response_began,
    "response.output_item.added": Stenographer._answer_announced,
    "response.output_item.done": Stenographer._answer_done,
    "response.output_text.delta": Stenographer._words,
    "response.output_text.done": Stenographer._all_words,
    "response.output_audio_transcript.delta": Stenographer._words,
    "response.output_audio_transcript.done": Stenographer._all_words,
    "response.output_audio.delta": Stenographer._sound,
    "response.done": Stenographer._response_done,
}
