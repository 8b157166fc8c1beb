"""Frames at the engine's door: JSON in and out, ids, and the error a client is told."""

import secrets
import string
from collections.abc import Callable
from typing import Any, TypeAlias

import orjson

Json: TypeAlias = dict[str, Any]
MakeId: TypeAlias = Callable[[str], str]
"""Makes a fresh id from a prefix such as `item`."""

_ALPHABET = string.ascii_letters + string.digits
EVENT_ID_LIMIT = 512


class ClientError(Exception):
    """A client's frame could not be followed. It is told so in an `error` event, and the session goes on."""

    def __init__(
        self, code: str | None, message: str, param: str | None = None, *, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.kind = kind


def fresh_id(prefix: str) -> str:
    """`item_` and 21 random characters, as the Realtime API writes its ids."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(21))}"


def decode(frame: str) -> Json:
    """The JSON object of one frame. Raises ClientError."""
    try:
        event = orjson.loads(frame)
    except orjson.JSONDecodeError:
        raise ClientError("invalid_json", "The frame is not valid JSON.") from None
    if not isinstance(event, dict):
        raise ClientError("invalid_event", "A frame must hold one JSON object.")
    return event


def encode(event: Json) -> str:
    """One event as a text frame."""
    return orjson.dumps(event).decode()


def event_type(event: Json) -> str:
    """The `type` of a client event, once its `event_id` is known to be one. Raises ClientError."""
    event_id = event.get("event_id")
    if event_id is not None and (not isinstance(event_id, str) or len(event_id) > EVENT_ID_LIMIT):
        raise ClientError(
            "invalid_value", f"event_id must be a string of at most {EVENT_ID_LIMIT} characters.", "event_id"
        )
    kind = event.get("type")
    if kind is None:
        raise ClientError("missing_required_parameter", "Missing required parameter: 'type'.", "type")
    if not isinstance(kind, str):
        raise ClientError("invalid_type", "Invalid type for 'type': expected a string.", "type")
    return kind


def error_body(error: ClientError, event_id: object) -> Json:
    """The `error` member of an error event; `event_id` is the id the client gave to the frame that failed."""
    return {
        "type": error.kind,
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "event_id": event_id if isinstance(event_id, str) and len(event_id) <= EVENT_ID_LIMIT else None,
    }
