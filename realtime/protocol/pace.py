"""How fast a client may send: audio in real time with a stretch in hand, events a bounded number a second.

Beyond that we stop reading, dropping nothing.
"""

from realtime.protocol.audio import BYTES_PER_MS

IN_HAND_SECONDS = 30.0
PATIENCE_SECONDS = 10.0
SLACK_SECONDS = 1.0
"""A client that has this much room again has left the bound."""
MIN_FRAME_BYTES = 5 * BYTES_PER_MS
"""What a frame of audio counts at least: a flood of tiny ones is a flood as well."""
BYTES_A_SECOND = BYTES_PER_MS * 1000
EVENTS_PER_SECOND = 50
EVENTS_IN_HAND = 200


class _Meter:
    """Counts, in seconds, what comes against the clock. All times are seconds of one monotonic clock."""

    def __init__(self, in_hand: float) -> None:
        self._in_hand = in_hand
        self._ahead_until: float | None = None
        """When what was received so far would have come at the allowed pace."""
        self._at_bound_since: float | None = None

    def _count(self, seconds: float, now: float) -> None:
        start = now if self._ahead_until is None else max(self._ahead_until, now)
        self._ahead_until = start + seconds
        ahead = self._ahead_until - now
        if ahead <= self._in_hand - SLACK_SECONDS:
            self._at_bound_since = None
        elif ahead > self._in_hand and self._at_bound_since is None:
            self._at_bound_since = now

    def is_calm(self, now: float) -> bool:
        """Whether there is room, and was all the time since the bound was left."""
        ahead_until = self._ahead_until
        return self._at_bound_since is None and (ahead_until is None or ahead_until - now <= self._in_hand)

    def pause(self, now: float) -> float:
        """For how many seconds to stop reading; 0 when there is room."""
        if self._ahead_until is None or (ahead := self._ahead_until - now) <= self._in_hand:
            return 0.0
        return ahead - self._in_hand

    def is_exhausted(self, now: float) -> bool:
        """Whether the client has pressed against the bound for longer than we are patient."""
        return self._at_bound_since is not None and now - self._at_bound_since > PATIENCE_SECONDS


class PaceMeter(_Meter):
    """Counts audio."""

    def __init__(self) -> None:
        super().__init__(IN_HAND_SECONDS)

    def received(self, pcm_bytes: int, now: float) -> None:
        """Count audio that came in at `now`."""
        self._count(max(pcm_bytes, MIN_FRAME_BYTES) / BYTES_A_SECOND, now)

    def takes(self, pcm_bytes: int, now: float) -> bool:
        """Count audio that comes as it is expected to, within the bound; False: it is not counted, and has to be
        `received`."""
        if self._at_bound_since is not None:
            return False
        ahead_until = self._ahead_until
        ahead = 0.0 if ahead_until is None or ahead_until < now else ahead_until - now
        ahead += (pcm_bytes if pcm_bytes > MIN_FRAME_BYTES else MIN_FRAME_BYTES) / BYTES_A_SECOND
        if ahead > self._in_hand:
            return False
        self._ahead_until = now + ahead
        return True


class EventMeter(_Meter):
    """Counts frames that carry no audio, whatever they are."""

    def __init__(self) -> None:
        super().__init__(EVENTS_IN_HAND / EVENTS_PER_SECOND)

    def received(self, now: float) -> None:
        """Count an event that came in at `now`."""
        self._count(1 / EVENTS_PER_SECOND, now)
