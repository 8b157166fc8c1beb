"""The items of one session, in order: put in, looked up, cut and taken out by their ids."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from realtime.engine.dialogue.frames import ClientError
from realtime.engine.dialogue.heard import SpokenAudio
from realtime.engine.dialogue.items import Item

CHARACTERS_LIMIT = 4_000_000
"""How much text clients may put into one conversation: what a session may take of memory."""

_NOT_THERE = {
    "follow": (
        "item_create_invalid_previous_item_id",
        "Error adding item: the previous item with id '{}' does not exist.",
    ),
    "retrieve": (
        "item_retrieve_invalid_item_id",
        "Error retrieving item: the item with id '{}' does not exist.",
    ),
    "delete": ("item_delete_invalid_item_id", "Error deleting item: the item with id '{}' does not exist."),
    "truncate": ("item_truncate_invalid_item_id", "Item with item_id not found: {}"),
}
"""What a client is told about an unknown id, by what it wanted of it."""


@dataclass(slots=True)
class Conversation:
    """A list of items. A client may use an id twice; the latest item of that id is meant from then on."""

    id: str
    _items: list[Item] = field(default_factory=list)
    _weight: int = 0

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    @property
    def last_id(self) -> str | None:
        return self._items[-1].id if self._items else None

    def append(self, item: Item) -> str | None:
        """Put the item last and give the id of the one before it."""
        previous = self.last_id
        self._items.append(item)
        self._weight += item.weight
        return previous

    def insert(self, item: Item, after: object) -> str | None:
        """Put the item after the one with id `after` ("root": first; empty or None: last). Raises ClientError."""
        if self._weight + item.weight > CHARACTERS_LIMIT:
            raise ClientError(
                "conversation_too_large",
                "This conversation holds as much text as one session may. Delete items or start another session.",
            )
        if after is None or after == "":
            return self.append(item)
        place = 0 if after == "root" else self._index(after, "follow") + 1
        self._items.insert(place, item)
        self._weight += item.weight
        return self._items[place - 1].id if place else None

    def find(self, item_id: object) -> Item | None:
        """The item of that id, if there is one."""
        return next((item for item in reversed(self._items) if item.id == item_id), None)

    def retrieve(self, item_id: object) -> Item:
        """The item of that id. Raises ClientError."""
        return self._items[self._index(item_id, "retrieve")]

    def delete(self, item_id: object) -> Item:
        """Take the item out. Raises ClientError."""
        item = self._items.pop(self._index(item_id, "delete"))
        self._weight -= item.weight
        return item

    def truncate(self, item_id: object, content_index: object, audio_end_ms: object) -> str:
        """Forget what was not heard of a spoken answer; gives the words that were. Raises ClientError."""
        item = self._items[self._index(item_id, "truncate")]
        if item.spoken is None:
            raise ClientError(None, "Only model output audio messages can be truncated")
        if content_index != 0 or isinstance(content_index, bool):
            raise ClientError(
                "invalid_value", "Invalid value for 'content_index': expected 0.", "content_index"
            )
        heard = item.spoken.cut(_end_within(item.spoken, audio_end_ms))
        for part in item.shape["content"]:
            part["transcript"] = heard
        return heard

    def _index(self, item_id: object, wanted: str) -> int:
        for index in range(len(self._items) - 1, -1, -1):
            if self._items[index].id == item_id:
                return index
        code, message = _NOT_THERE[wanted]
        param = "previous_item_id" if wanted == "follow" else "item_id"
        raise ClientError(code, message.format(str(item_id)[:64]), param)


def _end_within(spoken: SpokenAudio, audio_end_ms: object) -> int:
    if not isinstance(audio_end_ms, int) or isinstance(audio_end_ms, bool) or audio_end_ms < 0:
        raise ClientError(
            "invalid_value", "Invalid value for 'audio_end_ms': expected a whole number.", "audio_end_ms"
        )
    if audio_end_ms > spoken.duration_ms:
        raise ClientError(
            "invalid_value",
            f"Audio content of {spoken.duration_ms}ms is already shorter than {audio_end_ms}ms",
            "audio_end_ms",
        )
    return audio_end_ms
