"""Many writers in one conversation, on a database as it is used: real transactions, real threads."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from conversations import reviewing, services
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message, Review
from tests.support.overtaking import overtaken
from tests.support.transcript_pages import review, superuser_at

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 8
APPENDS = 40

InThreads = Callable[[int, Callable[[int], Any]], list[Any]]


def _append(conversation: Conversation, external_id: str | None, status: str = "final") -> Message:
    return services.append_message(
        conversation_id=conversation.pk,
        role="user",
        modality="audio",
        status=status,
        text="" if status == "pending" else f"words of {external_id}",
        external_id=external_id,
        spoken_at=datetime.now(UTC),
    )


def test_eight_writers_with_shared_ids_lose_nothing_and_leave_no_gap(
    alice: User, in_threads: InThreads
) -> None:
    conversation = services.create_conversation(user=alice)
    shared = [f"rtc_1:shared_{number}" for number in range(APPENDS // 2)]

    def write(writer: int) -> list[tuple[str, int]]:
        ids = shared + [f"rtc_1:of_{writer}_{number}" for number in range(APPENDS // 2)]
        Random(writer).shuffle(ids)  # noqa: S311 - an order, not a secret
        return [(external_id, _append(conversation, external_id).position) for external_id in ids]

    told = [pair for pairs in in_threads(WRITERS, write) for pair in pairs]

    stored = list(Message.objects.filter(conversation=conversation).values_list("external_id", "position"))
    conversation.refresh_from_db()
    assert len(told) == WRITERS * APPENDS
    assert [position for _, position in stored] == list(range(len(shared) + WRITERS * APPENDS // 2))
    assert max(Counter(external_id for external_id, _ in stored).values()) == 1
    assert set(told) == set(stored), "every writer was told the position that its turn has"
    assert conversation.message_count == len(stored)


def test_writers_of_other_conversations_do_not_disturb_each_other(alice: User, in_threads: InThreads) -> None:
    threads = [services.create_conversation(user=alice) for _ in range(WRITERS)]

    def write(writer: int) -> list[int]:
        return [_append(threads[writer], None).position for _ in range(10)]

    assert in_threads(WRITERS, write) == [list(range(10))] * WRITERS


def test_a_place_held_and_its_transcript_arriving_at_once_end_as_one_final_row(
    alice: User, in_threads: InThreads
) -> None:
    conversation = services.create_conversation(user=alice)

    def write(writer: int) -> None:
        for number in range(10):
            _append(conversation, f"rtc_1:item_{number}", "pending" if writer % 2 else "final")

    in_threads(WRITERS, write)
    assert list(Message.objects.values_list("position", "status", "text")) == [
        (position, "final", f"words of {external_id}")
        for position, external_id in Message.objects.values_list("position", "external_id")
    ]
    assert Message.objects.count() == 10


def test_deleting_while_somebody_speaks_leaves_no_words_behind(alice: User, in_threads: InThreads) -> None:
    conversation = services.create_conversation(user=alice)

    def speak_or_delete(number: int) -> str:
        if number == 0:
            services.delete_conversation(conversation=conversation)
            return "deleted"
        try:
            for turn in range(20):
                _append(conversation, f"rtc_1:{number}_{turn}")
        except ConversationNotFound:
            return "told"
        return "spoke"

    outcomes = in_threads(4, speak_or_delete)
    assert outcomes[0] == "deleted"
    assert not Message.objects.exists()
    assert not Conversation.objects.exists()


def test_a_reviewer_who_is_overtaken_is_told_and_overwrites_nothing(admin_user: User, bob: User) -> None:
    conversation = services.create_conversation(user=bob)
    client = APIClient()
    client.force_authenticate(admin_user)
    url = f"/api/review/conversations/{conversation.pk}/"
    read = client.get(url).headers["ETag"]
    answer = overtaken(
        lambda: reviewing.annotate(conversation=conversation, by=bob, notes="the first"),
        lambda: client.patch(url, {"notes": "the second"}, format="json", headers={"If-Match": read}),
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert Review.objects.get().notes == "the first"


def test_notes_that_are_overtaken_are_kept_below_those_that_were_faster(client: Client, bob: User) -> None:
    conversation = services.create_conversation(user=bob)
    superuser_at(client)
    answer = overtaken(
        lambda: reviewing.annotate(conversation=conversation, by=bob, notes="the first"),
        lambda: review(client, conversation, "write", notes="the second", notes_shown=""),
    )
    assert answer.status_code == 302
    assert Review.objects.get().notes == "the first\n\nthe second"


def test_a_conversation_that_is_deleted_while_it_gets_a_title_is_not_there(alice: User) -> None:
    conversation = services.create_conversation(user=alice)
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(alice)
    answer = overtaken(
        lambda: services.delete_conversation(conversation=Conversation.objects.get()),
        lambda: client.patch(f"/api/conversations/{conversation.pk}/", {"title": "Knee"}, format="json"),
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "conversation_not_found")
