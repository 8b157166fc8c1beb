"""The chat pages as they are rendered, before any script runs."""

import dataclasses
import json
import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from conversations.models import Conversation, Message
from realtime.pages.chat import LISTED_CONVERSATIONS, MESSAGES_PER_PAGE


def a_message(conversation: Conversation, position: int, **fields: Any) -> Message:
    values: dict[str, Any] = {
        "role": "user",
        "text": f"Words {position}",
        "spoken_at": timezone.now(),
    } | fields
    return Message.objects.create(conversation=conversation, position=position, **values)


@pytest.fixture
def headache(alice: User) -> Conversation:
    """A conversation of Alice's with everything a thread can show."""
    conversation = Conversation.objects.create(user=alice, title="Headache since Monday")
    a_message(conversation, 0, modality="audio", text="My head hurts.")
    a_message(
        conversation,
        1,
        role="assistant",
        modality="audio",
        status="interrupted",
        text="I am sorry.",
        unheard_text="Since when?",
    )
    a_message(conversation, 2, modality="audio", status="pending", text="")
    a_message(conversation, 3, modality="audio", status="failed", text="")
    a_message(conversation, 4, modality="audio", text="", hidden=True)
    a_message(conversation, 5, text="<script>alert(1)</script>")
    return conversation


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def lines_of(html: str) -> list[str]:
    """Every line of the thread as the words a reader meets, without the template that scripts copy."""
    articles = re.findall(r"<article.*?</article>", html.split('<template id="message-line">')[0], re.S)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", article)).split()) for article in articles]


def config_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script id="page-config" type="application/json">(.*?)</script>', html, re.S)
    assert found
    config: dict[str, Any] = json.loads(found[1])
    return config


def test_a_visitor_is_led_to_the_sign_in_page_and_back(client: Client, db: None) -> None:
    response = client.get("/chat")
    assert response.status_code == 302
    assert response["Location"] == "/login?next=/chat"


def test_the_messages_are_readable_without_scripts_and_in_spoken_order(
    page: Client, headache: Conversation
) -> None:
    lines = lines_of(page.get(f"/chat/{headache.pk}").content.decode())
    assert [line.split(" : ")[0] for line in lines] == ["You", "Assistant", "You", "You", "You"]
    assert "My head hurts. spoken" in lines[0]
    assert "I am sorry. Since when? spoken" in lines[1]
    assert lines[1].endswith("interrupted; the rest was not heard")
    assert "Transcribing…" in lines[2]
    assert "This could not be transcribed." in lines[3]


def test_a_message_says_that_it_was_spoken_or_typed_and_a_written_answer_nothing(
    page: Client, alice: User
) -> None:
    conversation = Conversation.objects.create(user=alice)
    a_message(conversation, 0, modality="text")
    a_message(conversation, 1, modality="audio")
    a_message(conversation, 2, modality="text", role="assistant")
    a_message(conversation, 3, modality="audio", role="assistant")
    html = page.get(f"/chat/{conversation.pk}").content.decode()
    marks = re.findall(r'data-part="mode">([^<]*)</span>', html.split('<template id="message-line">')[0])
    assert marks == ["typed", "spoken", "", "spoken"]


def test_what_was_not_heard_is_struck(page: Client, headache: Conversation) -> None:
    html = page.get(f"/chat/{headache.pk}").content.decode()
    assert re.findall(r"<s [^>]*>([^<]+)</s>", html) == ["Since when?"]


def test_words_are_text_and_never_markup(page: Client, headache: Conversation) -> None:
    html = page.get(f"/chat/{headache.pk}").content.decode()
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.parametrize("whose", ["somebody else's", "nobody's"])
def test_a_strangers_conversation_cannot_be_told_from_none(
    client: Client, bob: User, headache: Conversation, whose: str
) -> None:
    client.force_login(bob)
    wanted = uuid4() if whose == "nobody's" else headache.pk
    response = client.get(f"/chat/{wanted}")
    assert response.status_code == 404
    assert "This page or conversation does not exist." in response.content.decode()
    assert "Headache" not in response.content.decode()


@pytest.mark.usefixtures("at_noon")
def test_conversations_stand_under_today_this_week_and_earlier(page: Client, alice: User) -> None:
    now = timezone.now()
    for title, days in (("Old knee", 30), ("Sleep diary", 3), ("Headache", 0)):
        conversation = Conversation.objects.create(user=alice, title=title)
        a_message(conversation, 0)
        Conversation.objects.filter(pk=conversation.pk).update(updated_at=now - timedelta(days=days))
    html = page.get("/chat").content.decode().split('<template id="conversation-group">')[0]
    headings_and_titles = re.findall(r'(?:conversations__heading">|data-part="title">)([^<]+)<', html)
    assert headings_and_titles == ["Today", "Headache", "This week", "Sleep diary", "Earlier", "Old knee"]


