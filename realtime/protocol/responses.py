"""ResponseGate, the one owner of response state: a second `response.create` waits for `response.done`."""

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
        self._waiting: list[Event] = []
        self._voice_asked = False
        """A spoken turn that upstream answers of its own, and has not begun to."""
        self._answers_voice = False
        """The running response is such an answer."""
        self._has_begun = False
        """Something of the running response came: a word, or sound."""

    @property
    def is_busy(self) -> bool:
        return self.active_id is not None or self._asked is not None

    @property
    def is_quiet(self) -> bool:
        """Whether no answer is being given, or asked for."""
        return not self.is_busy and not self._waiting and not self._voice_asked

    @property
    def awaits_answer(self) -> bool:
        """Whether an answer was asked for and has not begun."""
        return self._asked is not None or (self._voice_asked and self.active_id is None)

    def ask(self, create: Event) -> Event | None:
        """The create that may go upstream now, or None when it has to wait. Raises OverflowError when too many wait."""
        if not self.is_busy:
            self._asked = create
            return create
        if len(self._waiting) >= MAX_WAITING:
            raise OverflowError("too many answers are waiting")
        self._waiting.append(create)
        return None

    def voice_asked(self) -> None:
        """A spoken turn was closed that upstream answers of its own."""
        self._voice_asked = True

    def voice_waits_no_more(self) -> None:
        """Nobody is owed an answer to what was said: it was nothing, or it goes on."""
        self._voice_asked = False

    def created(self, response_id: str) -> None:
        """A response began, asked for by a client or by upstream's own voice detection: the event does not say."""
        self.active_id = response_id
        self._has_begun = False
        self._answers_voice, self._voice_asked = self._voice_asked, False
        if self._asked is not None:
            self._presumed, self._asked = self._asked, None

    def answer_came(self) -> None:
        """A word or a sound of the running response came."""
        self._has_begun = True

    def lost_the_race(self, create: Event | None = None) -> None:
        """Upstream began a response of its own before our create arrived: that goes first when the other is done.
        Without `create` it is the one that was sent last."""
        lost = create or self._asked or self._presumed
        if lost is None or any(waiting is lost for waiting in self._waiting):
            return
        if self._asked is lost:
            self._asked = None
        if self._presumed is lost:
            self._presumed = None
        self._waiting.insert(0, lost)

    def refused(self) -> Event | None:
        """Upstream did not take our create. The next one that may go upstream, if any."""
        self._asked = self._presumed = None
        return self._next()

    def done(self, response_id: str) -> Event | None:
        """A response is over. The next create that may go upstream, if any."""
        if self.active_id in (None, response_id):
            self.active_id = self._presumed = None
            self._answers_voice = False
        return self._next()

    def upstream_left(self) -> bool:
        """Upstream is gone. A create that it did not begin to answer goes first when there is another.

        Whether what was said is still owed an answer that no client asked for.
        """
        owed = self._asked or (None if self._has_begun else self._presumed)
        voice_is_owed = owed is None and (
            self._voice_asked or (self._answers_voice and not self._has_begun and self.active_id is not None)
        )
        self.active_id = self._asked = self._presumed = None
        self._voice_asked = self._answers_voice = False
        if owed is not None:
            self._waiting.insert(0, owed)
        return voice_is_owed

    def resumed(self, plain: Event | None = None) -> Event | None:
        """Another upstream is ready. The create that may go up at once, if any: `plain`, unless one waits."""
        if plain is not None and not self._waiting:
            self._waiting.append(plain)
        return self._next()

    def _next(self) -> Event | None:
        if self.is_busy or not self._waiting:
            return None
        self._asked = self._waiting.pop(0)
        return self._asked
