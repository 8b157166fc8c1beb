"""What an answer is made from: the instructions and the turns so far, as plain values."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from realtime.engine.dialogue.items import Item
from realtime.engine.dialogue.usage import text_tokens

Role = Literal["user", "assistant", "system"]
CONTEXT_TOKENS = 28_000
"""Beyond this the oldest turns are left out, as `truncation: "auto"` has it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of one side, in words."""

    role: Role
    text: str
    is_interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything that may shape an answer."""

    instructions: str
    turns: tuple[Turn, ...]
    max_output_tokens: int | None = None


class AnswerFailed(Exception):
    """No answer can be had: `code` for programs, `detail` a sentence for people that names no key and no address."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class AnswerCutShort(Exception):
    """The answer reached its permitted length; what came before stands."""


class Answerer(Protocol):
    """Whoever finds the words of an answer."""

    @property
    def label(self) -> str:
        """What people are told about who answers."""

    @property
    def is_language_model(self) -> bool: ...

    def answer(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        """The answer, piece by piece. Closing the iterator ends the work. Raises AnswerFailed and AnswerCutShort."""

    async def close(self) -> None: ...


def turns_of(items: Iterable[Item]) -> tuple[Turn, ...]:
    """The turns of a conversation that have words, the oldest left out when there are too many."""
    turns: list[Turn] = []
    budget = CONTEXT_TOKENS
    for item in reversed(list(items)):
        turn = _turn(item)
        if turn is None:
            continue
        budget -= text_tokens(turn.text)
        if budget < 0 and turns:
            break
        turns.append(turn)
    return tuple(reversed(turns))


def _turn(item: Item) -> Turn | None:
    role = item.role
    if item.shape["type"] == "function_call_output":
        return Turn("system", f"Result of a function call: {item.shape['output']}")
    if role == "user" and item.is_spoken_by_user:
        # A turn in which no words were recognised is still a turn that wants an answer.
        return Turn("user", item.words or "")
    if not item.text or role not in {"user", "assistant", "system"}:
        return None
    cut = item.spoken is not None and item.spoken.is_cut
    is_interrupted = cut or item.shape.get("status") == "incomplete"
    return Turn(role, item.text, is_interrupted)  # type: ignore[arg-type]  # checked two lines above
