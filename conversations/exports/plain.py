"""A conversation as plain text. What was said is indented by four, and nothing else is."""

from collections.abc import Iterator

from conversations import selectors
from conversations.exports.wording import SPEAKERS, lines, manner, moment, title
from conversations.models import Conversation, Message


def write(conversation: Conversation) -> Iterator[str]:
    """The file, in pieces."""
    yield f"Title: {title(conversation)}\n"
    yield f"Begun: {moment(conversation.created_at)}\n"
    yield f"Conversation: {conversation.pk}\n"
    for message in selectors.one_by_one(selectors.messages_of(conversation)):
        yield _turn(message)


def _turn(message: Message) -> str:
    turn = f"\n{moment(message.spoken_at)}  {SPEAKERS[Message.Role(message.role)]}, {manner(message)}\n"
    turn += _indented(message.text)
    if message.unheard_text:
        turn += f"  Not heard:\n{_indented(message.unheard_text)}"
    return turn


def _indented(text: str) -> str:
    return "".join(f"{'    ' + line}".rstrip() + "\n" for line in lines(text))
