"""The figures of this process for Prometheus. One worker is one process is one address to scrape.

Labels are our own codes: no word, no id, no name of a person is one.
"""

import asyncio
import hmac
from collections.abc import Callable, Iterator, Mapping
from weakref import WeakSet

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from realtime import control, executors, live, telemetry
from realtime.providers.registry import states
from realtime.routing import SOCKETS
from realtime.telemetry import BOUNDS, Depths, Span, Tally, Telemetry
from voiceassist import __version__
from voiceassist.figures import COUNTED, COUNTS, PREFIX, TIMED

LAG_SECONDS = 0.25
"""How often the event loop is asked how late it is."""
_QUEUES: Mapping[str, Callable[[Depths], int]] = {
    "client": lambda depths: depths.to_client,
    "upstream": lambda depths: depths.to_upstream,
    "journal": lambda depths: depths.journal,
}


_loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
"""Those that are being watched: of a server one."""


class SiteCollector(Collector):
    """Reads the tally, the live sessions and the queues at the moment it is asked."""

    def __init__(
        self, tally: Tally, sessions: live.LiveSessions, breakers: Callable[[], Mapping[str, str]] = states
    ) -> None:
        self._tally = tally
        self._sessions = sessions
        self._breakers = breakers

    def collect(self) -> Iterator[Metric]:
        yield _gauge("info", "The version that runs; always 1.", "version", {__version__: 1})
        yield from self._moment()
        yield from self._queues()
        yield from self._traffic()
        yield from self._counts()
        yield from self._histograms()

    def _moment(self) -> Iterator[Metric]:
        """What is so right now."""
        parked, all_here = self._sessions.parked, len(self._sessions)
        here = {"live": max(0, all_here - parked), "parked": parked}
        yield _gauge("sessions", "Sessions that this process holds, by state.", "state", here)
        yield _single(
            "draining", "1 while the process puts its sessions down to stop.", self._sessions.is_draining
        )
        yield _gauge(
            "breaker_open",
            "1 while no connection to this provider is tried, 0.5 while one is tried out.",
            "provider",
            {settings.REALTIME.provider: 0.0}
            | {name: _OPENNESS.get(state, 0.0) for name, state in self._breakers().items()},
        )
        yield _single("sockets", "Sockets that are open.", SOCKETS.open)
        yield _single("sockets_limit", "REALTIME_SOCKETS: how many may be open.", settings.REALTIME_SOCKETS)
        is_deaf = control.is_shared() and not control.THIS_PROCESS.is_heard
        yield _single("control_deaf", "1 while orders of other processes do not arrive here.", is_deaf)
        yield _single("asyncio_tasks", "Tasks of the event loop.", _tasks())
        yield _single(
            "database_calls_waiting",
            "Database calls of sessions that wait for a thread.",
            executors.waiting(),
        )

    def _queues(self) -> Iterator[Metric]:
        depths = self._tally.depths()
        for name, told, gather in (
            ("queue_bytes", "What waits in all sessions together, by for whom.", sum),
            ("queue_longest_bytes", "What waits in the session where most does, by for whom.", _longest),
        ):
            waiting = {queue: gather([read(each) for each in depths]) for queue, read in _QUEUES.items()}
            yield _gauge(name, told, "queue", waiting)
        yield _single(
            "ledger_entries",
            "Turns and figures that wait to be stored.",
            sum(each.to_ledger for each in depths),
        )

    def _traffic(self) -> Iterator[Metric]:
        carried = self._tally.carried()
        frames = CounterMetricFamily(
            f"{PREFIX}client_frames",
            "Frames over the sockets; up is from clients to us.",
            labels=["direction"],
        )
        frames.add_metric(["up"], carried.frames_up)
        frames.add_metric(["down"], carried.frames_down)
        yield frames
        volume = CounterMetricFamily(
            f"{PREFIX}client_bytes",
            "Bytes over the sockets without their framing; rate() of it is the bandwidth.",
            labels=["direction"],
        )
        volume.add_metric(["up"], carried.bytes_up)
        volume.add_metric(["down"], carried.bytes_down)
        yield volume

    def _counts(self) -> Iterator[Metric]:
        for metric, told in COUNTED.items():
            counts = [count for count in COUNTS if count.metric == metric]
            label = counts[0].label
            family = CounterMetricFamily(PREFIX + metric, told, labels=[label] if label else [])
            for count in counts:
                if not count.label:
                    family.add_metric([], self._tally.counted(count.event))
                elif count.value:
                    family.add_metric([count.value], self._tally.counted(count.event))
                else:
                    seen = dict.fromkeys(count.known, 0) | self._tally.labels(count.event)
                    for code, times in seen.items():
                        family.add_metric([code or "other"], times)
            yield family

    def _histograms(self) -> Iterator[Metric]:
        for span, (metric, told) in TIMED.items():
            counts, total = self._tally.histogram(span)
            bounds = [*map(floatToGoString, BOUNDS[span]), "+Inf"]
            yield HistogramMetricFamily(
                PREFIX + metric,
                told,
                buckets=list(zip(bounds, counts, strict=True)),
                sum_value=total,
            )


_OPENNESS = {"open": 1.0, "probing": 0.5}
_registry = CollectorRegistry(auto_describe=False)
_registry.register(SiteCollector(telemetry.THIS_PROCESS, live.THIS_PROCESS))
GCCollector(_registry)
PlatformCollector(_registry)
ProcessCollector(registry=_registry)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Every figure, for METRICS_TOKEN as bearer and for staff. With the token it asks nothing of the database."""
    if not _has_token(request):
        user = request.user
        if "Authorization" in request.headers or not user.is_authenticated:
            refusal = HttpResponse("Send METRICS_TOKEN as bearer token, or sign in as staff.\n", "text/plain")
            refusal.status_code = 401
            refusal["WWW-Authenticate"] = 'Bearer realm="metrics"'
            return refusal
        if not (user.is_active and user.is_staff):
            return HttpResponse("Only staff may see the figures of this server.\n", "text/plain", status=403)
    return HttpResponse(generate_latest(_registry), content_type=CONTENT_TYPE_LATEST)


async def watch_loop(figures: Telemetry = telemetry.THIS_PROCESS) -> None:
    """Measure how late the running loop is, until cancelled. A chore of the server's lifespan."""
    loop = asyncio.get_running_loop()
    _loops.add(loop)
    try:
        while True:
            due = loop.time() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            figures.time(Span.LOOP_LAG, max(0.0, loop.time() - due))
    finally:
        _loops.discard(loop)


def _tasks() -> int:
    """How many tasks the watched loops hold. Counted in the thread that asks: in a loop it would hold people up."""
    return sum(len(asyncio.all_tasks(loop)) for loop in list(_loops))


def _has_token(request: HttpRequest) -> bool:
    """Whether the scraper's own token is shown; compared in constant time, and never true without one set."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.METRICS_TOKEN.encode()
    is_right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), wanted)
    return bool(wanted) and scheme.lower() == "bearer" and is_right


def _gauge(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, told, labels=[label])
    for value, figure in values.items():
        family.add_metric([value], figure)
    return family


def _single(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, told, value=value)


def _longest(waiting: list[int]) -> int:
    return max(waiting, default=0)
