"""Words go when their time is over, all of them and no others, whoever is speaking meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import retention, search, selectors, services
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message, Review
from conversations.retention import Purged, purge
from tests.conversations.conftest import Say
from tests.support.traces_of_words import places_with

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
MONTH = timedelta(days=30)
CANARY = "ꙮꙮꙮ"
InThreads = Callable[[int, Callable[[int], Any]], list[Any]]


def _positions(conversation: Conversation) -> list[int]:
    return [message.position for message in selectors.record_of(conversation)]


def _touched(conversation: Conversation, at: datetime) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(updated_at=at)


def test_the_limit_is_days_of_24_hours_to_the_moment(conversation: Conversation, say: Say) -> None:
    for late in (-timedelta(seconds=1), -timedelta(microseconds=1), timedelta(), timedelta(seconds=1)):
        say("words", spoken_at=NOW - MONTH + late)
    assert purge(days=30, now=NOW) == Purged(messages=2)
    assert _positions(conversation) == [2, 3]


def test_what_stays_keeps_its_position_and_the_next_turn_has_the_next(
    conversation: Conversation, say: Say
) -> None:
    say("old", spoken_at=NOW - 2 * MONTH)
    say("new", spoken_at=NOW)
    purge(days=30, now=NOW)
    assert say("newer", spoken_at=NOW).position == 2
    assert _positions(conversation) == [1, 2]
    conversation.refresh_from_db()
    assert conversation.message_count == 3


def test_every_kind_of_turn_goes(conversation: Conversation, say: Say) -> None:
    for status in Message.Status:
        say("words", status=status, spoken_at=NOW - 2 * MONTH)
    say("", hidden=True, spoken_at=NOW - 2 * MONTH)
    assert purge(days=30, now=NOW).messages == 5
    assert not Message.objects.exists()


def test_more_than_a_batch_goes_in_several_transactions(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    Message.objects.bulk_create(
        Message(conversation=conversation, position=position, role="user", spoken_at=NOW - 2 * MONTH)
        for position in range(25)
    )
    with CaptureQueriesContext(connection) as queries:
        assert purge(days=30, now=NOW).messages == 25
    assert sum('DELETE FROM "conversations_message"' in query["sql"] for query in queries) == 3


def test_nobody_is_moved_to_the_top_of_the_list(conversation: Conversation, say: Say) -> None:
    say("old words", spoken_at=NOW - 2 * MONTH)
    say("new words", spoken_at=NOW)
    conversation.refresh_from_db()
    before = conversation.updated_at
    purge(days=30, now=NOW)
    conversation.refresh_from_db()
    assert conversation.updated_at == before


# --- Titles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "My knee hurts",
        "My knee hurts a lot. Since when it rains.",
        "My knee hurts and hurts and hurts and hurts and hurts and hurts and hurts and hurts",
        "  My\nknee  hurts ",
    ],
)
@pytest.mark.parametrize("modality", Message.Modality)
def test_a_title_made_from_purged_words_goes_with_them(
    conversation: Conversation, say: Say, words: str, modality: str
) -> None:
    say(words, modality=modality, spoken_at=NOW - 2 * MONTH)
    say("And now?", role="assistant", spoken_at=NOW)
    conversation.refresh_from_db()
    assert conversation.title
    purge(days=30, now=NOW)
    conversation.refresh_from_db()
    assert conversation.title == ""
    say("Better", spoken_at=NOW)
    conversation.refresh_from_db()
    assert conversation.title == "Better"


def test_a_title_of_words_that_grew_later_goes_with_them(conversation: Conversation, say: Say) -> None:
    for words in ("My knee", "My knee hurts when it rains"):
        say(words, external_id="item", spoken_at=NOW - 2 * MONTH)
    say("And now?", role="assistant", spoken_at=NOW)
    conversation.refresh_from_db()
    assert conversation.title == "My knee"
    purge(days=30, now=NOW)
    conversation.refresh_from_db()
    assert conversation.title == ""


@pytest.mark.parametrize("title", ["Orthopaedics", "knee", "And now?"])
def test_a_title_given_by_its_owner_stays(conversation: Conversation, say: Say, title: str) -> None:
    services.rename_conversation(conversation=conversation, title=title)
    say("My knee hurts", spoken_at=NOW - 2 * MONTH)
    say("And now?", role="assistant", spoken_at=NOW - 2 * MONTH)
    say("Still here", spoken_at=NOW)
    purge(days=30, now=NOW)
    conversation.refresh_from_db()
    assert conversation.title == title


# --- Conversations --------------------------------------------------------------------------------------------------


def test_a_conversation_left_empty_goes_a_day_after_its_last_word_with_its_review(
    alice: User, conversation: Conversation, say: Say
) -> None:
    say("old words", spoken_at=NOW - 2 * MONTH)
    Review.objects.create(conversation=conversation, reviewer=alice, notes=CANARY)
    _touched(conversation, NOW - timedelta(days=1))
    assert purge(days=30, now=NOW) == Purged(messages=1)
    assert purge(days=30, now=NOW + timedelta(seconds=1)) == Purged(conversations=1)
    assert not Conversation.objects.exists()
    assert not Review.objects.exists()


@pytest.mark.parametrize("days", [None, 1, 30, 10**12])
def test_an_empty_conversation_goes_after_a_day_whatever_is_kept(alice: User, days: int | None) -> None:
    kept = services.create_conversation(user=alice)
    gone = services.create_conversation(user=alice)
    _touched(kept, NOW - timedelta(hours=23))
    _touched(gone, NOW - timedelta(hours=25))
    assert purge(days=days, now=NOW) == Purged(conversations=1)
    assert list(Conversation.objects.all()) == [kept]


@pytest.mark.parametrize("hidden", [False, True])
def test_without_retention_no_word_goes(conversation: Conversation, say: Say, hidden: bool) -> None:
    say("words", hidden=hidden, spoken_at=NOW - 1000 * MONTH)
    _touched(conversation, NOW - MONTH)
    assert purge(days=None, now=NOW) == Purged()
    assert _positions(conversation) == [0]


@pytest.mark.parametrize("days", [0, -1])
def test_less_than_a_day_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="one day at least"):
        purge(days=days)


def test_a_dry_run_says_what_a_run_does_and_changes_nothing(
    alice: User, conversation: Conversation, say: Say
) -> None:
    say("old words", spoken_at=NOW - 2 * MONTH)
    lives = services.create_conversation(user=alice)
    say("old", conversation_id=lives.pk, spoken_at=NOW - 2 * MONTH)
    say("new", conversation_id=lives.pk, spoken_at=NOW)
    for each in (conversation, lives, services.create_conversation(user=alice)):
        _touched(each, NOW - timedelta(days=2))
    before = list(Conversation.objects.values()), list(Message.objects.values())
    promised = purge(days=30, dry_run=True, now=NOW)
    assert (list(Conversation.objects.values()), list(Message.objects.values())) == before
    assert promised == Purged(messages=2, conversations=2)
    assert purge(days=30, now=NOW) == promised
    assert purge(days=30, now=NOW) == Purged()
    assert list(Conversation.objects.all()) == [lives]


# --- On a database as it is used ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_no_trace_of_what_was_purged_is_left(conversation: Conversation, say: Say) -> None:
    for number in range(30):
        say(f"{CANARY} and turn {number}", spoken_at=NOW - 2 * MONTH, unheard_text=CANARY * (number % 2))
    say("quicksilver", spoken_at=NOW)
    assert places_with("ꙮ")
    assert purge(days=30, now=NOW).messages == 30
    assert not search.matching(Conversation.objects.all(), CANARY).exists()
    assert search.matching(Conversation.objects.all(), "quicksilver").exists()
    assert places_with("ꙮ") == []


@pytest.mark.django_db(transaction=True)
def test_no_trace_is_left_of_what_others_deleted_before(conversation: Conversation, say: Say) -> None:
    for number in range(30):
        say(f"{CANARY} and turn {number}", spoken_at=NOW)
    services.delete_conversation(conversation=conversation)
    assert purge(days=None, now=NOW) == Purged()
    assert places_with("ꙮ") == []


def test_purging_while_people_speak_and_twice_at_once(alice: User, in_threads: InThreads) -> None:
    threads = [services.create_conversation(user=alice) for _ in range(2)]
    old, new = NOW - 2 * MONTH, NOW
    for conversation in threads:
        for number in range(30):
            _speak(conversation, f"old {number}", old)

    def work(number: int) -> Any:
        if number < 2:
            return purge(days=30, now=NOW).messages
        return [_speak(threads[number % 2], f"new {number} {turn}", new).position for turn in range(15)]

    first, second, *told = in_threads(6, work)
    assert first + second == 60
    for place, conversation in enumerate(threads):
        conversation.refresh_from_db()
        assert _positions(conversation) == list(range(30, 60))
        assert conversation.message_count == 60
        assert sorted(told[place] + told[place + 2]) == list(range(30, 60))


def test_purging_an_empty_conversation_while_somebody_begins_in_it_loses_no_word(
    alice: User, in_threads: InThreads
) -> None:
    threads = [services.create_conversation(user=alice) for _ in range(20)]
    Conversation.objects.update(updated_at=NOW - MONTH)

    def work(number: int) -> set[Any]:
        if number == 0:
            purge(days=None, now=NOW)
            return set()
        return {conversation.pk for conversation in threads[::-1] if _is_heard(conversation)}

    _, heard = in_threads(2, work)
    assert set(Conversation.objects.values_list("pk", flat=True)) == heard
    assert set(Message.objects.values_list("conversation", flat=True)) == heard


def _is_heard(conversation: Conversation) -> bool:
    try:
        return bool(_speak(conversation, "Hello", NOW))
    except ConversationNotFound:
        return False


def _speak(conversation: Conversation, text: str, at: datetime) -> Message:
    return services.append_message(
        conversation_id=conversation.pk,
        role="user",
        modality="audio",
        status="final",
        text=text,
        spoken_at=at,
    )
