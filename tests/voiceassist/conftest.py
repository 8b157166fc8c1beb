"""A cache of each test's own, so that what one test counted limits no other."""

import pytest


@pytest.fixture(autouse=True)
def _own_cache(own_cache: None) -> None:
    """In every test here."""
