"""One site and one Playwright for all tests of the page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.support.running_site import RunningSite, running_site
from tests.support.site_home import site_home

ROOMY = {"REALTIME_SESSION_RATE": "600/min"}
"""All tests sign in as one person; the rate is not what they are about."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The site as `make run` starts it, with the embedded engine and its first account."""
    with site_home(tmp_path_factory.mktemp("site")) as home, running_site(home, ROOMY) as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright, for one module: while it runs, the main thread has an event loop and no async test could run."""
    with sync_playwright() as running:
        yield running
