"""The few event shapes we make ourselves; everything else passes through untouched."""

from typing import Any

Event = dict[str, Any]
"""One Realtime event, as JSON has it."""


def error_event(
    event_id: str, code: str, message: str, *, param: str | None = None, caused_by: str | None = None
) -> Event:
    """An `error` event. `caused_by` is the client's own id of the event that failed."""
    at_fault = code.startswith("provider_") or code in {"internal", "engine_busy", "speech_unavailable"}
    return {
        "type": "error",
        "event_id": event_id,
        "error": {
            "type": "server_error" if at_fault else "invalid_request_error",
            "code": code,
            "message": message,
            "param": param,
            "event_id": caused_by,
        },
    }


_TEXTS = ("item_id", "response_id", "delta", "transcript")
_OBJECTS = ("item", "response", "part")


def is_well_formed(event: Event) -> bool:
    """Whether what an upstream says has the shape of the events it is named after.

    Nothing can be made of an item that is a list, or of an answer that is null; and to make one up would begin an
    answer that nobody gives and that never ends.
    """
    # Asked of every event: a loop costs a fraction of what generators do.
    for name in _TEXTS:
        text = event.get(name)
        if text is not None and not isinstance(text, str):
            return False
    for name in _OBJECTS:
        if name in event and not isinstance(event[name], dict):
            return False
    return event.get("session") is None or isinstance(event["session"], dict)


def text_of(value: Any) -> str:
    """`value` when it is a string, else an empty one: peers send nulls where text is due."""
    return value if isinstance(value, str) else ""


def mapping_of(value: Any) -> Event:
    """`value` when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """`value` when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def item_text(item: Event) -> str:
    """All words of a message item, its parts joined by blanks."""
    parts = [mapping_of(part) for part in list_of(item.get("content"))]
    words = [text_of(part.get("text")) or text_of(part.get("transcript")) for part in parts]
    return " ".join(word for word in words if word)
