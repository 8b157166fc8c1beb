"""A probe comes by address: it is answered, and the name of the site is still held to everywhere else."""

from typing import Any

import pytest
from django.test import Client

BY_ADDRESS = "10.1.2.3:8001"


@pytest.fixture(autouse=True)
def _a_named_site(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["voice.example.org"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "statuses"), [("/health", {200}), ("/health/ready", {200, 503})])
def test_a_probe_is_answered_by_address_and_without_tls(
    client: Client, path: str, statuses: set[int]
) -> None:
    answer = client.get(path, headers={"host": BY_ADDRESS})
    assert answer.status_code in statuses
    assert answer.json()["status"] in {"healthy", "ready", "unavailable"}


@pytest.mark.parametrize("path", ["/login", "/health/", "/healthy", "/api/token/"])
def test_no_other_path_is_answered_under_another_name(client: Client, path: str) -> None:
    assert client.get(path, headers={"host": BY_ADDRESS}, secure=True).status_code == 400