@pytest.mark.parametrize("more", [True, False])
def test_a_list_that_goes_on_says_so(page: Client, alice: User, more: bool) -> None:
    for number in range(LISTED_CONVERSATIONS + more):
        a_message(Conversation.objects.create(user=alice, title=f"Number {number}"), 0)
    html = page.get("/chat").content.decode().split('<template id="conversation-group">')[0]
    assert html.count("data-conversation=") == LISTED_CONVERSATIONS
    assert bool(re.search(r"<conversation-list [^>]* more>", html)) is more


def test_what_can_be_done_with_a_conversation_is_offered_once_there_is_one(
    page: Client, headache: Conversation
) -> None:
    actions = r'<span class="header__actions" data-part="actions"( hidden)?>'
    offered = [
        re.search(actions, page.get(path).content.decode()) for path in ("/chat", f"/chat/{headache.pk}")
    ]
    assert [found and found[1] for found in offered] == [" hidden", None]
    html = page.get(f"/chat/{headache.pk}").content.decode()
    assert 'aria-label="Options for Headache since Monday"' in html
    assert f'export-pattern="/api/conversations/{UUID(int=0)}/export"' in html


def test_the_account_leads_to_settings_the_voice_test_and_out(page: Client) -> None:
    html = page.get("/chat").content.decode()
    account = html[html.index("<account-menu") : html.index("</account-menu>")]
    assert re.findall(r'(?:href|action)="(/[^"]+)"', account) == ["/settings", "/voice-test", "/logout"]
    assert 'name="csrfmiddlewaretoken"' in account


def test_an_empty_thread_offers_what_whoever_answers_can_answer(page: Client, settings: Any) -> None:
    def examples() -> list[str]:
        return re.findall(r"data-example>([^<]+)<", page.get("/chat").content.decode())

    assert "What is twelve plus thirty?" in examples()
    settings.REALTIME = dataclasses.replace(
        django_settings.REALTIME, provider="openai", api_key="test-key", model="gpt-realtime-2.1"
    )
    assert len(examples()) == 3
    assert "What is twelve plus thirty?" not in examples()


def test_the_panel_is_told_which_turn_taking_there_is(page: Client) -> None:
    html = page.get("/chat").content.decode()
    offered = re.search(r'turn-detections="([^"]*)"', html)
    assert offered
    assert "push_to_talk" in offered[1].split()


def test_a_conversation_without_a_message_is_not_listed(page: Client, alice: User) -> None:
    Conversation.objects.create(user=alice, title="An empty one")
    assert "An empty one" not in page.get("/chat").content.decode()


