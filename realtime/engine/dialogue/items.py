"""Conversation items: what one holds, and how it comes to be."""

from dataclasses import dataclass

from realtime.engine.dialogue import fields
from realtime.engine.dialogue.frames import ClientError, Json, MakeId
from realtime.engine.dialogue.heard import SpokenAudio

SMALLEST_WEIGHT = 100
"""Characters that even an empty item counts as."""


@dataclass(slots=True)
class Item:
    """One conversation item. `shape` is what frames show of it; the rest is what the engine knows besides."""

    shape: Json
    words: str | None = None
    """Of a spoken user turn: what was recognised; None as long as it is not known."""
    listened_ms: int = 0
    """Of a spoken user turn: how much audio it held."""
    spoken: SpokenAudio | None = None
    """Of a spoken answer: its audio."""
    weight: int = 0
    """Of an item that a client created: what it takes of the conversation's room."""

    @property
    def id(self) -> str:
        return str(self.shape["id"])

    @property
    def role(self) -> str:
        return str(self.shape.get("role", ""))

    @property
    def is_spoken_by_user(self) -> bool:
        return any(part["type"] == "input_audio" for part in self.shape.get("content", ()))

    @property
    def text(self) -> str:
        """The words of a message, typed or spoken, as far as they are known."""
        if self.is_spoken_by_user:
            return self.words or ""
        parts = self.shape.get("content", ())
        return " ".join(part.get("text") or part.get("transcript") or "" for part in parts).strip()


def created_by_client(item: object, make_id: MakeId) -> Item:
    """The item of a `conversation.item.create`. Raises ClientError."""
    _refuse_what_cannot_be_used(item)
    checked: Json = fields.ITEM(item, "item")
    given_id = checked.pop("id", None)
    shape: Json = {"id": given_id or make_id("item"), "type": checked.pop("type")}
    if shape["type"] != "function_call_output":
        shape["status"] = "completed"
    if shape["type"] == "function_call":
        checked.setdefault("call_id", make_id("call"))
    for name in ("object", "status"):
        checked.pop(name, None)
    created = Item(shape | checked)
    texts = (created.text, checked.get("arguments", ""), checked.get("output", ""))
    created.weight = SMALLEST_WEIGHT + sum(map(len, texts))
    return created


def spoken_by_user(item_id: str, listened_ms: int) -> Item:
    """The item of a committed stretch of microphone audio; its words follow."""
    content = [{"type": "input_audio", "transcript": None}]
    shape: Json = {
        "id": item_id,
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": content,
    }
    return Item(shape, listened_ms=listened_ms)


def begun_by_assistant(item_id: str) -> Item:
    """The item of an answer that has just begun."""
    return Item(
        {"id": item_id, "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    )


def _refuse_what_cannot_be_used(item: object) -> None:
    """Say in plain words what a real model takes and this engine cannot."""
    if not isinstance(item, dict) or not isinstance(item.get("content"), list):
        return
    for index, part in enumerate(item["content"]):
        kind = part.get("type") if isinstance(part, dict) else None
        path = f"item.content[{index}]"
        if kind == "input_image":
            raise ClientError("invalid_value", "This engine cannot look at images.", path)
        if kind == "input_audio":
            raise ClientError(
                "invalid_value",
                "This engine takes speech through input_audio_buffer.append, not as an item.",
                path,
            )
        if kind == "output_audio":
            raise ClientError(
                "missing_required_parameter", f"Missing required parameter: '{path}.text'.", f"{path}.text"
            )
