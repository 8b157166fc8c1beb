"""What a worker says of itself over /metrics."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.rig.plain import PLAIN
from tests.faults.rig.processes import Worker

METRICS_TOKEN = "the-scraper-of-the-fault-tests"


class Figures:
    """One look at /metrics of a worker that was started with METRICS_TOKEN."""

    def __init__(self, server: Worker) -> None:
        answer = httpx.get(
            f"{server.url}/metrics",
            headers={"Authorization": f"Bearer {METRICS_TOKEN}"},
            timeout=10,
            trust_env=False,
            verify=PLAIN,
        )
        answer.raise_for_status()
        self._samples = [
            sample for family in text_string_to_metric_families(answer.text) for sample in family.samples
        ]

    def sum(self, name: str, **labels: str) -> float:
        """All samples of a metric that have these labels, together. Raises AssertionError when there is none."""
        found = [
            sample.value
            for sample in self._samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert found, f"there is no metric {name} {labels or ''}"
        return sum(found)

    @property
    def stalls(self) -> float:
        """How often the event loop was late by more than a tenth of a second."""
        lag = "voiceassist_event_loop_lag_seconds"
        return self.sum(f"{lag}_count") - self.sum(f"{lag}_bucket", le="0.1")


def nobody_is_there(server: Worker) -> bool:
    """Whether it holds no session and no socket. A client that may come back counts until it is given up."""
    figures = Figures(server)
    return figures.sum("voiceassist_sessions") == 0 and figures.sum("voiceassist_sockets") == 0
