"""The admin's door and name, and the end of accounts there."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework_simplejwt.tokens import RefreshToken

from conversations.models import Conversation, Message, TranscriptAccess
from realtime import services
from realtime.live import THIS_PROCESS, LiveSession
from realtime.models import VoiceSession
from tests.support.admin_pages import MOST_QUERIES, USERS, colleague_at, words_of
from tests.support.sessions import opened, say

pytestmark = pytest.mark.django_db


def test_strangers_meet_the_admins_own_sign_in_page(client: Client) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain == [("/admin/login/?next=/admin/", 302)]
    assert b"VoiceAssist" in response.content
    assert b'rel="icon"' in response.content, "without one, browsers ask for /favicon.ico and complain"


def test_staff_are_let_in_and_people_are_not(client: Client, alice: User) -> None:
    form = {"username": "alice", "password": "wonderland-teapot"}
    assert client.post("/admin/login/?next=/admin/", form).status_code == 200
    alice.is_staff = True
    alice.save()
    assert client.post("/admin/login/?next=/admin/", form)["Location"] == "/admin/"


def test_nobodys_tokens_can_be_read_there(client: Client, alice: User) -> None:
    token = str(RefreshToken.for_user(alice))
    client.force_login(User.objects.create_superuser("root", password="gardener-spade"))
    assert "oken" not in client.get("/admin/").content.decode().replace("csrfmiddlewaretoken", "")
    for kind in ("outstandingtoken", "blacklistedtoken"):
        response = client.get(f"/admin/token_blacklist/{kind}/")
        assert response.status_code == 404
        assert token not in response.content.decode()


def test_the_admin_keeps_out_of_caches(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root", password="gardener-spade"))
    response = client.get("/admin/conversations/conversation/")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]


# --- accounts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def root(client: Client) -> User:
    """A superuser, signed in."""
    user = User.objects.create_superuser("root", password="gardener-spade")
    client.force_login(user)
    return user


def talked(user: User) -> VoiceSession:
    """A session that is over, in whose conversation something was said."""
    session = opened(user)
    say(session, text="a word that was said")
    services.end_session(session=session, reason="client")
    return session


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs beside the test, as the one that holds live sessions does."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def delete(client: Client, *accounts: User, **sent: str) -> Any:
    """Delete one account on its own page, several from the list."""
    if len(accounts) == 1:
        return client.post(f"{USERS}{accounts[0].pk}/delete/", {"post": "yes"} | sent, follow=True)
    chosen: dict[str, Any] = {
        "action": "delete_selected",
        "_selected_action": [account.pk for account in accounts],
    }
    return client.post(USERS, chosen | {"post": "yes"} | sent, follow=True)


def test_deleting_an_account_erases_all_that_is_held_on_the_person(
    client: Client, root: User, alice: User, bob: User
) -> None:
    session, other = talked(alice), talked(bob)
    page = delete(client, alice)
    assert "was deleted successfully" in words_of(page)
    assert set(User.objects.all()) == {root, bob}
    assert list(VoiceSession.objects.values_list("pk", flat=True)) == [other.pk]
    assert not Message.objects.filter(conversation=session.conversation_id).exists()
    assert "alice" not in words_of(client.get("/admin/"))


def test_deleting_several_does_so_too(client: Client, root: User, alice: User, bob: User) -> None:
    talked(alice), talked(bob)
    assert "Successfully deleted 2 users." in words_of(delete(client, alice, bob))
    assert list(User.objects.all()) == [root]
    assert not VoiceSession.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize("number", [1, 2])
def test_it_is_written_down_who_erased_which_conversations(
    client: Client, root: User, alice: User, bob: User, number: int
) -> None:
    accounts = [alice, bob][:number]
    held = {account.pk: talked(account).conversation_id for account in accounts}
    delete(client, *accounts)
    looks = TranscriptAccess.objects.filter(action="delete")
    assert [(look.actor_id, look.via) for look in looks] == [(root.pk, "admin")] * number
    ids = {pair for look in looks for pair in look.transcripts.values_list("conversation_id", "owner_id")}
    assert ids == {(held[account.pk], account.pk) for account in accounts}


@pytest.mark.django_db(transaction=True)
def test_a_live_session_is_told_that_it_is_over(client: Client, root: User, alice: User) -> None:
    session, told = opened(alice), list[str]()

    def put_down(reason: str) -> None:
        told.append(reason)
        THIS_PROCESS.remove(living)

    with running_loop() as loop:
        living = LiveSession(
            session.pk, str(session.conversation_id), end=put_down, is_leaving=lambda: False, loop=loop
        )
        THIS_PROCESS.add(living)
        delete(client, alice)
    assert told == ["erased"]
    assert not VoiceSession.objects.exists()


@pytest.mark.parametrize("number", [1, 2])
def test_the_question_counts_what_goes_and_shows_none_of_it(
    client: Client, root: User, alice: User, bob: User, number: int
) -> None:
    accounts = [alice, bob][:number]
    for account in accounts:
        session = talked(account)
        Conversation.objects.filter(user=account).update(title="Words of a title")
        Message.objects.bulk_create(
            Message(
                conversation=session.conversation,
                position=n,
                role="user",
                text="words",
                spoken_at=timezone.now(),
            )
            for n in range(1, 1000)
        )
    with CaptureQueriesContext(connection) as queries:
        page = delete(client, *accounts, post="") if number > 1 else client.get(f"{USERS}{alice.pk}/delete/")
    words = words_of(page)
    for told in ("Users: ", "Conversations: ", "Voice sessions: "):
        assert f"{told}{number}" in words
    assert f"Messages: {number * 1000}" in words
    assert "alice" in words
    assert "Live sessions are ended first." in words
    for secret in ("Words of a title", "a word that was said", str(session.conversation_id), session.pk):
        assert secret not in page.content.decode()
    assert len(page.content) < 20_000
    assert len(queries) <= MOST_QUERIES
    assert User.objects.filter(pk=alice.pk).exists()


def test_of_many_accounts_some_are_named_and_the_rest_counted(client: Client, root: User) -> None:
    crowd = User.objects.bulk_create(User(username=f"person {n:02}") for n in range(30))
    words = words_of(delete(client, *crowd, post=""))
    assert "person 19" in words
    assert "person 20" not in words
    assert "and 10 more" in words


@pytest.mark.parametrize("missing", ["delete_conversation", "delete_voicesession", "delete_user"])
def test_who_may_not_delete_what_goes_with_it_deletes_no_account(
    client: Client, alice: User, missing: str
) -> None:
    talked(alice)
    needed = {"view_user", "delete_user", "delete_conversation", "delete_voicesession"}
    colleague_at(client, *(needed - {missing}))
    assert delete(client, alice).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()


def test_who_may_delete_all_that_goes_deletes_an_account_and_is_written_down(
    client: Client, alice: User
) -> None:
    talked(alice)
    User.objects.create_superuser("root")
    by = colleague_at(client, "view_user", "delete_user", "delete_conversation", "delete_voicesession")
    delete(client, alice)
    assert not User.objects.filter(username="alice").exists()
    assert TranscriptAccess.objects.get(action="delete").actor_id == by.pk


def test_the_last_superuser_stays_and_the_page_says_why(client: Client, root: User, alice: User) -> None:
    for page in (delete(client, root), delete(client, root, alice)):
        assert "Without root nobody could look after this server any more" in words_of(page)
    assert set(User.objects.all()) == {root, alice}
    second = User.objects.create_superuser("second")
    delete(client, second)
    assert set(User.objects.all()) == {root, alice}


def test_who_deletes_their_own_account_among_others_is_still_named_in_the_log(
    client: Client, root: User, alice: User, bob: User
) -> None:
    User.objects.create_superuser("second")
    delete(client, alice, root, bob)
    assert [account.username for account in User.objects.all()] == ["second"]
    assert TranscriptAccess.objects.filter(action="delete", actor_id=root.pk).count() == 3


def test_a_superuser_may_leave_while_another_one_stays(client: Client, root: User) -> None:
    User.objects.create_superuser("second")
    delete(client, root)
    assert [account.username for account in User.objects.all()] == ["second"]


def test_the_log_names_accounts_by_number(client: Client, root: User) -> None:
    passwords = {"password1": "wonderland-teapot", "password2": "wonderland-teapot"}
    client.post(f"{USERS}add/", {"username": "carol", "usable_password": "true"} | passwords)
    carol = User.objects.get(username="carol")
    client.post(f"{USERS}{carol.pk}/password/", {"usable_password": "true"} | passwords)
    written = LogEntry.objects.filter(object_id=str(carol.pk))
    assert written.count() == 2
    assert {entry.object_repr for entry in written} == {f"account {carol.pk}"}
    delete(client, carol)
    [entry] = LogEntry.objects.filter(object_id=str(carol.pk))
    assert (entry.object_repr, entry.is_deletion(), entry.user) == (f"account {carol.pk}", True, root)


def test_without_the_permission_nobody_learns_which_accounts_there_are(client: Client, alice: User) -> None:
    colleague_at(client)
    for way in ("change", "history", "delete", "password"):
        answers = [client.get(f"{USERS}{pk}/{way}/") for pk in (alice.pk, 987654)]
        assert [answer.status_code for answer in answers] == [403, 403], way
