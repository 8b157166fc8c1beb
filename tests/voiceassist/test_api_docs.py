"""The API describes itself completely, and its documentation works under the site's own policy."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import sync_playwright


def test_the_schema_has_no_gaps() -> None:
    """Warnings are errors: each is an answer or a body that a client would have to guess."""
    out = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json", stdout=out)
    schema = json.loads(out.getvalue())
    assert schema["openapi"].startswith("3.1")
    assert {"/api/conversations/", "/api/token/", "/api/token/refresh/"} <= set(schema["paths"])


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_schema_is_served(client: Client, slash: str) -> None:
    response = client.get(f"/api/schema{slash}")
    assert response.status_code == 200
    assert b"openapi: 3.1" in response.content


def test_the_docs_page_carries_nothing_inline_and_nothing_foreign(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    assert "<style" not in page
    assert "style=" not in page
    assert "<script>" not in page
    assert "//cdn" not in page
    script = client.get("/api/docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert b"SwaggerUIBundle" in script.content


@pytest.mark.e2e
def test_the_docs_are_rendered_in_a_browser_without_breaking_the_policy(
    live_server: Any, chromium: Path
) -> None:
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = browser.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(f"{live_server.url}/api/docs/")
            page.get_by_text("/api/conversations/", exact=True).first.wait_for(timeout=15_000)
        finally:
            browser.close()
    assert [complaint for complaint in complaints if "Content Security Policy" in complaint] == []
