"""What every kind of file says about a turn beside its words, and the words themselves made fit to print."""

from datetime import UTC, datetime

from conversations.models import Conversation, Message

SPEAKERS = {Message.Role.USER: "You", Message.Role.ASSISTANT: "Assistant"}
LACKING = {
    Message.Status.PENDING: "not transcribed yet",
    Message.Status.FAILED: "could not be transcribed",
}
_STATES = LACKING | {Message.Status.INTERRUPTED: "interrupted"}
_WRITTEN = {Message.Role.USER: "typed", Message.Role.ASSISTANT: "written"}

_AS_PICTURES = {code: 0x2400 + code for code in range(0x20) if code != ord("\t")} | {0x7F: 0x2421}
_VISIBLE = str.maketrans(_AS_PICTURES | dict.fromkeys(range(0x80, 0xA0), 0xFFFD))


def lines(text: str) -> list[str]:
    """The lines of a text, whatever breaks them; of its control characters only tabs are left, others can be seen."""
    return [line.translate(_VISIBLE) for line in text.splitlines()]


def title(conversation: Conversation) -> str:
    """Its title in one line."""
    return " ".join(" ".join(lines(conversation.title)).split()) or "Untitled"


def moment(at: datetime) -> str:
    """A time to the second, for people."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def manner(message: Message) -> str:
    """How a turn was made and what became of it: `spoken, interrupted`."""
    made = "spoken" if message.modality == Message.Modality.AUDIO else _WRITTEN[Message.Role(message.role)]
    state = _STATES.get(Message.Status(message.status))
    return f"{made}, {state}" if state else made
