"""What a GA client has been told so far: items and their parts, responses, and what was told before the server did."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from realtime.protocol.events import Event

Sort = Literal["audio", "text"]
_REMEMBERED = 64
"""Responses that are over; an event that trails behind one of them begins no other."""


@dataclass(slots=True, eq=False)
class ToldPart:
    """One part of an answer."""

    index: int
    sort: Sort
    words: str = ""
    is_ours: bool = False
    """The server never announced it; its own counting of parts is not to be trusted."""
    is_done: bool = False

    def as_part(self) -> Event:
        """As `response.content_part.*` has it."""
        return {"type": self.sort, ("transcript" if self.sort == "audio" else "text"): self.words}

    def as_content(self) -> Event:
        """As an item has it."""
        return self.as_part() | {"type": f"output_{self.sort}"}


@dataclass(slots=True, eq=False)
class ToldItem:
    """One item of the conversation."""

    item: Event
    response_id: str = ""
    """The response that it belongs to; empty for an item of the user's."""
    output_index: int = 0
    previous_id: str | None = None
    parts: dict[int, ToldPart] = field(default_factory=dict)
    announced: bool = False
    """By `response.output_item.added`."""
    added: bool = False
    done: bool = False
    closed: bool = False
    """By `response.output_item.done`."""
    committed: bool = False
    anticipated: set[str] = field(default_factory=set)
    """What was told before the server said it: when it does, it is no news."""

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will come of it."""
        if self.item.get("role") == "assistant" or self.item.get("type") == "function_call":
            return self.item.get("status") == "completed"
        return self.item.get("status") != "in_progress"

    def learn(self, more: Event) -> None:
        """More is known of it. Events that were made of it before stay as they are."""
        self.item = self.item | more

    def complete(self, status: str) -> None:
        """Nothing more comes: what came of it is its content."""
        self.learn({"status": status})
        content = self.item.get("content") or []
        if self.parts and not any(part.get("transcript") or part.get("text") for part in content):
            self.learn({"content": [part.as_content() for _, part in sorted(self.parts.items())]})

    def was_anticipated(self, what: str) -> bool:
        """Whether that was told already. It is only once that a server is late."""
        if what not in self.anticipated:
            return False
        self.anticipated.discard(what)
        return True


@dataclass(slots=True, eq=False)
class ToldResponse:
    """One response."""

    response: Event
    items: list[ToldItem] = field(default_factory=list)
    is_ours: bool = False
    """The server did not say that it began, or says so later."""
    is_done: bool = False
    was_dropped: bool = False
    """The server never said that it is done; we did."""


class Told:
    """All that a client was told over one connection.

    `trusts`: the server follows GA's course itself, so only what is plainly missing is added. Otherwise the server
    announces items once where GA announces them twice, and may drop a response without a word.
    """

    def __init__(self) -> None:
        self.trusts = True
        self.last_id: str | None = None
        """The item that was added last."""
        self._items: dict[str, ToldItem] = {}
        self._responses: dict[str, ToldResponse] = {}
        self._serial = 0

    def item(self, item_id: str) -> ToldItem:
        """What is known of an item, from now on."""
        return self._items.setdefault(item_id, ToldItem({"id": item_id}))

    def known(self, item_id: str) -> ToldItem | None:
        """An item that is known already."""
        return self._items.get(item_id)

    def item_of_call(self, call_id: object) -> ToldItem | None:
        """The item that makes a function call."""
        return next((each for each in self._items.values() if each.item.get("call_id") == call_id), None)

    def response(self, response_id: str) -> ToldResponse | None:
        """A response that has begun."""
        return self._responses.get(response_id)

    def begin(self, response_id: str, response: Event) -> ToldResponse:
        """A response begins."""
        begun = self._responses[response_id] = ToldResponse(response)
        if len(self._responses) > _REMEMBERED:
            self._responses.pop(next(iter(self._responses)))
        return begun

    def open_responses(self) -> list[tuple[str, ToldResponse]]:
        """The responses that are not done."""
        return [(each, known) for each, known in self._responses.items() if not known.is_done]

    def event(self, kind: str, **fields: object) -> Event:
        """An event that the server left out."""
        self._serial += 1
        return {"type": kind, "event_id": f"event_door_{self._serial}"} | fields


Telling = Iterator[Event]
"""What a client is to be told, one event after the other."""


def changed(event: Event, **fields: object) -> Event:
    """`event` with these fields; the very same one when they say nothing new."""
    if all(name in event and event[name] == value for name, value in fields.items()):
        return event
    return event | fields
