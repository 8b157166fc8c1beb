"""MoreSound: knows a frame that is nothing but more sound of the answer that sounds, without reading it as an event.

Nearly all that an upstream sends are such frames. One differs from the one before it in its id and in its sound alone.
"""

from realtime.protocol.events import Event, text_of


class MoreSound:
    """Compares frames with the last one that was read."""

    def __init__(self) -> None:
        self._mold: tuple[str, int, str, int, str, int] | None = None
        """What stands before the id, and where that ends; what stands between it and the sound, and where that begins;
        what stands after it, and how long that is."""
        self.item_id = ""
        """The answer that sounds."""

    def learn(self, event: Event, frame: str) -> None:
        """`event` was read from `frame`, and is sound that was passed on."""
        event_id, sound = text_of(event.get("event_id")), text_of(event.get("delta"))
        id_at, sound_at = frame.find(f'"{event_id}"') + 1, frame.find(f'"{sound}"') + 1
        if event_id and sound and 0 < id_at < sound_at:
            between, rest = frame[id_at + len(event_id) : sound_at], frame[sound_at + len(sound) :]
            self._mold = frame[:id_at], id_at + len(event_id), between, sound_at, rest, len(rest)
            self.item_id = text_of(event.get("item_id"))

    def forget(self) -> None:
        """Something else was said: what comes next is to be read."""
        self._mold = None

    def found(self, frame: str) -> str | None:
        """The sound, in base64, of a frame that differs in nothing but that and its id; None of any other."""
        if self._mold is None:
            return None
        head, id_ends, between, begins, rest, rest_length = self._mold
        ends = len(frame) - rest_length
        is_cast = frame.startswith(head) and frame.startswith(between, id_ends) and frame.endswith(rest)
        if not is_cast or begins >= ends:
            return None
        sound = frame[begins:ends]
        return None if '"' in sound or "\\" in sound else sound
