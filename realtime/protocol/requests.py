"""Requests: what went upstream and may be refused, under ids of ours, and what its sender called it."""

from dataclasses import dataclass
from hashlib import sha256

from realtime.protocol.events import Event, mapping_of, text_of

_REMEMBERED = 256
"""Refusals come at once or not at all; older requests are forgotten."""


@dataclass(frozen=True, slots=True)
class Request:
    """An event that went upstream: enough of it to understand a refusal."""

    kind: str = ""
    item_id: str = ""
    """The item that it creates; empty when it creates none."""
    asked_as: str | None = None
    """The id that the client gave it; None when it gave none, or when the event is our own."""
    create: Event | None = None
    """The event itself, if it asked for an answer: such a one may have to be sent again."""


UNKNOWN = Request()


class Requests:
    """Renames events on their way up: ids that clients choose may be missing, or used twice."""

    def __init__(self, session_id: str, epoch: int) -> None:
        """`epoch` counts how often the session was taken up: a new connection must not use up the old one's ids."""
        # Providers take ids of 32 characters at most, so the session's own does not fit in.
        self._token = f"{sha256(session_id.encode()).hexdigest()[:10]}_{epoch:04d}"
        self._open: dict[str, Request] = {}
        self._serial = 0

    def new_id(self) -> str:
        """An id for an event on its way up."""
        self._serial += 1
        return f"va_{self._serial:08d}"

    def new_item_id(self) -> str:
        """An id for an item that a client creates and gives no id. No other session has the same: a turn that comes
        under an id of an earlier session would be taken for that one, sent once more."""
        self._serial += 1
        return f"item_{self._token}_{self._serial:08d}"

    def sent(self, event: Event) -> Event:
        """`event` as it goes upstream."""
        asked_as = event.get("event_id")
        event_id = self.new_id()
        self._open[event_id] = Request(
            kind=event["type"],
            item_id=text_of(mapping_of(event.get("item")).get("id")),
            asked_as=asked_as if isinstance(asked_as, str) else None,
            create=event if event["type"] == "response.create" else None,
        )
        if len(self._open) > _REMEMBERED:
            self._open.pop(next(iter(self._open)))
        return event | {"event_id": event_id}

    def refused(self, event_id: str) -> Request:
        """The request that an error answers; UNKNOWN when the error does not say."""
        return self._open.pop(event_id, UNKNOWN)
