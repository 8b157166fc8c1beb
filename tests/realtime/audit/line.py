"""The wire between a relay and one life of a server: it takes time, keeps the order, and can be cut."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from realtime.errors import UpstreamClosed
from tests.realtime.audit.plans import Drop
from tests.realtime.audit.virtual_time import virtual_loop
from tests.support.heard import OneByOne

Event = dict[str, Any]
LATENCY = 0.02
"""Seconds in each direction."""
EXPIRED = "Your session hit the maximum duration of 60 minutes."


class Line(OneByOne):
    """An upstream connection. What a server says is a fact once it was received."""

    def __init__(self, drop: Drop | None) -> None:
        self._drop = drop
        self._loop = virtual_loop()
        self._down: deque[tuple[float, str, Callable[[], None] | None]] = deque()
        self._up: deque[Event] = deque()
        self._stirred = asyncio.Event()
        self._frames = 0
        self.closed: UpstreamClosed | None = None
        self.over_at: float | None = None
        """When it died, went mute or was left."""
        self.is_mute = False
        """It neither hears nor says anything any more, and does not hang up either."""
        self.is_left = False
        """We closed it."""
        self.received: list[tuple[float, Event]] = []
        """What we sent, as it arrived there."""

    # --- the relay's side -------------------------------------------------------------------------------------------

    async def send(self, frame: str) -> None:
        await asyncio.sleep(0)
        if not self.takes(frame):
            assert self.closed is not None
            raise self.closed

    def takes(self, frame: str) -> bool:
        if self.closed is not None:
            return False
        self._up.append(json.loads(frame))
        self._loop.call_later(LATENCY, self._arrived)
        return True

    async def receive(self) -> str:
        while True:
            lost = self.closed is not None and self._drop is not None and self._drop.loses_frames
            if self._down and not lost:
                at, frame, fact = self._down[0]
                if at <= self._loop.time():
                    self._down.popleft()
                    if fact is not None:
                        fact()
                    return frame
                wait: float | None = at - self._loop.time()
            elif self.closed is not None:
                raise self.closed
            else:
                wait = None
            self._stirred.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._stirred.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        self.is_left = True
        self.over_at = self.over_at or self._loop.time()
        self.stop()
        await asyncio.sleep(LATENCY)

    # --- the server's side ------------------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        return self.closed is not None or self.is_mute or self.is_left

    def hear(self, event: Event) -> None:
        """Something arrived."""
        raise NotImplementedError

    def stop(self) -> None:
        """This life is over."""

    def say(self, kind: str, fact: Callable[[], None] | None = None, **members: Any) -> None:
        """Send an event; `fact` is what becomes true when it is received."""
        if self.is_over:
            return
        self._frames += 1
        frame = json.dumps({"type": kind, "event_id": f"event_{self._frames}"} | members)
        self._down.append((self._loop.time() + LATENCY, frame, fact))
        self._stirred.set()
        if self._drop is not None and self._frames == self._drop.frames:
            if self._drop.pause:
                self._loop.call_later(self._drop.pause, self._die, self._drop.how)
            else:
                self._die(self._drop.how)

    def now(self) -> float:
        return self._loop.time()

    def expire(self) -> None:
        """The time for one session is up."""
        self._die("expired")

    def _die(self, how: str) -> None:
        if self.is_over:
            return
        self.over_at = self._loop.time()
        self.stop()
        if how == "silent":
            self.is_mute = True
            return
        if how == "expired":
            error = {"type": "invalid_request_error", "code": "session_expired", "message": EXPIRED}
            self.say("error", error=error)
        self.closed = UpstreamClosed(*((1001, EXPIRED) if how == "expired" else (int(how), "")))
        self._stirred.set()

    def _arrived(self) -> None:
        event = self._up.popleft()
        if not self.is_over:
            self.received.append((self._loop.time(), event))
            self.hear(event)
