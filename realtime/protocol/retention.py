"""Retention: microphone audio that is kept so that another upstream can hear it, should this one be lost.

Kept are turns whose words have not come, the turn that is being spoken, and otherwise about the last second, or what
went up since upstream was last heard of: a connection can be dead long before anybody learns of it. Audio is counted
in bytes of the stream that one upstream was sent, which is also how an upstream tells the time.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from realtime.protocol.audio import BYTES_PER_MS

KEPT_BYTES = 30_000 * BYTES_PER_MS
"""All that is kept of one session."""
TAIL_BYTES = 1_000 * BYTES_PER_MS
"""What is said again where nobody was heard to speak: a beginning that upstream has not noticed yet."""
NOTICE_SECONDS = 1.0
"""How long upstream may take to notice. What came at once, faster than it was spoken, is so old together."""
RECENT_BYTES = 5_000 * BYTES_PER_MS
"""What is kept at least, since upstream tells late when a turn began."""
TRIM_BYTES = 240 * BYTES_PER_MS
"""How much more than that may be kept: what is old is looked for now and then, not at each frame."""
PADDING_BYTES = 300 * BYTES_PER_MS
"""What is kept from before a turn, so that its first sound is not cut off."""
_NOTHING: deque[tuple[float, bytes]] = deque(maxlen=0)
"""Stays empty whatever is put into it: a queue of its own takes more than half a kilobyte, and most who are connected
are silent."""


@dataclass(slots=True, eq=False)
class Stretch:
    """The audio of one turn that is closed, or is to be."""

    pcm: bytes
    item_id: str = ""
    """The item that the client knows it as; empty while it knows none."""
    is_committed: bool = False
    """Upstream has made an item of it."""
    is_whole: bool = True
    """Nothing of it had to be forgotten."""
    by_client: bool = False
    """The client closed it, not upstream's voice detection."""
    at: float = 0.0
    """When it was closed."""


