"""Entries of the transcript as items of the Realtime API."""

from realtime.protocol.entries import Entry, as_heard
from realtime.protocol.events import Event


def shown(entry: Entry) -> Event:
    """The item as upstream would show it."""
    return {
        "id": entry.item_id,
        "object": "realtime.item",
        "type": "message",
        "role": entry.role,
        "status": "incomplete" if entry.role == "assistant" and not entry.is_complete else "completed",
        "content": content(entry),
    }


def content(entry: Entry) -> list[Event]:
    """What it holds: of an answer that was cut, what was heard."""
    words = as_heard(entry).text if entry.role == "assistant" else entry.words
    if entry.role == "user":
        spoken = {"type": "input_audio", "transcript": words or None}
        return [spoken if entry.modality == "audio" else {"type": "input_text", "text": words}]
    if entry.modality == "audio":
        return [{"type": "output_audio", "transcript": words}]
    return [{"type": "output_text", "text": words}] if words else []


def create(entry: Entry, item_id: str) -> Event:
    """The event that tells another upstream, under that id, what the user said."""
    return {
        "type": "conversation.item.create",
        "item": {
            "id": item_id,
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": entry.words}],
        },
    }
