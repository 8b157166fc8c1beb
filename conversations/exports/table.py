"""Conversations as CSV for reviewers: a row for each message, hidden ones included, safe to open in a spreadsheet."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC

from conversations import selectors
from conversations.exports.wording import lines
from conversations.models import Conversation, Message

COLUMNS = (
    "conversation_id",
    "user",
    "position",
    "spoken_at",
    "role",
    "modality",
    "status",
    "text",
    "unheard_text",
    "heard_is_estimated",
    "hidden",
)
# Spreadsheets look for a formula behind blanks and quotes, too, and some behind characters that nobody sees.
_FORMULA = re.compile(
    r"[\t\n]|[\s\"'“”‘’\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫]"
)


class _Line:
    """What `csv` writes to: gives the line back."""

    def write(self, line: str) -> str:
        return line


def as_csv(conversations: Iterable[Conversation]) -> Iterator[str]:
    """The file, in pieces. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    table = csv.writer(_Line(), quoting=csv.QUOTE_ALL)
    yield table.writerow(COLUMNS)
    for conversation in conversations:
        user = conversation.user.get_username()
        for message in selectors.one_by_one(selectors.record_of(conversation)):
            yield table.writerow(map(_cell, _row(user, message)))


def _row(user: str, message: Message) -> tuple[object, ...]:
    return (
        message.conversation_id,
        user,
        message.position,
        message.spoken_at.astimezone(UTC).isoformat(),
        message.role,
        message.modality,
        message.status,
        message.text,
        message.unheard_text,
        message.heard_is_estimated,
        message.hidden,
    )


def _cell(value: object) -> str:
    text = "\n".join(lines(str(value)))
    return f"'{text}" if _FORMULA.match(text) else text
