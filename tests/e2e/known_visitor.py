"""Somebody who has signed in before: a password is slow to check on purpose, and few tests are about that."""

from pathlib import Path
from typing import Any

from tests.support.chat_browser import ChatBrowser
from tests.support.running_site import RunningSite

_COOKIES: dict[Path, list[Any]] = {}
"""Of whoever signed in last, for each place that sites live in."""


class KnownVisitor(ChatBrowser):
    """A window like any other. Once a test has signed out everywhere, the next one signs in again."""

    def _sign_in(self, site: RunningSite) -> None:
        if site.home.var in _COOKIES:
            self.page.context.add_cookies(_COOKIES[site.home.var])
            self.page.goto("/chat")
            if self.page.url == f"{site.url}/chat":
                return
        super()._sign_in(site)
        _COOKIES[site.home.var] = list(self.page.context.cookies())
