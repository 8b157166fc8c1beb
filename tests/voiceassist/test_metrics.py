"""/metrics: for the scraper and for staff, every figure with its type, and nothing in it that is somebody's."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries

from realtime.errors import EndReason
from realtime.live import LiveSessions
from realtime.tasks import cancelled
from realtime.telemetry import BOUNDS, Depths, Event, Span, Tally, Traffic
from voiceassist.figures import COUNTED, COUNTS, PREFIX, TIMED
from voiceassist.metrics import LAG_SECONDS, SiteCollector, watch_loop

TOKEN = "a-scrapers-token-0123456789"
Labels = tuple[tuple[str, str], ...]


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def _asked(client: Client, authorization: str = "") -> Any:
    return client.get("/metrics", headers={"Authorization": authorization} if authorization else {})


# --- who may look -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_opens_it_without_asking_the_database(client: Client, scheme: str) -> None:
    """No database fixture here: any query would be an error."""
    response = _asked(client, f"{scheme} {TOKEN}")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer \udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    ],
)
def test_anything_else_is_refused_even_for_staff(
    client: Client, admin_user: User, authorization: str
) -> None:
    client.force_login(admin_user)
    response = _asked(client, authorization)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert PREFIX.encode() not in response.content


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer None"])
def test_no_token_set_is_no_empty_token(client: Client, settings: Any, db: None, authorization: str) -> None:
    settings.METRICS_TOKEN = ""
    assert _asked(client, authorization).status_code == 401


def test_strangers_are_sent_away_and_people_who_are_not_staff_too(client: Client, alice: User) -> None:
    assert _asked(client).status_code == 401
    client.force_login(alice)
    assert _asked(client).status_code == 403


def test_staff_sees_it(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    client.force_login(alice)
    assert _asked(client).status_code == 200
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert _asked(client).status_code == 401


def test_a_database_that_is_away_hides_no_figure(client: Client, db: None) -> None:
    def down(*_: Any) -> None:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(down):
        assert _asked(client, f"Bearer {TOKEN}").status_code == 200


def test_it_is_only_read(client: Client) -> None:
    assert client.post("/metrics").status_code == 405


@pytest.mark.django_db
def test_an_access_token_of_the_api_is_none_of_its_own(
    alice: User, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from rest_framework_simplejwt.tokens import RefreshToken

    bearer = f"Bearer {RefreshToken.for_user(alice).access_token}"
    with django_assert_num_queries(0):
        assert _asked(client, bearer).status_code == 401


# --- what stands there ------------------------------------------------------------------------------------------


def _figures(tally: Tally, breakers: Mapping[str, str] | None = None) -> dict[tuple[str, Labels], float]:
    registry = CollectorRegistry()
    registry.register(SiteCollector(tally, LiveSessions(), lambda: breakers or {}))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name.removeprefix(PREFIX), tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def _of(figures: dict[tuple[str, Labels], float], name: str, **labels: str) -> float:
    return figures[name, tuple(sorted(labels.items()))]


def test_everything_that_is_counted_or_timed_is_told() -> None:
    assert {count.event for count in COUNTS} == set(Event)
    assert {count.metric for count in COUNTS} == set(COUNTED)
    assert set(TIMED) == set(Span)


def test_counts_of_one_metric_have_one_label_between_them() -> None:
    for metric in COUNTED:
        assert len({count.label for count in COUNTS if count.metric == metric}) == 1, metric


def test_each_count_shows_in_its_place() -> None:
    tally = Tally()
    for number, count in enumerate(COUNTS, start=1):
        tally.count(count.event, number, "" if count.value or not count.label else "some_code")
    figures = _figures(tally)
    for number, count in enumerate(COUNTS, start=1):
        labels = {count.label: count.value or "some_code"} if count.label else {}
        assert _of(figures, f"{count.metric}_total", **labels) == number, count


def test_a_first_time_is_an_increase_because_the_series_was_there_before() -> None:
    figures = _figures(Tally())
    for reason in get_args(EndReason):
        assert _of(figures, "sessions_ended_total", reason=reason) == 0
    for code in ("provider_auth", "provider_quota", "provider_unreachable", "provider_silent"):
        assert _of(figures, "upstream_errors_total", code=code) == 0
    assert _of(figures, "turns_total", outcome="failed") == 0
    assert _of(figures, "sockets_refused_total", code="over_cap") == 0


def test_traffic_and_its_directions() -> None:
    tally = Tally()
    tally.traffic(Traffic(frames_up=3, bytes_up=2880, frames_down=5, bytes_down=9600))
    figures = _figures(tally)
    assert _of(figures, "client_frames_total", direction="up") == 3
    assert _of(figures, "client_frames_total", direction="down") == 5
    assert _of(figures, "client_bytes_total", direction="up") == 2880
    assert _of(figures, "client_bytes_total", direction="down") == 9600


def test_queues_of_all_sessions_and_of_the_longest() -> None:
    tally = Tally()
    tally.watch(lambda: Depths(to_client=10, to_upstream=1, to_ledger=2, journal=100))
    tally.watch(lambda: Depths(to_client=30, to_upstream=0, to_ledger=3, journal=50))
    figures = _figures(tally)
    assert _of(figures, "queue_bytes", queue="client") == 40
    assert _of(figures, "queue_longest_bytes", queue="client") == 30
    assert _of(figures, "queue_bytes", queue="upstream") == 1
    assert _of(figures, "queue_longest_bytes", queue="journal") == 100
    assert _of(figures, "ledger_entries") == 5


def test_a_histogram_has_every_bound_the_sum_and_the_count() -> None:
    tally = Tally()
    tally.time(Span.FIRST_AUDIO, 0.4)
    tally.time(Span.FIRST_AUDIO, 99)
    figures = _figures(tally)
    assert _of(figures, "first_audio_seconds_bucket", le="0.3") == 0
    assert _of(figures, "first_audio_seconds_bucket", le="0.5") == 1
    assert _of(figures, "first_audio_seconds_bucket", le="10.0") == 1
    assert _of(figures, "first_audio_seconds_bucket", le="+Inf") == 2
    assert _of(figures, "first_audio_seconds_count") == 2
    assert _of(figures, "first_audio_seconds_sum") == pytest.approx(99.4)
    buckets = [name for name, _ in figures if name == "first_audio_seconds_bucket"]
    assert len(buckets) == len(BOUNDS[Span.FIRST_AUDIO]) + 1


def test_a_breaker_is_shut_open_or_tried_out() -> None:
    figures = _figures(Tally(), {"openai": "open", "azure": "probing", "embedded": "closed"})
    assert _of(figures, "breaker_open", provider="openai") == 1
    assert _of(figures, "breaker_open", provider="azure") == 0.5
    assert _of(figures, "breaker_open", provider="embedded") == 0


# --- the lateness of the loop -----------------------------------------------------------------------------------


class _Heard(Tally):
    """A tally that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.lags: asyncio.Queue[float] = asyncio.Queue()

    def time(self, span: Span, seconds: float) -> None:
        assert span is Span.LOOP_LAG
        self.lags.put_nowait(seconds)


