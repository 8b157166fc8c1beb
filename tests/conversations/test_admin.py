"""A conversation in the admin reads like one and shows words as words; reviewers write on it, and nobody changes it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from conversations import reviewing, services
from conversations.admin import transcript
from conversations.models import Conversation, Message, Review
from tests.conversations.conftest import Say
from tests.support.transcript_pages import (
    CONVERSATIONS,
    act,
    listed,
    page_of,
    review,
    staff_at,
    superuser_at,
    words_of,
)

pytestmark = pytest.mark.django_db

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def reader(client: Client) -> Client:
    return superuser_at(client)


# --- the page of a conversation ---------------------------------------------------------------------------------------


def test_a_conversation_shows_who_said_what_and_when(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("Tell me a story")
    say("Once upon", role="assistant", status="interrupted", unheard_text="a time.", heard_is_estimated=True)
    say("", status="pending")
    say("", status="failed")
    say("", hidden=True)
    say("typed words", modality="text")
    words = words_of(page_of(reader, conversation), 'class="turns"')
    assert words.startswith("Saturday, 21 November 2026 alice 09:30:00 spoken #1 Tell me a story")
    assert (
        "Assistant 09:30:00 spoken #2 Once upon a time. Interrupted; the struck rest was not heard" in words
    )
    assert "Where it was cut is an estimate." in words
    assert "#3 Not transcribed yet." in words
    assert "#4 This could not be transcribed." in words
    assert "#5 No words in it." in words
    assert "alice 09:30:00 typed #6 typed words" in words


def test_the_unheard_part_is_struck_and_quiet(reader: Client, conversation: Conversation, say: Say) -> None:
    say("Once upon", role="assistant", status="interrupted", unheard_text="a time.")
    assert 'Once upon <s class="turn__unheard">a time.</s>' in page_of(reader, conversation)


def test_days_and_long_silences_can_be_seen(reader: Client, conversation: Conversation, say: Say) -> None:
    begun = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    for number, minutes in enumerate((0, 9, 25, 70)):
        say(f"words {number}", spoken_at=begun + timedelta(minutes=minutes))
    between = re.findall(r'class="between.*?>(?:<time.*?>)?([^<]+)<', page_of(reader, conversation))
    assert [text.replace("\xa0", " ") for text in between] == [
        "Saturday, 21 November 2026",
        "16 minutes later",
        "Sunday, 22 November 2026",
    ]


def test_words_stay_words_whatever_they_spell(reader: Client, conversation: Conversation, say: Say) -> None:
    say(ATTACK)
    say("heard", role="assistant", status="interrupted", unheard_text=ATTACK)
    reviewing.annotate(conversation=conversation, by=conversation.user, notes=f"</textarea>{ATTACK}")
    services.rename_conversation(conversation=conversation, title=ATTACK)
    User.objects.filter(pk=conversation.user_id).update(username=ATTACK)
    for address in (
        CONVERSATIONS,
        f"{CONVERSATIONS}{conversation.pk}/change/",
        f"{CONVERSATIONS}{conversation.pk}/delete/",
    ):
        page = reader.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_the_id_is_read_once_and_the_title_stays_out_of_the_browsers_history(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("Knee trouble since Monday morning.")
    page = page_of(reader, conversation)
    assert words_of(page, "<body").count(str(conversation.pk)) == 1
    assert re.findall("<title>(.*?) ·", page) == ["Conversation of alice"]


def test_a_long_conversation_has_pages_and_each_turn_an_address(
    reader: Client, conversation: Conversation, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript, "TURNS_PER_PAGE", 10)
    for number in range(1, 26):
        say(f"said as number {number}.")
    first, last = page_of(reader, conversation), page_of(reader, conversation, "?page=3")
    assert "Turns 1–10 of 25" in words_of(first)
    assert ("number 10." in first, "number 11." in first) == (True, False)
    assert ('id="turn-25"' in last, 'id="turn-20"' in last) == (True, False)
    assert 'id="turn-14"' in page_of(reader, conversation, "?turn=14")
    for beyond in ("?page=99", "?turn=99", f"?turn={'9' * 40}"):
        assert 'id="turn-25"' in page_of(reader, conversation, beyond)
    assert 'id="turn-1"' in page_of(reader, conversation, "?page=none&turn=none")


def test_nothing_can_be_added_or_changed(reader: Client, conversation: Conversation, say: Say) -> None:
    say("as it was said")
    assert reader.get(f"{CONVERSATIONS}add/").status_code == 403
    assert reader.post(f"{CONVERSATIONS}{conversation.pk}/change/", {"title": "other"}).status_code == 403
    assert 'name="_save"' not in page_of(reader, conversation)
    assert Message.objects.get().text == "as it was said"
    assert Conversation.objects.get().title == "as it was said"


@pytest.mark.parametrize(
    ("permissions", "leads_to"),
    [(["view", "delete"], f"{CONVERSATIONS}?person=alice"), (["delete"], "/admin/")],
)
def test_deleting_one_leads_back_to_the_list_for_whoever_may_see_it(
    permissions: list[str], leads_to: str, client: Client, conversation: Conversation
) -> None:
    staff_at(client, *(f"{verb}_conversation" for verb in permissions))
    address = f"{CONVERSATIONS}{conversation.pk}/delete/?_changelist_filters=person%3Dalice"
    response = client.post(address, {"post": "yes"}, follow=True)
    assert response.redirect_chain == [(leads_to, 302)]
    assert "was deleted successfully" in response.content.decode()
    assert not Conversation.objects.exists()


# --- the review panel -------------------------------------------------------------------------------------------------


def test_buttons_flag_review_and_note_and_lead_back_to_the_page(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("words")
    response = review(reader, conversation, "flag", "?page=1")
    assert response["Location"] == f"{CONVERSATIONS}{conversation.pk}/change/?page=1#review"
    review(reader, conversation, "review")
    review(reader, conversation, "write", notes="ask\r\nthe team")
    kept = Review.objects.get()
    assert (kept.is_flagged, kept.reviewed_messages, kept.notes) == (True, 1, "ask\nthe team")
    panel = words_of(page_of(reader, conversation), 'id="review"')
    assert panel.startswith("Flagged Reviewed by root, ")
    review(reader, conversation, "unflag")
    review(reader, conversation, "reopen")
    kept.refresh_from_db()
    assert (kept.is_flagged, kept.reviewed_at, kept.notes) == (False, None, "ask\nthe team")


def test_notes_that_are_being_written_go_with_whichever_button(
    reader: Client, conversation: Conversation
) -> None:
    review(reader, conversation, "review", notes="half a")
    kept = Review.objects.get()
    assert (kept.notes, kept.reviewed_at is None) == ("half a", False)


def test_two_who_write_notes_at_once_lose_nothing(reader: Client, conversation: Conversation) -> None:
    review(reader, conversation, "write", notes="theirs")
    review(reader, conversation, "write", notes="mine", notes_shown="")
    assert Review.objects.get().notes == "theirs\n\nmine"
    # Somebody who wrote nothing takes nothing away.
    review(reader, conversation, "flag", notes="older", notes_shown="older")
    assert Review.objects.get().notes == "theirs\n\nmine"


@pytest.mark.parametrize(
    "form", [{"do": "sing"}, {"turns": "many"}, {"notes": "x" * (reviewing.NOTES_LENGTH + 1)}]
)
def test_what_the_panel_cannot_have_sent_writes_nothing(
    form: dict[str, str], reader: Client, conversation: Conversation
) -> None:
    response = review(reader, conversation, **({"do": "flag"} | form))
    assert response.status_code == 302
    assert "Nothing was written." in page_of(reader, conversation)
    assert not Review.objects.exists()


def test_what_was_said_since_the_review_is_counted_and_marked(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("read by the reviewer")
    say("said while it was read")
    review(reader, conversation, "review", turns=1)
    say("said after it")
    page = page_of(reader, conversation)
    assert "2 turns since" in words_of(page, 'id="review"')
    assert "Said since the review alice 09:30:00 spoken #2" in words_of(page, 'class="turns"')
    assert "2 since review" in listed(reader)


def test_without_the_permission_there_is_a_state_and_no_control(
    client: Client, conversation: Conversation
) -> None:
    staff_at(client, "view_conversation")
    reviewing.annotate(conversation=conversation, by=conversation.user, notes="read <b>me</b>")
    page = page_of(client, conversation)
    assert "Not reviewed Notes of reviewers read &lt;b&gt;me&lt;/b&gt;" in words_of(page, 'id="review"')
    assert "<textarea" not in page
    assert "formaction" not in page
    assert review(client, conversation, "flag").status_code == 403
    assert not Review.objects.get().is_flagged


def test_reviewing_asks_for_the_right_to_look_as_well(client: Client, conversation: Conversation) -> None:
    staff_at(client, "review_conversation")
    assert review(client, conversation, "flag").status_code == 403
    client.force_login(conversation.user)
    assert review(client, conversation, "flag")["Location"].startswith("/admin/login/")
    assert not Review.objects.exists()


def test_reviewing_is_protected_against_forms_of_other_sites(conversation: Conversation) -> None:
    stranger = Client(enforce_csrf_checks=True)
    superuser_at(stranger)
    assert review(stranger, conversation, "flag").status_code == 403


def test_a_conversation_that_is_gone_cannot_be_reviewed(reader: Client, conversation: Conversation) -> None:
    sent = {"do": "flag", "turns": 0}
    Conversation.objects.all().delete()
    assert reader.post(f"{CONVERSATIONS}{conversation.pk}/review/", sent).status_code == 404
    assert reader.post(f"{CONVERSATIONS}no-id/review/", sent).status_code == 404


def test_the_history_says_what_reviewers_did_and_no_word_of_anybody(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("Canary words in the title.")
    review(reader, conversation, "flag", notes="canary notes")
    act(reader, "mark_selected_reviewed", conversation)
    history = words_of(reader.get(f"{CONVERSATIONS}{conversation.pk}/history/").content.decode())
    assert "Notes written. Flagged." in history
    assert "Marked reviewed." in history
    assert "anary" not in history
    assert {entry.object_repr for entry in LogEntry.objects.all()} == {f"conversation {conversation.pk}"}
