"""What a log line looks like, and that nothing secret reaches one, whoever wrote it.

A line is one line, whatever a stranger put into it: line breaks and other control characters are written as escapes.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson

from realtime.telemetry import SPEAKING

REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The id of the HTTP request that is being answered."""
FIELDS = (
    "request_id", "session_id", "conversation_id", "user_id", "address", "method", "route", "status", "seconds",
    "code", "reason", "kind", "scope",
)  # fmt: skip
"""What a line may carry beside its message, given in `extra`: ids, codes and figures, never words or names."""
LONGEST_MESSAGE = 4096
LONGEST_TRACE = 16_384
"""Characters; the beginning is kept of a message, the end of a traceback, where the error stands."""
_LONGEST_FIELD = 200

_HIDDEN = "[hidden]"
_SECRETS = (
    (re.compile(r"(?i)(openai-insecure-api-key\.)[^\s,;\"']+"), rf"\1{_HIDDEN}"),
    (re.compile(r"(?i)\b(bearer\s+)[^\s,;\"']{8,}"), rf"\1{_HIDDEN}"),
    (re.compile(r"\b(sk-|ek_)[\w-]{6,}"), rf"\1{_HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?"), _HIDDEN),
    # The password in the address of a database or cache.
    (re.compile(r"(\w://[^\s/:@]*:)[^\s/@]+@"), rf"\1{_HIDDEN}@"),
    # PostgreSQL shows the row that it refuses, and with it what somebody said.
    (re.compile(r"(?s)\b((?:DETAIL|CONTEXT):\s).*"), rf"\1{_HIDDEN}"),
)
_formatter = logging.Formatter()


def redact(text: str) -> str:
    """The text with keys, tickets, bearer credentials, tokens, passwords in addresses and refused rows hidden."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def one_line(text: str) -> str:
    """The text without anything that could end a line, move a cursor or turn the direction of reading."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class SecretsFilter(logging.Filter):
    """Hides secrets in the message, its arguments and its traceback. Lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        _leave_path_out(record)
        if isinstance(record.args, Mapping):
            record.args = {name: _redacted(value) for name, value in record.args.items()}
        elif record.args:
            # Argument by argument: uvicorn's own formatter counts on their number.
            record.args = tuple(_redacted(value) for value in record.args)
        _redact_message(record)
        if record.exc_info and not record.exc_text:
            record.exc_text = _formatter.formatException(record.exc_info)
        record.exc_text = record.exc_text and redact(record.exc_text)
        record.stack_info = record.stack_info and redact(record.stack_info)
        return True


class PlainFormatter(logging.Formatter):
    """A line for people: the message, then what is known beside it in brackets; a traceback is indented below."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = one_line(record.getMessage()[:LONGEST_MESSAGE])
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        told = [f"{name}={value}" for name, value in _fields(record) if str(value) not in record.message]
        line = self.formatMessage(record) + (f" [{' '.join(told)}]" if told else "")
        return "\n".join([line, *(f"  | {one_line(below)}" for below in _trace(record).splitlines())])


class JsonFormatter(logging.Formatter):
    """A line for programs: one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": one_line(record.getMessage()[:LONGEST_MESSAGE]),
        }
        line |= _fields(record)
        if trace := _trace(record):
            line["trace"] = [one_line(below) for below in trace.splitlines()]
        return orjson.dumps(line).decode()


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, str | int | float]]:
    """What is known beside the message: of the running task, and what the writer gave."""
    session_id, conversation_id = SPEAKING.get()
    around = {"request_id": REQUEST.get(), "session_id": session_id, "conversation_id": conversation_id}
    for name in FIELDS:
        value = getattr(record, name, None)
        if value is None or value == "":
            value = around.get(name, "")
        if isinstance(value, int | float):
            yield name, value
        elif value != "":
            yield name, one_line(redact(str(value))[:_LONGEST_FIELD])


def _trace(record: logging.LogRecord) -> str:
    """The traceback and the stack, as the filter left them; without it, hidden here."""
    if record.exc_info and not record.exc_text:
        record.exc_text = _formatter.formatException(record.exc_info)
    parts = [part for part in (record.exc_text, record.stack_info) if part]
    return redact("\n".join(parts))[-LONGEST_TRACE:]


def _leave_path_out(record: logging.LogRecord) -> None:
    """Django's lines about a request show its path, which anybody can fill with words; its route says as much."""
    request = getattr(record, "request", None)
    path = getattr(request, "path", None)
    if path and isinstance(record.args, tuple):
        route = getattr(getattr(request, "resolver_match", None), "route", None) or "an unknown address"
        shown = (path, path.encode("unicode_escape").decode())
        record.args = tuple(route if each in shown else each for each in record.args)


def _redact_message(record: logging.LogRecord) -> None:
    """The message as it will be read: `"Bearer %s"` shows a secret only once it is put together."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        return  # arguments that do not fit their message; logging itself reports that
    hidden = redact(message)
    if hidden != message:
        record.msg, record.args = hidden, None


def _redacted(value: Any) -> Any:
    """The argument itself while it shows no secret, so that %d and the like keep working; else its hidden text."""
    if isinstance(value, int | float | None):
        return value
    shown = str(value)
    hidden = redact(shown)
    return value if hidden == shown and redact(repr(value)) == repr(value) else hidden
