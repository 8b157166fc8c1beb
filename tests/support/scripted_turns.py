"""Whole turns for a scripted upstream, in the order, with the ids and the members that a real GA server sends."""

from collections.abc import Iterator
from typing import Literal

from tests.support.scripted_answer import Answer, new_answer
from tests.support.scripted_session import Json, updated_session
from tests.support.scripted_steps import Close, Emit, Expect, ExpectAudio, Link, Step

WRONG_KEY_REASON = "invalid_request_error.invalid_api_key"


# --- the beginning ------------------------------------------------------------------------------------------------


def greeting() -> Step:
    """`session.created`, unasked."""
    return Emit(lambda link: [{"type": "session.created", "session": link.session}])


def update_answered() -> list[Step]:
    """A `session.update`, answered with the full effective session."""
    return [Expect("session.update"), Emit(_session_updated)]


def set_up() -> list[Step]:
    """The beginning of every session."""
    return [greeting(), *update_answered()]


def wrong_key() -> list[Step]:
    """What a wrong key meets: a good handshake, an error whose message shows the key's tail, close code 3000."""
    return [Emit(_incorrect_key), Close(3000, WRONG_KEY_REASON)]


def error(code: str | None, message: str, *, kind: str = "invalid_request_error") -> Step:
    """An `error` that answers the latest expected frame."""
    return Emit(lambda link: [_error(code, message, kind=kind, event_id=link.last.get("event_id"))])


# --- turns --------------------------------------------------------------------------------------------------------


def typed_turn(answer: str) -> list[Step]:
    """A typed turn that arrives, is acknowledged and answered in the modality that was asked for."""
    return [
        Expect("conversation.item.create"),
        Emit(_item_acknowledged),
        Expect("response.create"),
        Emit(lambda link: _answered(link, answer)),
    ]


def spoken_turn(
    heard: str,
    answer: str,
    *,
    audio_ms: float = 100,
    words_come: Literal["before", "during", "after"] = "during",
) -> list[Step]:
    """A turn under server VAD: so much audio arrives, then it is closed, answered and, at some time, transcribed."""
    return [ExpectAudio(audio_ms), Emit(lambda link: _spoken(link, heard, answer, words_come))]


def speech_begun(*, audio_ms: float = 100) -> list[Step]:
    """So much audio arrives, and voice detection hears somebody speak."""
    return [ExpectAudio(audio_ms), Emit(_speech_started)]


def turn_closed() -> Step:
    """The turn in which somebody was heard to speak is over; its words are still to come."""
    return Emit(_committed)


def answer_begun(text: str, *, words: int) -> Step:
    """An answer to what was asked last, as far as its first words. `interrupted_by` ends it."""
    return Emit(lambda link: _begun(link, text, words))


def answer_ended(text: str, *, words: int) -> Step:
    """The rest of an answer of which so many words were begun."""
    return Emit(lambda link: _ended(link, text, words))


def interrupted_by(heard: str, answer: str) -> list[Step]:
    """The person speaks into the answer begun: it is cancelled, the client cuts it back, the new turn is answered."""
    return [
        Emit(_cut_off),
        Expect("conversation.item.truncate"),
        Emit(_truncated),
        Emit(lambda link: _spoken(link, heard, answer, "during", is_announced=True)),
    ]


# --- their events ---------------------------------------------------------------------------------------------


def _answered(link: Link, text: str) -> Iterator[Json]:
    answer = new_answer(link)
    yield from answer.begin()
    yield from answer.say(text.split())
    yield from answer.end()


def _begun(link: Link, text: str, words: int) -> Iterator[Json]:
    answer = link.notes["unfinished"] = new_answer(link)
    yield from answer.begin()
    yield from answer.say(text.split()[:words])


def _ended(link: Link, text: str, words: int) -> Iterator[Json]:
    answer = _unfinished_answer(link)
    yield from answer.say(text.split()[words:])
    yield from answer.end()


