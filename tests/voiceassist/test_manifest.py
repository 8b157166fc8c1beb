"""The manifest: what a browser reads before it offers to install the site."""

import struct
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client


def manifest_in(client: Client, language: str = "en") -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/manifest.webmanifest", HTTP_ACCEPT_LANGUAGE=language).json()
    return answer


def file_of(address: str) -> Path:
    found = finders.find(address.removeprefix(f"/{settings.STATIC_URL.strip('/')}/"))
    assert isinstance(found, str), address
    return Path(found)


def size_of(png: Path) -> str:
    """Width and height from the picture's own header."""
    width, height = struct.unpack(">II", png.read_bytes()[16:24])
    return f"{width}x{height}"


def test_it_is_served_as_a_manifest_to_anybody_and_kept_by_nobody(client: Client) -> None:
    answer = client.get("/manifest.webmanifest")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/manifest+json"
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/manifest.webmanifest").status_code == 405


def test_the_app_begins_at_the_chat_in_a_window_of_its_own(client: Client) -> None:
    manifest = manifest_in(client)
    assert manifest["start_url"] == manifest["id"] == "/chat"
    assert (manifest["display"], manifest["scope"]) == ("standalone", "/")
    assert [each["url"] for each in manifest["shortcuts"]] == ["/chat", "/settings"]


def test_every_icon_is_a_small_file_of_the_size_that_is_promised(client: Client) -> None:
    icons = manifest_in(client)["icons"]
    assert {"192x192", "512x512", "any"} <= {icon["sizes"] for icon in icons if icon["purpose"] == "any"}
    assert [icon["sizes"] for icon in icons if icon["purpose"] == "maskable"] == ["512x512"]
    for icon in icons:
        path = file_of(icon["src"])
        assert path.stat().st_size < 20_000
        if icon["type"] == "image/png":
            assert path.read_bytes()[:4] == b"\x89PNG"
            assert size_of(path) == icon["sizes"]


def test_the_icon_for_apples_home_screen_is_there(client: Client) -> None:
    page = client.get("/login").content.decode()
    assert 'rel="apple-touch-icon" href="/static/icons/apple-touch-icon.png"' in page
    assert size_of(file_of("/static/icons/apple-touch-icon.png")) == "180x180"


@pytest.mark.parametrize("language", ["en", "de"])
def test_it_speaks_the_language_of_the_pages(client: Client, language: str) -> None:
    manifest = manifest_in(client, language)
    assert manifest["lang"] == language
    assert (manifest["shortcuts"][0]["name"] == "New conversation") == (language == "en")


def test_pages_name_it_and_have_it_fetched_with_the_cookie_of_the_language(client: Client) -> None:
    page = client.get("/login").content.decode()
    assert '<link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials">' in page


def test_its_colours_are_those_of_the_sheets(client: Client) -> None:
    manifest = manifest_in(client)
    tokens = file_of("/static/css/tokens.css").read_text(encoding="utf-8")
    assert f"--paper: {manifest['background_color']};" in tokens
    assert manifest["theme_color"] == manifest["background_color"]
