"""Which fields a session, a response and an item may be given, and of what shape."""

from typing import Any

from realtime.engine.dialogue import shapes
from realtime.engine.dialogue.frames import ClientError, Json
from realtime.engine.dialogue.shapes import (
    anything,
    either,
    flag,
    integer,
    listed,
    nothing_or,
    number,
    one_of,
    record,
    tagged,
)
from realtime.engine.speech.vocabulary import SAMPLE_RATE


def pcm_format(value: Any, path: str) -> Json:
    if isinstance(value, dict) and value.get("type") in {"audio/pcmu", "audio/pcma"}:
        raise ClientError(
            "invalid_value",
            f"Invalid value for '{path}': this engine takes audio/pcm at 24000 Hz only.",
            path,
        )
    record({"type": one_of("audio/pcm"), "rate": one_of(SAMPLE_RATE)}, required=("type",))(value, path)
    return {"type": "audio/pcm", "rate": SAMPLE_RATE}


MODALITIES = one_of(["audio"], ["text"])
MAX_OUTPUT_TOKENS = either(
    one_of("inf"), integer(1, 4096), expected='a whole number from 1 to 4096, or "inf"'
)
TOOLS = listed(tagged({"function": anything, "mcp": anything}), at_most=128)
TOOL_CHOICE = either(
    one_of("auto", "none", "required"),
    tagged({"function": anything, "mcp": anything}),
    expected="auto, none, required or a tool",
)
REASONING = nothing_or(record({"effort": one_of("minimal", "low", "medium", "high", "xhigh")}))

_TRANSCRIPTION = record(
    {
        "model": shapes.text,
        "language": nothing_or(shapes.text),
        "languages": nothing_or(listed(shapes.text, at_most=32)),
        "prompt": nothing_or(shapes.text),
        "keywords": nothing_or(listed(shapes.text, at_most=256)),
        "delay": nothing_or(one_of("minimal", "low", "medium", "high", "xhigh")),
    }
)
_NOISE_REDUCTION = record(
    {"type": one_of("near_field", "far_field"), "strength": number(0, 10)}, required=("type",)
)
_TURN_DETECTION = tagged(
    {
        "server_vad": record(
            {
                "type": anything,
                "threshold": number(0, 1),
                "prefix_padding_ms": integer(0, 10_000),
                "silence_duration_ms": integer(50, 30_000),
                "idle_timeout_ms": nothing_or(integer(5_000, 30_000)),
                "create_response": flag,
                "interrupt_response": flag,
            }
        ),
        "semantic_vad": record(
            {
                "type": anything,
                "eagerness": one_of("low", "medium", "high", "auto"),
                "create_response": flag,
                "interrupt_response": flag,
            }
        ),
    }
)
_TRACING = either(
    one_of("auto"),
    record({"workflow_name": shapes.text, "group_id": shapes.text, "metadata": anything}),
    expected='"auto" or an object',
)
_TRUNCATION = either(
    one_of("auto", "disabled"),
    record(
        {"type": one_of("retention_ratio"), "retention_ratio": number(0, 1), "token_limits": anything},
        required=("type", "retention_ratio"),
    ),
    expected='"auto", "disabled" or a retention ratio',
)
SESSION = record(
    {
        "type": anything,
        "model": shapes.text,
        "instructions": shapes.text,
        "output_modalities": MODALITIES,
        "audio": record(
            {
                "input": record(
                    {
                        "format": pcm_format,
                        "transcription": nothing_or(_TRANSCRIPTION),
                        "noise_reduction": nothing_or(_NOISE_REDUCTION),
                        "turn_detection": nothing_or(_TURN_DETECTION),
                    }
                ),
                "output": record({"format": pcm_format, "voice": shapes.text, "speed": number(0.25, 1.5)}),
            }
        ),
        "include": nothing_or(listed(one_of("item.input_audio_transcription.logprobs"), at_most=8)),
        "tools": TOOLS,
        "tool_choice": TOOL_CHOICE,
        "parallel_tool_calls": flag,
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "reasoning": REASONING,
        "truncation": _TRUNCATION,
        "tracing": nothing_or(_TRACING),
        "prompt": nothing_or(anything),
    }
)


def metadata(value: Any, path: str) -> dict[str, str]:
    """At most 16 pairs: a key of up to 64 characters, a text of up to 512."""
    checked: dict[str, str] = {}
    if not isinstance(value, dict) or len(value) > 16:
        raise ClientError(
            "invalid_value", f"Invalid value for '{path}': expected an object of at most 16 texts.", path
        )
    for key, entry in value.items():
        if len(key) > 64 or not isinstance(entry, str) or len(entry) > 512:
            raise ClientError(
                "invalid_value", f"Invalid value for '{path}.{key}': expected a short text.", f"{path}.{key}"
            )
        checked[key] = entry
    return checked


RESPONSE = record(
    {
        "conversation": one_of("auto", "none"),
        "input": listed(anything, at_most=1024),
        "instructions": shapes.text,
        "output_modalities": MODALITIES,
        "audio": record({"output": record({"format": pcm_format, "voice": shapes.text})}),
        "tools": TOOLS,
        "tool_choice": TOOL_CHOICE,
        "parallel_tool_calls": flag,
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "reasoning": REASONING,
        "metadata": nothing_or(metadata),
        "prompt": nothing_or(anything),
    }
)

_TEXT_PART = record({"type": anything, "text": shapes.text}, required=("type", "text"))
_STATUS = one_of("in_progress", "completed", "incomplete")
_ID = nothing_or(shapes.text)


def _message(role: str, part: str) -> shapes.Check:
    content = listed(tagged({part: _TEXT_PART}), at_most=256)
    known = {
        "id": _ID,
        "object": anything,
        "type": anything,
        "status": _STATUS,
        "role": one_of(role),
        "content": content,
    }
    return record(known, required=("role", "content"))


MESSAGE = tagged(
    {
        "user": _message("user", "input_text"),
        "system": _message("system", "input_text"),
        "assistant": _message("assistant", "output_text"),
    },
    tag="role",
)
_FUNCTION_CALL = {
    "id": _ID,
    "object": anything,
    "type": anything,
    "status": _STATUS,
    "name": shapes.text,
    "call_id": shapes.text,
    "arguments": shapes.text,
}
_FUNCTION_OUTPUT = {
    "id": _ID,
    "object": anything,
    "type": anything,
    "call_id": shapes.text,
    "output": shapes.text,
}
ITEM = tagged(
    {
        "message": MESSAGE,
        "function_call": record(_FUNCTION_CALL, required=("name", "arguments")),
        "function_call_output": record(_FUNCTION_OUTPUT, required=("call_id", "output")),
    }
)
