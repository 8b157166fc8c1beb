"""Whoever looks through the admin is written down first, superusers included; and nobody rewrites that record."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from conversations import audit, services
from conversations.admin import selections
from conversations.audit import Action, Looker, Via
from conversations.models import AccessedTranscript, Conversation, Message, TranscriptAccess
from tests.conversations.conftest import Say
from tests.support.transcript_pages import (
    CONVERSATIONS,
    act,
    page_of,
    review,
    staff_at,
    superuser_at,
    words_of,
    words_of_the_list,
)

pytestmark = pytest.mark.django_db

LOOKS = "/admin/conversations/transcriptaccess/"
CANARY = "zanzibar"
Look = tuple[str, int, set[Any]]


@pytest.fixture
def reader(client: Client) -> Client:
    return superuser_at(client)


@pytest.fixture
def second(bob: User) -> Conversation:
    return services.create_conversation(user=bob, title=f"{CANARY} two")


def looks() -> list[Look]:
    """What was written down: action, length of the query, conversations; the earliest first."""
    return [
        (each.action, each.query_length, set(each.transcripts.values_list("conversation_id", flat=True)))
        for each in TranscriptAccess.objects.order_by("id")
    ]


# --- what is written down ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["superuser", "staff"])
def test_each_look_is_written_down_with_who_where_from_and_which(
    who: str, client: Client, conversation: Conversation, say: Say
) -> None:
    say(f"{CANARY} one")
    reader = superuser_at(client) if who == "superuser" else staff_at(client, "view_conversation")
    page_of(reader, conversation)
    look = TranscriptAccess.objects.get()
    assert (look.actor_id, look.action) == (User.objects.get(is_staff=True).pk, "view")
    assert (look.via, look.address, look.query_length) == ("admin", "127.0.0.1", 0)
    accessed = AccessedTranscript.objects.get()
    assert (accessed.conversation_id, accessed.owner_id) == (conversation.pk, conversation.user_id)


def test_a_list_names_those_whose_titles_it_shows(
    reader: Client, conversation: Conversation, second: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(admin.site.get_model_admin(Conversation)), "list_per_page", 1)
    newest, oldest = second.pk, conversation.pk
    reader.get(CONVERSATIONS)
    reader.get(f"{CONVERSATIONS}?p=2")
    reader.get(f"{CONVERSATIONS}?all=&_popup=1")
    reader.get(f"{CONVERSATIONS}?person=bob")
    reader.get(f"{CONVERSATIONS}?person=nobody")
    assert looks() == [
        ("list", 0, {newest}),
        ("list", 0, {oldest}),
        ("list", 0, {newest, oldest}),
        ("list", 0, {newest}),
        ("list", 0, set()),
    ]


def test_a_search_is_known_by_its_length_also_when_it_finds_nothing(
    reader: Client, second: Conversation
) -> None:
    reader.get(f"{CONVERSATIONS}?q={CANARY}")
    reader.get(f"{CONVERSATIONS}?q=unheard-of")
    assert looks() == [("search", 8, {second.pk}), ("search", 10, set())]


def test_doing_something_to_all_that_is_found_is_a_search(reader: Client, second: Conversation) -> None:
    for words in (CANARY, "unheard-of"):
        act(reader, "flag_selected", second, query=f"?q={words}", select_across=1)
    assert looks() == [("search", 8, set()), ("search", 10, set())]


def test_each_page_of_a_transcript_is_a_look(reader: Client, conversation: Conversation) -> None:
    page_of(reader, conversation)
    page_of(reader, conversation, "?page=2")
    assert looks() == [("view", 0, {conversation.pk})] * 2


def test_what_shows_nothing_is_no_look(
    client: Client, conversation: Conversation, second: Conversation
) -> None:
    page = f"{CONVERSATIONS}{conversation.pk}/change/"
    colleague = staff_at(Client(), "review_conversation")
    for address in (page, CONVERSATIONS, f"{CONVERSATIONS}{conversation.pk}/delete/"):
        assert client.get(address).status_code == 302
        assert colleague.get(address).status_code == 403
    reader = superuser_at(client)
    assert reader.get(f"{CONVERSATIONS}?reviewed__x=1").status_code == 302
    assert reader.get(f"{CONVERSATIONS}00000000-0000-4000-8000-000000000000/change/").status_code == 302
    assert reader.get(f"{CONVERSATIONS}no-id/change/").status_code == 302
    assert reader.post(page, {"title": "x"}).status_code == 403
    assert review(reader, conversation, "flag").status_code == 302
    assert act(reader, "flag_selected", conversation).status_code == 302
    history = reader.get(f"{CONVERSATIONS}{second.pk}/history/").content.decode()
    assert CANARY not in history
    assert looks() == []


def test_asking_for_the_headers_alone_is_a_look_since_their_length_tells_what_was_found(
    reader: Client, second: Conversation
) -> None:
    own = f"{CONVERSATIONS}{second.pk}"
    for address in (f"{CONVERSATIONS}?q={CANARY}", CONVERSATIONS, f"{own}/change/", f"{own}/delete/"):
        assert reader.head(address).status_code == 200
    key = {second.pk}
    assert looks() == [("search", 8, key), ("list", 0, key), ("view", 0, key), ("list", 0, key)]


def test_a_list_that_answers_a_form_is_a_look_too(reader: Client, second: Conversation) -> None:
    assert CANARY in reader.post(CONVERSATIONS, {"anything": "else"}).content.decode()
    assert looks() == [("list", 0, {second.pk})]


@pytest.mark.parametrize("action", ["export_csv", "export_json"])
def test_what_is_taken_out_is_written_down_before_it_leaves(
    action: str, reader: Client, conversation: Conversation, second: Conversation
) -> None:
    act(reader, action, second)
    act(reader, action, second, query=f"?q={CANARY}", select_across=1)
    assert looks() == [("export", 0, {second.pk}), ("search", 8, set()), ("export", 8, {second.pk})]


def test_too_large_an_export_is_none(
    reader: Client, conversation: Conversation, second: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "SELECTED_AT_MOST", 1)
    act(reader, "export_csv", conversation, second)
    assert looks() == []


def test_deleting_is_a_look_at_the_question_and_a_deletion_after_the_answer(
    reader: Client, conversation: Conversation, second: Conversation
) -> None:
    one, two = conversation.pk, second.pk
    reader.get(f"{CONVERSATIONS}{one}/delete/")
    reader.post(f"{CONVERSATIONS}{one}/delete/", {"post": "yes"})
    act(reader, "delete_selected", second)
    act(reader, "delete_selected", second, post="yes")
    assert looks() == [("list", 0, {one}), ("delete", 0, {one}), ("list", 0, {two}), ("delete", 0, {two})]
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("field", ["conversations/message/conversation", "conversations/review/conversation"])
def test_no_menu_of_the_admin_finds_conversations_by_words(
    field: str, reader: Client, second: Conversation
) -> None:
    app, model, name = field.split("/")
    asked = {"app_label": app, "model_name": model, "field_name": name, "term": CANARY}
    assert reader.get("/admin/autocomplete/", asked).status_code == 403


def test_whoever_cannot_be_written_down_sees_and_deletes_nothing(
    reader: Client, conversation: Conversation, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError("the record is full")

    say(f"{CANARY} one")
    monkeypatch.setattr(audit, "record", refuse)
    reader.raise_request_exception = False
    own = f"{CONVERSATIONS}{conversation.pk}"
    answers = [reader.get(each) for each in (CONVERSATIONS, f"{own}/change/", f"{own}/delete/")]
    answers.append(reader.post(f"{own}/delete/", {"post": "yes"}))
    for action in ("export_csv", "export_json", "delete_selected"):
        answers.append(act(reader, action, conversation))
        answers.append(act(reader, action, conversation, post="yes"))
    for answer in answers:
        assert answer.status_code == 500
        assert CANARY not in answer.content.decode()
    assert Message.objects.exists()


def addresses() -> Iterator[str]:
    """Every page of the admin that can be asked for, those about one row for the first row of their kind."""
    yield from (reverse(f"admin:{name}") for name in ("index", "login", "jsi18n", "password_change"))
    for model, its_admin in admin.site._registry.items():
        yield reverse("admin:app_list", args=[model._meta.app_label])
        row = model._default_manager.first()
        for pattern in its_admin.get_urls():
            if not pattern.name:
                continue
            try:
                yield reverse(f"admin:{pattern.name}")
            except NoReverseMatch:
                if row is not None:
                    yield reverse(f"admin:{pattern.name}", args=[quote(str(row.pk))])


def test_no_page_of_the_admin_shows_a_word_without_writing_it_down(
    reader: Client, conversation: Conversation, say: Say
) -> None:
    say(f"{CANARY} parrot")
    page_of(reader, conversation)
    showing = set()
    for address in addresses():
        for query in ("", "?q=parrot&_popup=1&_facets=True"):
            before = TranscriptAccess.objects.count()
            response = reader.get(address + query)
            assert response.status_code < 500, address
            if CANARY in response.content.decode():
                showing.add(address)
                assert TranscriptAccess.objects.count() == before + 1, address + query
    own = f"{CONVERSATIONS}{conversation.pk}"
    assert {CONVERSATIONS, f"{own}/change/", f"{own}/delete/"} <= showing


# --- where words are not ----------------------------------------------------------------------------------------------


def test_no_other_table_has_a_word_of_anybody(reader: Client, conversation: Conversation, say: Say) -> None:
    say(f"{CANARY} one", status="interrupted", unheard_text=CANARY)
    review(reader, conversation, "flag", notes=f"{CANARY} notes")
    review(reader, conversation, "review")
    act(reader, "flag_selected", conversation)
    act(reader, "mark_selected_reviewed", conversation)
    act(reader, "export_csv", conversation, query=f"?q={CANARY}")
    act(reader, "export_json", conversation)
    for query in ("", f"?q={CANARY}", f"?person={CANARY}"):
        reader.get(f"{CONVERSATIONS}{query}")
    reader.get(f"{CONVERSATIONS}{conversation.pk}/delete/")
    act(reader, "delete_selected", conversation)
    other = services.create_conversation(user=conversation.user, title=CANARY)
    reader.post(f"{CONVERSATIONS}{other.pk}/delete/", {"post": "yes"})
    assert [name for name in _tables() if CANARY in _all_of(name)] == []
    assert CANARY not in repr([each.get_decoded() for each in Session.objects.all()])
    assert CANARY not in reader.cookies.output()
    act(reader, "delete_selected", conversation, post="yes")
    assert [name for name in _tables() if CANARY in _all_of(name)] == []
    assert {action for action, _, _ in looks()} == {"export", "list", "search", "delete"}


def _tables() -> list[str]:
    """Those in which no words belong."""
    of_words = (
        "conversations_conversation",
        "conversations_message",
        "conversations_review",
        "conversations_search",
    )
    names = connection.introspection.table_names()
    assert {"django_admin_log", "django_session", "conversations_transcriptaccess"} <= set(names)
    return [name for name in names if not name.startswith(of_words)]


def _all_of(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - the database named it
        return repr(cursor.fetchall())


# --- the record itself ------------------------------------------------------------------------------------------------


def test_reviewers_are_led_to_who_has_looked(reader: Client, conversation: Conversation) -> None:
    page_of(reader, conversation)
    page = page_of(reader, conversation)
    assert f'href="{LOOKS}?q={conversation.pk}">Who has looked (2)<' in page
    found = words_of(reader.get(f"{LOOKS}?q={conversation.pk}").content.decode(), 'id="result_list"')
    assert found.count("root View 1 Admin 127.0.0.1") == 2
    without = staff_at(Client(), "view_conversation")
    assert "Who has looked" not in page_of(without, conversation)
    assert without.get(LOOKS).status_code == 403


def test_the_record_is_found_by_who_what_when_and_how(
    reader: Client, conversation: Conversation, bob: User
) -> None:
    audit.record(Looker(bob.pk, Via.API, "203.0.113.7"), Action.EXPORT, [conversation])
    audit.record(Looker(conversation.user_id, Via.PAGE), Action.DELETE, [conversation])

    def found(query: str) -> list[str]:
        read = words_of_the_list(reader.get(f"{LOOKS}{query}").content.decode())
        return [name for name in ("bob", "alice") if name in read]

    assert found("") == ["bob", "alice"]
    assert found("?actor=BO") == found(f"?actor={bob.pk}") == ["bob"]
    assert found("?action__exact=delete") == found("?via__exact=page") == ["alice"]
    assert found("?q=alice") == ["alice"]
    assert found("?until=2026-01-01") == found("?q=00000000-0000-4000-8000-000000000000") == []
    assert found(f"?q=%20{conversation.pk}") == ["bob", "alice"]


def test_a_look_names_conversations_by_id_alone(
    reader: Client, conversation: Conversation, second: Conversation, bob: User
) -> None:
    look = audit.record(Looker(bob.pk, Via.API), Action.SEARCH, [conversation, second], query_length=8)
    gone = conversation.pk
    conversation.user.delete()
    page = reader.get(f"{LOOKS}{look.pk}/change/").content.decode()
    words = words_of(page)
    assert "Search by bob" in words
    assert "Characters searched for: 8" in words
    seen = audit.record(Looker(bob.pk, Via.API), Action.VIEW, [second])
    assert "Characters searched for: –" in words_of(reader.get(f"{LOOKS}{seen.pk}/change/").content.decode())
    assert f"{gone} (deleted) of account" in words
    assert f'<a href="{CONVERSATIONS}{second.pk}/change/"><code>{second.pk}</code></a> of bob' in page
    assert CANARY not in page
    assert looks() == [("search", 8, {gone, second.pk}), ("view", 0, {second.pk})]


def test_a_look_stays_when_the_account_that_looked_is_deleted(
    reader: Client, conversation: Conversation, bob: User
) -> None:
    look = audit.record(Looker(bob.pk, Via.API), Action.VIEW, [conversation])
    number = bob.pk
    page = reader.post(f"/admin/auth/user/{number}/delete/", {"post": "yes"})
    assert page.status_code == 302
    assert not User.objects.filter(pk=number).exists()
    for address in (LOOKS, f"{LOOKS}{look.pk}/change/", f"{LOOKS}?actor={number}"):
        assert f"account {number}, deleted" in words_of(reader.get(address).content.decode())


def test_nobody_adds_to_the_record_changes_it_or_takes_away(
    reader: Client, conversation: Conversation
) -> None:
    look = audit.record(Looker(conversation.user_id, Via.PAGE), Action.VIEW, [conversation])
    own = f"{LOOKS}{look.pk}"
    assert reader.get(f"{LOOKS}add/").status_code == 403
    assert reader.post(f"{LOOKS}add/", {"action": "view"}).status_code == 403
    assert reader.post(f"{own}/change/", {"action": "list"}).status_code == 403
    assert reader.get(f"{own}/delete/").status_code == 403
    assert reader.post(f"{own}/delete/", {"post": "yes"}).status_code == 403
    page = reader.get(LOOKS).content.decode()
    assert 'name="action"' not in page
    sent = {"action": "delete_selected", "_selected_action": [look.pk], "index": 0, "post": "yes"}
    reader.post(LOOKS, sent)
    assert list(TranscriptAccess.objects.all()) == [look]
    assert AccessedTranscript.objects.count() == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda row: row.save(),
        lambda row: row.delete(),
        lambda row: type(row).objects.update(id=0),
        lambda row: type(row).objects.all().delete(),
        lambda row: type(row)._base_manager.filter(pk=row.pk).update(id=0),
        lambda row: type(row)._base_manager.filter(pk=row.pk).delete(),
        lambda row: type(row).objects.bulk_update([row], [row._meta.fields[-1].name]),
        lambda row: type(row).objects.update_or_create({"id": row.pk}, pk=row.pk),
        lambda row: type(row).objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["id"], update_fields=[row._meta.fields[-1].name]
        ),
        lambda row: type(row).objects.bulk_create([row], ignore_conflicts=True),
    ],
)
@pytest.mark.parametrize("model", [TranscriptAccess, AccessedTranscript])
def test_code_that_would_rewrite_the_record_is_refused(
    model: type[TranscriptAccess | AccessedTranscript],
    write: Callable[[Any], Any],
    conversation: Conversation,
) -> None:
    audit.record(Looker(conversation.user_id, Via.PAGE), Action.VIEW, [conversation])
    before = list(model.objects.values())
    with pytest.raises(TypeError, match="record of who looked"), transaction.atomic():
        write(model.objects.get())
    assert list(model.objects.values()) == before


def test_no_new_row_takes_the_place_of_one_that_is_there(conversation: Conversation) -> None:
    look = audit.record(Looker(conversation.user_id, Via.PAGE), Action.VIEW, [conversation])
    with pytest.raises(IntegrityError), transaction.atomic():
        TranscriptAccess(pk=look.pk, actor_id=0, action=Action.LIST, via=Via.API).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessedTranscript(
            pk=look.transcripts.get().pk, access=look, conversation_id=UUID(int=0), owner_id=0
        ).save()
    assert looks() == [("view", 0, {conversation.pk})]


# --- who may look -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_only_the_right_to_look_lets_one_look(verb: str, client: Client, conversation: Conversation) -> None:
    look = audit.record(Looker(conversation.user_id, Via.PAGE), Action.VIEW, [conversation])
    staff = staff_at(client, f"{verb}_conversation", f"{verb}_transcriptaccess", f"{verb}_voicesession")
    for address in (
        CONVERSATIONS,
        f"{CONVERSATIONS}{conversation.pk}/change/",
        f"{CONVERSATIONS}{conversation.pk}/history/",
        LOOKS,
        f"{LOOKS}{look.pk}/change/",
        "/admin/realtime/voicesession/",
        "/admin/realtime/voicesession/usage/",
    ):
        assert staff.get(address).status_code == 403, address


def test_the_right_to_change_beside_it_opens_pages_that_are_only_read(
    client: Client, conversation: Conversation
) -> None:
    staff = staff_at(client, "view_conversation", "change_conversation")
    page = page_of(staff, conversation)
    assert 'name="_save"' not in page
    assert staff.post(f"{CONVERSATIONS}{conversation.pk}/change/", {"title": "x"}).status_code == 403


# --- days that mean nothing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["?until=9999-12-31", "?since=bogus", "?since=2026-02-30&until=2026-03-01"])
@pytest.mark.parametrize("address", [CONVERSATIONS, LOOKS])
def test_a_day_that_means_nothing_finds_nothing_and_says_so(
    address: str, query: str, reader: Client, conversation: Conversation
) -> None:
    audit.record(Looker(conversation.user_id, Via.PAGE), Action.VIEW, [conversation])
    page = reader.get(address + query).content.decode()
    assert "That is no day one can ask for" in page
    assert 'id="result_list"' not in page
    page = reader.get(f"{address}?until=9999-12-30").content.decode()
    assert "no day" not in page
    assert 'id="result_list"' in page
