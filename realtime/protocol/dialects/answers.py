"""Answers: responses and their items brought into GA's course. What begins is announced, and what ends is closed."""

from collections.abc import Generator

from realtime.protocol.dialects import items
from realtime.protocol.dialects.conversation import Conversation
from realtime.protocol.dialects.told import Telling, Told, ToldItem, ToldPart, ToldResponse, changed
from realtime.protocol.events import Event, text_of


class Answers:
    """What becomes of the responses of one connection."""

    def __init__(self, told: Told, conversation: Conversation) -> None:
        self._told = told
        self._conversation = conversation

    # --- what the server says -----------------------------------------------------------------------------------

    def created(self, event: Event) -> Telling:
        """A response begins."""
        response = event["response"]
        known = self._told.response(text_of(response.get("id")))
        if known is not None and (known.is_ours or not self._told.trusts):
            known.is_ours = False
            return
        if not self._told.trusts:
            # One answer at a time: a server that begins another has dropped the one before.
            for _, dropped in self._told.open_responses():
                yield from self._drop(dropped)
            response = response | {"status": "in_progress"}
        self._told.begin(text_of(response.get("id")), response)
        yield changed(event, response=response)

    def done(self, event: Event) -> Telling:
        """A response is over, and with it all that was still open of it."""
        response = event["response"]
        known = yield from self._begin_response(text_of(response.get("id")))
        if known.is_done and not self._told.trusts and not known.was_dropped:
            return
        known.was_dropped = False  # a server that ends it after all may tell what it used
        for item in known.items:
            yield from self._close(
                item, "completed" if response.get("status") == "completed" else "incomplete"
            )
        known.is_done = True
        if known.items and not response["output"]:
            response = response | {"output": [item.item for item in known.items]}
        yield changed(event, response=response)

    def item_added(self, event: Event) -> Telling:
        """A response begins an item."""
        response = yield from self._begin_response(text_of(event.get("response_id")) or self._open_id())
        known = self._told.item(text_of(event["item"].get("id")))
        if known.was_anticipated("announced") or (known.announced and not self._told.trusts):
            return
        item = event["item"] if self._told.trusts else items.begun(event["item"])
        known.learn(item)
        known.announced = True
        self._join(known, response, event["output_index"])
        yield changed(event, response_id=known.response_id, output_index=known.output_index, item=item)

    def item_done(self, event: Event) -> Telling:
        """A response is done with an item."""
        known = self._told.item(text_of(event["item"].get("id")))
        if known.closed:
            return
        known.learn({name: value for name, value in event["item"].items() if value != []})
        if not known.announced:
            yield from self._announce(known, text_of(event.get("response_id")))
        yield from self._end_parts(known)
        known.complete(text_of(event["item"].get("status")) or "completed")
        if known.added and not known.done:
            yield from self._conversation.say_done(known)
        known.closed = True
        item = event["item"] if self._told.trusts or event["item"].get("content") else known.item
        yield changed(self.placed(event, known), item=item)

    # --- what the server left out -------------------------------------------------------------------------------

    def begin_item(self, event: Event) -> Generator[Event, None, ToldItem]:
        """The item that an event of an answer belongs to, announced and added if the server never said so."""
        known = self._told.item(text_of(event.get("item_id")))
        if not known.announced and not known.closed:
            yield from self._announce(known, text_of(event.get("response_id")) or known.response_id)
        if known.announced and not known.added:
            yield from self._conversation.say_added(known)
        return known

    def placed(self, event: Event, known: ToldItem) -> Event:
        """An event with the place of its item in its response."""
        counts_itself = self._told.trusts or not known.announced
        return changed(
            event,
            response_id=text_of(event.get("response_id")) or known.response_id or self._open_id(),
            output_index=event["output_index"] if counts_itself else known.output_index,
        )

    def _begin_response(self, response_id: str) -> Generator[Event, None, ToldResponse]:
        known = self._told.response(response_id)
        if known is not None:
            return known
        response: Event = {
            "object": "realtime.response",
            "id": response_id,
            "status": "in_progress",
            "status_details": None,
            "output": [],
            "usage": None,
        }
        yield self._told.event("response.created", response=response)
        begun = self._told.begin(response_id, response)
        begun.is_ours = True
        return begun

    def _announce(self, known: ToldItem, response_id: str) -> Telling:
        response = yield from self._begin_response(response_id or self._open_id())
        if response.is_done:
            return  # it trails behind its answer
        if known.item.get("type", "message") == "message":
            known.learn({"type": "message", "role": "assistant", "content": []} | known.item)
        known.learn({"status": "in_progress"})
        known.announced = True
        known.anticipated.add("announced")
        self._join(known, response, len(response.items))
        yield self._told.event(
            "response.output_item.added",
            response_id=known.response_id,
            output_index=known.output_index,
            item=known.item,
        )

    def _drop(self, dropped: ToldResponse) -> Telling:
        details = {"type": "cancelled", "reason": "turn_detected"}
        end: Event = {"status": "cancelled", "status_details": details, "usage": None, "output": []}
        yield from self.done(self._told.event("response.done", response=dropped.response | end))
        dropped.was_dropped = True

    def _close(self, known: ToldItem, status: str) -> Telling:
        if known.closed:
            return
        yield from self._end_parts(known)
        known.complete(status)
        if known.added and not known.done:
            yield from self._conversation.say_done(known)
        known.closed = True
        yield self._told.event(
            "response.output_item.done",
            response_id=known.response_id,
            output_index=known.output_index,
            item=known.item,
        )

    def _end_parts(self, known: ToldItem) -> Telling:
        for part in known.parts.values():
            if not part.is_done and (part.is_ours or not self._told.trusts):
                part.is_done = True
                yield self._told.event(
                    "response.content_part.done", **place(known, part), part=part.as_part()
                )

    def _join(self, known: ToldItem, response: ToldResponse, output_index: int) -> None:
        """Put an item into its response. Some servers count every one of their items as the first."""
        known.response_id = text_of(response.response.get("id"))
        if known not in response.items:
            response.items.append(known)
        known.output_index = output_index if self._told.trusts else response.items.index(known)

    def _open_id(self) -> str:
        return next((each for each, _ in self._told.open_responses()), "")


def place(known: ToldItem, part: ToldPart) -> Event:
    """Where a part stands."""
    return {
        "response_id": known.response_id,
        "item_id": known.item["id"],
        "output_index": known.output_index,
        "content_index": part.index,
    }