async def test_a_loop_that_is_held_up_is_measured() -> None:
    heard = _Heard()
    watching = asyncio.create_task(watch_loop(heard))
    await asyncio.sleep(0)
    held_up = 2 * LAG_SECONDS
    time.sleep(LAG_SECONDS + held_up)  # noqa: ASYNC251 - this is the hold-up
    assert await heard.lags.get() >= held_up * 0.9
    await cancelled([watching])


async def test_tasks_of_a_watched_loop_are_counted() -> None:
    assert _of(_figures(Tally()), "asyncio_tasks") == 0
    watching = asyncio.create_task(watch_loop(Tally()))
    await asyncio.sleep(0)
    before = await asyncio.to_thread(lambda: _of(_figures(Tally()), "asyncio_tasks"))
    idle = [asyncio.create_task(asyncio.Event().wait()) for _ in range(3)]
    assert await asyncio.to_thread(lambda: _of(_figures(Tally()), "asyncio_tasks")) == before + 3
    await cancelled([watching, *idle])
    assert _of(_figures(Tally()), "asyncio_tasks") == 0


async def test_a_loop_that_is_free_is_asked_again_and_again_and_never_early() -> None:
    heard = _Heard()
    watching = asyncio.create_task(watch_loop(heard))
    assert min([await heard.lags.get() for _ in range(3)]) >= 0
    await cancelled([watching])
