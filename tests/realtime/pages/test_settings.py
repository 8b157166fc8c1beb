"""The settings page without scripts: what it offers, what it saves, and how data are erased."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.settings import api_settings

from conversations.models import Conversation, TranscriptAccess
from realtime import preferences
from realtime.models import Preferences, VoiceSession
from realtime.preferences import Preferred
from realtime.providers.registry import describe
from tests.support.sessions import CONFIG, opened, say

AT = "/settings"
PASSWORD = "wonderland-teapot"
KEPT = {"action": "erase", "what": "words", "password": PASSWORD}
GONE = KEPT | {"what": "account"}


@pytest.fixture(autouse=True)
def _configured(settings: Any, own_cache: None) -> None:
    settings.REALTIME = CONFIG


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def read(browser: Client) -> Callable[[], str]:
    """The page as Alice gets it."""
    return lambda: browser.get(AT).content.decode()


def _chosen(html: str, name: str) -> str:
    """The value of the chosen one of several."""
    inputs = re.findall(rf'<input[^>]*type="radio"[^>]*name="{name}"[^>]*>', html)
    [value] = [re.findall(r'value="([^"]*)"', each)[0] for each in inputs if " checked" in each]
    return str(value)


def _offered(html: str, name: str) -> list[str]:
    return re.findall(rf'type="radio" name="{name}"[^>]* value="([^"]*)"', html)


def _words(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def _own(alice: User) -> Preferred:
    return preferences.preferences_of(alice, describe(CONFIG))


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_a_stranger_is_led_to_sign_in_and_back() -> None:
    answer = Client().get(AT)
    assert (answer.status_code, answer["Location"]) == (302, f"/login?next={AT}")
    assert Client().post(AT, KEPT)["Location"] == f"/login?next={AT}"


def test_it_offers_what_the_provider_has_and_shows_what_counts_without_a_choice(
    read: Callable[[], str],
) -> None:
    html = read()
    assert _offered(html, "voice") == ["", *describe(CONFIG).voices]
    assert _offered(html, "turn_detection") == ["server_vad", "semantic_vad", "push_to_talk"]
    chosen = [_chosen(html, name) for name in ("voice", "turn_detection", "output")]
    assert chosen == ["", "server_vad", "audio"]
    assert "At the moment Marin" in html
    assert 'name="pitch"' not in html, "no provider can change it"


def test_what_is_saved_is_shown_and_told(browser: Client, alice: User, read: Callable[[], str]) -> None:
    wishes = {
        "voice": "cedar",
        "speed": "0.9",
        "language": "de",
        "output": "text",
        "turn_detection": "push_to_talk",
    }
    answer = browser.post(AT, wishes, follow=True)
    assert answer.redirect_chain == [(f"{AT}?done=saved", 302)]
    assert (
        '<p class="settings__status" role="status" data-part="status">Saved.</p>' in answer.content.decode()
    )
    assert _own(alice) == Preferred("cedar", 0.9, "de", "text", "push_to_talk")
    html = read()
    assert [_chosen(html, name) for name in ("voice", "turn_detection", "output")] == [
        "cedar",
        "push_to_talk",
        "text",
    ]
    assert '<option value="de" selected>German</option>' in html
    assert re.search(r'type="range"[^>]* value="0\.9"', html)
    assert "Saved." not in html


def test_what_is_left_empty_takes_a_choice_back_and_what_is_left_out_keeps_it(
    browser: Client, alice: User
) -> None:
    preferences.choose(alice, {"voice": "cedar", "language": "de", "output": "text"})
    browser.post(AT, {"voice": "", "language": ""})
    assert _own(alice) == Preferred(output="text")


def test_what_was_left_alone_is_not_taken_for_a_choice(browser: Client, alice: User) -> None:
    untouched = {
        "voice": "",
        "speed": "1.0",
        "language": "",
        "output": "audio",
        "turn_detection": "server_vad",
    }
    browser.post(AT, untouched)
    assert not Preferences.objects.exists()
    browser.post(AT, untouched | {"turn_detection": "semantic_vad"})
    assert _own(alice) == Preferred(turn_detection="semantic_vad")
    browser.post(AT, untouched | {"speed": "1.2"})
    assert _own(alice) == Preferred(speed=1.2, turn_detection="server_vad"), (
        "what was another way is a choice"
    )


def test_turn_taking_has_one_set_of_names(browser: Client, read: Callable[[], str]) -> None:
    names = re.findall(
        r'name="voice-turns" value="(\w+)"><span><strong>([^<]+)', browser.get("/chat").content.decode()
    )
    html = read()
    assert [kind for kind, _ in names] == _offered(html, "turn_detection")
    for kind, name in names:
        assert f'for="turn_detection-{kind}"><span class="choice__name">{name}</span>' in html


@pytest.mark.parametrize("path", [AT, "/voice-test"])
def test_without_scripts_no_device_is_offered_and_it_says_why(browser: Client, path: str) -> None:
    html = browser.get(path).content.decode()
    [unscripted] = re.findall(r"<noscript>(<link.*?)</noscript>", html, re.S)
    assert re.search(r'<link rel="stylesheet" href="[^"]*css/components/no-scripts[^"]*\.css">', unscripted)
    assert "are chosen with JavaScript" in unscripted
    assert re.search(r'<div class="needs-scripts">\s*(<!--.*?-->)?\s*<device-settings', html)
    assert '<option value="normal" selected>' in html, "as the scripts have it from the beginning"


def test_the_voice_test_and_the_settings_lead_to_each_other(browser: Client, read: Callable[[], str]) -> None:
    assert read().count('href="/voice-test"') == 2, "above, and beside the devices"
    assert 'class="button" href="/settings"' in browser.get("/voice-test").content.decode()


@pytest.mark.parametrize(
    "wish", [{"voice": "nobody"}, {"speed": "nan"}, {"speed": "fast"}, {"output": "video"}]
)
def test_what_cannot_be_had_is_told_and_nothing_is_saved(browser: Client, wish: dict[str, str]) -> None:
    answer = browser.post(AT, {"language": "de"} | wish)
    assert answer.status_code == 400
    assert "Nothing was saved: something of it cannot be chosen here any more." in answer.content.decode()
    assert not Preferences.objects.exists()


def test_a_post_from_another_site_changes_nothing(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(AT, {"voice": "cedar"}).status_code == 403
    assert client.post(AT, GONE).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()
    assert not Preferences.objects.exists()


def test_a_language_that_is_not_listed_but_was_chosen_is_listed(alice: User, read: Callable[[], str]) -> None:
    preferences.choose(alice, {"language": "xx-YY"})
    assert '<option value="xx-YY" selected>xx-YY</option>' in read()


def test_where_a_provider_charges_it_says_so_before_anybody_listens(
    settings: Any, read: Callable[[], str]
) -> None:
    html = read()
    assert "The provider charges for it as for any short answer." in _words(html)
    assert html.index("The provider charges") < html.index("<voice-preview")
    assert html.count('aria-describedby="listening" disabled') == len(describe(CONFIG).voices)
    settings.REALTIME = replace(CONFIG, provider="embedded", api_key="")
    words = _words(read())
    assert "It costs nothing." in words
    assert "Who answers here: Built-in responder (no language model)." in words
    assert "hears and speaks one language: English." in words


def test_where_no_session_can_be_had_nothing_can_be_heard_and_all_can_be_chosen(
    settings: Any, browser: Client, alice: User, read: Callable[[], str]
) -> None:
    settings.REALTIME = replace(CONFIG, enabled=False)
    html = read()
    assert "<voice-preview" not in html
    assert "No session can be opened on this server at the moment" in html
    assert browser.post(AT, {"voice": "cedar"}).status_code == 302
    assert _own(alice).voice == "cedar"


def test_where_nobody_knows_the_voices_one_is_written(
    settings: Any, alice: User, read: Callable[[], str]
) -> None:
    settings.REALTIME = replace(CONFIG, provider="compatible", base_url="http://127.0.0.1:1/v1", model="any")
    assert describe(settings.REALTIME).voices == ()
    preferences.choose(alice, {"voice": '"><b>bold'})
    html = read()
    assert 'name="voice" maxlength="60" value="&quot;&gt;&lt;b&gt;bold"' in html
    assert html.count("<voice-preview") == 1


def test_the_scripts_are_told_where_to_save_and_what_to_say(read: Callable[[], str]) -> None:
    found = re.search(r'<script id="page-config" type="application/json">(.*?)</script>', read())
    assert found is not None
    config = json.loads(found[1])
    assert config["preferencesUrl"] == "/api/me/preferences"
    assert config["sample"].startswith("Please repeat after me: ")


# --- one's own data ---------------------------------------------------------------------------------------------------


def test_it_says_how_long_words_are_kept_and_how_long_one_may_talk(
    settings: Any, read: Callable[[], str]
) -> None:
    words = _words(read())
    assert "What is said here is kept until you delete it." in words
    assert "You can still talk" not in words
    settings.TRANSCRIPT_RETENTION_DAYS = 30
    settings.REALTIME = replace(CONFIG, minutes_per_day=45)
    words = _words(read())
    assert "What is said here is deleted after 30 days." in words
    assert "You can still talk for 45 minutes today (until midnight UTC)." in words


def test_the_link_takes_out_everything(browser: Client, read: Callable[[], str]) -> None:
    [address] = re.findall(r'<a class="button" href="([^"]*)" download>', read())
    answer: Any = browser.get(address)
    assert json.loads(answer.getvalue())["account"]["username"] == "alice"


def test_with_the_password_the_words_go_and_the_account_stays(browser: Client, alice: User) -> None:
    say(opened(alice), text="My knee hurts")
    preferences.choose(alice, {"voice": "cedar"})
    answer = browser.post(AT, KEPT, follow=True)
    assert answer.redirect_chain == [(f"{AT}?done=erased", 302)]
    assert "Everything you said here is erased" in answer.content.decode()
    for kind in (Conversation, VoiceSession, Preferences):
        assert not kind._default_manager.filter(user=alice).exists(), kind
    looks = list(TranscriptAccess.objects.values_list("action", "via", "actor_id"))
    assert looks == [("delete", "page", alice.pk)]


def test_the_account_goes_and_one_is_signed_out(browser: Client, alice: User) -> None:
    opened(alice)
    answer = browser.post(AT, GONE)
    assert answer.status_code == 200
    assert "Your account is deleted" in answer.content.decode()
    assert not User.objects.filter(username="alice").exists()
    assert not Conversation.objects.exists()
    assert browser.get(AT).status_code == 302
    assert not Client().login(username="alice", password=PASSWORD)


@pytest.mark.parametrize("what", ["words", "account"])
@pytest.mark.parametrize("password", ["", "wonderland-kettle"])
def test_without_the_password_nothing_is_erased_and_the_form_stays_open(
    browser: Client, alice: User, what: str, password: str
) -> None:
    opened(alice)
    answer = browser.post(AT, {"action": "erase", "what": what, "password": password})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "Nothing was erased: this is not your password." in html
    assert html.count('<details class="erase" open>') == 1
    assert f'id="erase-{what}-password" autocomplete="current-password" required aria-invalid="true"' in html
    assert Conversation.objects.filter(user=alice).exists()
    assert not TranscriptAccess.objects.exists()


def test_a_misspelt_wish_never_costs_the_account(browser: Client, alice: User) -> None:
    browser.post(AT, GONE | {"what": "Account"})
    assert User.objects.filter(pk=alice.pk).exists()


def test_the_last_superuser_is_told_what_to_do_instead(browser: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    opened(alice)
    answer = browser.post(AT, GONE)
    assert answer.status_code == 409
    assert "Make another account a superuser first" in answer.content.decode()
    assert Conversation.objects.filter(user=alice).exists()
    assert browser.post(AT, KEPT).status_code == 302, "the words may go"


def test_passwords_cannot_be_tried_without_end_nor_beside_the_api(
    browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "erasure", "2/hour")
    wrong = GONE | {"password": "wonderland-kettle"}
    assert [browser.post(AT, wrong).status_code for _ in range(2)] == [200, 200]
    answer = browser.post(AT, GONE)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 2 * 3600, "within two windows"
    assert re.search(r"tried too often. Wait \d+ minutes?, then try again.", answer.content.decode())
    assert User.objects.filter(pk=alice.pk).exists()
    assert browser.delete("/api/me/data").status_code == 429
    assert browser.post(AT, {"voice": "cedar"}).status_code == 302, "choosing is not erasing"


def test_no_password_is_in_a_report_of_a_fault(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: list[Any] = []
    monkeypatch.setattr("realtime.pages.settings.erased", lambda request, user: hidden.append(request))
    browser.post(AT, KEPT)
    assert hidden[0].sensitive_post_parameters == ("password",)
