"""What every page of people has in common: no code or style within it, no copy kept, one language, one heading."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conversations.services import append_message, create_conversation

pytestmark = pytest.mark.django_db
STRANGERS = ("/login", "/signup", "/nothing")
OWN = ("/chat", "/settings", "/voice-test", "/chat/{conversation}", "/settings/nothing")


class Reader(HTMLParser):
    """Notes what a strict policy would refuse, and what a page should have once."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.headings = 0
        self.mains = 0
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.refused += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (
            tag == "script" and "src" not in given and given.get("type") != "application/json"
        ):
            self.refused.append(tag)
        if re.match(r"\s*javascript:", given.get("href") or "", re.I):
            self.refused.append(f"{tag} href")
        self.headings += tag == "h1"
        self.mains += tag == "main"
        if given.get("id"):
            self.ids.append(str(given["id"]))


@pytest.fixture(autouse=True)
def _sign_up_is_open(settings: Any) -> None:
    settings.SIGNUP_ENABLED = True


@pytest.fixture(params=[*STRANGERS, *OWN])
def visit(request: pytest.FixtureRequest, client: Client, alice: User) -> Callable[[str], Any]:
    """Open one of the pages in a language."""
    path = request.param
    if path in OWN:
        client.force_login(alice)
        conversation = create_conversation(user=alice, title='<b onclick="x">Title</b>')
        append_message(
            conversation_id=conversation.pk,
            role="user",
            modality="text",
            status="final",
            text="<script>alert(1)</script>",
            spoken_at=datetime.now(UTC),
        )
        path = path.format(conversation=conversation.pk)
    return lambda language: client.get(path, HTTP_ACCEPT_LANGUAGE=language)


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_on_a_page_would_need_a_weaker_policy(visit: Callable[[str], Any], language: str) -> None:
    response = visit(language)
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert (
        "script-src 'self';" in policy and "style-src 'self';" in policy and "manifest-src 'self'" in policy
    )
    reader = Reader()
    reader.feed(response.content.decode())
    assert reader.refused == []


def test_no_copy_of_a_page_is_kept(visit: Callable[[str], Any]) -> None:
    assert "no-store" in visit("en")["Cache-Control"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_page_has_one_heading_one_main_part_and_no_id_twice(
    visit: Callable[[str], Any], language: str
) -> None:
    page = visit(language).content.decode()
    reader = Reader()
    reader.feed(page)
    assert (reader.headings, reader.mains) == (1, 1)
    assert sorted(reader.ids) == sorted(set(reader.ids))
    assert f'<html lang="{language}">' in page
    assert re.search(r"<title>[^<]+ · VoiceAssist</title>|<title>VoiceAssist</title>", page)
