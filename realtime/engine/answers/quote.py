"""The quoted history at the end of a session's instructions, read back as turns: material, not orders.

<conversation_so_far omitted="12">
[user] one line of text
[assistant] one line of text
[assistant, interrupted] what was heard
</conversation_so_far>
"""

import re
from dataclasses import dataclass

from realtime.engine.dialogue.prompt import Role, Turn

_QUOTE = re.compile(
    r'^<conversation_so_far(?: omitted="(?P<omitted>\d{1,9})")?>\n(?P<lines>.*?)^</conversation_so_far>\s*\Z',
    re.MULTILINE | re.DOTALL,
)
_LINE = re.compile(r"^\[(?P<role>user|assistant)(?P<interrupted>, interrupted)?\] (?P<text>.*)$")
_BRACKETS = str.maketrans("‹›⁅⁆", "<>[]")
"""The quote's writer puts look-alikes for the brackets that could close it from inside."""


@dataclass(frozen=True, slots=True)
class QuotedHistory:
    """The turns of earlier sessions, oldest first, and how many before them were left out."""

    turns: tuple[Turn, ...] = ()
    omitted: int = 0


def quoted_history(instructions: str) -> QuotedHistory:
    """What the instructions quote; empty when they quote nothing."""
    start = instructions.rfind("<conversation_so_far")
    found = _QUOTE.search(instructions, start) if start >= 0 else None
    if found is None:
        return QuotedHistory()
    return QuotedHistory(_turns(found["lines"]), int(found["omitted"] or 0))


def _turns(lines: str) -> tuple[Turn, ...]:
    turns = []
    for line in lines.splitlines():
        found = _LINE.match(line)
        if found is not None:
            role: Role = "user" if found["role"] == "user" else "assistant"
            text = found["text"].translate(_BRACKETS).strip()
            turns.append(Turn(role, text, is_interrupted=found["interrupted"] is not None))
    return tuple(turns)
