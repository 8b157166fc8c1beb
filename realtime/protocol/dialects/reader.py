"""Reader: what a server says, in GA's words and in GA's course."""

from collections.abc import Callable

from realtime.protocol.dialects import complaints, items, responses, sessions
from realtime.protocol.dialects.course import Course
from realtime.protocol.dialects.names import (
    FIELDS,
    FILLED_IN,
    HEARD,
    HEARD_DELTA,
    ITEM_CREATED,
    NOT_HEARD,
    RENAMED,
    SNAPSHOT,
)
from realtime.protocol.dialects.sessions import Spoken
from realtime.protocol.dialects.told import Telling
from realtime.protocol.events import Event, mapping_of, text_of


class Reader:
    """Reads one server. A tolerant reader: any mixture of dialects is understood, whatever the server calls its own.

    A GA server is taken at its word: its fields are left alone, and only what is plainly missing is added.
    """

    def __init__(self) -> None:
        self._spoken: Spoken = "ga"
        self.course = Course()
        self._session: Event = {}
        """The flat session as far as it was told or asked for: not every server repeats all of it."""
        self._said_so_far: dict[str, str] = {}
        """The words of a turn that is still being said, by item id."""
        self._serial = 0

    def knows(self, spoken: Spoken) -> None:
        """The dialect has become clear."""
        self._spoken = spoken
        self.course.told.trusts = spoken == "ga"

    def asked(self, session: Event) -> None:
        """The server was asked for this, in its own dialect."""
        self._session = self._session | session

    def read(self, event: Event) -> Telling:
        """What a GA client is to be told for one event of the server's; the very same event where it is GA already."""
        kind = RENAMED.get(event["type"], event["type"])
        if kind == ITEM_CREATED:
            shaped = self._shaped(event | {"type": "conversation.item.added"})
            yield from self.course.conversation.created(shaped)
        elif kind == SNAPSHOT or (kind == HEARD and event.get("status") == "in_progress"):
            yield from self._snapshot(event)
        elif kind in FIELDS and not (kind == "error" and complaints.is_a_note(event)):
            yield from self.course.follow(
                self._shaped(event if kind == event["type"] else event | {"type": kind})
            )
        # Clients of the GA dialect take an event of an unknown type for some other: it ends here.

    def _shaped(self, event: Event) -> Event:
        kind, strip = event["type"], self._spoken != "ga"
        shaped = {name: event[name] for name in FIELDS[kind] if name in event} if strip else dict(event)
        shaped |= {"type": kind, "event_id": text_of(event.get("event_id")) or self._new_id()}
        for name, value in FILLED_IN.get(kind, {}).items():
            if shaped.get(name) is None:
                shaped[name] = value
        if (shape := _SHAPES.get(kind)) is not None:
            shape(shaped, event, strip)
        if kind.startswith("session.") and strip:
            self._session = self._session | mapping_of(event.get("session"))
            shaped["session"] = sessions.in_ga(self._session)
        return event if shaped == event else shaped

    def _snapshot(self, event: Event) -> Telling:
        """A turn that is still being said, as far as it was understood: what is new of it, where it only grew."""
        item_id, words = text_of(event.get("item_id")), text_of(event.get("transcript"))
        so_far = self._said_so_far.get(item_id, "")
        if words == so_far or not words.startswith(so_far):
            return
        self._said_so_far[item_id] = words
        yield {
            "type": HEARD_DELTA,
            "event_id": text_of(event.get("event_id")) or self._new_id(),
            "item_id": item_id,
            "content_index": 0,
            "delta": words[len(so_far) :],
        }

    def _new_id(self) -> str:
        self._serial += 1
        return f"event_read_{self._serial}"


def _shape_item(shaped: Event, event: Event, strip: bool) -> None:
    shaped["item"] = items.item(event.get("item"), strip=strip)


def _shape_part(shaped: Event, event: Event, strip: bool) -> None:
    shaped["part"] = items.part_of_answer(event.get("part"), strip=strip)


def _shape_response(shaped: Event, event: Event, strip: bool) -> None:
    shaped["response"] = responses.response(event, strip=strip)


def _shape_error(shaped: Event, event: Event, strip: bool) -> None:
    shaped["error"] = complaints.error(event, strip=strip)


def _shape_not_heard(shaped: Event, event: Event, strip: bool) -> None:
    shaped["error"] = complaints.of_transcription(event.get("error"), strip=strip)


def _shape_nothing_done(shaped: Event, event: Event, strip: bool) -> None:
    shaped.pop("status", None)


_SHAPES: dict[str, Callable[[Event, Event, bool], None]] = {
    "error": _shape_error,
    "conversation.item.added": _shape_item,
    "conversation.item.done": _shape_item,
    "conversation.item.retrieved": _shape_item,
    "response.output_item.added": _shape_item,
    "response.output_item.done": _shape_item,
    "response.content_part.added": _shape_part,
    "response.content_part.done": _shape_part,
    "response.created": _shape_response,
    "response.done": _shape_response,
    HEARD: _shape_nothing_done,
    NOT_HEARD: _shape_not_heard,
}
