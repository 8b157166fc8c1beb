"""What a GA upstream sends in the course of a turn, in the order in which a real one sends it."""

import base64
from itertools import count
from typing import Any

Event = dict[str, Any]
_serial = count(1)


def event(kind: str, **members: Any) -> Event:
    """A server event of that type."""
    return {"type": kind, "event_id": f"event_up_{next(_serial)}"} | members


def created() -> Event:
    return event("session.created", session=_session())


def updated(**session: Any) -> Event:
    return event("session.updated", session=_session() | session)


def _session() -> Event:
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": "sess_upstream",
        "model": "gpt-realtime-2.1",
        "instructions": "the upstream's copy of the instructions",
        "audio": {"input": {"turn_detection": {"type": "server_vad", "interrupt_response": True}}},
    }


def user_item(item_id: str, text: str) -> Event:
    content = [{"type": "input_text", "text": text}]
    return {"id": item_id, "type": "message", "role": "user", "status": "completed", "content": content}


def typed(item_id: str, text: str, *, after: str | None = None) -> list[Event]:
    """The acknowledgement of a typed turn."""
    item = user_item(item_id, text)
    return [
        event("conversation.item.added", previous_item_id=after, item=item),
        event("conversation.item.done", previous_item_id=after, item=item),
    ]


def spoken(item_id: str, *, after: str | None = None) -> list[Event]:
    """A spoken turn that was closed; its words come with `heard`."""
    content = [{"type": "input_audio", "transcript": None}]
    item = {"id": item_id, "type": "message", "role": "user", "status": "completed", "content": content}
    return [
        event("input_audio_buffer.speech_started", audio_start_ms=0, item_id=item_id),
        event("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id=item_id),
        event("input_audio_buffer.committed", item_id=item_id, previous_item_id=after),
        event("conversation.item.added", previous_item_id=after, item=item),
        event("conversation.item.done", previous_item_id=after, item=item),
    ]


def heard(item_id: str, text: str) -> Event:
    """The words of a spoken turn."""
    return event(
        "conversation.item.input_audio_transcription.completed",
        item_id=item_id,
        content_index=0,
        transcript=text,
        usage={"type": "duration", "seconds": 1},
    )


def answer_begins(item_id: str, text: str, *, after: str, response_id: str = "resp_1") -> list[Event]:
    """An answer in text, up to its last word."""
    item = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
    words = text.split()
    return [
        event("response.created", response={"id": response_id, "status": "in_progress", "output": []}),
        event("response.output_item.added", response_id=response_id, output_index=0, item=item),
        event("conversation.item.added", previous_item_id=after, item=item),
        event("response.content_part.added", **place, part={"type": "text", "text": ""}),
        *(
            event("response.output_text.delta", **place, delta=word if number == 0 else f" {word}")
            for number, word in enumerate(words)
        ),
    ]


def answer_ends(item_id: str, text: str, *, response_id: str = "resp_1", tokens: int = 7) -> list[Event]:
    """The rest of an answer in text."""
    content = [{"type": "output_text", "text": text}]
    item = {"id": item_id, "type": "message", "role": "assistant", "status": "completed", "content": content}
    place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
    usage = {"total_tokens": tokens, "output_tokens": tokens, "output_token_details": {"text_tokens": tokens}}
    return [
        event("response.output_text.done", **place, text=text),
        event("conversation.item.done", previous_item_id=None, item=item),
        event("response.output_item.done", response_id=response_id, output_index=0, item=item),
        event(
            "response.done",
            response={"id": response_id, "status": "completed", "output": [item], "usage": usage},
        ),
    ]


def answer(item_id: str, text: str, *, after: str, response_id: str = "resp_1") -> list[Event]:
    """A whole answer in text."""
    begun = answer_begins(item_id, text, after=after, response_id=response_id)
    return begun + answer_ends(item_id, text, response_id=response_id)


def sound(item_id: str, pcm: bytes, *, response_id: str = "resp_1") -> Event:
    """A piece of an answer's sound."""
    delta = base64.b64encode(pcm).decode()
    return event(
        "response.output_audio.delta",
        response_id=response_id,
        item_id=item_id,
        output_index=0,
        content_index=0,
        delta=delta,
    )


def error(
    code: str, message: str, *, kind: str = "invalid_request_error", event_id: str | None = None
) -> Event:
    return event(
        "error", error={"type": kind, "code": code, "message": message, "param": None, "event_id": event_id}
    )
