"""What was said before, told again: from the quoted history of earlier sessions and from the running one."""

import re
from collections.abc import Sequence

from realtime.engine.dialogue.prompt import Turn

UTTERANCES = 6
"""How many of the latest utterances are told again: more than that nobody wants to listen to."""

EXCHANGES = 4
_WORDS_OF_AN_ANSWER = 14

_MY_WORDS = re.compile(
    r"\bwhat (?:was it (?:that )?)?(?:did|have|had|do|was|were|would) i (?:just )?"
    r"(?:say|said|saying|saved|save|tell you|told you|ask|asked)"
    r"|\bwhat i (?:just )?(?:said|say|told you|asked)\b"
    r"|\bwhat(?: have| did)? i (?:ever )?said\b"
    r"|\b(?:tell|repeat|remind) me (?:of )?what i (?:said|told|asked)"
    r"|\bmy (?:last|previous) (?:words|sentence|question|message)\b"
    r"|\bdo you remember what i\b"
)
_OUR_TALK = re.compile(
    r"\bwhat (?:did|have|had|do|were|was) (?:we|you and i|us) (?:\w+ )?(?:talk|discuss|speak|spoke|chat)"
    r"|\bwhat we (?:talked|spoke|discussed|were talking)"
    r"|\b(?:our|the) (?:last|previous|earlier) (?:conversation|talk|session|chat|discussion)\b"
    r"|\bwhere were we\b"
    r"|\b(?:sum up|summarise|summarize) (?:our|the|this) (?:conversation|talk|chat)\b"
    r"|\bdo you remember (?:me|us|our|anything|what we)\b"
)
_YOUR_WORDS = re.compile(
    r"\bwhat (?:did|have|had|do|was|were) you (?:just )?(?:say|said|saying|tell me|told me|answer)"
    r"|\b(?:say|repeat) (?:that|it|this)(?: again| once more)?$"
    r"|^(?:pardon|come again|repeat|say again|again|once more)$"
)


def recall(asked: str, turns: Sequence[Turn], omitted: int) -> str | None:
    """The answer to a question about earlier words, or None when `asked` (normalised) is no such question.

    `turns` are those before the question, oldest first; `omitted` counts the ones before them that nobody kept for us.
    """
    if _MY_WORDS.search(asked):
        return _what_you_said(turns)
    if _OUR_TALK.search(asked):
        return _what_we_talked_about(turns, omitted)
    if _YOUR_WORDS.search(asked):
        return _what_i_said(turns)
    return None


def _what_you_said(turns: Sequence[Turn]) -> str:
    said = [turn.text for turn in turns if turn.role == "user" and turn.text]
    if not said:
        return "You have not said anything before this."
    return f"You said: {_chained(said[-UTTERANCES:])}."


def _what_i_said(turns: Sequence[Turn]) -> str:
    said = [turn.text for turn in turns if turn.role == "assistant" and turn.text]
    return f"I said: {_quoted(said[-1])}." if said else "I have not said anything before this."


def _what_we_talked_about(turns: Sequence[Turn], omitted: int) -> str:
    told = [turn for turn in turns if turn.role != "system" and turn.text][-2 * EXCHANGES :]
    if not told:
        return "This is the first thing we talk about."
    parts = [
        f"you said {_quoted(turn.text)}"
        if turn.role == "user"
        else f"I answered {_quoted(_shortened(turn.text))}"
        for turn in told
    ]
    answer = ", then ".join(parts)
    before = " We also talked before that, but those words were not given to me." if omitted else ""
    return f"{answer[0].upper()}{answer[1:]}.{before}"


def _chained(texts: Sequence[str]) -> str:
    return ", then ".join(map(_quoted, texts))


def _quoted(text: str) -> str:
    return f"“{text.rstrip('.')}”"


def _shortened(text: str) -> str:
    words = text.split()
    return text if len(words) <= _WORDS_OF_AN_ANSWER else " ".join(words[:_WORDS_OF_AN_ANSWER]) + " …"
