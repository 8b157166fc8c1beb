"""A cache of each test's own, so that what one test counted limits no other."""

import uuid
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def own_cache(settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": uuid.uuid4().hex,
        }
    }
