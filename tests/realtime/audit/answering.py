"""One response of a server's: its items as they are announced, spoken, closed, cut short or broken off."""

import asyncio
import base64
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.realtime.audit.facts import Answer, UserTurn
from tests.realtime.audit.plans import AnswerPlan
from tests.realtime.audit.voice import code_of, sound

if TYPE_CHECKING:
    from tests.realtime.audit.life import Life

WORD_MS = 207
"""How long each word of an answer sounds: never until the very moment at which something else happens."""
TOKENS = 7
"""What every response costs."""
Event = dict[str, Any]


@dataclass(slots=True, eq=False)
class _Open:
    """A message that is being given."""

    item_id: str
    index: int
    answer: Answer
    said: list[str] = field(default_factory=list)


class Response:
    """Speaks by itself until it is done, cut or dropped."""

    def __init__(self, life: "Life", plan: AnswerPlan, asked: list[UserTurn]) -> None:
        self._life = life
        self._plan = plan
        self._asked = asked
        self._id = f"resp_{life.new_id()}"
        self._open: list[_Open] = []
        self._answers: list[Answer] = []
        self._index = 0
        self._output: list[Event] = []
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._life.say("response.created", response=self._response("in_progress"))
        if not self._life.is_over:
            self._task = asyncio.get_running_loop().create_task(self._give(), name="server answers")

    # --- from beginning to end --------------------------------------------------------------------------------------

    async def _give(self) -> None:
        plan, life = self._plan, self._life
        await asyncio.sleep(plan.delay)
        words = life.server.lexicon.for_answer(plan.words)
        if plan.outcome != "nothing":
            if plan.commentary:
                first = self._begin()
                await self._speak(first, life.server.lexicon.for_answer(2))
                if plan.tool:
                    self._call_tool()
                self._finish(first)
            elif plan.tool:
                self._call_tool()
            last = self._begin()
            await self._speak(last, words[: (len(words) + 1) // 2] if plan.outcome == "failed" else words)
            if plan.outcome != "failed":
                self._finish(last, "completed" if plan.outcome == "completed" else "incomplete")
        self._done("completed" if plan.outcome == "nothing" else plan.outcome)

    def drop(self) -> None:
        """The server is gone."""
        if self._task is not None:
            self._task.cancel()

    def cut(self, reason: str) -> None:
        """Somebody wants silence."""
        self.drop()
        for each in list(self._open):
            self._finish(each, "incomplete")
        self._done("cancelled", reason)

    def _done(self, status: str, reason: str | None = None) -> None:
        life, answers = self._life, self._answers

        def received() -> None:
            life.server.tokens += TOKENS
            if status != "cancelled":
                life.server.answered_at.append(life.now())
            for answer in answers:
                if status == "failed":
                    answer.broke_off = not answer.is_complete
                elif status == "cancelled":
                    if not answer.is_complete:
                        answer.was_stopped_at = life.now()
                else:
                    answer.is_complete = True

        details: Event | None = None
        if status != "completed":
            details = {"type": status, "reason": reason}
            if status == "failed":
                details = {"type": status, "error": {"type": "server_error", "code": "", "message": "theirs"}}
        usage = {"total_tokens": TOKENS, "input_tokens": 3, "output_tokens": TOKENS - 3}
        response = self._response(status) | {
            "status_details": details,
            "output": self._output,
            "usage": usage,
        }
        life.say("response.done", received, response=response)
        life.answered()

    def _response(self, status: str) -> Event:
        return {
            "object": "realtime.response",
            "id": self._id,
            "status": status,
            "status_details": None,
            "output": [],
            "usage": None,
        }

    # --- messages ---------------------------------------------------------------------------------------------------

    def _begin(self) -> _Open:
        life = self._life
        answer = Answer(life.number, is_spoken=life.speaks)
        each = _Open(life.new_id(), self._index, answer)
        self._index += 1
        self._open.append(each)
        self._answers.append(answer)
        life.conversation.append(answer)
        for turn in self._asked:
            turn.answers.append(answer)
        item = {
            "id": each.item_id,
            "type": "message",
            "role": "assistant",
            "status": "in_progress",
            "content": [],
        }
        life.say("response.output_item.added", response_id=self._id, output_index=each.index, item=item)
        life.add(item, answer)
        part = {"type": "audio", "transcript": ""} if life.speaks else {"type": "text", "text": ""}
        life.say("response.content_part.added", **self._place(each), part=part)
        return each

    async def _speak(self, each: _Open, words: tuple[str, ...]) -> None:
        """All words and their sound; the words a little ahead, as real servers have it."""
        for word in words:
            delta = f" {word}" if each.said else word
            each.said.append(word)
            kind = (
                "response.output_audio_transcript.delta"
                if self._life.speaks
                else "response.output_text.delta"
            )
            self._life.say(kind, partial(each.answer.words.append, word), **self._place(each), delta=delta)
            if self._life.speaks:
                self._sound(each, sound(code_of(word), WORD_MS))
            if self._plan.pace:
                await asyncio.sleep(self._plan.pace)

    def _sound(self, each: _Open, pcm: bytes) -> None:
        cut = 4_801 if self._life.habits.odd_cuts else len(pcm)
        for piece in (pcm[:cut], pcm[cut:]):
            if piece:
                self._life.say(
                    "response.output_audio.delta",
                    partial(self._sounded, each.answer, len(piece)),
                    **self._place(each),
                    delta=base64.b64encode(piece).decode(),
                )

    def _sounded(self, answer: Answer, length: int) -> None:
        answer.received_bytes += length
        if answer.sound_from is None:
            answer.sound_from = self._life.now()

    def _finish(self, each: _Open, status: str = "completed") -> None:
        life, text = self._life, " ".join(each.said)
        self._open.remove(each)
        place = self._place(each)
        if life.speaks:
            life.say("response.output_audio.done", **place)
            life.say("response.output_audio_transcript.done", self._worded(each), **place, transcript=text)
            content = {"type": "output_audio", "transcript": text}
        else:
            life.say("response.output_text.done", self._worded(each), **place, text=text)
            content = {"type": "output_text", "text": text}
        life.say("response.content_part.done", **place, part={"type": "audio", "transcript": text})
        item = {
            "id": each.item_id,
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": [content],
        }
        self._output.append(item)
        life.say("conversation.item.done", previous_item_id=None, item=item)

        def received() -> None:
            each.answer.is_complete = status == "completed"

        life.say(
            "response.output_item.done", received, response_id=self._id, output_index=each.index, item=item
        )

    @staticmethod
    def _worded(each: _Open) -> Any:
        def received() -> None:
            each.answer.words[:] = each.said

        return received

    def _place(self, each: _Open) -> Event:
        return {
            "response_id": self._id,
            "item_id": each.item_id,
            "output_index": each.index,
            "content_index": 0,
        }

    def _call_tool(self) -> None:
        """Of no interest to anybody's transcript."""
        life, index = self._life, self._index
        self._index += 1
        item = {
            "id": life.new_id(),
            "type": "function_call",
            "name": "look",
            "call_id": "call_1",
            "arguments": "",
        }
        life.say("response.output_item.added", response_id=self._id, output_index=index, item=item)
        life.add(item, None)
        place: Event = {
            "response_id": self._id,
            "item_id": item["id"],
            "output_index": index,
            "call_id": "call_1",
        }
        life.say("response.function_call_arguments.delta", **place, delta="{}")
        life.say("response.function_call_arguments.done", **place, arguments="{}", name="look")
        life.say("response.output_item.done", response_id=self._id, output_index=index, item=item)
        self._output.append(item)

    # --- cutting back -----------------------------------------------------------------------------------------------

    @staticmethod
    def truncate(life: "Life", item_id: str, answer: Answer, end: int) -> None:
        """Cut what is known of an answer back to what was heard of it."""
        told: Event = {}
        heard: tuple[str, ...] | None = None
        if life.habits.truncation == "words":
            heard = tuple(answer.words[: end // WORD_MS])
            told["transcript"] = " ".join(heard)

        def received() -> None:
            answer.confirmed, answer.confirmed_words = True, heard

        life.say(
            "conversation.item.truncated",
            received,
            item_id=item_id,
            content_index=0,
            audio_end_ms=end,
            **told,
        )
