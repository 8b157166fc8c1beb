"""Every answer says what browsers must not do, whatever went wrong, and no error tells how we are built."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client

from voiceassist import limits

EXPECTED = {
    "Content-Security-Policy": re.compile(r"default-src 'none'.*frame-ancestors 'none'"),
    "Permissions-Policy": re.compile(r"microphone=\(self\), camera=\(\)"),
    "X-Content-Type-Options": re.compile("nosniff"),
    "X-Frame-Options": re.compile("DENY"),
    "Referrer-Policy": re.compile("same-origin"),
    "Cross-Origin-Opener-Policy": re.compile("same-origin"),
    "Cache-Control": re.compile("no-store"),
}
TELLTALE = re.compile(r"Traceback|Exception|/site-packages/|django|\.py\b|SELECT |sqlite|psycopg", re.I)
_JSON = {"content_type": "application/json"}


def _fail(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("what only the log may know")


Ask = Callable[[Client], HttpResponseBase]
ANSWERS: dict[str, tuple[int, Ask]] = {
    "a page": (200, lambda client: client.get("/login")),
    "a redirect": (302, lambda client: client.get("/chat")),
    "the API": (401, lambda client: client.get("/api/conversations/")),
    "a missing page": (404, lambda client: client.get("/nothing")),
    "a missing API": (404, lambda client: client.get("/api/nothing")),
    "a missing file": (404, lambda client: client.get("/static/nothing.js")),
    "a wrong method": (405, lambda client: client.delete("/login")),
    "a wrong method of the API": (405, lambda client: client.delete("/api/token/")),
    "a forged form": (403, lambda client: Client(enforce_csrf_checks=True).post("/login", {})),
    "a bad body": (400, lambda client: client.post("/api/token/", "{", **_JSON)),  # type: ignore[arg-type]
    "a wrong kind of body": (415, lambda client: client.post("/api/token/", "a", content_type="text/xml")),
    "too large a body": (413, lambda client: client.post("/api/token/", "x" * 3_000_000, **_JSON)),  # type: ignore[arg-type]
    "a strange host": (400, lambda client: client.get("/login", headers={"host": "evil.example"})),
    "only the headers": (200, lambda client: client.head("/login")),
    "the health": (200, lambda client: client.get("/health")),
    "the figures": (401, lambda client: client.get("/metrics")),
    "the schema": (200, lambda client: client.get("/api/schema/")),
    "the admin": (302, lambda client: client.get("/admin/")),
}


def _is_guarded(answer: HttpResponseBase) -> None:
    told = {name: str(answer.headers.get(name, "")) for name in EXPECTED}
    assert {name: text for name, text in told.items() if not EXPECTED[name].search(text)} == {}
    assert "Server" not in answer.headers
    assert "X-Powered-By" not in answer.headers


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "ask"), ANSWERS.values(), ids=ANSWERS.keys())
def test_every_kind_of_answer_is_guarded(client: Client, own_cache: None, status: int, ask: Ask) -> None:
    answer = ask(client)
    assert answer.status_code == status
    _is_guarded(answer)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/login", "/api/token/"])
def test_so_is_a_fault_of_ours_which_tells_nothing(
    client: Client, own_cache: None, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(limits.Limiter, "take", _fail)
    client.raise_request_exception = False
    body = {"username": "alice", "password": "x"}
    answer = client.post(path, body, **(_JSON if path.startswith("/api") else {}))  # type: ignore[arg-type]
    assert answer.status_code == 500
    _is_guarded(answer)
    assert TELLTALE.search(answer.content.decode()) is None
    assert "what only the log may know" not in answer.content.decode()


@pytest.mark.django_db
def test_so_is_who_comes_too_often(client: Client, own_cache: None, alice: User) -> None:
    for _ in range(10):
        client.post("/api/token/", {"username": "alice", "password": "x"}, **_JSON)  # type: ignore[arg-type]
    for path in ("/login", "/api/token/"):
        kind = _JSON if path.startswith("/api") else {}
        answer = client.post(path, {"username": "alice", "password": "x"}, **kind)  # type: ignore[arg-type]
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) >= 1
        _is_guarded(answer)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [status for status, _ in ANSWERS.values() if status >= 400])
def test_no_error_tells_how_we_are_built(client: Client, own_cache: None, status: int) -> None:
    for kind, (expected, ask) in ANSWERS.items():
        if expected == status and kind != "only the headers":
            answer: Any = ask(client)
            assert TELLTALE.search(answer.content.decode()) is None, kind
