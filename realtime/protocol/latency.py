"""Latency: how long somebody who fell silent waits for the first sound of the answer."""

LATE_SECONDS = 30.0
"""What is asked for or begins so long after the last word is no answer to it; a silent upstream is replaced sooner."""


class Latency:
    """Follows one turn at a time, from its end to the first sound. All times are seconds of one monotonic clock.

    An answer in words alone, or one that was stopped before it sounded, has no first sound and is not counted.
    """

    def __init__(self) -> None:
        self._said_at: float | None = None
        """When the turn ended that no response has begun to answer; None when there is none."""
        self._answer: tuple[str, float] | None = None
        """The response that has not sounded yet, and when the turn ended that it answers."""
        self._says_again = False

    def speaks(self, *, again: bool) -> None:
        """Somebody speaks; `again`: what an earlier upstream heard already, so that its end is long past."""
        self._says_again = again

    def fell_silent(self, now: float) -> None:
        """The person has said it all."""
        if not self._says_again:
            self._said_at = now
        self._says_again = False

    def asked(self, now: float) -> None:
        """The client asked for an answer: to what was just said, else to what it typed."""
        if self._said_at is None or now - self._said_at > LATE_SECONDS:
            self._said_at = now

    def nobody_waits(self) -> None:
        """What was said was nothing, or it goes on, or upstream will not answer it."""
        self._said_at = None

    def interrupted(self) -> None:
        """The answer falls silent, if it ever sounded."""
        self._answer = None

    def began(self, response_id: str, now: float) -> None:
        """A response began."""
        said_at, self._said_at = self._said_at, None
        self._answer = None if said_at is None or now - said_at > LATE_SECONDS else (response_id, said_at)

    def sounded(self, response_id: str, now: float) -> float | None:
        """Sound of a response goes to the client. How many seconds it was waited for; None when it is not the first."""
        if self._answer is None or self._answer[0] != response_id:
            return None
        said_at, self._answer = self._answer[1], None
        return now - said_at
