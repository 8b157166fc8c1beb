"""The admin shows sessions, what they used and what that comes to; never a word, a ticket or a digest."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import services as remembering
from conversations.models import Conversation
from realtime import admin, services
from realtime.models import VoiceSession
from tests.support.sessions import CONFIG, issue, opened, put_back, say

pytestmark = pytest.mark.django_db

LIST = "/admin/realtime/voicesession/"
USAGE = {
    "total_tokens": 320,
    "input_tokens": 132,
    "output_tokens": 188,
    "input_token_details": {
        "text_tokens": 59,
        "audio_tokens": 73,
        "cached_tokens": 64,
        "cached_tokens_details": {"audio_tokens": 64},
    },
    "output_token_details": {"text_tokens": 41, "audio_tokens": 147},
    "transcription": {"seconds": 65},
}


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.REALTIME = CONFIG


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="gardener-spade"))
    return client


def ended(
    user: User, reason: Any = "client", usage: dict[str, Any] | None = None, **wanted: Any
) -> VoiceSession:
    """A session that is over, 125 seconds long."""
    session = opened(user, **wanted)
    services.record_usage(session=session, usage=USAGE if usage is None else usage)
    services.end_session(session=session, reason=reason)
    put_back(session, 125, "started_at")
    return VoiceSession.objects.get(pk=session.pk)


def words_of(page: Any) -> str:
    assert page.status_code == 200
    body = page.content.decode().partition("<main")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def change_of(session: VoiceSession) -> str:
    """Where its own page is, to which its row in the list leads."""
    return f"{LIST}{quote(session.pk)}/change/"


def page_of(reader: Client, session: VoiceSession) -> Any:
    return reader.get(change_of(session))


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_the_list_says_who_spoke_how_long_how_it_ended_and_what_it_came_to(
    reader: Client, alice: User
) -> None:
    session = ended(alice)
    page = reader.get(LIST)
    assert change_of(session) in page.content.decode()
    words = words_of(page)
    for expected in ("alice", "client", "gpt-realtime-2.1", "2 min 05 s", "kept"):
        assert expected in words
    cost = (59 * 4 + 9 * 32 + 64 * 0.4 + 41 * 24 + 147 * 64) / 1_000_000 + 65 / 60 * 0.0045
    assert f"about ${cost:.4f}" in words


def test_a_session_shows_its_usage_by_modality_with_the_cached_part_inside(
    reader: Client, alice: User
) -> None:
    words = words_of(page_of(reader, ended(alice)))
    assert "Tokens Input of it cached Output" in words
    assert "Text 59 0 41" in words
    assert "Audio 73 64 147" in words
    assert "Speech written down: 1 min 05 s." in words
    assert "an estimate from a table of prices, not a bill" in words


def test_a_session_that_used_nothing_says_so_and_speaks_of_no_estimate(reader: Client, alice: User) -> None:
    words = words_of(page_of(reader, ended(alice, usage={})))
    assert "Nothing was used." in words
    assert "an estimate" not in words


def test_what_cannot_be_said_is_not_made_up(reader: Client, alice: User) -> None:
    stranger = ended(alice, usage={"input_tokens": 9, "output_tokens": 4})
    VoiceSession.objects.filter(pk=stranger.pk).update(model="a-stranger")
    words = words_of(page_of(reader, stranger))
    assert "not known" in words
    assert "an estimate" not in words
    assert "Unknown 9 0 4" in words
    assert "$" not in words


def test_a_session_that_nobody_opened_and_one_that_lives_are_told_apart(reader: Client, alice: User) -> None:
    unopened, living = issue(alice).session, opened(alice)
    assert "not opened" in words_of(page_of(reader, unopened))
    VoiceSession.objects.filter(pk=living.pk).update(started_at=timezone.now() - timedelta(seconds=3725))
    assert "1 h 02 min" in words_of(page_of(reader, living))


def test_off_the_record_is_marked(reader: Client, alice: User) -> None:
    assert "Words: off the record" in words_of(page_of(reader, ended(alice, save=False)))
    assert "Words: kept" in words_of(page_of(reader, ended(alice)))


def test_the_embedded_engine_has_no_price_and_none_is_missed(reader: Client, alice: User) -> None:
    session = ended(alice, usage={"input_tokens": 9, "input_token_details": {"text_tokens": 9}})
    VoiceSession.objects.filter(pk=session.pk).update(provider="embedded", model="voiceassist-engine")
    words = words_of(page_of(reader, session))
    assert "Estimated cost: –" in words
    assert "an estimate" not in words
    assert "not known" not in words


def test_the_conversation_is_one_click_away(reader: Client, alice: User) -> None:
    session = ended(alice)
    link = f'href="/admin/conversations/conversation/{session.conversation_id}/change/"'
    assert link in reader.get(LIST).content.decode()
    assert link in page_of(reader, session).content.decode()


# --- what is not ------------------------------------------------------------------------------------------------------


def test_no_word_no_ticket_and_no_digest_is_shown(reader: Client, alice: User) -> None:
    issued = issue(alice, web_session_key="the-browsers-key")
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    Conversation.objects.filter(pk=session.conversation_id).update(title="Words of a title")
    say(session, text="a word that was said")
    row = VoiceSession.objects.get(pk=session.pk)
    for page in (reader.get(LIST), page_of(reader, session)):
        text = page.content.decode()
        for secret in (
            issued.ticket.secret,
            row.ticket_digest,
            row.web_session_key,
            "the-browsers-key",
            "a word that was said",
            "Words of a title",
        ):
            assert secret not in text


def test_nothing_can_be_added_changed_or_taken_away(reader: Client, alice: User) -> None:
    session = ended(alice)
    assert reader.get(f"{LIST}add/").status_code == 403
    assert reader.post(f"{LIST}{quote(session.pk)}/change/", {"state": "live"}).status_code == 403
    assert reader.post(f"{LIST}{quote(session.pk)}/delete/", {"post": "yes"}).status_code == 403
    page = page_of(reader, session).content.decode()
    assert 'name="_save"' not in page
    assert "/delete/" not in page
    assert VoiceSession.objects.get(pk=session.pk).state == "ended"


def test_an_account_with_sessions_can_still_be_deleted(reader: Client, alice: User) -> None:
    ended(alice)
    reader.post(f"/admin/auth/user/{alice.pk}/delete/", {"post": "yes"})
    assert not VoiceSession.objects.exists()


def test_people_without_the_permission_see_no_session(client: Client, alice: User) -> None:
    session = ended(alice)
    staff = User.objects.create_user("staff", is_staff=True)
    client.force_login(staff)
    assert client.get(LIST).status_code == 403
    assert page_of(client, session).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_conversation"))
    page = client.get(f"/admin/conversations/conversation/{session.conversation_id}/change/")
    assert "Voice sessions" not in words_of(page)


# --- finding ----------------------------------------------------------------------------------------------------------


def test_sessions_are_found_by_person_and_by_id(reader: Client, alice: User, bob: User) -> None:
    hers, his = ended(alice), ended(bob)
    for query in ("alice", hers.pk):
        page = reader.get(LIST, {"q": query}).content.decode()
        assert change_of(hers) in page
        assert change_of(his) not in page


def test_sessions_are_filtered_by_state_provider_reason_and_day(
    reader: Client, alice: User, bob: User
) -> None:
    hers, his = ended(alice, "idle"), opened(bob)
    VoiceSession.objects.filter(pk=his.pk).update(
        provider="azure", created_at=timezone.now() - timedelta(days=40)
    )
    for query in (
        {"state__exact": "ended"},
        {"provider": "openai"},
        {"end_reason": "idle"},
        {"created_at__year": timezone.now().year, "created_at__month": timezone.now().month},
    ):
        page = reader.get(LIST, query).content.decode()
        assert change_of(hers) in page, query
        assert change_of(his) not in page, query


def test_the_list_costs_the_same_for_one_session_and_for_forty(reader: Client, alice: User) -> None:
    ended(alice)
    reader.get(LIST)
    with CaptureQueriesContext(connection) as few:
        reader.get(LIST)
    for number in range(39):
        ended(User.objects.create_user(f"person {number}"))
    with CaptureQueriesContext(connection) as many:
        page = reader.get(LIST)
    assert b"person 38" in page.content
    assert len(many) == len(few)


# --- a conversation's page --------------------------------------------------------------------------------------------


def conversation_page(reader: Client, conversation: Conversation) -> Any:
    return reader.get(f"/admin/conversations/conversation/{conversation.pk}/change/")


def test_a_conversation_shows_the_sessions_it_was_held_in(reader: Client, alice: User) -> None:
    session = ended(alice, "idle", save=False)
    issue(alice, conversation_id=session.conversation_id)
    page = conversation_page(reader, session.conversation)
    words = words_of(page)
    assert (
        "2 min 05 s gpt-realtime-2.1 idle, off the record text 59 and 41, audio 73 and 147 about $0.0"
        in words
    )
    assert f"{LIST}{quote(session.pk)}/change/" in page.content.decode()
    assert "All sessions" not in words


def test_a_conversation_lists_its_newest_sessions_and_links_to_the_rest(
    reader: Client, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "SESSIONS_SHOWN", 3)
    first = ended(alice)
    conversation_page(reader, first.conversation)
    with CaptureQueriesContext(connection) as few:
        conversation_page(reader, first.conversation)
    VoiceSession.objects.filter(pk=first.pk).update(started_at=timezone.now() - timedelta(days=1))
    for _ in range(3):
        ended(alice, conversation_id=first.conversation_id)
    with CaptureQueriesContext(connection) as many:
        page = conversation_page(reader, first.conversation)
    assert len(many) == len(few)
    assert first.pk not in page.content.decode()
    [link] = re.findall(r'href="([^"]+)">All sessions', page.content.decode())
    others = ended(bob)
    listed = reader.get(link).content.decode()
    assert change_of(first) in listed
    assert change_of(others) not in listed


def test_a_typed_conversation_without_a_session_shows_no_empty_table(reader: Client, alice: User) -> None:
    conversation = remembering.create_conversation(user=alice)
    assert "Voice sessions" not in words_of(conversation_page(reader, conversation))