def _cut_off(link: Link) -> Iterator[Json]:
    yield {"type": "input_audio_buffer.speech_started", "audio_start_ms": 4000, "item_id": _announce(link)}
    yield from _unfinished_answer(link).end(reason="turn_detected")


def _unfinished_answer(link: Link) -> Answer:
    answer: Answer = link.notes.pop("unfinished")
    return answer


def _truncated(link: Link) -> Iterator[Json]:
    cut = {name: link.last[name] for name in ("item_id", "content_index", "audio_end_ms")}
    yield {"type": "conversation.item.truncated", **cut}


def _announce(link: Link) -> str:
    """The id of the user item to come; `speech_started` names it before it is there."""
    item_id: str = link.notes.setdefault("announced", link.fresh("item"))
    return item_id


def _speech_started(link: Link) -> Iterator[Json]:
    yield {"type": "input_audio_buffer.speech_started", "audio_start_ms": 0, "item_id": _announce(link)}


def _committed(link: Link, *, words_before: str = "") -> Iterator[Json]:
    item_id = _announce(link)
    del link.notes["announced"]
    before, link.last_item = link.last_item, item_id
    content = [{"type": "input_audio", "transcript": None}]
    item = {"id": item_id, "type": "message", "status": "completed", "role": "user", "content": content}
    yield {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 900, "item_id": item_id}
    if words_before:
        yield from _heard(item_id, words_before)
    yield {"type": "input_audio_buffer.committed", "previous_item_id": before, "item_id": item_id}
    yield {"type": "conversation.item.added", "previous_item_id": before, "item": item}
    yield {"type": "conversation.item.done", "previous_item_id": before, "item": item}


def _spoken(
    link: Link, heard: str, answer: str, words_come: str, *, is_announced: bool = False
) -> Iterator[Json]:
    item_id = _announce(link)
    if not is_announced:
        yield from _speech_started(link)
    yield from _committed(link, words_before=heard if words_come == "before" else "")
    link.last = {}  # nobody asked for this answer: it takes the session's modality
    reply, words = new_answer(link), answer.split()
    yield from reply.begin()
    yield from reply.say(words[:3])
    if words_come == "during":
        yield from _heard(item_id, heard)
    yield from reply.say(words[3:])
    yield from reply.end()
    if words_come == "after":
        yield from _heard(item_id, heard)


def _heard(item_id: str, text: str) -> Iterator[Json]:
    kind = "conversation.item.input_audio_transcription"
    for word in text.split():
        yield {"type": f"{kind}.delta", "item_id": item_id, "content_index": 0, "delta": f" {word}"}
    usage = {"type": "duration", "seconds": 1}
    done = {"item_id": item_id, "content_index": 0, "transcript": text, "usage": usage}
    yield {"type": f"{kind}.completed", **done}


def _session_updated(link: Link) -> Iterator[Json]:
    link.session = updated_session(link.session, link.last["session"])
    yield {"type": "session.updated", "session": link.session}


def _item_acknowledged(link: Link) -> Iterator[Json]:
    asked = link.last["item"]
    item = {"id": asked.get("id") or link.fresh("item"), "status": "completed"} | asked
    before, link.last_item = link.last_item, item["id"]
    yield {"type": "conversation.item.added", "previous_item_id": before, "item": item}
    yield {"type": "conversation.item.done", "previous_item_id": before, "item": item}


def _incorrect_key(link: Link) -> Iterator[Json]:
    tail = link.handshake.headers.get("Authorization", "")[-4:]
    yield _error("invalid_api_key", f"Incorrect API key provided: sk-…{tail}.")


def _error(
    code: str | None, message: str, *, kind: str = "invalid_request_error", event_id: str | None = None
) -> Json:
    error = {"type": kind, "code": code, "message": message, "param": None, "event_id": event_id}
    return {"type": "error", "error": error}
