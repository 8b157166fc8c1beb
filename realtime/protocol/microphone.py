"""Microphone: what came of the user's voice and what of it is not yet a turn."""

from realtime.protocol.audio import BYTES_PER_MS
from realtime.protocol.pace import PaceMeter

SHORTEST_TURN_BYTES = 100 * BYTES_PER_MS
"""Upstream refuses to commit less than 100 ms."""


class Microphone:
    """Follows the user's voice from the first sample to the commit. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.pace = PaceMeter()
        self.is_speaking = False
        """Upstream's voice detection hears somebody."""
        self.commit_is_due = False
        """We closed a turn on our own account, and upstream has not answered yet."""
        self._turn_is_open = False
        """Upstream heard the beginning of a turn and has not committed it yet."""
        self._held_bytes = 0
        """Audio since the last commit, where upstream detects no turns."""

    def received(self, pcm_bytes: int, now: float, *, push_to_talk: bool) -> None:
        """Audio came from the client. `push_to_talk`: only the client says where a turn ends."""
        self.pace.received(pcm_bytes, now)
        if push_to_talk:
            self._held_bytes += pcm_bytes

    def held(self, pcm_bytes: int) -> None:
        """Audio whose pace was counted is of a turn that only the client ends."""
        self._held_bytes += pcm_bytes

    def speech_started(self) -> None:
        self.is_speaking = self._turn_is_open = True

    def speech_stopped(self) -> None:
        self.is_speaking = False

    def closed(self) -> None:
        """What came so far was committed or cleared."""
        self.is_speaking = self._turn_is_open = False
        self._held_bytes = 0

    def upstream_left(self) -> None:
        """What upstream heard of a turn is to be heard again by another one."""
        self.is_speaking = self._turn_is_open = False

    def left(self) -> bool:
        """The client is gone. Whether it was in the middle of a turn, which is to be committed now."""
        self.commit_is_due = self._turn_is_open or self._held_bytes >= SHORTEST_TURN_BYTES
        return self.commit_is_due

    def commit_answered(self) -> None:
        """Upstream closed the turn, or would not."""
        self.commit_is_due = False
