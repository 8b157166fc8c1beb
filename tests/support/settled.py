"""Values of a page that come to be what a test expects, a moment after what the test did."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

PATIENCE = 20.0
"""Seconds until a value has to be so."""
_MOMENT_MS = 20


def wait_for_value(page: Page, value: str | Callable[[], Any], expected: object) -> None:
    """Wait until a function of the page, or a reading of the test, comes to `expected`.

    Raises AssertionError with the last value. What the page tells meanwhile, such as the sockets it opens, is heeded.
    """
    deadline = time.monotonic() + PATIENCE
    while (found := _read(page, value)) != expected:
        assert time.monotonic() < deadline, f"after {PATIENCE:g} s it is {found!r}, not {expected!r}"
        page.wait_for_timeout(_MOMENT_MS)


def _read(page: Page, value: str | Callable[[], Any]) -> Any:
    try:
        return page.evaluate(value) if isinstance(value, str) else value()
    except IndexError as error:
        return error  # a line that is not there yet