class Retention:
    """Follows the microphone from the first sample to the words."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        """Turns that are closed and whose words have not come, in the order in which they were spoken."""
        self.open_item_id = ""
        """The item that the turn which is being spoken will be; empty when upstream did not say, or nobody speaks."""
        self._recent = _NOTHING
        """The frames that are kept, and when they came."""
        self._recent_from = 0
        self._position = 0
        self._boundary = 0
        """Where the last turn ended: what came before is not part of the next one."""
        self._turn_from: int | None = None
        self._turn_to: int | None = None
        self._behind = 0
        self._trim_at = 0
        """Where what is kept is looked through again."""
        self._alive_at = 0
        """How much had been sent when the last frame came from upstream. What followed may have met nobody."""
        self._said_again_to = 0
        """Where what went up once more ends."""

    # --- what the client sends ----------------------------------------------------------------------------------

    def received(self, pcm: bytes, now: float, *, push_to_talk: bool, is_sent: bool = False) -> None:
        """Audio went upstream. `push_to_talk`: all since the last turn belongs to the next one. `is_sent`: nothing of
        it waits."""
        if not self._recent:
            self._recent = deque()
        self._recent.append((now, pcm))
        self._position += len(pcm)
        self._behind = 0 if is_sent else self._behind + len(pcm)  # until it is said how much of it was sent
        if push_to_talk and self._turn_from is None:
            self._turn_from = self._boundary
        if (
            self._position >= self._trim_at
            or self.stretches
            or self._position - self._recent_from > KEPT_BYTES
        ):
            self._trim_at = self._position + TRIM_BYTES
            self._trim(now)

    def behind(self, unsent_bytes: int) -> None:
        """How much of what came last has not been sent yet."""
        self._behind = unsent_bytes

    def committed_by_client(self, now: float) -> None:
        """The client closed a turn; upstream will say which item it is."""
        start = self._boundary if self._turn_from is None else self._turn_from
        stretch = self._close(start, self._position, now)
        stretch.by_client = True

    def cleared(self) -> None:
        """What is not committed yet was thrown away."""
        self._end_turn(self._position)

    # --- what upstream says -------------------------------------------------------------------------------------

    def upstream_spoke(self) -> None:
        """A frame came from upstream: it is there."""
        self._alive_at = self._position

    def speech_started(self, item_id: str, audio_start_ms: object) -> None:
        """Somebody began to speak."""
        self.open_item_id = item_id
        if not self.is_new(audio_start_ms):
            return  # it is kept already
        start = self._place(audio_start_ms, otherwise=self._position - TAIL_BYTES) - PADDING_BYTES
        self._turn_from, self._turn_to = max(start, self._boundary, self._recent_from), None

    def speech_stopped(self, audio_end_ms: object) -> None:
        """Whoever spoke is silent."""
        self._turn_to = self._place(audio_end_ms, otherwise=self._position)

    def committed(self, item_id: str, now: float) -> Stretch:
        """Upstream made an item of a turn."""
        stretch = self._expected
        if stretch is None:
            unannounced = max(self._boundary, self._recent_from)
            start = unannounced if self._turn_from is None else self._turn_from
            stretch = self._close(start, self._position if self._turn_to is None else self._turn_to, now)
        stretch.item_id, stretch.is_committed = item_id, True
        self.open_item_id = ""
        return stretch

    def commit_refused(self) -> None:
        """Upstream would not make an item of what was closed."""
        if self._expected is not None:
            self.stretches.remove(self._expected)

    @property
    def _expected(self) -> Stretch | None:
        """The turn that upstream is to make an item of next."""
        return next((each for each in self.stretches if not each.is_committed), None)

    def understood(self, item_id: str) -> None:
        """The words of a turn came, or will not come."""
        self.stretches = [each for each in self.stretches if each.item_id != item_id]

    def given_up(self, item_id: str) -> None:
        """Nobody waits any more for upstream to make an item of that turn."""
        self.stretches = [each for each in self.stretches if each.is_committed or each.item_id != item_id]

    # --- what another upstream is to hear -----------------------------------------------------------------------

    def holds(self, item_id: str) -> bool:
        """Whether the audio of that turn is there."""
        return any(each.item_id == item_id and each.is_whole for each in self.stretches)

    @property
    def has_open_turn(self) -> bool:
        """Whether a turn was begun and is not closed, or closed and not answered by upstream."""
        return self._turn_from is not None or self._expected is not None

    def upstream_left(self, now: float, *, was_there: bool) -> None:
        """Upstream is gone: from here on its successor is to hear what follows the turns that are closed. `was_there`:
        until then it listened, so that it has noticed whoever spoke."""
        if self._turn_from is None:
            start = min(self._position - TAIL_BYTES, self._came_since(now))
            start = start if was_there else min(start, self._alive_at)
            self._turn_from = max(start, self._boundary)

    def for_another_upstream(self, wanted: set[str]) -> tuple["Retention", bytes]:
        """What begins anew with another upstream: the turns it is to hear, by the ids the client knows them as, and
        those that never had one; and the audio that follows them. What is not wanted is forgotten."""
        tail = b"" if self._turn_from is None else self._cut(self._turn_from, self._position)
        anew = Retention()
        anew.stretches = [each for each in self.stretches if not each.item_id or each.item_id in wanted]
        for each in anew.stretches:
            each.is_committed = False
        return anew, tail

    def _came_since(self, now: float) -> int:
        """Where that begins which upstream cannot have noticed: it came just now, or was not sent yet."""
        place = self._position
        for at, pcm in reversed(self._recent):
            if now - at >= NOTICE_SECONDS and self._position - place >= self._behind:
                break
            place -= len(pcm)
        return min(place, self._position - self._behind - TAIL_BYTES) if self._behind else place

    def said_again(self, pcm_bytes: int) -> None:
        """A turn that is closed went up once more."""
        self._position += pcm_bytes
        self._said_again_to = self._position
        self._recent_from = self._boundary = self._position

    def silence(self, pcm_bytes: int) -> None:
        """Silence of ours went up, so that upstream takes the turn before it for ended."""
        self._position += pcm_bytes
        self._recent_from = self._boundary = self._position

    def is_new(self, audio_start_ms: object) -> bool:
        """Whether speech that begins there is not what went up once more."""
        if self._expected is None or self._expected.by_client:
            return True
        is_told = isinstance(audio_start_ms, int) and not isinstance(audio_start_ms, bool)
        return is_told and cast(int, audio_start_ms) * BYTES_PER_MS >= self._said_again_to

    def not_heard_again(self) -> None:
        """Upstream found no turn in what went up once more."""
        self.stretches = [each for each in self.stretches if each.is_committed or each.by_client]

    # --- the audio itself ---------------------------------------------------------------------------------------

    def _place(self, at_ms: object, *, otherwise: int) -> int:
        """A byte of the stream, where upstream tells a time that can be true."""
        if isinstance(at_ms, int) and not isinstance(at_ms, bool):
            place = at_ms * BYTES_PER_MS
            if 0 <= place <= self._position:
                return max(place, self._recent_from)
        return max(otherwise, self._boundary)

    def _close(self, start: int, end: int, now: float) -> Stretch:
        stretch = Stretch(self._cut(start, end), at=now, is_whole=start >= self._recent_from)
        self.stretches.append(stretch)
        self._end_turn(end)
        return stretch

    def _end_turn(self, at: int) -> None:
        self._boundary = max(self._boundary, at)
        self._turn_from = self._turn_to = None
        self.open_item_id = ""

    def _cut(self, start: int, end: int) -> bytes:
        kept = b"".join(pcm for _, pcm in self._recent)
        return kept[max(0, start - self._recent_from) : max(0, end - self._recent_from)]

    def _trim(self, now: float) -> None:
        """Forget what nobody will ask for, and the oldest of what is too much."""
        if now - self._recent[0][0] >= NOTICE_SECONDS:
            recent = min(self._position - RECENT_BYTES - self._behind, self._alive_at)
            start = max(
                (recent if self._turn_from is None else self._turn_from) - PADDING_BYTES, self._boundary
            )
            while self._recent:
                at, pcm = self._recent[0]
                if now - at < NOTICE_SECONDS or self._recent_from + len(pcm) > start:
                    break
                self._forget_oldest()
        if self.stretches:
            held = sum(len(each.pcm) for each in self.stretches)
            while self.stretches and held + self._position - self._recent_from > KEPT_BYTES:
                held -= len(self.stretches.pop(0).pcm)
        while self._recent and self._position - self._recent_from > KEPT_BYTES:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, pcm = self._recent.popleft()
        self._recent_from += len(pcm)


def pieces(pcm: bytes, size: int = TAIL_BYTES) -> Iterator[bytes]:
    """`pcm` in frames that every server takes."""
    return (pcm[start : start + size] for start in range(0, len(pcm), size))
