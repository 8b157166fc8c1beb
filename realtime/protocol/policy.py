"""What a client may send and set, and what is the server's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realtime.protocol import audio
from realtime.protocol.events import Event, list_of, mapping_of, text_of
from realtime.protocol.wire import MalformedFrame, decode

MAX_ID = 64
"""Characters of an id that a client chooses; it becomes part of a message's external id."""
MAX_EVENT_ID = 512
MAX_METADATA = 16
PING = "voiceassist.ping"
"""What a client of ours asks for a sign of life with."""
RESUME = "voiceassist.resume"
"""With what a client that was lost begins, in a session that it comes back to."""


def is_of_the_line(frame: str | bytes) -> bool:
    """Whether a client's frame is about the line and no part of what is said: a ping, or how it comes back."""
    if isinstance(frame, bytes) or not (PING in frame or RESUME in frame):
        return False
    try:
        return decode(frame)["type"] in (PING, RESUME)
    except MalformedFrame:
        return False


class NotAllowed(ValueError):
    """A well-formed event that a client may not send: `code` and the message are told to it."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


@dataclass(frozen=True, slots=True)
class SessionChange:
    """What is left of a client's `session.update` once the server's own fields are dropped. Empty fields: unchanged."""

    output_modalities: list[str] | None = None
    voice: str | None = None
    speed: float | None = None
    language: str | None = None
    noise_reduction: Event | None = None
    turn_detection: Event | None = None
    clears: frozenset[str] = frozenset()
    """Fields that were set to null: `noise_reduction`, `turn_detection`."""

    @property
    def is_empty(self) -> bool:
        return self == SessionChange()


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a client that comes back had got."""

    last_event_id: str | None
    """The last event that it processed; None: it has processed none of this session."""
    item_id: str | None
    """The answer of which it has audio in hand."""
    played_ms: float
    """How much of it, from its beginning: played, or queued in its player."""


def admit(event: Event) -> Event:
    """The event as it may go upstream. Raises NotAllowed.

    Audio and `session.update` have doors of their own: `microphone_audio` and `session_change`.
    """
    check = _CHECKS.get(event["type"])
    if check is None:
        raise NotAllowed(
            "unsupported_event",
            f"This server does not take events of type {event['type'][:MAX_ID]!r}.",
            "type",
        )
    return check(event)


def microphone_audio(event: Event) -> bytes:
    """The PCM16 of an `input_audio_buffer.append`, which may be cut inside a sample. Raises MalformedFrame."""
    try:
        pcm = audio.decode(event["audio"])
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedFrame("invalid_audio", "The `audio` of that event is not base64.") from error
    if not pcm:
        raise MalformedFrame("invalid_audio", "The `audio` of that event is empty.")
    return pcm


def _bare(event: Event) -> Event:
    """The event's type and its own id; what else of a client's goes upstream is added field by field."""
    kept: Event = {"type": event["type"]}
    if isinstance(event.get("event_id"), str) and len(event["event_id"]) <= MAX_EVENT_ID:
        kept["event_id"] = event["event_id"]
    return kept


def _create(event: Event) -> Event:
    if event.get("previous_item_id") is not None:
        raise NotAllowed("unsupported_parameter", "Items are added at the end here.", "previous_item_id")
    item = mapping_of(event.get("item"))
    if item.get("type") != "message" or item.get("role") != "user":
        raise NotAllowed("unsupported_item", "Only messages of the user can be created here.", "item.role")
    parts = [mapping_of(part) for part in list_of(item.get("content"))]
    if not parts or any(part.get("type") != "input_text" for part in parts):
        raise NotAllowed("unsupported_item", "Only `input_text` can be created here.", "item.content")
    texts = [text_of(part.get("text")) for part in parts]
    if not "".join(texts).strip():
        raise NotAllowed("invalid_value", "That message is empty.", "item.content[0].text")
    kept: Event = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": text} for text in texts],
    }
    if item.get("id") is not None:
        kept["id"] = _id(item, "id", "item.id")
    return _bare(event) | {"item": kept}


def _truncate(event: Event) -> Event:
    end = event.get("audio_end_ms")
    if not isinstance(end, int) or isinstance(end, bool) or end < 0:
        raise NotAllowed("invalid_value", "`audio_end_ms` is a whole number from 0 up.", "audio_end_ms")
    return _item_operation(event) | {"content_index": 0, "audio_end_ms": end}


def _item_operation(event: Event) -> Event:
    return _bare(event) | {"item_id": _id(event, "item_id", "item_id")}


