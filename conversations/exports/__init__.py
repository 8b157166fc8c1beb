"""Conversations to take away: as text, Markdown, JSON or subtitles, and as a table for reviewers.

What people said stays what people said: nothing in it can pass for a turn, a link, a formula or a cue of the file.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from conversations.exports import markdown, plain, subtitles, values
from conversations.exports.table import as_csv
from conversations.exports.values import as_json, document
from conversations.models import Conversation

__all__ = ("FORMATS", "Format", "as_csv", "as_json", "document", "filename")


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that one conversation can be taken away as. `write` gives it in pieces."""

    name: str
    content_type: str
    extension: str
    write: Callable[[Conversation], Iterator[str]]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "txt": Format("Text", "text/plain; charset=utf-8", "txt", plain.write),
        "md": Format("Markdown", "text/markdown; charset=utf-8", "md", markdown.write),
        "json": Format("JSON", "application/json", "json", values.write),
        "vtt": Format("WebVTT", "text/vtt; charset=utf-8", "vtt", subtitles.write),
    }
)


def filename(conversation: Conversation, extension: str) -> str:
    """A name for the file, without a word of what it is about."""
    return f"conversation-{str(conversation.pk)[:8]}-{conversation.created_at:%Y-%m-%d}.{extension}"
