"""The doors to one's own data: what a person takes out, and how they have it erased, also while they speak."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from rest_framework.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken

from conversations.models import Conversation, Message, TranscriptAccess
from realtime.executors import in_database
from realtime.live import THIS_PROCESS
from realtime.models import VoiceSession
from tests.support import upstream_turns as turns
from tests.support.relay_stage import BRISK
from tests.support.sessions import CONFIG, issue, opened, say
from tests.support.socket_stage import OWN, Socket, key

EXPORT = "/api/me/export"
DATA = "/api/me/data"


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.REALTIME = CONFIG


@pytest.fixture
def api(alice: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {AccessToken.for_user(alice)}"})


def _looks() -> list[tuple[str, str, int | None]]:
    return list(TranscriptAccess.objects.order_by("pk").values_list("action", "via", "actor_id"))


# --- taking out -------------------------------------------------------------------------------------------------------


def test_the_export_is_a_file_that_no_cache_keeps(api: Client, alice: User) -> None:
    say(opened(alice), text="My knee hurts")
    answer = api.get(EXPORT)
    told = json.loads(answer.getvalue())
    assert told["conversations"][0]["messages"][0]["text"] == "My knee hurts"
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith('attachment; filename="voiceassist-data-2')
    assert answer["Cache-Control"] == "no-store"
    assert _looks() == [("export", "api", alice.pk)]
    assert [look["action"] for look in told["looks_at_transcripts"]] == ["export"], "it tells of itself, too"


@pytest.mark.django_db(transaction=True)
async def test_under_asgi_the_export_comes_piece_by_piece(alice: User) -> None:
    await in_database(lambda: say(opened(alice), text="My knee hurts"))()
    token = await in_database(AccessToken.for_user)(alice)
    answer: Any = await AsyncClient().get(EXPORT, headers={"Authorization": f"Bearer {token}"})
    assert answer.is_async
    told = json.loads(b"".join([piece async for piece in answer.streaming_content]))
    assert told["conversations"][0]["messages"][0]["text"] == "My knee hurts"


@pytest.mark.parametrize("path", [EXPORT, f"{EXPORT}/", DATA, f"{DATA}/"])
def test_strangers_learn_and_erase_nothing(path: str, alice: User) -> None:
    say(opened(alice))
    client = Client()
    answer = client.get(path) if EXPORT in path else client.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert (Message.objects.count(), _looks()) == (1, [])


# --- erasing ----------------------------------------------------------------------------------------------------------


def test_erasing_takes_the_words_and_leaves_the_account(api: Client, alice: User, bob: User) -> None:
    say(opened(alice), text="mine")
    say(opened(bob), text="bob's")
    answer = api.delete(DATA)
    assert (answer.status_code, answer.content) == (204, b"")
    assert list(Message.objects.values_list("text", flat=True)) == ["bob's"]
    assert list(VoiceSession.objects.values_list("user_id", flat=True)) == [bob.pk]
    assert _looks() == [("delete", "api", alice.pk)]
    assert api.get("/api/conversations/").json()["results"] == []
    assert api.delete(DATA).status_code == 204, "there is nothing left, and that is no error"


def test_with_the_account_the_same_token_opens_nothing_more(api: Client, alice: User) -> None:
    assert api.delete(f"{DATA}?account=true").status_code == 204
    assert not User.objects.filter(username="alice").exists()
    answer = api.get(EXPORT)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")


def test_the_account_goes_only_when_that_is_said_clearly(api: Client, alice: User) -> None:
    say(opened(alice))
    answer = api.delete(f"{DATA}?account=perhaps")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert Message.objects.count() == 1
    assert api.delete(f"{DATA}?account=false").status_code == 204
    assert User.objects.filter(username="alice").exists()


def test_a_misspelt_wish_erases_nothing(api: Client, alice: User) -> None:
    say(opened(alice))
    answer = api.delete(f"{DATA}?acount=true&foo=1")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["fields"]) == {"acount", "foo"}
    assert Message.objects.count() == 1


@pytest.mark.usefixtures("own_cache")
def test_whoever_has_taken_out_too_often_may_still_erase(
    api: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scope in ("personal-data", "erasure"):
        monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, scope, "1/hour")
    assert [api.get(EXPORT).status_code for _ in range(2)] == [200, 429]
    assert [api.delete(DATA).status_code for _ in range(2)] == [204, 429]


def test_the_last_superuser_is_told_what_to_do_instead(api: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    say(opened(alice))
    answer = api.delete(f"{DATA}?account=true")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_superuser")
    assert "Make another account a superuser first" in answer.json()["detail"]
    assert Message.objects.count() == 1


def test_another_sites_page_cannot_erase_with_the_cookie_of_a_browser(alice: User) -> None:
    say(opened(alice))
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    answer = browser.delete(DATA)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_erases_their_account_in_a_browser_is_signed_out_of_it(alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    assert browser.delete(f"{DATA}?account=true").status_code == 204
    assert browser.get("/chat").status_code == 302


# --- while somebody speaks --------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
class TestWhileSpeaking:
    @pytest.fixture(autouse=True)
    def _nothing_left_behind(self) -> Iterator[None]:
        yield
        assert len(THIS_PROCESS) == 0

    async def test_the_session_ends_first_and_not_a_word_is_stored_afterwards(self, alice: User) -> None:
        issued = await in_database(issue)(alice)
        # It does not learn of its end by asking whether it may go on.
        unasked = replace(BRISK, lease=60.0)
        socket = await Socket(OWN, key(issued.ticket.secret), timing=unasked).ready()
        socket.upstream.say(*turns.spoken("item_1"), turns.heard("item_1", "My knee hurts"))
        await socket.until(lambda: socket.events("voiceassist.message.saved"))
        socket.upstream.say(*turns.spoken("item_2", after="item_1"))
        await socket.until(lambda: len(socket.events("input_audio_buffer.committed")) == 2)

        token = await in_database(AccessToken.for_user)(alice)
        answer = await AsyncClient().delete(DATA, headers={"Authorization": f"Bearer {token}"})

        assert answer.status_code == 204
        assert len(THIS_PROCESS) == 0, "its last words were put down before all words were deleted"
        [ended] = socket.events("voiceassist.ended")
        assert ended["reason"] == "erased"
        await socket.until(lambda: socket.closed)
        await socket.leave()
        assert await in_database(_rows)() == (0, 0, 0)

    async def test_words_that_are_late_for_the_erasure_find_no_place(self, alice: User) -> None:
        issued = await in_database(issue)(alice)
        socket = await Socket(OWN, key(issued.ticket.secret)).ready()
        # Nobody asks this process to end it: so it is for a session that another process holds.
        await in_database(VoiceSession.objects.all().delete)()
        await in_database(Conversation.objects.all().delete)()
        socket.upstream.say(*turns.spoken("item_1"), turns.heard("item_1", "My knee hurts"))
        await socket.until(lambda: socket.events("voiceassist.ended"))
        [ended] = socket.events("voiceassist.ended")
        assert ended["reason"] == "erased"
        await socket.leave()
        assert await in_database(_rows)() == (0, 0, 0)


def _rows() -> tuple[int, int, int]:
    return Message.objects.count(), VoiceSession.objects.count(), Conversation.objects.count()
