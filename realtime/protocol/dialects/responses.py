"""The response object and its usage in GA's shape."""

from typing import Any

from realtime.protocol.dialects import formats, items
from realtime.protocol.events import Event, list_of, mapping_of

_FIELDS = (
    "id",
    "object",
    "status",
    "status_details",
    "output",
    "conversation_id",
    "output_modalities",
    "max_output_tokens",
    "audio",
    "usage",
    "metadata",
)
_REASONS = frozenset({"turn_detected", "client_cancelled", "max_output_tokens", "content_filter"})
_NOT_DONE = frozenset({"in_progress", "completed"})
_TOKENS = ("total_tokens", "input_tokens", "output_tokens")
_DETAILS = {
    "input_token_details": ("text_tokens", "audio_tokens", "image_tokens", "cached_tokens"),
    "output_token_details": ("text_tokens", "audio_tokens"),
}
_CACHED = ("text_tokens", "audio_tokens", "image_tokens")


def response(event: Event, *, strip: bool) -> Event:
    """The response of a `response.created` or `response.done` event, its usage wherever the server put it."""
    given = mapping_of(event.get("response"))
    shaped = {name: given[name] for name in _FIELDS if name in given} if strip else dict(given)
    shaped["output"] = [items.item(each, strip=strip) for each in list_of(given.get("output"))]
    if "status_details" in shaped:
        shaped["status_details"] = _details(given, strip=strip)
    told = mapping_of(given.get("usage")) or mapping_of(event.get("usage"))
    if "usage" in shaped or told:
        shaped["usage"] = (usage(told) if strip else told) or None
    if "modalities" in given and "output_modalities" not in given:
        shaped["output_modalities"] = formats.output_modalities(given["modalities"])
    if "audio" not in given and (sound := formats.output_of(given)):
        shaped["audio"] = {"output": sound}
    return shaped


def _details(given: Event, *, strip: bool) -> Event | None:
    details, status = given.get("status_details"), given.get("status")
    if isinstance(details, dict):
        if strip and details.get("reason") not in _REASONS:
            return {name: details[name] for name in ("type", "error") if name in details}
        return details
    # A bare word is no reason anybody could act on.
    return None if status in _NOT_DONE or not isinstance(status, str) else {"type": status}


def usage(told: Event) -> Event:
    """What GA knows of a usage object: whole numbers of tokens by modality."""
    shaped = _counts(told, _TOKENS)
    for name, fields in _DETAILS.items():
        details = mapping_of(told.get(name))
        if counts := _counts(details, fields):
            shaped[name] = counts
        if cached := _counts(mapping_of(details.get("cached_tokens_details")), _CACHED):
            shaped.setdefault(name, {})["cached_tokens_details"] = cached
    return shaped


def _counts(told: Event, fields: tuple[str, ...]) -> Event:
    return {name: number for name in fields if (number := _whole(told.get(name))) is not None}


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value)