def _create_response(event: Event) -> Event:
    asked = mapping_of(event.get("response"))
    for field in ("instructions", "tools", "prompt"):
        if asked.get(field):
            raise NotAllowed(
                "unsupported_parameter", f"`{field}` is set by this server.", f"response.{field}"
            )
    if asked.get("input") is not None:  # an empty one means something too: an answer to nothing
        raise NotAllowed(
            "unsupported_parameter", "Answers are given to the conversation here.", "response.input"
        )
    if asked.get("conversation") not in (None, "auto"):
        raise NotAllowed(
            "unsupported_parameter", "Answers belong to the conversation here.", "response.conversation"
        )
    kept: Event = {}
    modalities = asked.get("output_modalities", asked.get("modalities"))
    if modalities is not None:
        kept["output_modalities"] = _modalities(modalities, "response.output_modalities")
    voice = mapping_of(mapping_of(asked.get("audio")).get("output")).get("voice", asked.get("voice"))
    if voice is not None:
        kept["audio"] = {"output": {"voice": _short_text(voice, "response.audio.output.voice")}}
    if asked.get("max_output_tokens") is not None:
        kept["max_output_tokens"] = _token_limit(asked["max_output_tokens"])
    if asked.get("metadata"):
        kept["metadata"] = _metadata(asked["metadata"])
    return _bare(event) | ({"response": kept} if kept else {})


def _token_limit(asked: Any) -> int | str:
    return "inf" if asked == "inf" else _whole_number(asked, 1, 4096, "response.max_output_tokens")


def _metadata(asked: Any) -> Event:
    pairs = mapping_of(asked)
    fits = all(
        len(key) <= 64 and isinstance(value, str) and len(value) <= 512 for key, value in pairs.items()
    )
    if not pairs or len(pairs) > MAX_METADATA or not fits:
        raise NotAllowed("invalid_value", "Metadata are at most 16 short texts by name.", "response.metadata")
    return pairs


def _cancel(event: Event) -> Event:
    admitted = _bare(event)
    if event.get("response_id") is not None:
        admitted["response_id"] = _id(event, "response_id", "response_id")
    return admitted


_CHECKS: dict[str, Callable[[Event], Event]] = {
    "input_audio_buffer.commit": _bare,
    "input_audio_buffer.clear": _bare,
    "conversation.item.create": _create,
    "conversation.item.truncate": _truncate,
    "conversation.item.delete": _item_operation,
    "conversation.item.retrieve": _item_operation,
    "response.create": _create_response,
    "response.cancel": _cancel,
}


def ping_id(event: Event) -> str:
    """The id of a `voiceassist.ping`, which its answer repeats. Raises NotAllowed."""
    return _id(event, "id", "id")


def acknowledged(event: Event) -> str:
    """The event that a ping says was processed last; empty when it says nothing. Raises NotAllowed."""
    return _given_id(event, "last_event_id") or ""


def seen(event: Event) -> Seen:
    """What a `voiceassist.resume` says. Raises NotAllowed."""
    played = event.get("played_ms")
    return Seen(
        _given_id(event, "last_event_id"),
        _given_id(event, "item_id"),
        0.0 if played is None else _number(played, 0, _A_DAY_MS, "played_ms"),
    )


def session_change(event: Event) -> SessionChange:
    """What a client's `session.update` asks for that it may ask for, in GA's shape or the flat one of old clients.

    Raises NotAllowed for a value that is out of range.
    """
    asked = mapping_of(event.get("session"))
    audio_in = mapping_of(mapping_of(asked.get("audio")).get("input"))
    audio_out = mapping_of(mapping_of(asked.get("audio")).get("output"))
    transcription = mapping_of(audio_in.get("transcription", asked.get("input_audio_transcription")))
    # An old client's fields stand at the top; where both are given, GA's own place wins.
    inputs = {
        "turn_detection": asked.get("turn_detection", _ABSENT),
        "noise_reduction": asked.get("input_audio_noise_reduction", _ABSENT),
    } | audio_in
    outputs = {"voice": asked.get("voice"), "speed": asked.get("speed")} | audio_out
    modalities = asked.get("output_modalities", asked.get("modalities"))
    return SessionChange(
        output_modalities=None
        if modalities is None
        else _modalities(modalities, "session.output_modalities"),
        voice=_short_text(outputs["voice"], "session.audio.output.voice"),
        speed=_speed(outputs["speed"]),
        language=_short_text(transcription.get("language"), "session.audio.input.transcription.language"),
        noise_reduction=_noise_reduction(inputs["noise_reduction"]),
        turn_detection=_turn_detection(inputs["turn_detection"]),
        clears=frozenset(name for name in ("noise_reduction", "turn_detection") if inputs[name] is None),
    )


