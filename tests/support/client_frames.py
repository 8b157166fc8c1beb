"""What a Realtime server would say to a client's frames, by the client event types of the openai SDK."""

import base64
import binascii
import copy
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

import orjson
from openai.types.realtime.realtime_client_event_param import RealtimeClientEventParam
from pydantic import ConfigDict, TypeAdapter, ValidationError

Json = dict[str, Any]

_NULL_SWITCHES_OFF = (("audio", "input", "transcription"), ("audio", "input", "noise_reduction"))
"""Documented as `null` to switch off, though the SDK's types do not say so."""
_LONGEST_EVENT_ID = 512


def complaint(frame: str | bytes) -> str:
    """Why a strict server would refuse this frame; empty when it would not. One unknown field is a reason."""
    if isinstance(frame, bytes):
        return "a binary frame; the Realtime API has none"
    try:
        event = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        return f"not JSON: {error}"
    if not isinstance(event, dict):
        return "not a JSON object"
    return misfit(event, _adapters(), _with_nulls_understood(event)) or beyond_types(event)


def misfit(event: Json, adapters: Mapping[str, TypeAdapter[Any]], read_as: Json) -> str:
    """What of an event does not fit the type of its name; `read_as` is the event as that type would have it."""
    kind = str(event.get("type"))
    if kind not in adapters:
        return f"no client event is called {kind!r}"
    try:
        exhaust(adapters[kind].validate_python(read_as, strict=True))
    except ValidationError as error:
        return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return ""


def beyond_types(event: Json) -> str:
    """What a strict server would refuse although it is of the right type."""
    if len(event.get("event_id", "")) > _LONGEST_EVENT_ID:
        return f"event_id: longer than {_LONGEST_EVENT_ID} characters"
    if event["type"] == "input_audio_buffer.append":
        try:
            samples = base64.b64decode(event["audio"], validate=True)
        except binascii.Error as error:
            return f"audio: {error}"
        if len(samples) % 2:
            return "audio: half a sample of PCM16"
    if event["type"] == "conversation.item.truncate" and event["audio_end_ms"] < 0:
        return "audio_end_ms: negative"
    return ""


@cache
def _adapters() -> Mapping[str, TypeAdapter[Any]]:
    return adapters_of(RealtimeClientEventParam)


def adapters_of(union: Any) -> Mapping[str, TypeAdapter[Any]]:
    """A strict reader for each event type of a union, by its name."""
    return {_type_of(event): _forbidding(event) for event in get_args(union)}


def _type_of(event: type) -> str:
    (name,) = get_args(get_type_hints(event)["type"])
    return str(name)


def _forbidding(event: type) -> TypeAdapter[Any]:
    # A TypedDict itself refuses a configuration from outside; in a union it takes it, and hands it on to all below.
    either: Any = event | None
    return TypeAdapter(either, config=ConfigDict(extra="forbid"))


def _with_nulls_understood(event: Json) -> Json:
    if event["type"] != "session.update":
        return event
    event = copy.deepcopy(event)
    for *path, last in _NULL_SWITCHES_OFF:
        place: Any = event.get("session")
        for name in path:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict) and last in place and place[last] is None:
            del place[last]
    return event


def exhaust(value: object) -> None:
    """Look at all of a validated value: pydantic checks the members of an Iterable only when they are taken out."""
    if isinstance(value, Mapping):
        for member in value.values():
            exhaust(member)
    elif isinstance(value, list | Iterator):
        for member in value:
            exhaust(member)
