"""A provider that costs nothing, whoever may see all of the admin, and noon, for those tests that ask for them."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.support.admin_pages import superuser_at
from tests.support.sessions import CONFIG


@pytest.fixture
def configured(settings: Any) -> None:
    settings.REALTIME = CONFIG


@pytest.fixture
def reader(client: Client) -> Client:
    """A browser in which a superuser is signed in."""
    return superuser_at(client)


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon, for tests that count by the day: what began a little while ago began today, and no day ends while
    a test runs, whenever that is."""
    real = timezone.now
    now = real()
    until_noon = now.replace(hour=12, minute=0, second=0, microsecond=0) - now
    monkeypatch.setattr(timezone, "now", lambda: real() + until_noon)
