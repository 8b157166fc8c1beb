"""Reconnection: how often and how soon another upstream is tried, and when one is to be replaced in good time."""

from dataclasses import dataclass
from typing import Literal

PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each try, as long as no answer comes in between."""
HEALTHY_SECONDS = 60.0
"""An upstream that was there for so long is not to blame for the loss of the one before it."""
RECYCLE_LEAD_SECONDS = 300.0
"""How long before its end an upstream session is replaced at the next quiet moment."""

Reason = Literal["lost", "recycled", "silent"]
"""Why an upstream was let go: it went, its time was up, or it did not answer."""


class Reconnection:
    """Counts the tries. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.reason: Reason = "lost"
        self.attempt = 0
        """How many upstreams were tried since the last one was ready."""
        self._tries = 0
        """How many were tried since the last answer."""
        self._since: float | None = None
        self._ready_at: float | None = None

    def pause(self, reason: Reason, now: float) -> float | None:
        """How many seconds to wait before the next try; None when it was tried often enough."""
        if self._since is None:
            self._since, self.reason = now, reason
            if reason == "lost" and self._ready_at is not None and now - self._ready_at >= HEALTHY_SECONDS:
                self._tries = 0
        is_planned = reason == "recycled" and self.attempt == 0
        self.attempt += 1
        if is_planned:
            return PAUSES[0]
        if self._tries >= len(PAUSES):
            return None
        self._tries += 1
        return PAUSES[self._tries - 1]

    def ready(self, now: float) -> float:
        """Upstream is there. For how many seconds there was none."""
        self._ready_at = now
        seconds = 0.0 if self._since is None else now - self._since
        self._since, self.attempt = None, 0
        return seconds

    def answered(self) -> None:
        """An answer was completed: whatever was wrong is over."""
        self._tries = 0


@dataclass(slots=True)
class Lifetime:
    """How long an upstream session lives. Its end is told by a clock on the wall, everything else by ours."""

    unix_offset: float | None
    """What is to be added to our clock to have the wall's; None when that is not known."""
    _began_at: float = 0.0
    _recycle_at: float | None = None

    def began(self, now: float) -> None:
        """A new upstream session greeted us."""
        self._began_at, self._recycle_at = now, None

    def ends(self, expires_at: object, now: float) -> None:
        """Upstream said when it ends, in seconds of Unix time. What is no such time, or is over, is not believed."""
        if (
            self.unix_offset is None
            or isinstance(expires_at, bool)
            or not isinstance(expires_at, int | float)
        ):
            return
        end = expires_at - self.unix_offset
        if end > now:
            self._recycle_at = end - min(RECYCLE_LEAD_SECONDS, (end - self._began_at) / 4)

    @property
    def recycle_at(self) -> float | None:
        """From when on it is to be replaced; None: never."""
        return self._recycle_at
