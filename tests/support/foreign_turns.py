"""What servers of other dialects send in the course of a turn: the beta dialect's, and xAI's."""

from itertools import count
from typing import Any

Event = dict[str, Any]
_serial = count(1)


def event(kind: str, **members: Any) -> Event:
    """A server event of that type."""
    return {"type": kind, "event_id": f"foreign_{next(_serial)}"} | members


def beta_session(**given: Any) -> Event:
    """A session as OpenAI's beta interface showed it."""
    detection = {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
        "create_response": True,
        "interrupt_response": True,
    }
    return {
        "object": "realtime.session",
        "id": "sess_beta",
        "model": "gpt-realtime",
        "modalities": ["audio", "text"],
        "instructions": "the server's own instructions",
        "voice": "alloy",
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": None,
        "input_audio_noise_reduction": None,
        "turn_detection": detection,
        "tools": [],
        "tool_choice": "auto",
        "temperature": 0.8,
        "max_response_output_tokens": "inf",
        "speed": 1.0,
        "tracing": None,
        "client_secret": None,
        "expires_at": 1765126464,
    } | given


def voice_live_session(**given: Any) -> Event:
    """A session as Azure AI Voice Live shows it."""
    session = beta_session(
        voice={"name": "alloy", "type": "openai"}, input_audio_sampling_rate=24000, avatar=None
    )
    for unknown in ("speed", "temperature", "client_secret", "tracing"):
        del session[unknown]
    session["turn_detection"] |= {"idle_timeout_ms": None, "auto_truncate": False}
    return session | given


def xai_session(**given: Any) -> Event:
    """A session as xAI greets with it."""
    return {
        "id": "9a503158",
        "object": "realtime.session",
        "instructions": "",
        "voice": "ara",
        "modalities": ["audio"],
        "turn_detection": {"type": None},
        "tools": [],
        "model": "grok-voice-latest",
    } | given


def greeted(session: Event, **updated: Any) -> list[Event]:
    """The beginning, up to the answer to our configuration."""
    return [event("session.created", session=session), event("session.updated", session=session | updated)]


# --- the beta dialect -------------------------------------------------------------------------------------------------


def beta_message(item_id: str, role: str, content: list[Event], status: str = "completed") -> Event:
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": role,
        "content": content,
    }


def beta_typed(item_id: str, text: str, *, after: str | None = None) -> list[Event]:
    """The one acknowledgement of a typed turn."""
    item = beta_message(item_id, "user", [{"type": "input_text", "text": text}])
    return [event("conversation.item.created", previous_item_id=after, item=item)]


