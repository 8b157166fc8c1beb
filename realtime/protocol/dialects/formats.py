"""Audio formats, voices, modalities and turn detection: the same things under the names of two dialects."""

from typing import Any

from realtime.protocol.events import Event, list_of, mapping_of, text_of

_FORMATS: dict[str, Event] = {
    "pcm16": {"type": "audio/pcm", "rate": 24000},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}
_FLAT = {"audio/pcm": "pcm16", "audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw"}
OPENAI_VOICES = frozenset(
    {"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"}
)
_SERVER_VAD = (
    "type",
    "threshold",
    "prefix_padding_ms",
    "silence_duration_ms",
    "create_response",
    "interrupt_response",
    "idle_timeout_ms",
)
_SEMANTIC_VAD = ("type", "eagerness", "create_response", "interrupt_response")


def ga_format(told: Any) -> Event | None:
    """The GA object of a format, from its name or from an object; None when it says nothing we know."""
    if isinstance(told, str):
        return _FORMATS.get(told)
    given = mapping_of(told)
    if given.get("type") not in _FLAT:
        return None
    return {name: given[name] for name in ("type", "rate") if name in given}


def flat_format(told: Any) -> str:
    """The beta name of a GA format."""
    return _FLAT.get(text_of(mapping_of(told).get("type")), "pcm16")


def voice_name(told: Any) -> str:
    """The name of a voice that may be an object."""
    return text_of(told) or text_of(mapping_of(told).get("name"))


def voice_object(name: str) -> Event:
    """A voice for a server whose voices come from several houses."""
    return {"name": name, "type": "openai" if name in OPENAI_VOICES else "azure-standard"}


def output_modalities(told: Any) -> list[str]:
    """GA's one modality: sound comes with its words there."""
    return ["text"] if list_of(told) == ["text"] else ["audio"]


def modalities(told: Any) -> list[str]:
    """Beta's: sound alone is refused there."""
    return ["text"] if list_of(told) == ["text"] else ["text", "audio"]


def output_of(flat: Event) -> Event:
    """GA's `audio.output` from flat fields, as far as they say something."""
    shaped: Event = {}
    if sound := ga_format(flat.get("output_audio_format")):
        shaped["format"] = sound
    if name := voice_name(flat.get("voice")):
        shaped["voice"] = name
    if isinstance(flat.get("speed"), int | float):
        shaped["speed"] = float(flat["speed"])
    return shaped


def turn_detection(told: Any) -> Event | None:
    """GA's turn detection; None where only the client says when a turn ends."""
    given = mapping_of(told)
    kind = text_of(given.get("type"))
    if not kind or kind == "none":
        return None
    # Kinds of detection that GA has no word for weigh what was said, too.
    fields = _SERVER_VAD if kind == "server_vad" else _SEMANTIC_VAD
    return {name: given[name] for name in fields if name in given} | {
        "type": "server_vad" if kind == "server_vad" else "semantic_vad"
    }
