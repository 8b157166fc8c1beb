"""One site, one Playwright and one Chromium for all tests of the page."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.support.chat_browser import browser_with, windows_of
from tests.support.running_site import RunningSite, running_site
from tests.support.settled import PATIENCE
from tests.support.site_home import site_home

ROOMY = {"REALTIME_SESSION_RATE": "600/min"}
"""All tests sign in as one person; the rate is not what they are about."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The site as `make run` starts it, with the embedded engine and its first account. Strangers may sign up."""
    with (
        site_home(tmp_path_factory.mktemp("site")) as home,
        running_site(home, ROOMY | {"SIGNUP_ENABLED": "true"}) as running,
    ):
        yield running


@contextmanager
def site_beside(site: RunningSite, environment: Mapping[str, str]) -> Iterator[RunningSite]:
    """A second server on the data of `site`, with its people: it is there sooner than one with data of its own."""
    with running_site(site.home, ROOMY | dict(environment)) as second:
        yield replace(second, username=site.username, password=site.password)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what Playwright drives behind all the rest.

    While it runs, the main thread has an event loop and no async test could run. One for each module would have to be
    started for each, with a Chromium.
    """
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, for all tests it drives."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def only_chromium(playwright: Playwright, chromium: Path) -> Iterator[Browser]:
    """The Chromium of all tests that speak from no file of their own."""
    with browser_with(playwright, chromium) as browser:
        yield browser


@pytest.fixture(scope="module")
def chromium_browser(only_chromium: Browser) -> Iterator[Browser]:
    """A Chromium in which no window is open; what a module opens in it is closed in the end."""
    with windows_of(only_chromium) as browser:
        yield browser
