"""Wishes: what the client asked of its session, so that a further upstream can be asked for the same."""

from realtime.protocol.events import Event
from realtime.protocol.policy import SessionChange


class Wishes:
    """Adds up the changes that went upstream; one that was refused is taken out again."""

    def __init__(self) -> None:
        self._granted = SessionChange()
        self._sent: list[tuple[str, SessionChange]] = []
        """Changes that upstream has not answered yet, by the ids they went up under."""

    @property
    def all(self) -> SessionChange:
        """Everything that was asked for and not refused."""
        total = self._granted
        for _, change in self._sent:
            total = _merged(total, change)
        return total

    def sent(self, event_id: str, change: SessionChange) -> None:
        """A change went up."""
        self._sent.append((event_id, change))

    def wished(self, change: SessionChange) -> None:
        """A change that only a further upstream can be asked for."""
        self._granted = _merged(self._granted, change)

    def granted(self) -> None:
        """Upstream says how its session is now: the oldest change is part of it."""
        if self._sent:
            self._granted = _merged(self._granted, self._sent.pop(0)[1])

    def refused(self, event_id: str) -> None:
        """Upstream did not take that change; without an id it can only be the oldest."""
        if not event_id and self._sent:
            self._sent.pop(0)
        self._sent = [each for each in self._sent if each[0] != event_id]

    def resumed(self) -> int:
        """Another upstream took all of it at once. How many of the client's changes it answers with that."""
        owed = len(self._sent)
        while self._sent:
            self.granted()
        return owed


def _merged(before: SessionChange, change: SessionChange) -> SessionChange:
    """Both changes, one after the other."""
    cleared = frozenset(
        name for name in before.clears if getattr(change, name) is None
    )  # what was switched off and then set is set
    kept = {name: None if name in change.clears else getattr(before, name) for name in _OBJECTS}
    return SessionChange(
        output_modalities=change.output_modalities or before.output_modalities,
        voice=change.voice or before.voice,
        speed=before.speed if change.speed is None else change.speed,
        language=change.language or before.language,
        noise_reduction=_overlaid(kept["noise_reduction"], change.noise_reduction),
        turn_detection=_overlaid(kept["turn_detection"], change.turn_detection),
        clears=cleared | change.clears,
    )


def _overlaid(before: Event | None, change: Event | None) -> Event | None:
    """An object of which only what is given changes, as long as its type stays the same."""
    if before is None or change is None or before.get("type") != change.get("type"):
        return change or before
    return before | change


_OBJECTS = ("noise_reduction", "turn_detection")
