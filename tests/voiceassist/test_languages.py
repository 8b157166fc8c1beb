"""Pages speak the language that was chosen, or the browser's; programs and reviewers are answered in English."""

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import formats, translation

from voiceassist.languages import sentences_for_scripts

pytestmark = pytest.mark.django_db
GERMAN: dict[str, Any] = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.5"}


def language_of(page: str) -> str:
    found = re.search(r'<html lang="([^"]*)"', page)
    assert found
    return found[1]


def words_of(page: str) -> dict[str, str]:
    """The catalogue that the page gives to its scripts."""
    found = re.search(r'<script id="page-words" type="application/json">(.*?)</script>', page, re.S)
    words: dict[str, str] = json.loads(found[1]) if found else {}
    return words


def text_at(client: Client, path: str, **headers: Any) -> str:
    return client.get(path, **headers).content.decode()


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("", "en"),
        ("en-GB", "en"),
        ("de", "de"),
        ("de-CH,fr;q=0.8", "de"),
        ("fr,de;q=0.5", "de"),
        ("fr", "en"),
    ],
)
def test_a_page_follows_the_browsers_wish_as_far_as_it_can(client: Client, wish: str, language: str) -> None:
    response = client.get("/login", HTTP_ACCEPT_LANGUAGE=wish)
    page = response.content.decode()
    assert language_of(page) == language
    assert response["Content-Language"] == language
    assert ("Anmelden" in page) == (language == "de")
    assert ("Sign in" in page) == (language == "en")


def test_caches_are_told_what_the_page_depends_on(client: Client) -> None:
    varies = {each.strip() for each in client.get("/login")["Vary"].split(",")}
    assert {"Accept-Language", "Cookie"} <= varies
    assert "no-store" in client.get("/login")["Cache-Control"]


def test_what_was_chosen_outdoes_the_browser_and_stays(client: Client) -> None:
    answer = client.post("/language", {"language": "en", "next": "/login?next=/chat"}, **GERMAN)
    assert (answer.status_code, answer["Location"]) == (302, "/login?next=/chat")
    cookie = answer.cookies["language"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["max-age"] >= 180 * 24 * 3600
    assert language_of(text_at(client, "/login", **GERMAN)) == "en"
    client.post("/language", {"language": "de"})
    assert language_of(text_at(client, "/login")) == "de"


@pytest.mark.parametrize("wrong", ["fr", "", "../de", "de\r\nX: y"])
def test_a_language_that_we_do_not_speak_changes_nothing(client: Client, wrong: str) -> None:
    client.post("/language", {"language": wrong})
    assert language_of(text_at(client, "/login")) == "en"


def test_the_choice_never_leads_off_the_site_and_needs_the_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/language", {"language": "de"}).status_code == 403
    away = Client().post("/language", {"language": "de", "next": "https://evil.example/"})
    assert "evil" not in away["Location"]


def test_each_language_is_offered_under_its_own_name(client: Client) -> None:
    for wish in ("en", "de"):
        page = text_at(client, "/login", HTTP_ACCEPT_LANGUAGE=wish)
        offered = re.findall(r'name="language" value="(\w+)" lang="\1"( aria-current="true")?>(\w+)<', page)
        assert [(code, name) for code, _, name in offered] == [("en", "English"), ("de", "Deutsch")]
        assert [code for code, current, _ in offered if current] == [wish]


@pytest.mark.parametrize("path", ["/chat", "/settings", "/voice-test"])
def test_the_pages_behind_the_door_are_in_german_with_the_words_of_their_scripts(
    client: Client, alice: User, path: str
) -> None:
    client.force_login(alice)
    german = text_at(client, path, **GERMAN)
    assert language_of(german) == "de"
    assert words_of(german) == sentences_for_scripts("de") != {}
    english = text_at(client, path)
    assert language_of(english) == "en"
    assert words_of(english) == {}


@pytest.mark.parametrize("path", ["/nothing", "/chat/nothing"])
def test_dead_ends_are_in_german_too(client: Client, path: str) -> None:
    page = text_at(client, path, **GERMAN)
    assert language_of(page) == "de"
    assert "Hier ist nichts" in page


def test_the_frameworks_own_sentences_on_forms_are_in_german(client: Client) -> None:
    page = client.post("/login", {"username": "", "password": "x"}, **GERMAN).content.decode()
    assert "Dieses Feld ist zwingend erforderlich." in page


def test_a_waiting_time_is_told_in_german(client: Client, own_cache: None) -> None:
    for _ in range(11):
        answer = client.post(
            "/login", {"username": "eve", "password": "x"}, REMOTE_ADDR="192.0.2.9", **GERMAN
        )
    assert answer.status_code == 429
    assert re.search(r"in \d+ Minuten|\d+ (?:Minuten|Sekunden)", answer.content.decode())


@pytest.mark.parametrize("path", ["/api/conversations/", "/api/nothing", "/v1/nothing", "/api/docs/"])
def test_programs_are_answered_in_english(client: Client, path: str) -> None:
    client.cookies["language"] = "de"
    german, plain = client.get(path, **GERMAN), Client().get(path)
    assert german.content == plain.content
    assert german["Content-Language"] == "en"
    assert "Accept-Language" not in german.get("Vary", "")


def test_a_refused_body_is_told_in_english(alice: User, client: Client) -> None:
    client.force_login(alice)
    answer = client.post("/api/conversations/", {"title": ["no"]}, "application/json", **GERMAN)
    assert answer.status_code == 400
    assert "Not a valid string." in str(answer.json()["fields"])


def test_the_admin_is_in_english(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    page = text_at(client, "/admin/", **GERMAN)
    assert 'lang="en' in page
    assert "Site administration" in page or "Log out" in page


def test_one_request_in_german_leaves_the_next_in_english(client: Client) -> None:
    assert language_of(text_at(client, "/login", **GERMAN)) == "de"
    assert language_of(text_at(client, "/login")) == "en"


def test_a_german_page_writes_days_and_times_as_germans_do() -> None:
    day, moment = date(2026, 3, 1), datetime(2026, 3, 1, 17, 5, tzinfo=UTC)
    with translation.override("de"):
        assert formats.date_format(day) == "1. März 2026"
        assert formats.date_format(day, "SHORT_DATE_FORMAT") == "01.03.2026"
        assert formats.time_format(moment.time()) == "17:05"
    with translation.override("en"):
        assert formats.date_format(day) == "2026-03-01"
        assert formats.time_format(moment.time()) == "17:05:00"


def test_the_words_of_a_page_weigh_little_and_break_out_of_nothing(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = text_at(client, "/chat", **GERMAN)
    found = re.search(r'<script id="page-words".*?</script>', page, re.S)
    assert found
    assert len(found[0].encode()) < 60_000
    assert found[0].count("<") == 2
