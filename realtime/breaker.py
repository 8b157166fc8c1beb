"""Whether an upstream is worth calling: after many failures it is left alone for a while. Framework-free."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from realtime.errors import ProviderUnavailable, RealtimeError
from realtime.telemetry import THIS_PROCESS, Event, Telemetry

FAILURES = 20
"""So many failed connections, with none that worked among them, open the breaker."""
WITHIN_SECONDS = 30.0
OPEN_SECONDS = 30.0
"""How long nobody new is let through."""
PROBE_SECONDS = 1
"""When whoever comes during a probe may ask again."""


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    """It was open for long enough: connections are tried again, one at a time."""


class Breaker:
    """Of one upstream. All times are seconds of one monotonic clock; every method may be called in any thread.

    New sessions ask `check` first. A session that lost its upstream does not: it tries again with pauses of its own,
    and when it gets through, the upstream is back for everybody.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, telemetry: Telemetry = THIS_PROCESS
    ) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._failed_at: deque[float] = deque(maxlen=FAILURES)
        self._opened_at: float | None = None
        self._is_probed = False
        self._lock = threading.Lock()

    @property
    def state(self) -> State:
        with self._lock:
            return self._state(self._clock())

    def check(self) -> None:
        """Raise ProviderUnavailable while there is no use in calling."""
        with self._lock:
            wait = self._wait(self._clock())
        if wait is not None:
            self._refuse(wait)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A connection that is made in the block. Raises ProviderUnavailable instead while another one is the probe.

        Errors that are worth another try count as failures; the others, such as a wrong key, are told as they are.
        """
        with self._lock:
            is_probe = self._state(self._clock()) is State.PROBING
            is_refused = is_probe and self._is_probed
            self._is_probed = self._is_probed or is_probe
        if is_refused:
            self._refuse(PROBE_SECONDS)
        try:
            yield
        except RealtimeError as error:
            if error.retryable:
                self._failed(is_probe)
            raise
        else:
            self._worked()
        finally:
            if is_probe:
                self._is_probed = False

    def _state(self, now: float) -> State:
        if self._opened_at is None:
            return State.CLOSED
        return State.OPEN if now < self._opened_at + OPEN_SECONDS else State.PROBING

    def _wait(self, now: float) -> int | None:
        """For how many seconds somebody new is refused; None: not at all."""
        if self._opened_at is None:
            return None
        left = self._opened_at + OPEN_SECONDS - now
        if left > 0:
            return math.ceil(left)
        return PROBE_SECONDS if self._is_probed else None

    def _refuse(self, wait: int) -> None:
        self._telemetry.count(Event.BREAKER_REFUSED)
        raise ProviderUnavailable(retry_after=wait)

    def _failed(self, is_probe: bool) -> None:
        now = self._clock()
        with self._lock:
            self._failed_at.append(now)
            is_much = len(self._failed_at) == FAILURES and now - self._failed_at[0] <= WITHIN_SECONDS
            opens = is_probe or (self._opened_at is None and is_much)
            if opens:
                self._opened_at = now
        if opens:
            self._telemetry.count(Event.BREAKER_OPENED)

    def _worked(self) -> None:
        with self._lock:
            self._failed_at.clear()
            self._opened_at = None
