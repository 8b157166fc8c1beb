"""The responses of a session: one in the conversation at a time, a few beside it, each from its request to its end."""

from collections.abc import Callable

from realtime.engine.dialogue import items
from realtime.engine.dialogue.conversation import Conversation
from realtime.engine.dialogue.effects import Abandon, Answer, Effect, Tell
from realtime.engine.dialogue.frames import ClientError, Json, MakeId
from realtime.engine.dialogue.items import Item
from realtime.engine.dialogue.prompt import Prompt, turns_of
from realtime.engine.dialogue.responses import Emit, Response, ResponseSettings, Status
from realtime.engine.dialogue.session import Session
from realtime.engine.dialogue.usage import rate_limits, usage
from realtime.engine.speech.vocabulary import Hush, SaidAll, Say, Spoken

OUT_OF_BAND_LIMIT = 8
"""Responses outside the conversation that may run at once."""


class Answering:
    """Part of the dialogue's state machine: emits frames through `emit` and wishes for the rest through `wish`."""

    def __init__(
        self,
        *,
        session: Session,
        conversation: Conversation,
        make_id: MakeId,
        emit: Emit,
        wish: Callable[[Effect], None],
        can_speak: bool,
    ) -> None:
        self._session = session
        self._conversation = conversation
        self._make_id = make_id
        self._emit = emit
        self._wish = wish
        self._can_speak = can_speak
        self._responses: dict[str, Response] = {}
        self._active: Response | None = None
        self._is_due = False
        """A spoken turn ended while a response ran that it was not to interrupt."""
        self.assistant_was_heard = False

    # --- beginning ----------------------------------------------------------------------------------------------

    def requested(self, request: Json) -> ResponseSettings:
        """What a `response.create` asks for. Raises ClientError."""
        in_conversation = request.get("conversation", "auto") == "auto"
        if in_conversation and self._active is not None:
            raise ClientError(
                "conversation_already_has_active_response",
                f"Conversation already has an active response in progress: {self._active.id}. "
                "Wait until the response is finished before creating a new one.",
            )
        if not in_conversation and len(self._responses) > OUT_OF_BAND_LIMIT:
            raise ClientError(
                "rate_limit_exceeded", "Too many responses run at once. Wait until one is finished."
            )
        voice = request.get("audio", {}).get("output", {}).get("voice", self._session.voice)
        self._session.check_voice(
            voice, "response.audio.output.voice", voice_is_fixed=self.assistant_was_heard
        )
        context = None
        if "input" in request:
            context = tuple(self._context_item(entry, index) for index, entry in enumerate(request["input"]))
        return ResponseSettings(
            modality=request.get("output_modalities", [self._session.output_modality])[0],
            voice=voice,
            speed=self._session.speed,
            max_output_tokens=request.get("max_output_tokens", self._session.max_output_tokens),
            metadata=request.get("metadata"),
            instructions=request.get("instructions", self._session.instructions),
            context=context,
            in_conversation=in_conversation,
            is_mute=not self._can_speak,
        )

    def open(self, settings: ResponseSettings) -> None:
        """Begin a response."""

        def begin_item() -> tuple[Item, str | None]:
            item = items.begun_by_assistant(self._make_id("item"))
            return item, self._conversation.append(item) if settings.in_conversation else None

        response = Response(
            id=self._make_id("resp"),
            conversation_id=self._conversation.id if settings.in_conversation else None,
            settings=settings,
            emit=self._emit,
            begin_item=begin_item,
        )
        self._responses[response.id] = response
        if settings.in_conversation:
            self._active = response
        response.create()
        self._answer_when_words_are_known(response)

    def turn_ended(self) -> None:
        """A spoken turn wants its answer: now, or once the response that it must not interrupt is finished."""
        if self._active is None:
            self.open(self.requested({}))
        else:
            self._is_due = True

    def words_known(self) -> None:
        """The words of a spoken turn have arrived."""
        for response in list(self._responses.values()):
            self._answer_when_words_are_known(response)

    # --- finding words ------------------------------------------------------------------------------------------

    def words_found(self, response_id: str, delta: str) -> None:
        """Another piece of the words of an answer."""
        response = self._responses.get(response_id)
        if response is None or not delta or response.has_all_words:
            return
        self._tell(response.add_words(delta))
        if response.is_over_limit:
            self._wish(Abandon(response_id))
            self._end_words(response, "incomplete", "max_output_tokens")

    def words_ended(self, response_id: str, *, cut_short: bool) -> None:
        """All words of an answer are found."""
        response = self._responses.get(response_id)
        if response is None or response.has_all_words:
            return
        if cut_short:
            self._end_words(response, "incomplete", "max_output_tokens")
        else:
            self._end_words(response, "completed")

    def words_failed(self, response_id: str, code: str, detail: str) -> None:
        """No answer can be had."""
        response = self._responses.get(response_id)
        if response is not None:
            self._fail(response, code, detail)

    # --- speaking -----------------------------------------------------------------------------------------------

    def spoken(self, event: Spoken) -> None:
        """A stretch of an answer's sound."""
        response = self._responses.get(event.utterance)
        if response is not None:
            self.assistant_was_heard |= bool(event.pcm)
            response.add_audio(event.pcm, event.text, event.words)

    def said_all(self, event: SaidAll) -> None:
        """The speech worker has nothing more to say of an answer."""
        response = self._responses.get(event.utterance)
        if response is not None:
            response.said(event.clauses)
            self._settle(response)

    def speech_lost(self, code: str, detail: str) -> None:
        """Nobody hears or speaks any more: what waits for words fails, what was to be spoken is only written."""
        for response in list(self._responses.values()):
            if not response.is_answering:
                self._fail(response, code, detail)
            elif response.is_spoken:
                response.mute()
                self._settle(response)

    # --- ending -------------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Somebody speaks: the conversation's response ends."""
        if self._active is not None:
            self._cancel(self._active, "turn_detected")

    def cancel(self, response_id: object) -> None:
        """What a `response.cancel` asks for. Raises ClientError."""
        response = self._active if response_id is None else self._responses.get(str(response_id))
        if response is None:
            raise ClientError("response_cancel_not_active", "Cancellation failed: no active response found")
        self._cancel(response, "client_cancelled")

    def _context_item(self, entry: object, index: int) -> Item:
        if isinstance(entry, dict) and entry.get("type") == "item_reference":
            return self._conversation.retrieve(entry.get("id"))
        try:
            return items.created_by_client(entry, self._make_id)
        except ClientError as error:
            path = (error.param or "item").replace("item", f"response.input[{index}]", 1)
            raise ClientError(error.code, error.message, path) from None

    def _answer_when_words_are_known(self, response: Response) -> None:
        """Start the search for an answer once every spoken turn it answers to has its words."""
        context = self._context(response)
        if response.is_answering or any(item.is_spoken_by_user and item.words is None for item in context):
            return
        response.is_answering = True
        limit = response.settings.max_output_tokens
        max_tokens = limit if isinstance(limit, int) else None
        prompt = Prompt(response.settings.instructions, turns_of(context), max_tokens)
        self._wish(Answer(response.id, prompt))

    def _context(self, response: Response) -> list[Item]:
        items_before = self._conversation if response.settings.context is None else response.settings.context
        return [item for item in items_before if item is not response.item]

    def _end_words(self, response: Response, status: Status, reason: str | None = None) -> None:
        self._tell(response.end_words(status, reason))
        self._settle(response)

    def _settle(self, response: Response) -> None:
        """Finish a response whose words are found and spoken."""
        if response.is_all_said:
            self._finish(response, response.outcome, reason=response.outcome_reason)

    def _cancel(self, response: Response, reason: str) -> None:
        self._wish(Abandon(response.id))
        if response.is_spoken:
            self._wish(Tell(Hush(response.id)))
        self._finish(response, "cancelled", reason=reason)

    def _fail(self, response: Response, code: str, detail: str) -> None:
        if response.is_spoken:
            self._wish(Tell(Hush(response.id)))
        self._finish(response, "failed", error={"type": "server_error", "code": code, "message": detail})

    def _finish(
        self, response: Response, status: Status, *, reason: str | None = None, error: Json | None = None
    ) -> None:
        del self._responses[response.id]
        response.usage = usage(
            instructions=response.settings.instructions,
            context=self._context(response),
            answer=response.text,
            answer_ms=response.spoken_ms,
        )
        response.finish(status, reason=reason, error=error)
        self._emit("rate_limits.updated", rate_limits=rate_limits())
        if response is not self._active:
            return
        self._active = None
        if self._is_due:
            self._is_due = False
            self.open(self.requested({}))

    def _tell(self, clauses: list[Say]) -> None:
        for clause in clauses:
            self._wish(Tell(clause))
