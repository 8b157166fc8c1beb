"""Course: events of a server brought into GA's course. Nothing is told twice, and nothing that GA owes is left out."""

from collections.abc import Callable

from realtime.protocol.dialects.answers import Answers
from realtime.protocol.dialects.conversation import Conversation
from realtime.protocol.dialects.names import HEARD, NOT_HEARD
from realtime.protocol.dialects.parts import Parts
from realtime.protocol.dialects.told import Telling, Told
from realtime.protocol.events import Event


class Course:
    """Takes a server's events, already in GA's words, and yields what a GA client is to be told, in GA's order."""

    def __init__(self) -> None:
        self.told = Told()
        self.conversation = Conversation(self.told)
        answers = Answers(self.told, self.conversation)
        parts = Parts(self.told, answers)
        self._handlers: dict[str, Callable[[Event], Telling]] = {
            "conversation.item.added": self.conversation.added,
            "conversation.item.done": self.conversation.done,
            "conversation.item.deleted": self.conversation.deleted,
            "input_audio_buffer.committed": self.conversation.committed,
            HEARD: self.conversation.heard,
            NOT_HEARD: self.conversation.heard,
            "response.created": answers.created,
            "response.done": answers.done,
            "response.output_item.added": answers.item_added,
            "response.output_item.done": answers.item_done,
            "response.content_part.added": parts.added,
            "response.content_part.done": parts.done,
            "response.output_text.delta": parts.piece,
            "response.output_text.done": parts.piece,
            "response.output_audio_transcript.delta": parts.piece,
            "response.output_audio_transcript.done": parts.piece,
            "response.output_audio.delta": parts.piece,
            "response.output_audio.done": parts.piece,
            "response.function_call_arguments.delta": parts.call,
            "response.function_call_arguments.done": parts.call,
        }

    def follow(self, event: Event) -> Telling:
        """What is to be told for one event: often the event itself and nothing else."""
        handler = self._handlers.get(event["type"])
        if handler is None:
            yield event
        else:
            yield from handler(event)
