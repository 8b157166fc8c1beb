"""Errors in GA's shape, with the code that OpenAI gives where a server only gives a sentence."""

from typing import Any

from realtime.protocol.events import Event, mapping_of, text_of

_CODE_OF_SENTENCE = (
    ("Error committing input audio buffer", "input_audio_buffer_commit_empty"),
    ("Error truncating item", "item_truncate_invalid_item_id"),
    ("Error deleting item", "item_delete_invalid_item_id"),
    ("Error retrieving item", "item_retrieve_invalid_item_id"),
    ("Error adding item: the previous item", "item_create_invalid_previous_item_id"),
)
_NOTE = "Specifying `session."
"""speaches tells of fields that it does not take, and takes the rest of the update."""
_KINDS = ("invalid_request_error", "server_error")
_FIELDS = ("type", "code", "message", "param", "event_id")


def error(event: Event, *, strip: bool) -> Event:
    """The error object of an `error` event."""
    told: Any = event.get("error")
    given = mapping_of(told) or {"message": text_of(told), "code": event.get("code")}
    shaped = {name: given[name] for name in _FIELDS if name in given} if strip else dict(given)
    kind, message = text_of(given.get("type")), text_of(given.get("message"))
    code = text_of(given.get("code")) or _code(kind, message)
    if code or "code" in given:
        shaped["code"] = code or None
    # Some servers put the code where its kind belongs.
    shaped["type"] = kind if kind and kind != code else _KINDS[0]
    shaped["message"] = message
    return shaped


def is_a_note(event: Event) -> bool:
    """Whether an `error` event tells of nothing that went wrong."""
    return text_of(mapping_of(event.get("error")).get("message")).startswith(_NOTE)


def _code(kind: str, message: str) -> str:
    for beginning, code in _CODE_OF_SENTENCE:
        if message.startswith(beginning):
            return code
    return "" if not kind or kind.endswith("_error") else kind


def of_transcription(told: Any, *, strip: bool) -> Event:
    """The error of a transcription that failed."""
    given = mapping_of(told)
    return {name: given[name] for name in _FIELDS[:4] if name in given} if strip else given
