"""How much of what comes together is dealt with before others have their turn. Framework-free."""

AT_ONCE = 8
"""About a millisecond of work: nobody hears that. A burst is a stutter of somebody's network, or a flood."""


WITHIN_SECONDS = 0.005
"""What comes together. The time of some loops stands still within a turn, that of others goes on."""


class Burst:
    """For whoever is called within one turn of the event loop as often as something is there to be read."""

    def __init__(self) -> None:
        self._at = -1.0
        self._left = 0

    def has_more(self, now: float) -> bool:
        """Whether one more may be dealt with. `now` is the loop's time."""
        if now - self._at >= WITHIN_SECONDS:
            self._at, self._left = now, AT_ONCE
        self._left -= 1
        return self._left >= 0
