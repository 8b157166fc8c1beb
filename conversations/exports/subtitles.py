"""A conversation as WebVTT: one cue a turn, at its time since the first."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, pairwise

from conversations import selectors
from conversations.exports.wording import LACKING, SPEAKERS, lines, moment
from conversations.models import Conversation, Message

_INSTANT = timedelta(milliseconds=1)
_PAUSE = timedelta(seconds=1)
_PER_CHARACTER = timedelta(milliseconds=60)
"""About the pace of speech."""
_INERT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

Cue = tuple[timedelta, Message]


def write(conversation: Conversation) -> Iterator[str]:
    """The file, in pieces."""
    yield f"WEBVTT\n\nNOTE Conversation {conversation.pk}, begun {moment(conversation.created_at)}\n"
    cues = _starting(selectors.one_by_one(selectors.messages_of(conversation)))
    for cue, following in pairwise(chain[Cue | None](cues, (None,))):
        if cue is not None:
            yield _cue(*cue, following[0] if following else None)


def _starting(messages: Iterable[Message]) -> Iterator[Cue]:
    """Each turn with its start, later than that of the turn before: places are held in order, clocks may disagree."""
    began: datetime | None = None
    start = -_INSTANT
    for message in messages:
        began = began or message.spoken_at
        start = max(message.spoken_at - began, start + _INSTANT)
        yield start, message


def _cue(start: timedelta, message: Message, following: timedelta | None) -> str:
    end = start + _PAUSE + _PER_CHARACTER * (len(message.text) + len(message.unheard_text))
    end = end if following is None else min(end, following)
    return f"\n{_timestamp(start)} --> {_timestamp(end)}\n{_payload(message)}\n"


def _timestamp(at: timedelta) -> str:
    seconds, milliseconds = divmod(at // _INSTANT, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"


def _payload(message: Message) -> str:
    said = _words(message.text)
    if (lacking := LACKING.get(Message.Status(message.status))) and not said:
        said = [f"<i>{lacking}</i>"]
    if unheard := _words(message.unheard_text):
        said += ["<c.unheard>Not heard:", *unheard[:-1], f"{unheard[-1]}</c>"]
    return f"<v {SPEAKERS[Message.Role(message.role)]}>" + "\n".join(said)


def _words(text: str) -> list[str]:
    """The lines that say something: an empty one would end the cue."""
    return [line.strip().translate(_INERT) for line in lines(text) if line.strip()]