def beta_spoken(item_id: str, *, after: str | None = None) -> list[Event]:
    """A spoken turn that was closed."""
    item = beta_message(item_id, "user", [{"type": "input_audio", "transcript": None}])
    return [
        event("input_audio_buffer.speech_started", audio_start_ms=0, item_id=item_id),
        event("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id=item_id),
        event("input_audio_buffer.committed", item_id=item_id, previous_item_id=after),
        event("conversation.item.created", previous_item_id=after, item=item),
    ]


def heard(item_id: str, words: str, **more: Any) -> Event:
    """The words of a spoken turn, of which no usage is told."""
    return event(
        "conversation.item.input_audio_transcription.completed",
        item_id=item_id,
        content_index=0,
        transcript=words,
        **more,
    )


def _place(item_id: str, response_id: str) -> Event:
    return {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}


def beta_answer_begins(item_id: str, *, after: str | None, response_id: str = "resp_1") -> list[Event]:
    """A spoken answer up to its first part."""
    item = beta_message(item_id, "assistant", [], "in_progress")
    response = {
        "object": "realtime.response",
        "id": response_id,
        "status": "in_progress",
        "status_details": None,
        "output": [],
        "usage": None,
        "modalities": ["audio", "text"],
        "voice": "alloy",
        "output_audio_format": "pcm16",
        "temperature": 0.8,
        "max_output_tokens": "inf",
    }
    return [
        event("response.created", response=response),
        event("response.output_item.added", response_id=response_id, output_index=0, item=item),
        event("conversation.item.created", previous_item_id=after, item=item),
        event(
            "response.content_part.added",
            **_place(item_id, response_id),
            part={"type": "audio", "transcript": ""},
        ),
    ]


def beta_answer(item_id: str, words: str, *, after: str | None, response_id: str = "resp_1") -> list[Event]:
    """A whole spoken answer."""
    place = _place(item_id, response_id)
    item = beta_message(item_id, "assistant", [{"type": "audio", "transcript": words}])
    usage = {"total_tokens": 9, "input_tokens": 4, "output_tokens": 5}
    return [
        *beta_answer_begins(item_id, after=after, response_id=response_id),
        event("response.audio_transcript.delta", **place, delta=words),
        event("response.audio.delta", **place, delta="AAAA" * 480),
        event("response.audio.done", **place),
        event("response.audio_transcript.done", **place, transcript=words),
        event("response.content_part.done", **place, part={"type": "audio", "transcript": words}),
        event("response.output_item.done", response_id=response_id, output_index=0, item=item),
        event(
            "response.done",
            response={"id": response_id, "status": "completed", "output": [item], "usage": usage}
            | {"modalities": ["audio", "text"], "voice": "alloy", "temperature": 0.8},
        ),
    ]


# --- xAI --------------------------------------------------------------------------------------------------------------


def xai_event(kind: str, **members: Any) -> Event:
    """A server event of xAI's: each names an item before it, whether that means something or not."""
    return event(kind, **({"previous_item_id": None} | members))


def xai_spoken(item_id: str, *snapshots: str, words: str, after: str | None = None) -> list[Event]:
    """A spoken turn: it is announced while it begins, and heard again and again."""
    content = [{"type": "input_audio", "transcript": ""}]
    item = beta_message(item_id, "user", content, "in_progress")
    told = "conversation.item.input_audio_transcription.updated"
    return [
        xai_event("input_audio_buffer.speech_started", item_id=item_id, audio_start_ms=227),
        xai_event("conversation.item.added", item=item, previous_item_id=after),
        *(
            snapshot
            for each in snapshots
            for snapshot in (
                xai_event(told, item_id=item_id, transcript=each, content_index=0),
                heard(item_id, each, status="in_progress", previous_item_id=None),
            )
        ),
        xai_event("input_audio_buffer.speech_stopped", item_id=item_id, audio_end_ms=432),
        xai_event("input_audio_buffer.committed", item_id=item_id),
        heard(item_id, words, status="completed", previous_item_id=None),
    ]


def xai_answer_begins(item_id: str, words: str, *, after: str | None, response_id: str = "r1") -> list[Event]:
    """A spoken answer up to its last word."""
    bare = {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": "in_progress",
        "role": "assistant",
    }
    place = _place(item_id, response_id)
    return [
        xai_event("response.created", response=xai_response(response_id, "in_progress", [])),
        xai_event("response.output_item.added", item=bare, response_id=response_id, output_index=0),
        xai_event("conversation.item.added", item=bare | {"content": []}, previous_item_id=after),
        xai_event(
            "response.content_part.added",
            **place | {"previous_item_id": "0", "part": {"type": "audio", "transcript": ""}},
        ),
        xai_event("response.output_audio.delta", **place, delta="AAAA" * 480, rid="x", ts=1, latency="0.9"),
        xai_event("response.output_audio_transcript.delta", **place, delta=words, rid="x", start_time=0.0),
    ]


def xai_answer_ends(item_id: str, words: str, *, response_id: str = "r1") -> list[Event]:
    """The rest of a spoken answer."""
    place = _place(item_id, response_id)
    bare = {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "assistant",
    }
    output = bare | {"content": [{"type": "audio", "transcript": words}]}
    return [
        xai_event("response.output_audio_transcript.done", **place, transcript=words),
        xai_event("response.content_part.done", **place),
        xai_event("response.output_audio.done", **place),
        xai_event("response.output_item.done", item=bare, response_id=response_id, output_index=0),
        xai_done(response_id, [output]),
    ]


def xai_answer(item_id: str, words: str, *, after: str | None, response_id: str = "r1") -> list[Event]:
    """A whole spoken answer."""
    begun = xai_answer_begins(item_id, words, after=after, response_id=response_id)
    return begun + xai_answer_ends(item_id, words, response_id=response_id)


def xai_call(
    item_id: str, call_id: str, name: str, arguments: str, *, response_id: str = "r1"
) -> list[Event]:
    """A function call within a response: it counts as the first item of its response, and plays a role."""
    call = {
        "id": item_id,
        "object": "realtime.item",
        "type": "function_call",
        "status": "in_progress",
        "role": "assistant",
        "name": name,
        "call_id": call_id,
    }
    done = call | {"status": "completed", "arguments": arguments}
    return [
        xai_event("response.output_item.added", item=call, response_id=response_id, output_index=0),
        xai_event("conversation.item.added", item=call),
        xai_event(
            "response.function_call_arguments.done",
            call_id=call_id,
            name=name,
            arguments=arguments,
            item_id=item_id,
            response_id=response_id,
            output_index=0,
        ),
        xai_event("response.output_item.done", item=done, response_id=response_id, output_index=0),
    ]


def xai_done(response_id: str, output: list[Event], *, status: str = "completed") -> Event:
    """The end of a response; what it used stands beside it."""
    usage = {
        "input_tokens": 156,
        "input_token_details": {"text_tokens": 10, "audio_tokens": 146, "grok_tokens": 0},
        "output_tokens": 185,
        "output_token_details": {"text_tokens": 15, "audio_tokens": 170, "grok_tokens": 0},
        "total_tokens": 341,
        "output_audio_seconds": 3.38,
        "billable_audio_seconds": 5,
    }
    response = xai_response(response_id, status, output)
    return xai_event("response.done", response=response, response_id=response_id, usage=usage)


def xai_response(response_id: str, status: str, output: list[Event]) -> Event:
    return {
        "id": response_id,
        "object": "realtime.response",
        "output": output,
        "status": status,
        "status_details": "unimplemented",
        "usage": {},
    }
