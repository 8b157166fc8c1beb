"""Playback: the sound of answers on its way to a client that takes binary frames."""

from collections.abc import Iterator

from realtime.protocol import audio
from realtime.protocol.effects import AudioToClient, Effect, MalformedFromUpstream, PurgeAudio, ToClient
from realtime.protocol.events import Event, mapping_of, text_of

_REMEMBERED = 16
"""Deltas of an interrupted response trail by moments; older interruptions are forgotten."""


class Playback:
    """Turns GA audio deltas into binary frames, each of the audio part that was announced last."""

    def __init__(self) -> None:
        self._part: tuple[str, int] | None = None
        """Item and content index of the part that the client takes frames to belong to."""
        self._half_sample = b""
        self._hushed: list[str] = []
        """Responses that were interrupted; their late audio is dropped."""

    def part_added(self, event: Event) -> None:
        """Upstream announced a part of an answer, and the client reads that too."""
        if mapping_of(event.get("part")).get("type") == "audio":
            self._begin(_part_of(event))

    def goes_on(self, event: Event) -> bool:
        """Whether it is of the part that the client takes sound to belong to, of an answer that was not interrupted."""
        return self._part == _part_of(event) and event.get("response_id") not in self._hushed

    def delta(self, event: Event) -> Iterator[Effect]:
        """What a `response.output_audio.delta` becomes."""
        if event.get("response_id") in self._hushed:
            return
        try:
            pcm = audio.decode(text_of(event.get("delta")))
        except ValueError:
            yield MalformedFromUpstream()  # what is not base64 cannot be played
            return
        if self._part != _part_of(event):
            self._begin(_part_of(event))
            yield ToClient(_announcement(event))
        if whole := self.more(pcm):
            yield AudioToClient(whole, text_of(event.get("item_id")))

    def more(self, pcm: bytes) -> bytes:
        """What the client is given of sound of the part that was begun: upstream may cut anywhere, and a client must
        not be given half a sample."""
        if not self._half_sample and not len(pcm) % 2:
            return pcm
        pcm = self._half_sample + pcm
        whole = len(pcm) - len(pcm) % 2
        self._half_sample = pcm[whole:]
        return pcm[:whole]

    def interrupted(self, response_id: str | None) -> PurgeAudio:
        """The user began to speak while `response_id` was being given, or what came of an earlier one still waits."""
        if response_id is not None:
            self._hushed = [*self._hushed, response_id][-_REMEMBERED:]
        return PurgeAudio()

    def _begin(self, part: tuple[str, int]) -> None:
        self._part = part
        self._half_sample = b""


def _part_of(event: Event) -> tuple[str, int]:
    index = event.get("content_index")
    return text_of(event.get("item_id")), index if isinstance(index, int) else 0


def _announcement(delta: Event) -> Event:
    """The `response.content_part.added` that upstream left out, or gave before it went on with another part."""
    item_id, content_index = _part_of(delta)
    return {
        "type": "response.content_part.added",
        "event_id": f"{text_of(delta.get('event_id'))}_part",
        "response_id": text_of(delta.get("response_id")),
        "item_id": item_id,
        "output_index": delta.get("output_index", 0),
        "content_index": content_index,
        "part": {"type": "audio", "transcript": ""},
    }
