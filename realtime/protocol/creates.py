"""Creates: items that were sent up and that upstream has not announced yet."""

from collections.abc import Iterator

from realtime.protocol.entries import Entry
from realtime.protocol.events import Event, item_text, list_of, mapping_of


class Creates:
    """Knows which create an announced item answers. Some servers give items ids of their own."""

    def __init__(self) -> None:
        self._sent: dict[str, Entry] = {}
        """What went up, by the id it went up under."""
        self._guessed: dict[str, Entry] = {}
        """What was found by its words, under another id: its own may still come."""

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._sent.values()))

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._sent

    def sent(self, item_id: str, entry: Entry) -> None:
        """An item went up under that id."""
        entry.sent_as = item_id
        self._sent[item_id] = entry

    def refused(self, item_id: str) -> None:
        """Upstream did not take that item."""
        self._sent.pop(item_id, None)

    def drop(self, entry: Entry) -> None:
        """Nobody waits for that item any more."""
        self._sent = {item_id: each for item_id, each in self._sent.items() if each is not entry}

    def answered_by(self, item_id: str, item: Event) -> Entry | None:
        """The create that this item answers: by id, else the oldest with its words.

        After a drop some servers announce old items again under new ids, so that their order alone says little.
        What an item without words answers can only be told from the order in which creates were sent.
        """
        by_id = self._sent.pop(item_id, None) or self._guessed.pop(item_id, None)
        if by_id is not None:
            return by_id
        content = [mapping_of(part) for part in list_of(item.get("content"))]
        if any(part.get("type") == "input_audio" for part in content):
            return None
        candidates = [*self._sent.values(), *self._guessed.values()]
        words = _normal(item_text(item))
        if words:
            candidates = [entry for entry in candidates if _normal(entry.words) == words]
        elif content:
            return None
        else:
            candidates = list(self._sent.values())
        if not candidates:
            return None
        self._sent.pop(candidates[0].sent_as, None)
        self._guessed[candidates[0].sent_as] = candidates[0]
        return candidates[0]

    def upstream_left(self) -> None:
        """What another upstream announces under an id says nothing about what this one did."""
        self._guessed = {}


def _normal(words: str) -> str:
    return " ".join(words.split())
