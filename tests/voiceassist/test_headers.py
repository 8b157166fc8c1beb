"""What browsers are told to refuse, on every answer."""

from typing import cast

import pytest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client, RequestFactory

from voiceassist.headers import ContentSecurityMiddleware, content_security_policy


def _directives(policy: str) -> dict[str, list[str]]:
    return {part.split()[0]: part.split()[1:] for part in policy.split(";")}


@pytest.mark.parametrize(
    ("public_url", "socket"),
    [
        ("https://voice.example", "wss://voice.example"),
        ("https://voice.example:8443", "wss://voice.example:8443"),
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000"),
    ],
)
def test_the_page_may_reach_its_own_socket_and_nothing_else(public_url: str, socket: str) -> None:
    directives = _directives(content_security_policy(public_url))
    assert directives["connect-src"] == ["'self'", socket]
    assert directives["default-src"] == ["'none'"]


def test_neither_inline_scripts_nor_inline_styles_nor_blob_worklets_run() -> None:
    directives = _directives(content_security_policy("http://127.0.0.1:8000"))
    assert directives["script-src"] == directives["style-src"] == directives["worker-src"] == ["'self'"]
    assert directives["frame-ancestors"] == directives["base-uri"] == ["'none'"]


@pytest.mark.parametrize("address", ["/health", "/api/nothing", "/nothing", "/api/conversations/"])
def test_every_answer_carries_the_policies(client: Client, address: str) -> None:
    headers = client.get(address).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "microphone=(self)" in headers["Permissions-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]


async def test_answers_to_asgi_carry_the_policies(async_client: AsyncClient) -> None:
    response = await async_client.get("/health")
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_view_that_sets_its_own_policy_keeps_it() -> None:
    own = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "private, max-age=60"}
    middleware = ContentSecurityMiddleware(lambda request: HttpResponse(headers=own))
    response = cast(HttpResponseBase, middleware(RequestFactory().get("/")))
    assert own.items() <= dict(response.headers.items()).items()
