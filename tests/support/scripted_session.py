"""The session object of a GA upstream, whole as on the wire, and what an update makes of it."""

import copy
from typing import Any

Json = dict[str, Any]

_SERVER_VAD: Json = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
_SEMANTIC_VAD: Json = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}
_PCM: Json = {"type": "audio/pcm", "rate": 24_000}


def new_session(session_id: str, model: str, *, expires_at: int) -> Json:
    """What `session.created` shows; `expires_at` in unix seconds."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": model,
        "output_modalities": ["audio"],
        "instructions": "These are the upstream's own instructions, which nobody of ours should ever read.",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "expires_at": expires_at,
        "audio": {
            "input": {
                "format": dict(_PCM),
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": dict(_SERVER_VAD),
            },
            "output": {"format": dict(_PCM), "voice": "marin", "speed": 1.0},
        },
        "include": None,
    }


def updated_session(session: Json, update: Json) -> Json:
    """The full effective session after an update: present members change, null switches off, defaults are filled in."""
    merged = _merged(session, update)
    heard = merged["audio"]["input"]
    if isinstance(heard["transcription"], dict):
        heard["transcription"] = {"language": None, "prompt": None} | heard["transcription"]
    detection = heard["turn_detection"]
    if isinstance(detection, dict):
        defaults = _SEMANTIC_VAD if detection.get("type") == "semantic_vad" else _SERVER_VAD
        heard["turn_detection"] = {name: detection.get(name, value) for name, value in defaults.items()}
    return merged


def _merged(session: Json, update: Json) -> Json:
    merged = copy.deepcopy(session)
    for name, value in update.items():
        if isinstance(value, dict) and isinstance(merged.get(name), dict):
            merged[name] = _merged(merged[name], value)
        else:
            merged[name] = copy.deepcopy(value)
    return merged
