"""The loudspeaker of a client: plays in real time what came faster, and counts truly what was heard."""

from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any

from tests.realtime.audit.answering import WORD_MS
from tests.realtime.audit.facts import Playing, Stop
from tests.realtime.audit.voice import BYTES_PER_MS, words_in

Event = dict[str, Any]


@dataclass(slots=True)
class _Track:
    """The sound of one item."""

    item_id: str
    begins_at: float
    """When its first sample is played."""
    pcm: bytearray = field(default_factory=bytearray)
    ended: bool = False

    @property
    def ms(self) -> int:
        return len(self.pcm) // BYTES_PER_MS

    @property
    def ends_at(self) -> float:
        return self.begins_at + self.ms / 1000

    def played_ms(self, now: float) -> int:
        return max(0, min(self.ms, round((now - self.begins_at) * 1000)))


@dataclass(slots=True)
class Player:
    """Plays one item after the other. An item's words are its sound; nobody has to say whose they are."""

    playing: Playing = field(default_factory=Playing)
    _tracks: list[_Track] = field(default_factory=list)
    _cut: set[str] = field(default_factory=set)
    _item: str = ""
    """The item that binary frames belong to: that of the last audio part."""

    def take(self, event: Event, now: float) -> None:
        """An event came that may concern what is played."""
        match event["type"]:
            case "response.content_part.added" if event["part"]["type"] == "audio":
                self._item = event["item_id"]
            case "response.output_audio.delta":
                self._queue(event["item_id"], b64decode(event["delta"]), now)
            case "response.output_audio.done":
                for track in self._tracks:
                    track.ended = track.ended or track.item_id == event["item_id"]
            case "response.output_item.added":
                # An upstream of a later life may use an id again.
                self._forget(event["item"]["id"], now)

    def sound(self, pcm: bytes, now: float) -> None:
        """A binary frame came."""
        self._queue(self._item, pcm, now)

    def stop(
        self, now: float, *, by_voice: bool = False, is_uncertain: bool = False
    ) -> list[tuple[str, int, str]]:
        """Fall silent. Item, milliseconds played and first word of everything that was not played to its end."""
        cuts = []
        for track in self._tracks:
            played = track.played_ms(now)
            if played < track.ms or not track.ended:
                words = words_in(bytes(track.pcm))
                heard = words_in(bytes(track.pcm[: played * BYTES_PER_MS]))
                whole = heard[: played // WORD_MS]
                if words:
                    self.playing.stops.setdefault(words[0], Stop(now, whole, played, by_voice, is_uncertain))
                cuts.append((track.item_id, played, words[0] if words else ""))
                self._cut.add(track.item_id)
            self._account(track, played)
        self._tracks.clear()
        return cuts

    def _queue(self, item_id: str, pcm: bytes, now: float) -> None:
        self.playing.given.update(words_in(pcm))
        if item_id in self._cut:
            return
        track = next((each for each in self._tracks if each.item_id == item_id), None)
        if track is None:
            begins_at = max([now, *(each.ends_at for each in self._tracks)])
            track = _Track(item_id, begins_at)
            self._tracks.append(track)
        elif track.ends_at < now:
            # It ran dry: what comes now is heard later than its samples say.
            track.begins_at = now - track.ms / 1000
        track.pcm += pcm

    def _forget(self, item_id: str, now: float) -> None:
        self._cut.discard(item_id)
        for track in self._tracks:
            if track.item_id == item_id:
                track.item_id = f"{item_id} of an earlier upstream"

    def _account(self, track: _Track, played: int) -> None:
        for word in words_in(bytes(track.pcm[: played * BYTES_PER_MS])):
            self.playing.heard_ms[word] = self.playing.heard_ms.get(word, 0) + WORD_MS
