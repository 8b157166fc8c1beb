"""The admin reads like a conversation, writes nothing, and shows words as words."""

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations import services
from conversations.admin import ConversationAdmin
from conversations.models import Conversation, Message
from tests.conversations.conftest import Say

pytestmark = pytest.mark.django_db

LIST = "/admin/conversations/conversation/"


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="gardener-spade"))
    return client


def _page_of(reader: Client, conversation: Conversation, query: str = "") -> str:
    response = reader.get(f"{LIST}{conversation.pk}/change/{query}")
    assert response.status_code == 200
    return response.content.decode()


def _words_in(page: str) -> str:
    body = page[page.index('class="module transcript"') :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_a_conversation_shows_who_said_what_and_when(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("Tell me a story")
    say("Once upon", role="assistant", status="interrupted", unheard_text="a time.", heard_is_estimated=True)
    say("", status="pending")
    say("", status="failed")
    say("", hidden=True)
    say("typed words", modality="text")
    words = _words_in(_page_of(reader, conversation))
    assert "alice spoken · 2026-11-21 09:30:00 Tell me a story" in words
    assert "Assistant spoken · 2026-11-21 09:30:00 Once upon" in words
    assert "Once upon a time. (not heard: interrupted, the place is estimated)" in words
    assert "(not transcribed yet)" in words
    assert "(could not be transcribed)" in words
    assert "(no words)" in words
    assert "alice typed · 2026-11-21 09:30:00 typed words" in words
    assert words.index("Tell me") < words.index("Once upon") < words.index("typed words")


def test_the_unheard_part_is_set_in_the_quiet_colour(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("Once upon", role="assistant", status="interrupted", unheard_text="a time.")
    assert '<span class="quiet turn-unheard">a time.</span>' in _page_of(reader, conversation)


def test_words_stay_words_whatever_they_spell(reader: Client, conversation: Conversation, say: Say) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    say(attack)
    say("heard", role="assistant", status="interrupted", unheard_text=attack)
    conversation.title = attack
    conversation.save()
    for page in (_page_of(reader, conversation), reader.get(LIST).content.decode()):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_nothing_can_be_added_or_changed(reader: Client, conversation: Conversation, say: Say) -> None:
    say("as it was said")
    assert reader.get(f"{LIST}add/").status_code == 403
    assert reader.post(f"{LIST}{conversation.pk}/change/", {"title": "other"}).status_code == 403
    page = _page_of(reader, conversation)
    assert 'name="_save"' not in page
    assert "<textarea" not in page
    assert Message.objects.get().text == "as it was said"


def test_an_account_with_conversations_can_still_be_deleted(
    reader: Client, conversation: Conversation, say: Say, alice: User
) -> None:
    say("words")
    reader.post(f"/admin/auth/user/{alice.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Message.objects.exists()


def test_the_list_costs_the_same_for_one_conversation_and_for_forty(reader: Client, alice: User) -> None:
    services.create_conversation(user=alice, title="one")
    reader.get(LIST)
    with CaptureQueriesContext(connection) as few:
        reader.get(LIST)
    for number in range(39):
        owner = User.objects.create_user(f"person {number}")
        services.create_conversation(user=owner, title=f"of {number}")
    with CaptureQueriesContext(connection) as many:
        page = reader.get(LIST)
    assert b"person 38" in page.content
    assert len(many) == len(few)


def test_a_long_conversation_is_paged_and_costs_no_query_per_turn(
    reader: Client, conversation: Conversation, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConversationAdmin, "messages_per_page", 10)
    say("turn 0")
    _page_of(reader, conversation)
    with CaptureQueriesContext(connection) as short:
        _page_of(reader, conversation)
    for number in range(1, 25):
        say(f"turn {number}")
    with CaptureQueriesContext(connection) as long:
        first = _words_in(_page_of(reader, conversation))
    assert len(long) == len(short)
    assert "turn 9" in first
    assert "turn 10" not in first
    assert "Page 1 of 3" in first
    last = _words_in(_page_of(reader, conversation, "?page=3"))
    assert "turn 24" in last
    assert "turn 19" not in last


def test_people_without_the_permission_do_not_read_it(
    client: Client, conversation: Conversation, alice: User
) -> None:
    staff = User.objects.create_user("staff", password="x", is_staff=True)
    client.force_login(staff)
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{conversation.pk}/change/").status_code == 403
    client.force_login(alice)
    assert client.get(LIST).status_code == 302


def test_a_search_finds_a_persons_conversations(reader: Client, conversation: Conversation, say: Say) -> None:
    say("Knee trouble")
    assert b"Knee trouble" in reader.get(f"{LIST}?q=alice").content
    assert b"Knee trouble" in reader.get(f"{LIST}?q=knee").content
    assert b"Knee trouble" not in reader.get(f"{LIST}?q=bob").content
