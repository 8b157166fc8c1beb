"""Unfinished: the answers that are being given, so that they can be closed when their upstream is gone."""

from collections.abc import Callable
from dataclasses import dataclass, field

from realtime.protocol.events import Event, list_of, mapping_of, text_of


@dataclass(slots=True)
class _Open:
    """One response that is not done, as far as it came."""

    response: Event
    items: dict[str, tuple[int, Event]] = field(default_factory=dict)
    """Its items by id: their index in its output, and what is known of them."""
    done: set[str] = field(default_factory=set)


class Unfinished:
    """Follows responses from `response.created` to `response.done`."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def created(self, event: Event) -> None:
        """A response began."""
        response = mapping_of(event.get("response"))
        self._open[text_of(response.get("id"))] = _Open(response)

    def item_added(self, event: Event) -> None:
        """A response began an item."""
        self._note(event)

    def item_done(self, event: Event) -> None:
        """An item of a response is complete."""
        response = self._note(event)
        if response is not None:
            response.done.add(text_of(mapping_of(event.get("item")).get("id")))

    def done(self, event: Event) -> None:
        """A response is over."""
        self._open.pop(text_of(mapping_of(event.get("response")).get("id")), None)

    def closing_events(self, content: Callable[[str], list[Event] | None], error: Event) -> list[Event]:
        """The events with which upstream would have closed them over `error`, without ids; `content` knows what an
        item holds so far. Nothing is open afterwards."""
        events: list[Event] = []
        for response_id, left in self._open.items():
            output = []
            for item_id, (index, item) in left.items.items():
                if item_id not in left.done:
                    held = content(item_id)
                    item = item | {"status": "incomplete"} | ({} if held is None else {"content": held})
                    events.append(
                        {
                            "type": "response.output_item.done",
                            "response_id": response_id,
                            "output_index": index,
                            "item": item,
                        }
                    )
                output.append(item)
            closed = {
                "status": "failed",
                "status_details": {"type": "failed", "error": error},
                "output": output,
            }
            events.append({"type": "response.done", "response": left.response | closed})
        self._open = {}
        return events

    def _note(self, event: Event) -> _Open | None:
        response = self._open.get(text_of(event.get("response_id")))
        item = mapping_of(event.get("item"))
        item_id, index = text_of(item.get("id")), event.get("output_index")
        if response is None or not item_id:
            return response
        if item.get("type") == "message" and item.get("role") == "assistant":
            item = item | {"content": list_of(item.get("content"))}
        response.items[item_id] = (index if isinstance(index, int) else 0, item)
        return response
