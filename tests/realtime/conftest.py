"""A provider that costs nothing, and whoever may see all of the admin, for those tests that ask for them."""

from typing import Any

import pytest
from django.test import Client

from tests.support.admin_pages import superuser_at
from tests.support.sessions import CONFIG


@pytest.fixture
def configured(settings: Any) -> None:
    settings.REALTIME = CONFIG


@pytest.fixture
def reader(client: Client) -> Client:
    """A browser in which a superuser is signed in."""
    return superuser_at(client)
