"""Tally: what a session used, added up over all its upstreams."""

from realtime import prices
from realtime.protocol.events import Event, mapping_of
from realtime.protocol.session import SessionSetup
from realtime.usage import added


class Tally:
    """Sums the `usage` of responses and transcriptions, from where the session's row stands."""

    def __init__(self, setup: SessionSetup) -> None:
        self._setup = setup
        self.total = dict(setup.usage)

    def response(self, event: Event) -> Event:
        """The usage in a `response.done`; empty when there is none."""
        return self._counted(mapping_of(mapping_of(event.get("response")).get("usage")))

    def transcription(self, event: Event) -> Event:
        """The usage in a transcription, under a key of its own; empty when nothing was used, or nobody says."""
        spent = added({}, mapping_of(event.get("usage")))
        return self._counted({"transcription": spent} if any(spent.values()) else {})

    def cost(self) -> Event | None:
        """What the session comes to so far, as an estimate; None when the prices are not known."""
        amount = prices.estimate(
            self.total,
            self._setup.prices,
            model=self._setup.model,
            transcription_model=self._setup.transcription_model,
        )
        return None if amount is None else {"amount": round(amount, 6), "currency": prices.CURRENCY}

    def _counted(self, usage: Event) -> Event:
        self.total = added(self.total, usage)
        return usage
