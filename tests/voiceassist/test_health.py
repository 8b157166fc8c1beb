"""Alive means alive, whatever else is broken; ready means that a request could be served."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import AsyncClient, Client
from pytest_django import DjangoAssertNumQueries

from voiceassist import __version__


def _down(*_: Any) -> None:
    raise OperationalError("connection refused")


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


@pytest.mark.django_db
def test_ready_when_every_part_answers(client: Client) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "failing": []})
    assert not response.cookies


@pytest.mark.django_db
def test_not_ready_without_a_database_and_says_which_part(client: Client) -> None:
    with connection.execute_wrapper(_down):
        response = client.get("/health/ready")
    assert (response.status_code, response.json()["failing"]) == (503, ["database"])


@pytest.mark.django_db
def test_not_ready_without_a_cache_and_says_which_part(client: Client, settings: Any, free_port: int) -> None:
    settings.CACHES = _redis_at(free_port)
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["failing"]) == (503, ["cache"])


@pytest.mark.parametrize("address", ["/health", "/health/ready"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_health_is_only_read(client: Client, address: str, method: str) -> None:
    send: Callable[[str], Any] = getattr(client, method)
    assert send(address).status_code == 405


def _redis_at(port: int) -> dict[str, dict[str, str]]:
    backend = "django.core.cache.backends.redis.RedisCache"
    return {"default": {"BACKEND": backend, "LOCATION": f"redis://127.0.0.1:{port}/0"}}
