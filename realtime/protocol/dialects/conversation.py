"""Conversation: items brought into GA's course. Each is added once and done once; a turn is closed before its words."""

from realtime.protocol.dialects import items
from realtime.protocol.dialects.told import Telling, Told, ToldItem, changed
from realtime.protocol.events import Event, mapping_of, text_of


class Conversation:
    """What becomes of the items of one connection."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._deletions: list[str] = []
        """Items whose deletion a client asked for: not every server says which one it deleted."""

    def created(self, event: Event) -> Telling:
        """The one announcement that other dialects have; GA says that an item was added, and then that it is done."""
        item = mapping_of(event.get("item"))
        known = self._told.item(text_of(item.get("id")))
        if known.added:
            return
        if item.get("role") != "user":
            item = items.begun(item)
        yield from self.added(event | {"type": "conversation.item.added", "item": item})
        known.anticipated.add("added")
        if not known.done and known.is_finished:
            yield from self.say_done(known)

    def added(self, event: Event) -> Telling:
        """An item was added to the conversation."""
        known = self._told.item(text_of(event["item"].get("id")))
        if known.was_anticipated("added") or (known.added and not self._told.trusts):
            return
        known.learn(event["item"])
        known.previous_id = event.get("previous_item_id") or None
        known.added = True
        self._told.last_id = text_of(event["item"].get("id"))
        yield event
        if not self._told.trusts and known.is_finished:
            yield from self.say_done(known)

    def done(self, event: Event) -> Telling:
        """An item is as it is going to be."""
        known = self._told.item(text_of(event["item"].get("id")))
        if known.was_anticipated("done") or (known.done and not self._told.trusts):
            return
        known.learn(event["item"])
        if not known.added:
            yield from self.say_added(known)
        known.done = True
        yield event

    def committed(self, event: Event) -> Telling:
        """A spoken turn was closed."""
        known = self._told.item(text_of(event.get("item_id")))
        if known.was_anticipated("committed") or (known.committed and not self._told.trusts):
            return
        known.committed = True
        yield event
        if not self._told.trusts and known.added and not known.done:
            known.complete("completed")
            yield from self.say_done(known)

    def heard(self, event: Event) -> Telling:
        """The words of a spoken turn, or that there are none: it was closed, whether the server said so or not."""
        known = self._told.item(text_of(event.get("item_id")))
        if not known.item.get("role"):
            content = [{"type": "input_audio", "transcript": None}]
            known.learn({"type": "message", "role": "user", "status": "completed", "content": content})
        if not known.committed:
            known.committed = True
            known.anticipated.add("committed")
            yield self._told.event(
                "input_audio_buffer.committed",
                item_id=known.item["id"],
                previous_item_id=known.previous_id if known.added else self._told.last_id,
            )
        if not known.added:
            yield from self.say_added(known)
        if not known.done and (not self._told.trusts or "added" in known.anticipated):
            known.learn({"status": "completed"})
            yield from self.say_done(known)
        if words := text_of(event.get("transcript")):
            known.learn({"content": [{"type": "input_audio", "transcript": words}]})
        yield event

    def deleted(self, event: Event) -> Telling:
        """An item was deleted."""
        asked_for = self._deletions.pop(0) if self._deletions else ""
        item_id = text_of(event.get("item_id")) or asked_for
        if (known := self._told.known(item_id)) is not None:
            known.added = False
        yield changed(event, item_id=item_id)

    def deletes(self, item_id: str) -> None:
        """A client asks for the deletion of an item."""
        self._deletions.append(item_id)

    def item(self, item_id: str) -> Event | None:
        """An item of the conversation as far as it is known."""
        known = self._told.known(item_id)
        if known is None or not known.added:
            return None
        shown = ToldItem(known.item, parts=known.parts)
        shown.complete(text_of(known.item.get("status")) or "completed")
        return shown.item

    def say_added(self, known: ToldItem) -> Telling:
        """The server does not say that it added this item, or says so later."""
        known.added = True
        known.anticipated.add("added")
        known.previous_id, self._told.last_id = self._told.last_id, text_of(known.item.get("id"))
        yield self._told.event("conversation.item.added", previous_item_id=known.previous_id, item=known.item)

    def say_done(self, known: ToldItem) -> Telling:
        """The server does not say that this item is done, or says so later."""
        known.done = True
        known.anticipated.add("done")
        yield self._told.event("conversation.item.done", previous_item_id=known.previous_id, item=known.item)
