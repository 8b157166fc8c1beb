"""Items and their content in GA's shape, whatever a server calls their parts."""

from typing import Any

from realtime.protocol.events import Event, list_of, mapping_of, text_of

_MESSAGE = ("id", "object", "type", "status", "role", "content", "phase")
_FIELDS = {
    "message": _MESSAGE,
    "function_call": ("id", "object", "type", "status", "name", "call_id", "arguments"),
    "function_call_output": ("id", "object", "type", "status", "call_id", "output"),
}
_ANSWER_FIELDS = ("type", "text", "audio", "transcript")
_PART_FIELDS = ("type", "text", "audio", "transcript", "image_url", "detail")
_SPOKEN_BY = {
    "assistant": {"text": "output_text", "audio": "output_audio"},
    "user": {"text": "input_text", "audio": "input_audio"},
    "system": {"text": "input_text"},
}
_PARTS_OF_ANSWERS = {"output_text": "text", "output_audio": "audio"}
"""`response.content_part.*` names its parts otherwise than items do, in every dialect."""


def item(told: Any, *, strip: bool) -> Event:
    """An item as GA has it; with `strip` only what GA knows of it."""
    given = mapping_of(told)
    kind = given.get("type") or "message"
    fields = _FIELDS.get(kind)
    shaped: Event = (
        {name: given[name] for name in fields if name in given} if strip and fields else dict(given)
    )
    if kind == "function_call":
        return shaped | {name: "" for name in ("name", "arguments") if shaped.get(name) is None}
    if kind != "message":
        return shaped
    shaped["type"] = kind
    role = text_of(given.get("role"))
    shaped["content"] = [_part(part, role, strip=strip) for part in list_of(given.get("content"))]
    return shaped


def _part(told: Any, role: str, *, strip: bool) -> Event:
    given = mapping_of(told)
    shaped = {name: given[name] for name in _PART_FIELDS if name in given} if strip else dict(given)
    kind = shaped.get("type")
    if kind in (spelling := _SPOKEN_BY.get(role, {})):
        shaped["type"] = spelling[kind]
    return shaped


def part_of_answer(told: Any, *, strip: bool) -> Event:
    """The part of a `response.content_part.*` event."""
    given = mapping_of(told)
    shaped: Event = {name: given[name] for name in _ANSWER_FIELDS if name in given} if strip else dict(given)
    if shaped.get("type") in _PARTS_OF_ANSWERS:
        shaped["type"] = _PARTS_OF_ANSWERS[shaped["type"]]
    return shaped


def begun(told: Event) -> Event:
    """An item that is only announced now: some servers call it incomplete until it is complete."""
    return told | {"status": "in_progress"} if told.get("status") == "incomplete" else told


def in_beta(told: Event) -> Event:
    """A GA item of a client's as the beta dialect takes it."""
    spelling = {"output_text": "text", "output_audio": "audio"}
    if told.get("type") != "message":
        return told
    parts = [mapping_of(part) for part in list_of(told.get("content"))]
    return told | {
        "content": [
            part | {"type": spelling.get(text_of(part.get("type")), part.get("type"))} for part in parts
        ]
    }
