"""The four promises, held against what the callers saw and what the database holds.

1. Every transcript that was said to be stored (`voiceassist.message.saved`, final) is stored once, with its words.
2. The positions of a conversation are 0, 1, 2, … without a gap, and as many as it counts.
3. No message stands in a conversation of somebody else, or of another session than it was said in.
4. Every session that was opened reached its end, with a reason, and is held by nobody.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.faults.rig.history import Happening, History
from tests.faults.rig.preparation import Person

Row = dict[str, Any]


@dataclass(slots=True)
class Stored:
    """What a database holds, ids as text."""

    conversations: dict[str, Row] = field(default_factory=dict)
    messages: list[Row] = field(default_factory=list)
    sessions: dict[str, Row] = field(default_factory=dict)

    def messages_of(self, conversation_id: str | None) -> list[Row]:
        """In spoken order."""
        there = [row for row in self.messages if row["conversation_id"] == conversation_id]
        return sorted(there, key=lambda row: int(row["position"]))


def stored(database: str) -> Stored:
    """Read a database (`Home.database`) as it is, past everything of ours."""
    rows = _postgres_rows if database.startswith("postgres") else _sqlite_rows
    tables = ("conversations_conversation", "conversations_message", "realtime_voicesession")
    conversations, messages, sessions = (list(rows(database, table)) for table in tables)
    return Stored({row["id"]: row for row in conversations}, messages, {row["id"]: row for row in sessions})


def violations(history: History, found: Stored, people: Iterable[Person]) -> list[str]:
    """Every broken promise, in words. Empty: all are kept."""
    owners = {person.username: person.user_id for person in people}
    return [
        *_not_stored_once(history, found),
        *_doubled(history, found),
        *_gaps(found),
        *_in_foreign_hands(history, found, owners),
        *_without_end(found),
    ]


def _not_stored_once(history: History, found: Stored) -> Iterator[str]:
    """Said to be stored, and not there, or not so."""
    by_id = {row["id"]: row for row in found.messages}
    for told in _last_told(history):
        said, row = told.details, by_id.get(str(told.details["message_id"]))
        what = f"{told.who} was told that {said['text']!r} is stored ({said['item_id']})"
        if row is None:
            yield f"{what}, and it is not"
        elif _whole(row) != _bare(said["text"]):
            yield f"{what}, and there stands {row['text']!r}"
        elif row["conversation_id"] != said["conversation"]:
            yield f"{what} in {said['conversation']}, and it is in {row['conversation_id']}"
        elif row["position"] != said["position"]:
            yield f"{what} at {said['position']}, and it is at {row['position']}"


def _whole(row: Row) -> str:
    """All words of a line. An answer that was stored whole may be cut back later, by somebody who speaks over it or
    hangs up: then what was not heard stands beside it."""
    return _bare(f"{row['text']} {row['unheard_text']}" if row["role"] == "assistant" else row["text"])


def _bare(text: str) -> str:
    return " ".join(text.split())


def _doubled(history: History, found: Stored) -> Iterator[str]:
    """What a person said once stands there more than once. (Answers may be alike: the same may be asked twice.)"""
    lines = Counter(row["text"] for row in found.messages if row["role"] == "user")
    said = {told.details["text"] for told in _last_told(history) if told.details["role"] == "user"}
    said |= {each.details["text"] for what in ("typed", "spoke") for each in history.of(what)}
    for words in sorted(said):
        if lines[words] > 1:
            yield f"{words!r} was said once and is stored {lines[words]} times"
    items = Counter(
        (row["conversation_id"], row["external_id"]) for row in found.messages if row["external_id"]
    )
    for (conversation, item), times in items.items():
        if times > 1:
            yield f"item {item} stands {times} times in {conversation}"


def _gaps(found: Stored) -> Iterator[str]:
    places: dict[str, list[int]] = defaultdict(list)
    for row in found.messages:
        places[row["conversation_id"]].append(int(row["position"]))
    for conversation_id, row in found.conversations.items():
        there = sorted(places.pop(conversation_id, []))
        if there != list(range(len(there))):
            yield f"the positions of {conversation_id} are {there}"
        if row["message_count"] != len(there):
            yield f"{conversation_id} counts {row['message_count']} messages and has {len(there)}"
    for conversation_id in places:
        yield f"there are messages of {conversation_id}, and no such conversation"


def _in_foreign_hands(history: History, found: Stored, owners: dict[str, int]) -> Iterator[str]:
    for row in found.messages:
        session = found.sessions.get(str(row["external_id"] or "").partition(":")[0])
        conversation = found.conversations.get(row["conversation_id"])
        if row["external_id"] and session is None:
            yield f"message {row['id']} was said in no session that there is: {row['external_id']}"
        elif session is not None and session["conversation_id"] != row["conversation_id"]:
            yield f"message {row['id']} was said in another conversation than that of {session['id']}"
        elif (
            session is not None and conversation is not None and session["user_id"] != conversation["user_id"]
        ):
            yield f"message {row['id']} was said by somebody else than the owner of its conversation"
    yield from _words_of_others(history, found, owners)


def _words_of_others(history: History, found: Stored, owners: dict[str, int]) -> Iterator[str]:
    """Every caller of a run says only words with their own name in them (`caller3-7 …`)."""
    names = {each.who for each in history.happenings if each.who.partition("-")[0] in owners}
    for row in found.messages:
        conversation = found.conversations.get(row["conversation_id"])
        for name in names if conversation is not None else ():
            is_theirs = conversation is not None and owners[name.partition("-")[0]] == conversation["user_id"]
            if f"{name} " in f"{row['text']} " and not is_theirs:
                yield f"words of {name} stand in a conversation of account {conversation and conversation['user_id']}"


def _without_end(found: Stored) -> Iterator[str]:
    for session_id, row in found.sessions.items():
        if row["state"] != "ended":
            yield f"session {session_id} is still {row['state']}"
        elif not row["end_reason"]:
            yield f"session {session_id} ended without a reason"
        if row.get("holder"):
            yield f"session {session_id} is still held by {row['holder']}"


def _last_told(history: History) -> list[Happening]:
    """For each message the latest that anybody was told of it, as far as it was final."""
    told = {
        each.details["message_id"]: each for each in history.of("saved") if each.details["status"] == "final"
    }
    return list(told.values())


# --- rows -----------------------------------------------------------------------------------------------------


def _postgres_rows(database: str, table: str) -> Iterator[Row]:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        everything = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
        for row in connection.execute(everything).fetchall():
            yield {name: str(value) if isinstance(value, UUID) else value for name, value in row.items()}


def _sqlite_rows(database: str, table: str) -> Iterator[Row]:
    with closing(sqlite3.connect(urlsplit(database).path, timeout=20)) as connection:
        connection.row_factory = sqlite3.Row
        for row in connection.execute(f"SELECT * FROM {table}").fetchall():  # noqa: S608 - names of ours
            yield {name: _hyphened(name, row[name]) for name in row.keys()}  # noqa: SIM118 - no mapping


def _hyphened(name: str, value: Any) -> Any:
    """SQLite holds UUIDs as 32 digits."""
    is_uuid = isinstance(value, str) and len(value) == 32 and (name == "id" or name == "conversation_id")
    return str(UUID(value)) if is_uuid else value
