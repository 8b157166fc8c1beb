"""What a session leaves behind while it lives: its turns, each in its place, and what it used."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from conversations import services as remembering
from conversations.models import Message
from realtime import leases, rows, services, turns
from realtime.errors import EndReason
from realtime.models import VoiceSession
from realtime.protocol.requests import Requests
from realtime.services import SessionRequest
from tests.support.sessions import (
    CONFIG,
    held_in,
    let_time_pass,
    lost,
    opened,
    row_of,
    say,
)

InThreads = Callable[[int, Callable[[int], Any]], list[Any]]


def test_an_old_epoch_writes_nothing_beside_the_new_one(alice: User) -> None:
    old = lost(alice)
    ticket = services.open_session(
        user=alice, request=SessionRequest(resume_session_id=old.pk), config=CONFIG
    ).ticket
    new = services.redeem_ticket(ticket.secret, config=CONFIG)
    assert (old.epoch, new.epoch) == (1, 2)

    say(new, "item_1", "", status="pending")
    assert say(old, "item_1", "from the old worker") is None
    assert say(old, "item_2", "from the old worker") is None
    leases.record_usage(session=old, usage={"total_tokens": 100}, prices=())
    services.end_session(session=old, reason="client")
    assert list(Message.objects.values_list("position", "status", "text")) == [(0, "pending", "")]
    assert (row_of(new).state, row_of(new).usage) == ("live", {})

    assert say(new, "item_1", "from the new one").text == "from the new one"


def test_a_session_that_has_ended_writes_nothing(alice: User) -> None:
    session = opened(alice)
    services.end_session(session=session, reason="client")
    assert say(session) is None
    assert not Message.objects.exists()
    assert held_in(session).message_count == 0


def test_a_turn_told_twice_is_one_message_and_items_of_other_sessions_are_others(alice: User) -> None:
    session = opened(alice)
    first = say(session, "item_1", "", status="pending")
    assert say(session, "item_1", "Hello").pk == first.pk
    assert say(session, "item_1", "Hello").pk == first.pk
    another = opened(alice, conversation_id=session.conversation_id)
    assert say(another, "item_1", "Hello again").position == 1
    assert list(Message.objects.values_list("external_id", "text")) == [
        (f"{session.pk}:item_1", "Hello"),
        (f"{another.pk}:item_1", "Hello again"),
    ]


def test_words_that_come_when_the_session_is_over_fill_the_place_that_was_kept_for_them(alice: User) -> None:
    session = opened(alice)
    say(session, "item_1", "", status="pending")
    say(session, "item_2", "Good day", role="assistant")
    opened(alice, conversation_id=session.conversation_id)  # elsewhere, and this session with it is over
    assert row_of(session).state == "ended"
    assert say(session, "item_1", "Hello").position == 0
    assert say(session, "item_3", "one more") is None
    assert said(session) == [(0, "final", "Hello"), (1, "final", "Good day")]


def test_words_that_come_after_their_place_was_failed_still_fill_it(alice: User) -> None:
    session = opened(alice)
    say(session, "item_1", "", status="pending")
    services.end_session(session=session, reason="idle")
    assert said(session) == [(0, "failed", "")]
    say(session, "item_1", "Hello")
    assert said(session) == [(0, "final", "Hello")]


@pytest.mark.parametrize("came_back", [False, True])
def test_a_client_that_was_lost_gets_its_last_words_written_unless_it_is_back(
    alice: User, came_back: bool
) -> None:
    session = opened(alice)
    say(session, "item_1", "", status="pending")
    services.end_session(session=session, reason="client_lost")
    if came_back:
        request = SessionRequest(resume_session_id=session.pk)
        ticket = services.open_session(user=alice, request=request, config=CONFIG).ticket
        services.redeem_ticket(ticket.secret, config=CONFIG)
    say(session, "item_1", "Hello")
    assert said(session) == [(0, "failed", "") if came_back else (0, "final", "Hello")]


def test_other_words_typed_under_an_id_that_was_used_are_another_turn(alice: User) -> None:
    session = opened(alice)
    for text in ("Yes", "No", "No", "Yes", "Yes\0", "Perhaps"):
        say(session, "item_mine", text, modality="text")
    assert said(session) == [(0, "final", "Yes"), (1, "final", "No"), (2, "final", "Perhaps")]
    keys = [str(key).partition(":")[2] for key in Message.objects.values_list("external_id", flat=True)]
    assert keys[0] == "item_mine"
    assert all(re.fullmatch("item_mine~[0-9a-f]{8}", key) for key in keys[1:])


@pytest.mark.parametrize("status", ["pending", "failed", "final"])
def test_what_is_typed_under_the_id_of_a_spoken_turn_is_another_turn(alice: User, status: str) -> None:
    session = opened(alice)
    spoken = "Yes" if status == "final" else ""
    say(session, "item_1", spoken, status=status)
    say(session, "item_1", "Yes, please", modality="text")
    assert said(session) == [(0, status, spoken), (1, "final", "Yes, please")]


def test_what_was_spoken_or_answered_is_not_another_turn_because_its_words_changed(alice: User) -> None:
    session = opened(alice)
    for role, modality in (("user", "audio"), ("assistant", "text")):
        for text in ("one way", "another way"):
            say(session, f"item_{role}", text, role=role, modality=modality)
    assert said(session) == [(0, "final", "one way"), (1, "final", "one way")]


def test_a_turn_is_stored_under_its_key_where_its_id_could_repeat(alice: User) -> None:
    session = opened(alice)
    say(session, "item_1", "the first")
    say(session, "item_1", "the second", key="item_1~1.2")
    assert said(session) == [(0, "final", "the first"), (1, "final", "the second")]
    assert [m.external_id for m in Message.objects.all()][1] == f"{session.pk}:item_1~1.2"


def test_a_turn_in_a_deleted_conversation_is_told_apart_from_a_fault(alice: User) -> None:
    session = opened(alice)
    remembering.delete_conversation(conversation=held_in(session))
    assert say(session) is None
    services.end_session(session=session, reason="conversation_deleted")


@pytest.mark.django_db(transaction=True)
def test_deleting_a_conversation_while_it_is_spoken_in_locks_nobody_out(
    alice: User, in_threads: InThreads
) -> None:
    sessions = [opened(alice, conversation_id=None) for _ in range(2)]

    def work(number: int) -> None:
        session = sessions[number % 2]
        if number < 2:
            remembering.delete_conversation(conversation=held_in(session))
        else:
            for turn in range(10):
                say(session, f"item_{number}_{turn}")

    in_threads(6, work)
    assert not Message.objects.exists()


def said(session: VoiceSession) -> list[tuple[int, str, str]]:
    messages = Message.objects.filter(conversation=session.conversation).order_by("position")
    return list(messages.values_list("position", "status", "text"))


def test_usage_is_added_up_field_by_field(alice: User) -> None:
    session = opened(alice)
    for _ in range(2):
        leases.record_usage(
            session=session,
            usage={
                "total_tokens": 7,
                "input_token_details": {"audio_tokens": 3, "cached": None},
                "note": "x",
            },
            prices=(),
        )
    leases.record_usage(session=session, usage={"total_tokens": {"odd": 1}}, prices=())
    assert row_of(session).usage == {"total_tokens": 14, "input_token_details": {"audio_tokens": 6}}


def test_what_was_used_up_after_the_session_was_over_counts_too(alice: User) -> None:
    session = opened(alice)
    opened(alice, conversation_id=session.conversation_id)
    leases.record_usage(session=session, usage={"transcription": {"seconds": 2.5}}, prices=())
    leases.record_usage(session=session, usage={"transcription": {"seconds": 1}}, prices=())
    assert row_of(session).usage == {"transcription": {"seconds": 3.5}}


def test_what_was_typed_to_a_session_that_was_lost_and_comes_again_is_one_message(alice: User) -> None:
    session = opened(alice)
    first = say(session, "item_1", "What helps?", modality="text")
    say(session, "item_2", "Rest.", role="assistant", modality="text")
    say(session, "item_3", "Hello?", modality="text")
    # It replaces the first, whose client was lost.
    another = opened(alice, conversation_id=session.conversation_id)
    assert row_of(session).end_reason == "replaced"
    assert say(another, "item_1", "What helps?", modality="text") == first
    assert say(another, "item_4", "What helps?", modality="text").position == 3
    assert say(another, "item_3", "Hello!", modality="text").position == 4
    assert held_in(session).message_count == 5


def test_an_id_that_is_used_again_in_the_next_session_is_another_turn(alice: User) -> None:
    session = opened(alice)
    say(session, "item_1", "Hello", modality="text")
    services.end_session(session=session, reason="client")
    another = opened(alice, conversation_id=session.conversation_id)
    assert say(another, "item_1", "Hello", modality="text").position == 1


@pytest.mark.parametrize("reason", sorted({*get_args(EndReason)} - {*turns.AS_MEANT}))
def test_what_a_fault_may_have_kept_from_its_client_is_not_stored_again(
    alice: User, reason: EndReason
) -> None:
    session = opened(alice)
    first = say(session, "item_1", "Hello", modality="text")
    rows.end(VoiceSession.objects.filter(pk=session.pk), reason, timezone.now())
    another = opened(alice, conversation_id=session.conversation_id)
    assert say(another, "item_1", "Hello", modality="text") == first


def test_what_is_typed_again_in_the_next_session_without_an_id_is_another_turn(alice: User) -> None:
    session = opened(alice)
    say(session, an_id_of_ours(session), "Hello", modality="text")
    another = opened(alice, conversation_id=session.conversation_id)
    assert row_of(session).end_reason == "replaced"
    assert say(another, an_id_of_ours(another), "Hello", modality="text").position == 1


def an_id_of_ours(session: VoiceSession) -> str:
    """The first that a client gets which gives none."""
    return Requests(session.pk, session.epoch).new_item_id()


@pytest.mark.parametrize(("time", "is_same"), [(turns.LATELY / 2, True), (turns.LATELY * 2, False)])
def test_what_comes_again_is_looked_for_among_what_was_said_lately(
    alice: User, time: timedelta, is_same: bool
) -> None:
    session = opened(alice)
    say(session, "item_1", "Hello", modality="text")
    let_time_pass(time)
    another = opened(alice, conversation_id=session.conversation_id)
    assert say(another, "item_1", "Hello", modality="text").position == (0 if is_same else 1)


@pytest.mark.parametrize(
    "said",
    [
        {"modality": "audio"},
        {"role": "assistant", "modality": "text"},
        {"item_id": "ITEM_1", "modality": "text"},
        {"item_id": "an:item_1", "modality": "text"},
        {"item_id": "item-1", "modality": "text"},
        {"text": "hello", "modality": "text"},
    ],
    ids=lambda said: next(iter(said.values())),
)
def test_what_only_resembles_what_was_typed_is_another_turn(alice: User, said: dict[str, Any]) -> None:
    session = opened(alice)
    say(session, **said)
    another = opened(alice, conversation_id=session.conversation_id)
    assert say(another, "item_1", "Hello", modality="text").position == 1


@pytest.mark.parametrize("item_id", ["item_%", "it\\em", "item\0", "ité:m"])
def test_an_id_of_any_letters_is_known_again(alice: User, item_id: str) -> None:
    session = opened(alice)
    first = say(session, item_id, "Hello", modality="text")
    another = opened(alice, conversation_id=session.conversation_id)
    assert say(another, item_id, "Hello", modality="text") == first


@pytest.mark.django_db(transaction=True)
def test_of_the_old_relay_and_the_new_one_each_with_the_same_typed_turn_one_writes_it(
    alice: User, in_threads: InThreads
) -> None:
    session = lost(alice)
    # It still writes: its end was noted by another process.
    VoiceSession.objects.filter(pk=session.pk).update(state=VoiceSession.State.LIVE, end_reason="")
    newer = VoiceSession.objects.create(
        id=f"{session.pk}b",
        user=alice,
        conversation=session.conversation,
        state=VoiceSession.State.LIVE,
        ticket_digest="b",
        expires_at=session.expires_at,
        provider="openai",
        epoch=1,
    )
    relays = (session, newer)
    for number in range(10):
        item_id = f"item_{number}"
        in_threads(2, lambda relay, item_id=item_id: say(relays[relay], item_id, modality="text"))  # type: ignore[misc]
    assert held_in(session).message_count == Message.objects.count() == 10
