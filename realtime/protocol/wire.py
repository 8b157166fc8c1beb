"""Frames ⇄ events: JSON in text frames, PCM16 in binary ones."""

import orjson

from realtime.protocol import audio
from realtime.protocol.events import Event

MAX_TEXT_BYTES = 2 * 1024 * 1024
MAX_BINARY_BYTES = 64 * 1024


class MalformedFrame(ValueError):
    """A frame that is no event: `code` and the message are told to whoever sent it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def is_oversize(frame: str | bytes) -> bool:
    """Whether a client's frame is larger than we take: bytes on the wire count, not letters."""
    if isinstance(frame, bytes):
        return len(frame) > MAX_BINARY_BYTES
    if len(frame) > MAX_TEXT_BYTES or frame.isascii():
        return len(frame) > MAX_TEXT_BYTES
    return len(frame.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES


def decode(frame: str | bytes) -> Event:
    """The event in a text frame. Raises MalformedFrame."""
    try:
        event = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        raise MalformedFrame(
            "invalid_json", "That message is not JSON. Send one JSON object in each text frame."
        ) from error
    if not isinstance(event, dict):
        raise MalformedFrame(
            "invalid_event", "That message is not a JSON object. Send one event object in each frame."
        )
    if not isinstance(event.get("type"), str):
        raise MalformedFrame(
            "invalid_event", "That event has no `type`. Every event names its type in a string."
        )
    return event


def encode(event: Event) -> str:
    """The text frame of an event."""
    return orjson.dumps(event).decode()


def renamed(frame: str, event_id: str) -> str:
    """The text frame under an event id of ours."""
    return encode(decode(frame) | {"event_id": event_id})


def append_frame(pcm: bytes) -> str:
    """The GA text frame for microphone audio. Base64 needs no escaping, so the frame is put together by hand."""
    return f'{{"type":"input_audio_buffer.append","audio":"{audio.encode(pcm)}"}}'


def check_pcm(pcm: bytes) -> None:
    """Refuse what cannot be PCM16. Raises MalformedFrame."""
    if not pcm or len(pcm) % 2:
        raise MalformedFrame(
            "invalid_audio", "That audio is not PCM16: its length must be an even number of bytes above zero."
        )
