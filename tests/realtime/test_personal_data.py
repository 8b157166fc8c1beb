"""What is held on a person: the export has all of it, and after erasing none of it is anywhere."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from conversations import audit, reviewing, search
from conversations.models import AccessedTranscript, Conversation, Message, TranscriptAccess
from realtime import allowance, leases, personal_data, preferences, services
from realtime.errors import TicketRefused
from realtime.models import TalkingTime, VoiceSession
from tests.support.sessions import CONFIG, issue, lost, opened, put_back, renew, row_of, say
from tests.support.stored_words import Contents, contents, tables_that_hold
from tests.support.traces_of_words import places_with

CANARY = "ѣѫѯѱѳ"
"""Letters that nobody else here uses, so that also a piece of the word gives it away."""
PIECES = [CANARY[start : start + 2] for start in range(len(CANARY) - 1)]
"""Of three letters in a row, as indexes hold them, the beginning may stand in the entry before."""
INDEX = "conversations_search_words"


@pytest.fixture
def reviewer(db: None) -> User:
    return User.objects.create_superuser("dr-quill", password="magnifying-glass")


def _export(user: User) -> dict[str, Any]:
    told: dict[str, Any] = json.loads("".join(personal_data.export_of(user)))
    return told


def _has_talked(user: User, word: str = CANARY) -> VoiceSession:
    """Leave words in every place that takes some."""
    session = opened(user)
    say(session, "item_1", f"{word} hurts")
    say(
        session,
        "item_2",
        "Rest",
        role="assistant",
        status="interrupted",
        unheard_text=f" the {word}",
    )
    say(session, "item_3", word, hidden=True)
    conversation = session.conversation
    assert conversation is not None
    Conversation.objects.filter(pk=conversation.pk).update(title=f"My {word}")
    VoiceSession.objects.filter(pk=session.pk).update(
        voice=word, language=word[:12], model=f"model of {word}"
    )
    preferences.choose(user, {"voice": word, "speed": 0.9})
    leases.record_usage(session=session, usage={word: 1, "total_tokens": 7}, prices=())
    services.end_session(session=session, reason="client")
    return session


def _is_looked_at(session: VoiceSession, by: User) -> None:
    """A reviewer finds, reads and annotates a conversation in the admin."""
    conversation = session.conversation
    assert conversation is not None
    client = Client()
    client.force_login(by)
    pages = "/admin/conversations/conversation/"
    assert client.get(pages, {"q": CANARY}).status_code == 200
    assert CANARY in client.get(f"{pages}{conversation.pk}/change/").content.decode()
    reviewing.annotate(conversation=conversation, by=by, notes=f"Look at the {CANARY}")
    LogEntry.objects.log_actions(by.pk, [conversation], CHANGE, "reviewed", single_object=True)
    LogEntry.objects.log_actions(by.pk, [session], CHANGE, "ended", single_object=True)


# --- taking out -------------------------------------------------------------------------------------------------------


def test_the_export_has_everything_that_is_held(alice: User, reviewer: User) -> None:
    alice.groups.add(Group.objects.create(name="testers"))
    session = _has_talked(alice)
    assert session.conversation is not None
    reviewing.flag(conversation=session.conversation, by=reviewer)
    reviewing.annotate(conversation=session.conversation, by=reviewer, notes="Ask again")
    TalkingTime.objects.create(user=alice, day=timezone.now().date(), seconds=90)
    RefreshToken.for_user(alice)
    audit.record(audit.Looker(reviewer.pk, audit.Via.ADMIN), audit.Action.VIEW, [session.conversation])
    audit.record(audit.Looker(alice.pk, audit.Via.API), audit.Action.EXPORT, [session.conversation])

    told = _export(alice)
    assert told["schema_version"] == 1
    assert datetime.now(UTC) - datetime.fromisoformat(told["exported_at"]) < timedelta(minutes=1)
    assert (told["account"]["username"], told["account"]["groups"]) == ("alice", ["testers"])
    assert {"email", "first_name", "last_name", "date_joined", "is_staff", "last_login"} < told[
        "account"
    ].keys()
    [conversation] = told["conversations"]
    assert conversation["title"] == f"My {CANARY}"
    assert [(each["text"], each["unheard_text"], each["hidden"]) for each in conversation["messages"]] == [
        (f"{CANARY} hurts", "", False),
        ("Rest", f" the {CANARY}", False),
        (CANARY, "", True),
    ]
    review = conversation["review"]
    assert (review["is_flagged"], review["notes"], review["reviewer"]) == (True, "Ask again", "a reviewer")
    assert told["preferences"] == {
        "voice": CANARY,
        "speed": 0.9,
        "language": "",
        "output": "",
        "turn_detection": "",
    }
    [voice_session] = told["voice_sessions"]
    assert (voice_session["id"], voice_session["usage"]["total_tokens"]) == (session.pk, 7)
    [talked] = told["talking_time"]
    assert talked["seconds"] == 90
    [token] = told["refresh_tokens"]
    assert token.keys() == {"created_at", "expires_at"}
    looks = [(each["action"], each["via"], each["by"]) for each in told["looks_at_transcripts"]]
    assert looks == [("view", "admin", "staff"), ("export", "api", "yourself")]
    assert {str(each) for look in told["looks_at_transcripts"] for each in look["conversations"]} == {
        conversation["id"]
    }


def test_no_key_and_nobody_else_is_in_the_export(alice: User, bob: User, reviewer: User) -> None:
    mine, other = opened(alice, web_session_key="the key of a web session"), _has_talked(bob, "bob's knee")
    refresh = RefreshToken.for_user(alice)
    assert mine.conversation is not None
    assert other.conversation is not None
    looker = audit.Looker(reviewer.pk, audit.Via.ADMIN, "192.0.2.77")
    audit.record(looker, audit.Action.LIST, [mine.conversation, other.conversation], query_length=3)
    reviewing.annotate(conversation=mine.conversation, by=reviewer, notes="Fine")
    told = "".join(personal_data.export_of(alice))
    row = row_of(mine)
    refresh_row = OutstandingToken.objects.get(user=alice)
    for secret in (
        alice.password,
        row.ticket_digest,
        row.web_session_key,
        refresh_row.token,
        refresh["jti"],
        "bob",
        str(other.conversation_id),
        "192.0.2.77",
        "dr-quill",
    ):
        assert secret
        assert secret not in told, secret
    [look] = json.loads(told)["looks_at_transcripts"]
    assert look["conversations"] == [str(mine.conversation_id)]


def test_somebody_of_whom_nothing_is_held_gets_a_document_too(alice: User) -> None:
    told = _export(alice)
    assert told["account"]["username"] == "alice"
    lists = {name for name, value in told.items() if value == []}
    assert lists == {
        "conversations",
        "voice_sessions",
        "talking_time",
        "refresh_tokens",
        "looks_at_transcripts",
    }


def test_however_much_was_said_it_comes_turn_by_turn(alice: User) -> None:
    for first in (0, 3):
        session = opened(alice)
        for number in range(first, first + 3):
            say(session, f"item_{number}", f"Turn {number}")
        services.end_session(session=session, reason="client")
    Conversation.objects.update(title="")
    pieces = list(personal_data.export_of(alice))
    assert [piece.count("Turn") for piece in pieces if "Turn" in piece] == [1] * 6
    turns = [
        turn["text"] for each in json.loads("".join(pieces))["conversations"] for turn in each["messages"]
    ]
    assert turns == [f"Turn {number}" for number in range(6)]


@pytest.mark.django_db(transaction=True)
def test_somebody_who_is_slow_to_take_it_out_keeps_nobody_from_erasing(alice: User, bob: User) -> None:
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(2100)]
    TalkingTime.objects.bulk_create(TalkingTime(user=alice, day=day, seconds=60) for day in days)
    pieces = personal_data.export_of(alice)
    next(piece for piece in pieces if "seconds" in piece)
    _has_talked(bob)
    personal_data.erase(bob, with_account=False)
    assert places_with(CANARY) == []
    assert sum("seconds" in piece for piece in pieces) == len(days) - 1


TOLD_OTHERWISE = {
    "admin.LogEntry.user": "what staff did to other people's rows",
    "auth.User_groups.user": "told by name, in the account",
    "auth.User_user_permissions.user": "rights that staff were given one by one",
    "conversations.Review.reviewer": "what staff wrote about other people's words",
    "conversations.TranscriptAccess.actor": "what staff looked at, where it was not their own",
}
EXPORTED = {
    "conversations.Conversation.user",
    "realtime.Preferences.user",
    "realtime.TalkingTime.user",
    "realtime.VoiceSession.user",
    "token_blacklist.OutstandingToken.user",
}


def test_every_table_that_names_a_person_is_in_the_export_or_known_to_hold_nothing_for_it() -> None:
    """A new table makes this fail: decide whether `export_of` tells it, and whether `erase` reaches it."""
    naming = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.related_model is User
    }
    assert naming == EXPORTED | TOLD_OTHERWISE.keys()


# --- erasing ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
class TestErasing:
    """With transactions that really end: an index is cleaned once the rows are gone."""

    @pytest.fixture(autouse=True)
    def _fresh(self) -> Iterator[None]:
        cache.clear()
        yield
        cache.clear()

    def test_not_a_word_is_left_anywhere(self, alice: User, bob: User, reviewer: User) -> None:
        _has_talked(bob, "ordinary knee")
        _signs_in_everywhere(bob)
        before = contents()
        session = _has_talked(alice)
        _is_looked_at(session, by=reviewer)
        _signs_in_everywhere(alice)
        held_in = tables_that_hold(CANARY)
        assert held_in >= {
            "conversations_conversation",
            "conversations_message",
            "conversations_review",
            "realtime_voicesession",
        }
        if connection.vendor == "sqlite":
            assert f"{INDEX}_data" in tables_that_hold(*PIECES), "or the search finds nothing at all"

        personal_data.erase(alice, with_account=False)

        assert tables_that_hold(CANARY, *PIECES) == set()
        assert not search.matching(Conversation.objects.all(), CANARY).exists()
        assert search.matching(Conversation.objects.all(), "ordinary knee").count() == 1
        _nothing_else_changed(before)
        assert _export(alice)["conversations"] == _export(alice)["voice_sessions"] == []

    def test_with_the_account_nothing_names_it_but_the_record_of_looks(
        self, alice: User, bob: User, reviewer: User
    ) -> None:
        _has_talked(bob, "ordinary knee")
        _signs_in_everywhere(bob)
        before = contents()
        User.objects.filter(pk=alice.pk).update(username=CANARY, email=f"{CANARY}@example.com")
        alice.refresh_from_db()
        session = _has_talked(alice)
        _is_looked_at(session, by=reviewer)
        LogEntry.objects.log_actions(reviewer.pk, [alice], CHANGE, "renamed", single_object=True)
        web, refresh = _signs_in_everywhere(alice)
        TalkingTime.objects.create(user=alice, day=timezone.now().date(), seconds=90)

        personal_data.erase(alice, with_account=True)

        assert tables_that_hold(CANARY, *PIECES, session.pk, f"rtc_{alice.pk}_") == set()
        assert _rows_that_name(alice.pk) == {"conversations.TranscriptAccess.actor"}
        assert web.get("/api/conversations/").status_code == 401
        assert _refreshed(refresh) == 401
        assert str(alice.pk) not in {
            each.get_decoded().get("_auth_user_id") for each in Session.objects.all()
        }
        _nothing_else_changed(before)
        deleted = AccessedTranscript.objects.filter(owner_id=alice.pk, access__action="delete")
        assert deleted.count() == 1

    def test_nobody_waits_at_a_lock_while_web_sessions_are_read(self, alice: User) -> None:
        _signs_in_everywhere(alice)
        locked = []

        def watch(execute: Any, sql: str, *rest: Any) -> Any:
            if sql.startswith("SELECT") and "session_data" in sql:
                locked.append(connection.in_atomic_block)
            return execute(sql, *rest)

        with connection.execute_wrapper(watch):
            personal_data.erase(alice, with_account=True)
        assert locked == [False]

    def test_it_is_on_record_by_ids_that_it_was_done(self, alice: User) -> None:
        session = _has_talked(alice)
        personal_data.erase(
            alice, with_account=False, looker=audit.Looker(alice.pk, audit.Via.PAGE, "192.0.2.1")
        )
        access = TranscriptAccess.objects.get()
        assert (access.actor_id, access.action, access.via, access.address) == (
            alice.pk,
            "delete",
            "page",
            "192.0.2.1",
        )
        shown = access.transcripts.values_list("conversation_id", "owner_id")
        assert list(shown) == [(session.conversation_id, alice.pk)]

    @pytest.mark.usefixtures("at_noon")
    def test_whoever_erases_everything_has_no_more_minutes_than_before(self, alice: User) -> None:
        config = CONFIG.__class__(provider="openai", api_key="sk-canary", minutes_per_day=10)
        session = opened(alice, config)
        put_back(session, 240, "started_at")
        services.end_session(session=session, reason="client")
        left = allowance.seconds_left_today(alice, config)
        personal_data.erase(alice, with_account=False)
        personal_data.erase(alice, with_account=False)
        assert left is not None
        assert allowance.seconds_left_today(alice, config) in (left, left - 1)

    def test_a_withdrawn_token_stays_withdrawn_and_nobodys(self, alice: User) -> None:
        refresh, withdrawn, expired = (RefreshToken.for_user(alice) for _ in range(3))
        withdrawn.blacklist()
        expired.blacklist()
        OutstandingToken.objects.filter(jti=expired["jti"]).update(expires_at=timezone.now())
        personal_data.erase(alice, with_account=False)
        with pytest.raises(TokenError):
            RefreshToken(str(withdrawn))  # type: ignore[arg-type]  # its stubs want the raw kind only
        assert _refreshed(str(refresh)) == 200, "a program that is signed in stays so"
        rows = OutstandingToken.objects.exclude(user=alice)
        assert [(row.user_id, row.token, row.jti) for row in rows] == [(None, "", withdrawn["jti"])]

    def test_the_last_who_can_administer_stays_and_keeps_everything(
        self, reviewer: User, alice: User
    ) -> None:
        User.objects.create_superuser("retired", is_active=False)
        session = opened(reviewer)
        say(session)
        with pytest.raises(personal_data.LastSuperuser):
            personal_data.erase(reviewer, with_account=True)
        assert (row_of(session).state, Message.objects.count()) == ("live", 1)
        personal_data.erase(reviewer, with_account=False)
        assert Message.objects.count() == 0
        User.objects.create_superuser("heir")
        personal_data.erase(reviewer, with_account=True)
        assert not User.objects.filter(username="dr-quill").exists()

    def test_of_the_last_two_who_leave_at_once_one_stays(self, reviewer: User, in_threads: Any) -> None:
        leaving = [reviewer, User.objects.create_superuser("heir")]

        def leaves(number: int) -> bool:
            try:
                personal_data.erase(leaving[number], with_account=True)
            except personal_data.LastSuperuser:
                return False
            return True

        assert sorted(in_threads(2, leaves)) == [False, True]
        assert User.objects.filter(is_superuser=True).count() == 1


# --- and nothing comes back -------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
class TestAfterwards:
    def test_a_session_that_lives_in_another_process_writes_no_more(self, alice: User) -> None:
        session = opened(alice)
        say(session, "item_1", "", status="pending")
        personal_data.erase(alice, with_account=False)
        assert say(session, "item_1", CANARY) is None, "not the words that were on their way"
        assert say(session, "item_2", CANARY) is None, "and no others"
        leases.record_usage(session=session, usage={CANARY: 1}, prices=())
        leases.record_first_audio(session=session, answers=1, median_ms=5, slowest_ms=5)
        assert renew(session) == "erased"
        services.end_session(session=session, reason="erased")
        assert tables_that_hold(CANARY) == set()
        assert (Message.objects.count(), VoiceSession.objects.count(), Conversation.objects.count()) == (
            0,
            0,
            0,
        )

    @pytest.mark.parametrize("with_account", [False, True])
    def test_tickets_and_lost_sessions_open_nothing(self, alice: User, with_account: bool) -> None:
        waiting = lost(alice)
        tickets = [issue(alice).ticket.secret, issue(alice, resume_session_id=waiting.pk).ticket.secret]
        personal_data.erase(alice, with_account=with_account)
        for ticket in tickets:
            with pytest.raises(TicketRefused):
                services.redeem_ticket(ticket, config=CONFIG)

    def test_words_that_are_being_written_meanwhile_do_not_survive(
        self, alice: User, in_threads: Any
    ) -> None:
        sessions = [opened(alice), opened(alice)]

        def work(number: int) -> int:
            if number == len(sessions):
                personal_data.erase(alice, with_account=False)
                return 0
            return sum(say(sessions[number], f"item_{turn}", CANARY) is not None for turn in range(25))

        in_threads(3, work)
        assert tables_that_hold(CANARY, *PIECES) == set()


# --- what tests look at -----------------------------------------------------------------------------------------------

MAY_GROW = {
    "conversations_transcriptaccess",
    "conversations_accessedtranscript",
    "django_admin_log",
    "django_content_type",
    "django_session",
    "realtime_talkingtime",
    "token_blacklist_outstandingtoken",
    "token_blacklist_blacklistedtoken",
}
"""Where rows are added that hold no word; none that was there may go."""
MAY_CHANGE = {"auth_user", "sqlite_sequence"} | {f"{INDEX}_{part}" for part in ("data", "idx", "docsize")}
"""When somebody signed in last, the next number of a row, and how an index lies in its parts."""


def _signs_in_everywhere(user: User) -> tuple[Client, str]:
    web = Client()
    web.force_login(user)
    assert web.get("/api/conversations/", {"q": CANARY}).status_code == 200
    RefreshToken.for_user(user).blacklist()
    return web, str(RefreshToken.for_user(user))


def _refreshed(token: str) -> int:
    answer = Client().post("/api/token/refresh/", {"refresh": token}, content_type="application/json")
    return answer.status_code


def _nothing_else_changed(before: Contents) -> None:
    """Whatever others had is there byte for byte, and no more than that."""
    for table, rows in contents().items():
        if table in MAY_GROW:
            assert before[table] <= rows, table
        elif table not in MAY_CHANGE:
            assert before[table] == rows, table


def _rows_that_name(user_id: int) -> set[str]:
    return {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.related_model is User
        and model._default_manager.filter(**{f"{field.name}_id": user_id}).exists()
    }
