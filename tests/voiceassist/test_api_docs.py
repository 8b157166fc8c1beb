"""The API describes itself completely, and its documentation works under the site's own policy."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import sync_playwright


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


@pytest.mark.parametrize("accepted", ["application/json", "application/vnd.oai.openapi+json"])
def test_the_schema_is_json_for_whoever_asks_for_that(client: Client, accepted: str) -> None:
    response = client.get("/api/schema", headers={"Accept": accepted})
    assert response.headers["Content-Type"].startswith(accepted)
    assert response.json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs"])
@pytest.mark.parametrize(
    ("method", "sent", "status", "code"),
    [
        ("post", {}, 405, "method_not_allowed"),
        ("options", {}, 405, "method_not_allowed"),
        ("get", {"Accept": "image/png"}, 406, "not_acceptable"),
        ("get", {"Authorization": "Bearer forged"}, 401, "token_not_valid"),
    ],
)
def test_what_goes_wrong_there_is_told_as_at_every_door(
    client: Client, path: str, method: str, sent: dict[str, str], status: int, code: str
) -> None:
    response = client.generic(method.upper(), path, headers=sent)
    assert response.headers["Content-Type"] == "application/json"
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_whoever_cannot_read_it_is_told_what_there_is(client: Client) -> None:
    schema = client.get("/api/schema", headers={"Accept": "text/html"}).json()
    docs = client.get("/api/docs", headers={"Accept": "application/json"}).json()
    assert schema["detail"] == "This address answers in YAML or JSON."
    assert "/api/schema" in docs["detail"]


@pytest.mark.e2e
def test_the_docs_are_rendered_light_and_dark_without_breaking_the_policy(
    live_server: Any, chromium: Path
) -> None:
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = browser.new_page(color_scheme="dark")
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(f"{live_server.url}/api/docs/")
            page.get_by_text("/api/conversations/", exact=True).first.wait_for(timeout=15_000)
            assert page.locator("html.dark-mode").count() == 1
            page.emulate_media(color_scheme="light")
            page.locator("html:not(.dark-mode)").wait_for(state="attached")
        finally:
            browser.close()
    assert [complaint for complaint in complaints if "Content Security Policy" in complaint] == []
