"""A page elsewhere can make a browser send its cookie. Nothing that changes anything is done for a cookie alone."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import UUIDConverter

UNSAFE = ("post", "put", "patch", "delete")


def _addresses(patterns: Any, prefix: str = "") -> Iterator[str]:
    """An address for each route there is."""
    for pattern in patterns:
        route = prefix + _written(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def _written(pattern: Any) -> str:
    """A route's own part, with something in each of its gaps."""
    text = str(pattern)
    for name, converter in pattern.converters.items():
        kind = next((key for key in ("uuid", "int", "path", "str", "slug") if f"<{key}:{name}>" in text), "")
        value = str(uuid4()) if isinstance(converter, UUIDConverter) else "1"
        text = text.replace(f"<{kind}:{name}>" if kind else f"<{name}>", value)
    for gap, value in (
        ("(?P<conversation_id>[^/]+)", str(uuid4())),
        ("(?P<session_id>[^/]+)", "rtc_1_" + "0" * 24),
    ):
        text = text.replace(gap, value)
    return text.removeprefix("^").removesuffix("$").replace("/?", "/").replace("\\Z", "")


ADDRESSES = sorted({address for address in _addresses(get_resolver().url_patterns) if "(?P" not in address})


def test_the_walk_finds_the_doors() -> None:
    for door in ("api/voice/realtime-session/", "api/me/data/", "logout", "login", "language"):
        assert door in ADDRESSES
    assert len(ADDRESSES) > 40


@pytest.mark.django_db
@pytest.mark.parametrize("method", UNSAFE)
def test_a_cookie_alone_changes_nothing(admin_user: User, own_cache: None, method: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    done: dict[str, Any] = {}
    for address in ADDRESSES:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = getattr(browser, method)(f"/{address}", headers={"origin": "https://evil.example"})
        writes = [query["sql"] for query in queries if _writes(query["sql"])]
        is_refused = answer.status_code >= 400 or answer.status_code == 302
        if writes or not is_refused:
            done[address] = (answer.status_code, writes)
    assert done == {}
    # Still signed in: nobody was signed out, either.
    assert browser.get("/api/conversations/").status_code == 200


def _writes(statement: str) -> bool:
    return statement.upper().startswith(("INSERT", "UPDATE", "DELETE"))
