"""Names: what the GA dialect calls its server events and what each holds, and what others call the same."""

_ITEM = ("item", "previous_item_id")
_PLACE = ("response_id", "item_id", "output_index", "content_index")
_CALL = ("response_id", "item_id", "output_index", "call_id")
_MCP = ("output_index", "item_id")
_HEARD = "conversation.item.input_audio_transcription"

FIELDS: dict[str, tuple[str, ...]] = {
    "error": ("error",),
    "session.created": ("session",),
    "session.updated": ("session",),
    "conversation.item.added": _ITEM,
    "conversation.item.done": _ITEM,
    "conversation.item.retrieved": ("item",),
    "conversation.item.truncated": ("item_id", "content_index", "audio_end_ms"),
    "conversation.item.deleted": ("item_id",),
    f"{_HEARD}.delta": ("item_id", "content_index", "delta", "logprobs"),
    f"{_HEARD}.completed": ("item_id", "content_index", "transcript", "usage", "languages", "logprobs"),
    f"{_HEARD}.failed": ("item_id", "content_index", "error"),
    f"{_HEARD}.segment": ("item_id", "content_index", "id", "speaker", "start", "end", "text"),
    "input_audio_buffer.committed": ("item_id", "previous_item_id"),
    "input_audio_buffer.cleared": (),
    "input_audio_buffer.speech_started": ("audio_start_ms", "item_id"),
    "input_audio_buffer.speech_stopped": ("audio_end_ms", "item_id"),
    "input_audio_buffer.timeout_triggered": ("audio_start_ms", "audio_end_ms", "item_id"),
    "input_audio_buffer.dtmf_event_received": ("event", "received_at"),
    "output_audio_buffer.started": ("response_id",),
    "output_audio_buffer.stopped": ("response_id",),
    "output_audio_buffer.cleared": ("response_id",),
    "rate_limits.updated": ("rate_limits",),
    "response.created": ("response",),
    "response.done": ("response",),
    "response.output_item.added": ("response_id", "output_index", "item"),
    "response.output_item.done": ("response_id", "output_index", "item"),
    "response.content_part.added": (*_PLACE, "part"),
    "response.content_part.done": (*_PLACE, "part"),
    "response.output_text.delta": (*_PLACE, "delta"),
    "response.output_text.done": (*_PLACE, "text"),
    "response.output_audio_transcript.delta": (*_PLACE, "delta"),
    "response.output_audio_transcript.done": (*_PLACE, "transcript"),
    "response.output_audio.delta": (*_PLACE, "delta"),
    "response.output_audio.done": _PLACE,
    "response.function_call_arguments.delta": (*_CALL, "delta"),
    "response.function_call_arguments.done": (*_CALL, "name", "arguments"),
    "response.mcp_call_arguments.delta": ("response_id", *_MCP, "delta"),
    "response.mcp_call_arguments.done": ("response_id", *_MCP, "arguments"),
    "response.mcp_call.in_progress": _MCP,
    "response.mcp_call.completed": _MCP,
    "response.mcp_call.failed": _MCP,
    "mcp_list_tools.in_progress": ("item_id",),
    "mcp_list_tools.completed": ("item_id",),
    "mcp_list_tools.failed": ("item_id",),
}
"""Every server event that a GA client understands and may be told, with its fields beside `type` and `event_id`."""

ITEM_CREATED = "conversation.item.created"
"""One announcement where GA has two: that an item was added, and that it is done."""
SNAPSHOT = f"{_HEARD}.updated"
HEARD_DELTA, HEARD, NOT_HEARD = f"{_HEARD}.delta", f"{_HEARD}.completed", f"{_HEARD}.failed"

RENAMED = {
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
}
"""What the beta dialect calls the same events."""

_FIRST: dict[str, object] = {"output_index": 0, "content_index": 0}
FILLED_IN: dict[str, dict[str, object]] = {
    kind: {name: first for name, first in _FIRST.items() if name in fields}
    for kind, fields in FIELDS.items()
    if kind.startswith("response.") and "output_index" in fields
}
FILLED_IN |= {
    "conversation.item.truncated": {"content_index": 0, "audio_end_ms": 0},
    "conversation.item.deleted": {"item_id": ""},
    "input_audio_buffer.speech_started": {"audio_start_ms": 0, "item_id": ""},
    "input_audio_buffer.speech_stopped": {"audio_end_ms": 0, "item_id": ""},
    "rate_limits.updated": {"rate_limits": []},
    HEARD: {"content_index": 0, "transcript": "", "usage": {"type": "duration", "seconds": 0}},
    NOT_HEARD: {"content_index": 0, "error": {}},
}
"""What a GA client is owed and some servers leave out. No usage told: none counted."""