def test_the_list_takes_no_query_for_each_conversation(
    page: Client, alice: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        a_message(Conversation.objects.create(user=alice, title=f"Number {number}"), 0)
    conversation = Conversation.objects.filter(user=alice).first()
    assert conversation
    with django_assert_max_num_queries(6):
        page.get(f"/chat/{conversation.pk}")


def test_a_long_conversation_shows_its_end_and_leads_to_what_was_before(page: Client, alice: User) -> None:
    conversation = Conversation.objects.create(user=alice, title="Long")
    Message.objects.bulk_create(
        Message(
            conversation=conversation, position=at, role="user", text=f"Turn {at}.", spoken_at=timezone.now()
        )
        for at in range(MESSAGES_PER_PAGE + 7)
    )
    html = page.get(f"/chat/{conversation.pk}").content.decode()
    assert len(lines_of(html)) == MESSAGES_PER_PAGE
    assert f"/chat/{conversation.pk}?before=7" in html
    earlier = page.get(f"/chat/{conversation.pk}?before=7").content.decode()
    assert [line.split()[3] for line in lines_of(earlier)] == [f"{at}." for at in range(7)]
    assert "Back to the latest messages" in earlier
    # What is said next would belong behind messages that are not on this page.
    assert config_of(earlier)["enabled"] is False
    assert "message-composer" not in earlier


@pytest.mark.parametrize("before", ["-1", "x", "9" * 40, "٣", ""])
def test_a_position_that_is_none_is_passed_over(page: Client, headache: Conversation, before: str) -> None:
    assert page.get(f"/chat/{headache.pk}", {"before": before}).status_code == 200


def test_the_page_says_honestly_who_answers(page: Client) -> None:
    html = page.get("/chat").content.decode()
    chip = re.search(r'data-part="provider">([^<]*)<', html)
    assert chip and "no language model" in chip[1]
    assert "not from a language model" in html


def test_a_language_model_is_named_without_a_caveat(page: Client, settings: Any) -> None:
    settings.REALTIME = dataclasses.replace(
        django_settings.REALTIME, provider="openai", api_key="test-key", model="gpt-realtime-2.1"
    )
    html = page.get("/chat").content.decode()
    assert "OpenAI gpt-realtime-2.1" in html
    assert "no language model" not in html
    assert "test-key" not in html


def test_every_page_begins_on_the_record_and_offers_to_leave_it(page: Client) -> None:
    html = page.get("/chat").content.decode()
    assert re.search(r'<p class="record-banner" id="record-banner" data-part="record-banner" hidden>', html)
    switch = re.search(r"<button class=\"record__switch\"[^>]*>", html)
    assert switch
    assert 'role="switch" aria-checked="false"' in switch[0]
    assert "disabled" in switch[0], "without scripts there is nothing that it could switch"


def test_what_it_costs_is_not_shown_before_anything_was_used(page: Client) -> None:
    html = page.get("/chat").content.decode()
    assert re.search(r'<usage-line class="usage" hidden>', html)


def test_where_voice_cannot_be_had_the_page_says_why_and_offers_typing(rf: Any, alice: User) -> None:
    request = rf.get("/chat")
    request.user = alice
    context = {
        "realtime_enabled": True,
        "voice_problem": "This Python has no recogniser.",
        "conversation_pattern": "/chat/x",
    }
    html = render_to_string("chat.html", context, request)
    assert "This Python has no recogniser." in html
    assert "composer__voice" not in html
    assert "data-off" not in html


def test_the_medical_notice_is_always_there(page: Client) -> None:
    assert "Not a substitute for a doctor." in page.get("/chat").content.decode()


def test_switched_off_there_is_no_voice_button_and_the_history_can_be_read(
    page: Client, settings: Any, headache: Conversation
) -> None:
    settings.REALTIME = dataclasses.replace(django_settings.REALTIME, enabled=False)
    html = page.get(f"/chat/{headache.pk}").content.decode()
    assert "voice-mode-panel" not in html
    assert "composer__voice" not in html
    assert "record-switch" not in html
    assert re.search(r"<textarea[^>]* disabled data-off", html)
    assert "Voice and chat sessions are switched off on this server." in html
    assert "My head hurts." in html
    assert config_of(html)["enabled"] is False


def test_scripts_are_told_addresses_and_the_cookie_name_as_data(page: Client, headache: Conversation) -> None:
    config = config_of(page.get(f"/chat/{headache.pk}").content.decode())
    assert config["conversationId"] == str(headache.pk)
    assert config["sessionUrl"] == "/api/voice/realtime-session"
    assert config["conversationsUrl"] == "/api/conversations/"
    assert config["csrfCookie"] == django_settings.CSRF_COOKIE_NAME
    assert config["chatUrl"] == "/chat"
    assert config["worklets"].endswith("js/voice/worklets.js")


def test_the_csrf_cookie_is_set_for_the_first_request_of_a_script(page: Client) -> None:
    response = page.get("/chat")
    assert django_settings.CSRF_COOKIE_NAME in response.cookies


def test_nothing_is_inline_that_the_policy_would_refuse(page: Client, headache: Conversation) -> None:
    html = page.get(f"/chat/{headache.pk}").content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    scripts = re.findall(r"<script([^>]*)>", html)
    assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)


def test_the_page_is_read_only(page: Client) -> None:
    assert page.post("/chat").status_code == 405


@pytest.mark.parametrize(("path", "heading"), [("/login", "Sign in"), ("/signup", "Make an account")])
def test_the_account_pages_show_a_labelled_form(
    client: Client, db: None, settings: Any, path: str, heading: str
) -> None:
    settings.SIGNUP_ENABLED = True
    html = client.get(path).content.decode()
    assert f"<h1>{heading}</h1>" in html
    fields = re.findall(r'<input type="(?:text|password)"[^>]* id="([^"]+)"', html)
    assert fields
    assert all(f'<label class="field__label" for="{field}"' in html for field in fields)


def test_a_wrong_password_is_told_on_the_page(client: Client, alice: User) -> None:
    html = client.post("/login", {"username": "alice", "password": "wrong"}).content.decode()
    assert re.search(r'class="form__error"[^>]* role="alert">\s*<p>[^<]*do not belong together', html)


def test_the_way_into_the_admin_is_shown_to_staff_alone(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert 'href="/admin/"' not in client.get("/chat").content.decode()
    alice.is_staff = True
    alice.save()
    assert 'href="/admin/"' in client.get("/chat").content.decode()
