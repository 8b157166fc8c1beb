"""The session object of a flat or half-flat session in GA's shape, and which dialect a session tells of."""

from typing import Any, Literal

from realtime.protocol.dialects import formats
from realtime.protocol.events import Event, list_of, mapping_of, text_of

Spoken = Literal["ga", "beta", "hybrid"]
"""How a server may speak. `hybrid`: GA's events about a session that is half flat, as xAI's."""

_FLAT_AUDIO = frozenset(
    {
        "input_audio_format",
        "output_audio_format",
        "input_audio_transcription",
        "input_audio_noise_reduction",
        "input_audio_sampling_rate",
        "max_response_output_tokens",
    }
)
_SAME = ("id", "model", "instructions", "tracing", "truncation", "prompt", "include", "expires_at")
_TRANSCRIPTION = ("model", "language", "languages", "prompt", "keywords", "delay")
_NOISE = ("near_field", "far_field")


def dialect_of(session: Event) -> Spoken:
    """What the session of a `session.created` says of its server. One that says nothing is taken for GA."""
    if "output_modalities" in session or ("audio" in session and "modalities" not in session):
        return "ga"
    if "audio" in session:
        return "hybrid"
    if _FLAT_AUDIO & session.keys():
        return "beta"
    return "hybrid" if "modalities" in session else "ga"


def in_ga(told: Event) -> Event:
    """The GA session that a flat or half-flat one stands for; nothing else of it."""
    shaped = {name: told[name] for name in _SAME if name in told}
    shaped |= {"type": "realtime", "object": "realtime.session"}
    if "modalities" in told or "output_modalities" in told:
        shaped["output_modalities"] = formats.output_modalities(
            told.get("output_modalities", told.get("modalities"))
        )
    shaped["audio"] = {"input": _hearing(told), "output": _speaking(told)}
    limit = told.get("max_output_tokens", told.get("max_response_output_tokens"))
    if limit is not None:
        shaped["max_output_tokens"] = limit
    shaped["tools"] = [_tool(mapping_of(tool)) for tool in list_of(told.get("tools"))]
    shaped["tool_choice"] = _tool_choice(told.get("tool_choice"))
    return shaped


def _hearing(told: Event) -> Event:
    given = mapping_of(mapping_of(told.get("audio")).get("input"))
    shaped: Event = {}
    if sound := formats.ga_format(given.get("format")) or formats.ga_format(told.get("input_audio_format")):
        shaped["format"] = sound
    if "transcription" in given or "input_audio_transcription" in told:
        heard = mapping_of(given.get("transcription", told.get("input_audio_transcription")))
        shaped["transcription"] = {name: heard[name] for name in _TRANSCRIPTION if name in heard} or None
    if "noise_reduction" in given or "input_audio_noise_reduction" in told:
        noise = mapping_of(given.get("noise_reduction", told.get("input_audio_noise_reduction")))
        shaped["noise_reduction"] = {"type": noise["type"]} if noise.get("type") in _NOISE else None
    if "turn_detection" in given or "turn_detection" in told:
        shaped["turn_detection"] = formats.turn_detection(
            given.get("turn_detection", told.get("turn_detection"))
        )
    return shaped


def _speaking(told: Event) -> Event:
    given = mapping_of(mapping_of(told.get("audio")).get("output"))
    nested = formats.output_of(given | {"output_audio_format": given.get("format")})
    return formats.output_of(told) | nested


def _tool(told: Event) -> Event:
    """Flat in GA; some nest it under `function`."""
    given = told | mapping_of(told.get("function"))
    return {"type": "function"} | {
        name: given[name] for name in ("name", "description", "parameters") if given.get(name) is not None
    }


def _tool_choice(told: Any) -> Any:
    if isinstance(told, dict):
        name = text_of(told.get("name")) or text_of(mapping_of(told.get("function")).get("name"))
        return {"type": "function", "name": name} if name else "auto"
    return told if told in ("none", "auto", "required") else "auto"
