"""A conversation as Markdown. What was said stands in quotes, with everything escaped that could be markup."""

import re
from collections.abc import Iterator

from conversations import selectors
from conversations.exports.wording import SPEAKERS, lines, manner, moment, title
from conversations.models import Conversation, Message

# Dots and colons only where they may join an address: sentences stay sentences.
_MARKUP = re.compile(r"[\\`*_{}\[\]|~^$#=@]|[.:](?=\S)")
_AT_THE_START = re.compile(r"^(\d*)([-+.)])")
# Old renderers know no backslash before these.
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write(conversation: Conversation) -> Iterator[str]:
    """The file, in pieces."""
    yield f"# {_escaped(title(conversation))}\n\n"
    yield f"Begun {moment(conversation.created_at)}, conversation {conversation.pk}\n"
    for message in selectors.one_by_one(selectors.messages_of(conversation)):
        yield _turn(message)


def _turn(message: Message) -> str:
    speaker = SPEAKERS[Message.Role(message.role)]
    turn = f"\n**{speaker}**, {manner(message)}, {moment(message.spoken_at)}\n{_quoted(message.text)}"
    if message.unheard_text:
        turn += f"\n*Not heard:*\n{_quoted(message.unheard_text)}"
    return turn


def _quoted(text: str) -> str:
    # Each line is a paragraph of its own: it can neither underline the one before it nor go on in it.
    paragraphs = [f"> {_escaped(line.strip())}\n" for line in lines(text) if line.strip()]
    return "\n" + ">\n".join(paragraphs) if paragraphs else ""


def _escaped(line: str) -> str:
    inert = _MARKUP.sub(r"\\\g<0>", line)
    return _AT_THE_START.sub(r"\1\\\2", inert).translate(_HTML)
