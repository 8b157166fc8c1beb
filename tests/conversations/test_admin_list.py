"""The admin's list of conversations: what finds them, and what is done to several of them by those who may."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations import reviewing, services
from conversations.admin import finds, selections
from conversations.models import Conversation, Message, Review
from tests.conversations.conftest import Say
from tests.support.transcript_pages import CONVERSATIONS, act, listed, staff_at, superuser_at, words_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> Client:
    return superuser_at(client)


# --- the list ---------------------------------------------------------------------------------------------------------


def test_a_search_finds_what_was_said_titles_names_and_ids(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("Knee trouble since Monday.")
    say("A cold compress may help.", role="assistant")
    for query in ("compress", "KNEE", "alice", str(conversation.pk), "monday cold"):
        assert "Knee trouble" in listed(reader, f"?q={query}"), query
    for query in ("bob", "compress trousers", "00000000-0000-4000-8000-000000000000"):
        assert "Knee trouble" not in reader.get(f"{CONVERSATIONS}?q={query}").content.decode(), query
    assert reader.get(f"{CONVERSATIONS}?q=a%00b").status_code == 200


def test_filters_know_people_days_flags_and_reviews(
    reader: Client, alice: User, bob: User, conversation: Conversation, say: Say
) -> None:
    say("title untouched")
    flagged, read, grown = (
        services.create_conversation(user=bob, title=f"title {name}") for name in ("flagged", "read", "grown")
    )
    reviewing.flag(conversation=flagged, by=alice)
    reviewing.mark_reviewed(conversation=read, by=alice)
    reviewing.mark_reviewed(conversation=grown, by=alice)
    services.append_message(
        conversation_id=grown.pk,
        role="user",
        modality="text",
        status="final",
        text="more",
        spoken_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    Conversation.objects.filter(pk=read.pk).update(updated_at=datetime(2026, 3, 5, 23, 59, tzinfo=UTC))

    def found(query: str) -> set[str]:
        return set(re.findall(r"title (\w+)", listed(reader, query)))

    everything = {"untouched", "flagged", "read", "grown"}
    assert found("?person=LIC") == {"untouched"}
    assert found("?flagged=yes") == {"flagged"}
    assert found("?flagged=no") == everything - {"flagged"}
    assert found("?reviewed=yes") == {"read"}
    assert found("?reviewed=newer") == {"grown"}
    assert found("?reviewed=no") == {"untouched", "flagged"}
    assert found("?since=2026-03-05&until=2026-03-05") == {"read"}
    assert found("?since=2026-03-06") == everything - {"read"}
    assert found("?person=bob&reviewed=newer&q=more") == {"grown"}
    assert found("?person=&since=&until=") == everything
    assert found("?reviewed=perhaps") == set()


def test_a_filter_keeps_what_else_the_list_is_asked_for(reader: Client, conversation: Conversation) -> None:
    page = reader.get(f"{CONVERSATIONS}?person=ali&flagged=no&q=%22%3E").content.decode()
    person = page[page.index('data-filter-title="person"') : page.index('data-filter-title="day')]
    assert '<input type="hidden" name="flagged" value="no">' in person
    assert '<input type="hidden" name="q" value="&quot;&gt;">' in person
    assert '<input type="search" name="person" value="ali">' in person


def test_what_no_filter_understands_leads_back_to_the_list(reader: Client) -> None:
    assert reader.get(f"{CONVERSATIONS}?user__id__exact=x")["Location"] == f"{CONVERSATIONS}?e=1"


@pytest.mark.parametrize(
    "query", ["?title__icontains=knee", "?title=knee", "?messages__text__icontains=knee", "?_to_field=title"]
)
def test_words_are_asked_for_in_the_search_box_alone(query: str, reader: Client) -> None:
    assert reader.get(f"{CONVERSATIONS}{query}").status_code == 400


def test_people_without_the_permission_do_not_read_it(client: Client, conversation: Conversation) -> None:
    staff_at(client, "review_conversation", "export_conversation")
    for address in (
        CONVERSATIONS,
        f"{CONVERSATIONS}{conversation.pk}/change/",
        f"{CONVERSATIONS}{conversation.pk}/delete/",
    ):
        assert client.get(address).status_code == 403
    client.force_login(conversation.user)
    assert client.get(CONVERSATIONS).status_code == 302


def test_a_search_counts_no_further_than_it_lists_and_says_so(
    reader: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finds.FOUND_AT_MOST <= selections.SELECTED_AT_MOST, "all that a search lists can be selected"
    monkeypatch.setattr(finds, "FOUND_AT_MOST", 2)
    for number in range(2):
        services.create_conversation(user=alice, title=f"knee {number}")
    assert "More than" not in words_of(reader.get(f"{CONVERSATIONS}?q=knee").content.decode())
    services.create_conversation(user=alice, title="knee 2")
    page = words_of(reader.get(f"{CONVERSATIONS}?q=knee").content.decode())
    assert "More than 2 conversations were found, and the first 2 are listed." in page
    assert "3 conversations" in words_of(reader.get(CONVERSATIONS).content.decode())


def test_a_look_takes_a_dozen_queries_however_much_there_is_to_see(
    client: Client, alice: User, conversation: Conversation, say: Say
) -> None:
    seen = ("view_conversation", "review_conversation", "view_transcriptaccess", "view_voicesession")
    reader = staff_at(client, *seen)
    for number in range(30):
        owner = User.objects.create_user(f"person {number}")
        reviewing.flag(conversation=services.create_conversation(user=owner, title="knee"), by=alice)
        say(f"knee {number}", role="assistant" if number % 2 else "user")
    for address in ("", "?q=knee", "?reviewed=no&flagged=yes&person=p", f"{conversation.pk}/change/"):
        reader.get(f"{CONVERSATIONS}{address}")
        with CaptureQueriesContext(connection) as queries:
            page = reader.get(f"{CONVERSATIONS}{address}")
        assert page.content.count(b"knee") >= 30
        assert len(queries) <= 12, [query["sql"] for query in queries]


# --- what is done to several ------------------------------------------------------------------------------------------


def test_several_are_flagged_and_marked_reviewed(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("words")
    assert act(reader, "flag_selected", conversation).status_code == 302
    assert act(reader, "mark_selected_reviewed", conversation).status_code == 302
    kept = Review.objects.get()
    assert (kept.is_flagged, kept.reviewed_messages) == (True, 1)
    assert kept.reviewer and kept.reviewer.username == "root"
    assert "1 conversation was marked reviewed." in words_of(reader.get(CONVERSATIONS).content.decode())


@pytest.mark.parametrize(
    ("action", "kind", "extension"),
    [("export_csv", "text/csv", "csv"), ("export_json", "application/json", "json")],
)
def test_several_are_taken_out_as_a_file(
    action: str, kind: str, extension: str, reader: Client, conversation: Conversation, say: Say
) -> None:
    say("taken out")
    response = act(reader, action, conversation)
    assert response["Content-Type"].startswith(kind)
    name = rf'attachment; filename="conversations-\d{{4}}-\d\d-\d\d\.{extension}"'
    assert re.fullmatch(name, response["Content-Disposition"])
    assert b"taken out" in b"".join(response.streaming_content)


def test_several_are_deleted_once_that_is_confirmed(
    reader: Client, conversation: Conversation, say: Say, bob: User
) -> None:
    say("Words that go.")
    kept = services.create_conversation(user=bob, title="words that stay")
    page = act(reader, "delete_selected", conversation).content.decode()
    assert "Conversations: 1 Messages: 1" in words_of(page)
    assert "Words that go" in page
    assert Conversation.objects.count() == 2
    assert act(reader, "delete_selected", conversation, post="yes").status_code == 302
    assert list(Conversation.objects.all()) == [kept]
    assert not Message.objects.exists()


def test_one_is_deleted_without_loading_what_was_said(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say("It goes.")
    page = reader.get(f"{CONVERSATIONS}{conversation.pk}/delete/").content.decode()
    assert "Conversations: 1 Messages: 1" in words_of(page)
    assert "message 0" not in page
    reader.post(f"{CONVERSATIONS}{conversation.pk}/delete/", {"post": "yes"})
    assert not Message.objects.exists()


def test_too_many_at_once_are_refused_in_words(
    reader: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "SELECTED_AT_MOST", 2)
    some = [services.create_conversation(user=alice) for _ in range(3)]
    for action in ("flag_selected", "mark_selected_reviewed", "export_csv", "export_json", "delete_selected"):
        assert act(reader, action, some[0], select_across=1, post="yes").status_code == 302
        assert "More than 2 conversations are selected." in words_of(
            reader.get(CONVERSATIONS).content.decode()
        )
    assert not Review.objects.exists()
    assert Conversation.objects.count() == 3
    assert act(reader, "flag_selected", *some[:2]).status_code == 302
    assert Review.objects.count() == 2


@pytest.mark.parametrize(
    ("permission", "actions"),
    [
        ("view_conversation", set()),
        ("review_conversation", {"flag_selected", "mark_selected_reviewed"}),
        ("export_conversation", {"export_csv", "export_json"}),
        ("delete_conversation", {"delete_selected"}),
    ],
)
def test_each_action_follows_its_permission(
    permission: str, actions: set[str], client: Client, conversation: Conversation, say: Say
) -> None:
    say("words")
    staff_at(client, "view_conversation", permission)
    offered = set(re.findall(r'<option value="(\w+)"', client.get(CONVERSATIONS).content.decode()))
    assert offered == actions
    everything = {"flag_selected", "mark_selected_reviewed", "export_csv", "export_json", "delete_selected"}
    for forbidden in everything - actions:
        response = act(client, forbidden, conversation, post="yes")
        assert not response.streaming
    assert Conversation.objects.exists()
    assert Review.objects.exists() is False


def test_a_selection_of_what_are_no_ids_is_refused(reader: Client, conversation: Conversation) -> None:
    sent = {"action": "flag_selected", "_selected_action": "1 OR 1=1", "index": 0}
    assert reader.post(CONVERSATIONS, sent).status_code == 400


def test_an_account_with_conversations_can_still_be_deleted(
    reader: Client, conversation: Conversation, say: Say, alice: User
) -> None:
    say("words")
    reviewing.flag(conversation=conversation, by=alice)
    reader.post(f"/admin/auth/user/{alice.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Message.objects.exists()
