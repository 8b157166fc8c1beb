"""How fast a client may send audio: real time and a stretch in hand. Beyond that we stop reading, dropping nothing."""

from realtime.protocol.audio import BYTES_PER_MS

IN_HAND_SECONDS = 30.0
PATIENCE_SECONDS = 10.0
SLACK_SECONDS = 1.0
"""A client that has this much room again has left the bound."""


class PaceMeter:
    """Counts audio against the clock. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._ahead_until: float | None = None
        """When the audio received so far would have been spoken at real time."""
        self._at_bound_since: float | None = None

    def received(self, pcm_bytes: int, now: float) -> None:
        """Count audio that came in at `now`."""
        start = now if self._ahead_until is None else max(self._ahead_until, now)
        self._ahead_until = start + pcm_bytes / (BYTES_PER_MS * 1000)
        ahead = self._ahead_until - now
        if ahead <= IN_HAND_SECONDS - SLACK_SECONDS:
            self._at_bound_since = None
        elif ahead > IN_HAND_SECONDS and self._at_bound_since is None:
            self._at_bound_since = now

    def pause(self, now: float) -> float:
        """For how many seconds to stop reading; 0 when there is room."""
        if self._ahead_until is None:
            return 0.0
        return max(0.0, self._ahead_until - now - IN_HAND_SECONDS)

    def is_exhausted(self, now: float) -> bool:
        """Whether the client has pressed against the bound for longer than we are patient."""
        return self._at_bound_since is not None and now - self._at_bound_since > PATIENCE_SECONDS
