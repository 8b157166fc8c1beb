"""Alive means alive, whatever else is broken; ready means that a request could be served."""

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from threading import Semaphore
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper as DatabaseWrapper
from django.test import AsyncClient, Client
from pytest_django import DjangoAssertNumQueries

from realtime import control
from realtime.breaker import FAILURES
from realtime.errors import UpstreamUnreachable
from realtime.live import LiveSessions
from realtime.providers import registry
from realtime.providers.remote import RemoteProvider
from tests.support.sessions import CONFIG
from voiceassist import __version__, health, staticfiles, tables
from voiceassist.health import Probe

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
READY = {"status": "ready", "failing": [], "degraded": []}


def _down(*_: Any) -> None:
    raise OperationalError("connection refused")


@pytest.fixture(autouse=True)
def _nobody_else(settings: Any) -> None:
    """No other process, whatever the rest of the tests runs with: nobody listens for one here."""
    settings.CHANNEL_LAYERS = IN_MEMORY


def test_alive_says_so_with_the_version_and_the_time_and_without_a_database(client: Client) -> None:
    """No database fixture here: any query would be an error."""
    response = client.get("/health")
    body = response.json()
    assert response.status_code == 200
    assert set(body) == {"status", "version", "timestamp"}
    assert (body["status"], body["version"]) == ("healthy", __version__)
    assert isinstance(body["timestamp"], float)
    assert abs(body["timestamp"] - time.time()) < 5


@pytest.mark.django_db
def test_alive_asks_nothing_of_the_database_even_for_somebody_signed_in(
    client: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(alice)
    with django_assert_num_queries(0), connection.execute_wrapper(_down):
        response = client.get("/health")
    assert response.status_code == 200
    assert not response.cookies


def test_alive_stays_alive_without_its_cache(client: Client, settings: Any, free_port: int) -> None:
    settings.CACHES = _redis_at(free_port)
    assert client.get("/health").status_code == 200


async def test_alive_answers_asgi(async_client: AsyncClient) -> None:
    assert (await async_client.get("/health")).status_code == 200


# --- ready ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_ready_when_every_part_answers(client: Client) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, READY)
    assert not response.cookies


@pytest.mark.django_db
def test_not_ready_without_a_database_and_says_which_part(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DatabaseWrapper, "ensure_connection", _down)
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["failing"]) == (503, ["database"])


@pytest.mark.django_db
def test_not_ready_with_tables_of_another_version_until_they_fit_and_not_asked_after_that(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = [3, 0]
    monkeypatch.setattr(tables, "_are_known_to_fit", False)
    monkeypatch.setattr(tables, "waiting", lambda: lacking.pop(0))
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["failing"]) == (503, ["migrations"])
    assert client.get("/health/ready").json() == READY
    assert client.get("/health/ready").json() == READY
    assert lacking == []


@pytest.mark.django_db
def test_ready_but_degraded_where_no_page_can_be_shown(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staticfiles, "missing", lambda: ["css/base.css"])
    health._has_no_pages.cache_clear()
    try:
        response = client.get("/health/ready")
    finally:
        health._has_no_pages.cache_clear()
    assert (response.status_code, response.json()) == (200, READY | {"degraded": ["static_files"]})


@pytest.mark.django_db
def test_not_ready_without_a_cache_and_says_which_part(client: Client, settings: Any, free_port: int) -> None:
    settings.CACHES = _redis_at(free_port)
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["failing"]) == (503, ["cache"])


@pytest.mark.django_db
def test_not_ready_while_orders_of_other_processes_are_not_heard(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    layer = "channels_redis.pubsub.RedisPubSubChannelLayer"
    hosts = [f"redis://127.0.0.1:{free_port}/0"]
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": layer, "CONFIG": {"hosts": hosts}}}
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["failing"]) == (503, ["channel_layer"])
    monkeypatch.setattr(control.THIS_PROCESS, "is_heard", True)
    assert client.get("/health/ready").json() == READY


@pytest.mark.django_db
async def test_not_ready_while_it_drains(async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    here = LiveSessions()
    monkeypatch.setattr("voiceassist.health.THIS_PROCESS", here)
    await here.drain(0.0)
    response = await async_client.get("/health/ready")
    assert (response.status_code, response.json()["failing"]) == (503, ["draining"])
    assert (await async_client.get("/health")).status_code == 200


@pytest.mark.django_db
def test_a_provider_that_does_not_answer_is_told_and_keeps_nobody_away(client: Client, settings: Any) -> None:
    settings.REALTIME = replace(CONFIG, api_key=f"sk-{uuid.uuid4().hex}")
    provider = registry.provider_for(settings.REALTIME)
    assert isinstance(provider, RemoteProvider)
    assert client.get("/health/ready").json() == READY
    for _ in range(FAILURES):
        with suppress(UpstreamUnreachable), provider.breaker.attempt():
            raise UpstreamUnreachable
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, READY | {"degraded": ["provider"]})
    assert client.get("/health").status_code == 200


@pytest.mark.django_db
def test_what_hangs_is_away_and_is_asked_once_whoever_asks(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, may_answer = Semaphore(0), threading.Event()

    def hang() -> bool:
        asked.release()
        return may_answer.wait(30)

    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(health, "PARTS", {"database": Probe("database", hang), "cache": Probe("cache", bool)})
    try:
        began = time.monotonic()
        for _ in range(3):
            response = client.get("/health/ready")
            assert (response.status_code, response.json()["failing"]) == (503, ["database", "cache"])
        assert time.monotonic() - began < 3
        assert asked.acquire(timeout=5)
        assert not asked.acquire(blocking=False), "one question is out, however many ask"
    finally:
        may_answer.set()
    answered = health.PARTS["database"].begin()
    assert answered.result(timeout=5), "once it answers again it is asked again"


@pytest.mark.django_db
def test_a_question_that_fails_is_a_no(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PARTS", {"database": Probe("database", lambda: 1 / 0 == 1)})
    assert client.get("/health/ready").json()["failing"] == ["database"]


def test_whoever_asks_waits_less_than_a_load_balancer_does() -> None:
    assert health.PATIENCE_SECONDS <= 3


@pytest.mark.parametrize("address", ["/health", "/health/ready"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_health_is_only_read(client: Client, address: str, method: str) -> None:
    send: Callable[[str], Any] = getattr(client, method)
    assert send(address).status_code == 405


def _redis_at(port: int) -> dict[str, dict[str, str]]:
    backend = "django.core.cache.backends.redis.RedisCache"
    return {"default": {"BACKEND": backend, "LOCATION": f"redis://127.0.0.1:{port}/0"}}
