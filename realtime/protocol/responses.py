"""ResponseGate, the one owner of response state: a second `response.create` waits for `response.done`."""

from collections import deque

from realtime.protocol.events import Event

MAX_WAITING = 8


class ResponseGate:
    """Knows which response runs and lets the next one through when it is done."""

    def __init__(self) -> None:
        self.active_id: str | None = None
        self._asked: Event | None = None
        """A create that is on its way and not answered yet."""
        self._presumed: Event | None = None
        """The create that the running response is taken to answer, until it is done or upstream says otherwise."""
        self._waiting: deque[Event] = deque()

    @property
    def is_busy(self) -> bool:
        return self.active_id is not None or self._asked is not None

    def ask(self, create: Event) -> Event | None:
        """The create that may go upstream now, or None when it has to wait. Raises OverflowError when too many wait."""
        if not self.is_busy:
            self._asked = create
            return create
        if len(self._waiting) >= MAX_WAITING:
            raise OverflowError("too many answers are waiting")
        self._waiting.append(create)
        return None

    def created(self, response_id: str) -> None:
        """A response began, asked for by a client or by upstream's own voice detection: the event does not say."""
        self.active_id = response_id
        if self._asked is not None:
            self._presumed, self._asked = self._asked, None

    def lost_the_race(self) -> None:
        """Upstream began a response of its own before our create arrived: the create goes first when that is done."""
        lost = self._asked or self._presumed
        self._asked = self._presumed = None
        if lost is not None:
            self._waiting.appendleft(lost)

    def refused(self) -> Event | None:
        """Upstream did not take our create. The next one that may go upstream, if any."""
        self._asked = self._presumed = None
        return self._next()

    def done(self, response_id: str) -> Event | None:
        """A response is over. The next create that may go upstream, if any."""
        if self.active_id in (None, response_id):
            self.active_id = self._presumed = None
        return self._next()

    def _next(self) -> Event | None:
        if self.is_busy or not self._waiting:
            return None
        self._asked = self._waiting.popleft()
        return self._asked