_A_DAY_MS = 86_400_000
_ABSENT: Any = object()
_TURN_DETECTION = "session.audio.input.turn_detection"


def _turn_detection(asked: Any) -> Event | None:
    if asked is None or asked is _ABSENT:
        return None
    fields = mapping_of(asked)
    kind = fields.get("type", "server_vad") if fields else None
    if kind == "none":
        raise NotAllowed("invalid_value", "Send null to turn turn detection off.", _TURN_DETECTION)
    if kind not in ("server_vad", "semantic_vad"):
        raise NotAllowed(
            "invalid_value", "Turn detection is server_vad or semantic_vad.", f"{_TURN_DETECTION}.type"
        )
    kept: Event = {"type": kind}
    for name in ("create_response", "interrupt_response"):
        if fields.get(name) is not None:
            kept[name] = _flag(fields[name], f"{_TURN_DETECTION}.{name}")
    if kind == "semantic_vad":
        return kept | _eagerness(fields.get("eagerness"))
    if fields.get("threshold") is not None:
        kept["threshold"] = _number(fields["threshold"], 0.0, 1.0, f"{_TURN_DETECTION}.threshold")
    for name, least, most in _MILLISECONDS:
        if fields.get(name) is not None:
            kept[name] = _whole_number(fields[name], least, most, f"{_TURN_DETECTION}.{name}")
    return kept


_MILLISECONDS = (
    ("prefix_padding_ms", 0, 5_000),
    ("silence_duration_ms", 0, 10_000),
    ("idle_timeout_ms", 5_000, 30_000),
)


def _eagerness(asked: Any) -> Event:
    if asked is None:
        return {}
    if asked not in ("low", "medium", "high", "auto"):
        raise NotAllowed(
            "invalid_value", "Eagerness is low, medium, high or auto.", f"{_TURN_DETECTION}.eagerness"
        )
    return {"eagerness": asked}


def _noise_reduction(asked: Any) -> Event | None:
    if asked is None or asked is _ABSENT:
        return None
    kind = mapping_of(asked).get("type")
    if kind not in ("near_field", "far_field"):
        raise NotAllowed(
            "invalid_value",
            "Noise reduction is near_field or far_field.",
            "session.audio.input.noise_reduction.type",
        )
    return {"type": kind}


def _modalities(asked: Any, param: str) -> list[str]:
    """GA has one of two; an old client's ["text", "audio"] means spoken answers."""
    if asked in (["audio"], ["text", "audio"], ["audio", "text"]):
        return ["audio"]
    if asked == ["text"]:
        return ["text"]
    raise NotAllowed("invalid_value", 'Output modalities are ["audio"] or ["text"].', param)


def _speed(asked: Any) -> float | None:
    return None if asked is None else float(_number(asked, 0.25, 1.5, "session.audio.output.speed"))


def _number(asked: Any, least: float, most: float, param: str) -> float:
    if isinstance(asked, bool) or not isinstance(asked, int | float) or not least <= asked <= most:
        raise NotAllowed("invalid_value", f"That is a number from {least} to {most}.", param)
    return asked


def _whole_number(asked: Any, least: int, most: int, param: str) -> int:
    number = _number(asked, least, most, param)
    if number != int(number):
        raise NotAllowed("invalid_value", f"That is a whole number from {least} to {most}.", param)
    return int(number)


def _flag(asked: Any, param: str) -> bool:
    if not isinstance(asked, bool):
        raise NotAllowed("invalid_value", "That is true or false.", param)
    return asked


def _short_text(asked: Any, param: str) -> str | None:
    if asked is None:
        return None
    if not isinstance(asked, str) or not 0 < len(asked) <= MAX_ID:
        raise NotAllowed("invalid_value", f"That is a text of 1 to {MAX_ID} characters.", param)
    return asked


def _given_id(event: Event, name: str) -> str | None:
    """An id that a server chose, or None. Raises NotAllowed."""
    value = event.get(name)
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= MAX_EVENT_ID):
        raise NotAllowed(
            "invalid_value", f"An id is a text of 1 to {MAX_EVENT_ID} characters, or null.", name
        )
    return value


def _id(event: Event, name: str, param: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID:
        raise NotAllowed("invalid_value", f"An id is a text of 1 to {MAX_ID} characters.", param)
    return value
