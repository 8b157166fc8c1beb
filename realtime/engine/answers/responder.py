"""The built-in responder: a few things done well without a language model, and honest about it."""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime

from realtime.engine.answers.quote import quoted_history
from realtime.engine.answers.recall import recall
from realtime.engine.answers.sums import answer_sum
from realtime.engine.clock import Clock
from realtime.engine.dialogue.prompt import Prompt, Turn

LABEL = "Built-in responder (no language model)"

ABILITIES = (
    "I can greet you, tell the time and the date, do sums, repeat what you ask me to, "
    "and tell you what you said before."
)
HONEST = (
    f"I am only the built-in responder, not a language model, so I cannot answer that. {ABILITIES} "
    "I cannot give medical advice. In an emergency, call your local emergency number."
)
HONEST_AGAIN = (
    "I cannot answer that without a language model. Ask me for the time, a sum, or what you said before."
)
"""For those who have heard HONEST in this conversation."""
WHO = f"I am the built-in responder of this server, not a language model. {ABILITIES}"
NOT_UNDERSTOOD = "I did not catch that. Please say it again."
EMERGENCY = (
    "This could be an emergency. Please call your local emergency number now. "
    "I am only the built-in responder and cannot help with it."
)

_EMERGENCIES = re.compile(
    r"\b(?:chest (?:pain|hurts)|pain in (?:my|his|her|the) chest|heart attack|a stroke"
    r"|(?:ca ?n.?t|cannot|can not|trouble|difficulty|hard to) breath(?:e|ing)"
    r"|(?:bleeding|bleeds) (?:heavily|badly|a lot|out)|heavy bleeding|wo ?n.?t stop bleeding"
    r"|kill (?:myself|himself|herself)|suicid(?:e|al)|end my life|want to die|overdose|unconscious|not breathing)\b"
)
_GREETED_FIRST = re.compile(
    r"^\W*(?:hello|hi|hey|hullo|hallo|good (?:morning|afternoon|evening|day))\b[\s,.!-]*", re.I
)
_FILLERS = re.compile(r"^(?:(?:hey|um+|uh+|er|well|okay|ok|so|and|but|please|now) )+|(?: please| now)+$")
_REPEAT = re.compile(
    r"^\W*(?:(?:please|now|can you|could you|would you) )*"
    r"(?:(?:say|repeat)(?: after me)?|speak after me)\b[\s,:]*(?P<words>.+)$",
    re.I | re.S,
)
_TIME = re.compile(
    r"\b(?:what(?:.?s| is)? (?:the )?time|what time|the time is it|tell me (?:the )?time|have (?:you got )?the time"
    r"|current time)\b"
)
_DATE = re.compile(
    r"\b(?:what(?:.?s| is)? (?:the|today.?s) (?:date|day)|what (?:day|date|month|year) (?:is|it)|today.?s date"
    r"|tell me (?:the|today.?s) (?:date|day)|which day|what(?:.?s| is)? (?:today|the month|the year))\b"
)
_GREETING = re.compile(
    r"^(?:hello|hi|hey|hullo|hallo|howdy|greetings|good (?:morning|afternoon|evening|day))\b(?: \w+){0,2}$"
)
_HOW_ARE_YOU = re.compile(r"\bhow (?:are|do) you(?: do| doing| today)?$")
_WHO = re.compile(
    r"\b(?:who|what) are you\b|\bwhat can you do\b|\byour name\b|^help(?: me)?$|\bare you (?:a|an|real|human)\b"
    r"|\b(?:how )?can you help\b"
)
_THANKS = re.compile(r"^(?:thanks|thank you|cheers|great|perfect)\b")
_GOODBYE = re.compile(r"^(?:good ?bye|bye|see you|good night|that.?s all)\b")


class Responder:
    """Answers at once, from the prompt and the clock alone."""

    label = LABEL
    is_language_model = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        """The answer, word by word."""
        for piece in re.findall(r"\S+\s*", answer_to(prompt, self._clock.now())):
            yield piece

    async def close(self) -> None:
        """Nothing is held."""


def answer_to(prompt: Prompt, now: datetime) -> str:
    """What the responder says to the last thing the person said; `now` is in the person's time zone."""
    turns = list(prompt.turns)
    asked_at = next((index for index in range(len(turns) - 1, -1, -1) if turns[index].role == "user"), None)
    if asked_at is None:
        return f"Hello. {WHO}"
    history = quoted_history(prompt.instructions)
    return _reply(turns[asked_at].text, [*history.turns, *turns[:asked_at]], history.omitted, now)


def _reply(said: str, before: Sequence[Turn], omitted: int, now: datetime) -> str:
    asked = normalised(said)
    if not asked and not re.search(r"\d", said):
        return NOT_UNDERSTOOD
    if _EMERGENCIES.search(asked):
        return EMERGENCY
    answer = (
        recall(asked, before, omitted)
        or _repeated(said)
        or answer_sum(said)
        or next((answer(now) for pattern, answer in _SMALL_TALK if pattern.search(asked)), None)
    )
    after_greeting = _GREETED_FIRST.sub("", said)
    if answer is None and after_greeting not in ("", said):
        return _reply(after_greeting, before, omitted, now)
    return answer or (HONEST_AGAIN if any(turn.text == HONEST for turn in before) else HONEST)


def normalised(said: str) -> str:
    """Lower case, words only, without the little words people start and end with."""
    words = " ".join(re.findall(r"[\w'’]+", said.lower().replace("’", "'")))
    return _FILLERS.sub("", words) if _FILLERS.sub("", words) else words


def _repeated(said: str) -> str | None:
    found = _REPEAT.match(said.strip())
    return found["words"].strip() if found else None


def _greeting(now: datetime) -> str:
    hour = now.hour
    part = "Good morning" if 4 <= hour < 12 else "Good afternoon" if 12 <= hour < 18 else "Good evening"
    return f"{part}. I am the built-in responder, not a language model. What can I do for you?"


def _time(now: datetime) -> str:
    return f"It is {now:%H:%M}."


def _date(now: datetime) -> str:
    return f"Today is {now:%A}, {now.day} {now:%B} {now.year}."


_SMALL_TALK: tuple[tuple[re.Pattern[str], Callable[[datetime], str]], ...] = (
    (_TIME, _time),
    (_DATE, _date),
    (_GREETING, _greeting),
    (_HOW_ARE_YOU, lambda _: "I am a program and running well, thank you. How are you?"),
    (_WHO, lambda _: WHO),
    (_THANKS, lambda _: "You are welcome."),
    (_GOODBYE, lambda _: "Goodbye."),
)
