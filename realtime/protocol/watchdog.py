"""Watchdog: how long an upstream may be silent when an answer is due."""

ANSWER_SECONDS = 15.0
"""After a turn that asked for an answer, until anything of a response comes."""
STALL_SECONDS = 65.0
"""Between two events of a response. A language model that thinks may take a minute; the embedded engine grants its
chat server one, and then says by itself that it gave up."""


class Watchdog:
    """Knows since when something is due. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        """When upstream counts as silent; None while nothing is due."""
        self._is_answering = False

    def asked(self, now: float) -> None:
        """An answer was asked for."""
        if self.deadline is None:
            self.deadline = now + ANSWER_SECONDS

    def answering(self, now: float) -> None:
        """Something of a response came."""
        self._is_answering = True
        self.deadline = now + STALL_SECONDS

    def nothing_due(self) -> None:
        """The response is over, or nobody waits for one any more."""
        self._is_answering = False
        self.deadline = None

    def not_asked(self) -> None:
        """What asked for an answer was nothing; one that has begun goes on."""
        if not self._is_answering:
            self.deadline = None

    def is_due(self, now: float) -> bool:
        """Whether upstream has been silent for too long."""
        return self.deadline is not None and now >= self.deadline
