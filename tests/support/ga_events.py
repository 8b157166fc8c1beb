"""A strict reader of server frames: each must fit its own class of `openai.types.realtime`, not just any of them."""

import json
from typing import Any, get_args

from openai.types.realtime import RealtimeServerEvent
from openai.types.realtime.session_created_event import SessionCreatedEvent
from openai.types.realtime.session_updated_event import SessionUpdatedEvent
from pydantic import BaseModel

_UNION = get_args(RealtimeServerEvent)[0]
CLASSES: dict[str, type[BaseModel]] = {
    name: member for member in get_args(_UNION) for name in get_args(member.model_fields["type"].annotation)
}
"""The class of every server event of the GA dialect, by its `type`."""


def ga_event(frame: str) -> BaseModel:
    """The event of `frame`, as the class that its `type` names. Raises AssertionError or pydantic.ValidationError."""
    event = json.loads(frame)
    assert event.get("type") in CLASSES, f"no event of the GA dialect: {event.get('type')!r}"
    parsed = CLASSES[event["type"]].model_validate(event, strict=True)
    if isinstance(parsed, SessionCreatedEvent | SessionUpdatedEvent):
        assert parsed.session.type == "realtime"
    _assert_nothing_is_unknown(parsed, event["type"])
    return parsed


OUR_ADDITIONS = {"conversation.item.truncated": {"transcript"}}
"""Fields the embedded engine sends beyond the dialect."""

_ON_THE_WIRE = {"id", "object", "expires_at", "obfuscation", "phase", "reasoning_tokens"}
"""Fields that real servers send though the SDK's types, partly those of requests, do not name them."""
_TWICE = {"response.content_part.added": {"content"}, "response.content_part.done": {"content"}}
"""Azure says a part under two names."""


def _assert_nothing_is_unknown(model: BaseModel, path: str) -> None:
    """Pydantic takes unknown fields silently; a misspelt one would be found by nobody."""
    unknown = (
        set(model.model_extra or {}) - OUR_ADDITIONS.get(path, set()) - _TWICE.get(path, set()) - _ON_THE_WIRE
    )
    assert not unknown, f"{path} holds unknown fields: {sorted(unknown)}"
    for name in type(model).model_fields:
        _assert_inside(getattr(model, name), f"{path}.{name}")


def _assert_inside(value: Any, path: str) -> None:
    if isinstance(value, BaseModel):
        _assert_nothing_is_unknown(value, path)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            _assert_inside(entry, f"{path}[{index}]")
