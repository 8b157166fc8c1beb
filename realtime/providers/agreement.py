"""Stands in for servers that take an update of the session and never say so.

Whoever asked waits for `session.updated`; some servers that speak a part of the Realtime API have no such event.
"""

import json
from typing import Any

from realtime.protocol import wire
from realtime.protocol.events import is_well_formed

_UPDATE = '"session.update"'
_ANSWERS = frozenset({"session.updated", "error"})
_HEAD = 256
"""Letters of a frame of ours in which its type stands."""


class Agreement:
    """One connection's. Times are of whatever clock the caller has."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._session: dict[str, Any] = {}
        """As the server showed it, and as it was asked to be since."""
        self._asked_at: float | None = None
        self._never_answers = False
        self._serial = 0

    @property
    def due(self) -> float | None:
        """When it has to be assumed that the server agrees; None while nothing is open."""
        return None if self._asked_at is None else self._asked_at + self._patience

    def asked(self, frame: str, now: float) -> bool:
        """A frame of ours goes up; whether it wants an answer. A server that once had none is not waited for again."""
        event = _event(frame) if _UPDATE in frame[:_HEAD] else {}
        if event.get("type") != "session.update":
            return False
        self._session = _merged(self._session, event.get("session"))
        self._asked_at = now - (self._patience if self._never_answers else 0)
        return True

    def heard(self, frame: str) -> None:
        """A frame of the server's. Only those around an open question are read."""
        if self._session and self._asked_at is None:
            return
        event = _event(frame)
        if event.get("type") == "session.created":
            self._session = _merged(event.get("session") or {}, self._session)
        elif event.get("type") in _ANSWERS:
            self._asked_at = None
            self._never_answers = False

    def assumed(self) -> str:
        """What the server would have answered."""
        self._asked_at = None
        self._never_answers = True
        self._serial += 1
        event_id = f"event_agreed_{self._serial}"
        return json.dumps({"type": "session.updated", "event_id": event_id, "session": self._session})


def _event(frame: str) -> dict[str, Any]:
    """The event in a frame; an empty one where whoever acts on frames would leave it aside."""
    try:
        event = wire.decode(frame)
    except wire.MalformedFrame:
        return {}
    return event if is_well_formed(event) else {}


def _merged(session: Any, update: Any) -> dict[str, Any]:
    """What is there, with what was asked for put over it, level by level."""
    merged = dict(session) if isinstance(session, dict) else {}
    for name, value in (update if isinstance(update, dict) else {}).items():
        is_level = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merged(merged[name], value) if is_level else value
    return merged
