"""Nothing secret reaches a log, whoever wrote the line."""

import logging
import re
from collections.abc import Mapping
from typing import Any

_HIDDEN = "[hidden]"
_SECRETS = (
    (re.compile(r"(?i)(openai-insecure-api-key\.)[^\s,;\"']+"), rf"\1{_HIDDEN}"),
    (re.compile(r"(?i)\b(bearer\s+)[^\s,;\"']{8,}"), rf"\1{_HIDDEN}"),
    (re.compile(r"\b(sk-|ek_)[\w-]{6,}"), rf"\1{_HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?"), _HIDDEN),
    # The password in the address of a database or cache.
    (re.compile(r"(\w://[^\s/:@]*:)[^\s/@]+@"), rf"\1{_HIDDEN}@"),
)
_formatter = logging.Formatter()


def redact(text: str) -> str:
    """The text with keys, tickets, bearer credentials, tokens and passwords in addresses hidden."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class SecretsFilter(logging.Filter):
    """Hides secrets in the message, its arguments and its traceback. Lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
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
