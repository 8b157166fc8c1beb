"""Voice sessions from the ticket to the end, on a real database."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from conversations import services as remembering
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message
from realtime import services, tickets
from realtime.config import MEDICAL_PERSONA
from realtime.errors import (
    AccountDisabled,
    EndReason,
    RealtimeDisabled,
    RealtimeNotConfigured,
    SessionNotFound,
    SessionNotResumable,
    TicketRefused,
    TooManySessions,
)
from realtime.models import VoiceSession
from realtime.protocol.effects import Turn
from realtime.services import SessionRequest
from tests.support.sessions import CONFIG, issue, lost, opened, put_back, row_of, say

InThreads = Callable[[int, Callable[[int], Any]], list[Any]]


# --- the verbs --------------------------------------------------------------------------------------------------------


def test_the_answer_holds_all_that_is_needed_to_connect_and_no_key(alice: User) -> None:
    answer = services.generate_session_config(user=alice, request=SessionRequest(), config=CONFIG)
    session = VoiceSession.objects.get()
    assert answer == {
        "url": "ws://127.0.0.1:8000/v1/realtime",
        "model": "gpt-realtime-2.1",
        "api_key": answer["api_key"],
        "session_id": session.pk,
        "expires_at": int(session.expires_at.timestamp()),
        "conversation_id": str(session.conversation_id),
        "voice_config": {
            "voice": "marin",
            "modalities": ["text", "audio"],
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm16",
            "input_audio_transcription": {"model": "gpt-transcribe"},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
            },
        },
        "provider": {"name": "openai", "label": "OpenAI gpt-realtime-2.1", "is_language_model": True},
    }
    assert tickets.is_ticket(answer["api_key"])
    assert CONFIG.api_key not in str(answer)


def test_the_socket_is_wss_behind_https(alice: User) -> None:
    config = replace(CONFIG, public_url="https://voice.example.org")
    answer = services.generate_session_config(user=alice, request=SessionRequest(), config=config)
    assert answer["url"] == "wss://voice.example.org/v1/realtime"


def test_what_a_caller_chose_is_in_the_answer_and_in_the_row(alice: User) -> None:
    request = SessionRequest(
        voice="cedar", speed=1.25, language="de", output="text", turn_detection="push_to_talk"
    )
    answer = services.generate_session_config(user=alice, request=request, config=CONFIG)
    row = VoiceSession.objects.get()
    assert (row.voice, row.speed, row.language, row.output) == ("cedar", 1.25, "de", "text")
    assert answer["voice_config"]["voice"] == "cedar"
    assert answer["voice_config"]["modalities"] == ["text"]
    assert answer["voice_config"]["turn_detection"] is None


def test_only_a_digest_of_the_ticket_is_stored(alice: User) -> None:
    issued = issue(alice, web_session_key="the-key-of-a-web-session")
    stored = str(VoiceSession.objects.filter(pk=issued.session.pk).values().get())
    assert issued.ticket.digest in stored
    assert issued.ticket.secret[3:] not in stored
    assert "the-key-of-a-web-session" not in stored


def test_the_instructions_are_the_persona_and_what_was_said(alice: User) -> None:
    session = opened(alice)
    say(session, "item_1", "My knee hurts")
    say(
        session, "item_2", "Since when? I", role="assistant", status="interrupted", unheard_text="ask because"
    )
    say(session, "item_3", "", hidden=True)
    say(session, "item_4", "", status="failed")
    built = services.get_session_instructions(session.conversation_id, config=CONFIG)
    assert built.startswith(MEDICAL_PERSONA)
    assert built.endswith(
        "\n[user] My knee hurts\n[assistant, interrupted] Since when? I\n</conversation_so_far>"
    )


def test_what_is_recalled_is_written_out_with_what_was_said_since(alice: User) -> None:
    session = opened(alice)
    say(session, "item_1", "My knee hurts")
    memory = services.recall(session.conversation_id, config=CONFIG)
    assert memory.instructions() == services.get_session_instructions(session.conversation_id, config=CONFIG)
    since = [Turn("item_2", "assistant", "audio", "final", "Since when?")]
    say(session, "item_2", "Since when?", role="assistant")
    assert memory.instructions(since) == services.get_session_instructions(
        session.conversation_id, config=CONFIG
    )


def test_instructions_count_what_they_did_not_even_read(alice: User) -> None:
    session = opened(alice)
    conversation = session.conversation
    Message.objects.bulk_create(
        Message(
            conversation=conversation, position=n, role="user", text=f"turn {n}", spoken_at=session.created_at
        )
        for n in range(services.RECENT_TURNS + 10)
    )
    built = services.get_session_instructions(
        conversation.pk, config=replace(CONFIG, history_tokens=1_000_000)
    )
    assert 'omitted="10"' in built
    assert built.count("\n[user] turn ") == services.RECENT_TURNS


def test_a_session_is_valid_while_it_lives_or_its_ticket_can_be_redeemed(alice: User, bob: User) -> None:
    issued = issue(alice)
    name = issued.session.pk
    assert services.validate_session(name, user=alice)
    assert not services.validate_session(name, user=bob)
    assert not services.validate_session("rtc_1_0123456789abcdef01234567", user=alice)
    assert not services.validate_session("'; drop table --", user=alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    assert services.validate_session(name, user=alice)
    services.end_session(session=session, reason="client")
    assert not services.validate_session(name, user=alice)


def test_a_session_whose_ticket_ran_out_is_not_valid(alice: User) -> None:
    session = issue(alice).session
    put_back(session, CONFIG.token_expiry_sec + 1, "expires_at")
    assert not services.validate_session(session.pk, user=alice)


# --- opening ----------------------------------------------------------------------------------------------------------


def test_without_a_conversation_a_new_one_begins(alice: User) -> None:
    assert issue(alice).session.conversation.user == alice
    assert Conversation.objects.count() == 1


def test_a_strangers_conversation_is_not_there_and_leaves_nothing_behind(alice: User, bob: User) -> None:
    conversation = remembering.create_conversation(user=bob)
    for wanted in (conversation.pk, uuid4()):
        with pytest.raises(ConversationNotFound):
            issue(alice, conversation_id=wanted)
    assert not VoiceSession.objects.exists()


def test_switched_off_and_without_a_key_there_are_no_sessions(alice: User) -> None:
    with pytest.raises(RealtimeDisabled):
        issue(alice, replace(CONFIG, enabled=False))
    with pytest.raises(RealtimeNotConfigured):
        issue(alice, replace(CONFIG, api_key=""))
    assert not Conversation.objects.exists()


def test_the_ticket_lives_as_long_as_the_configuration_says(alice: User) -> None:
    issued = issue(alice, replace(CONFIG, token_expiry_sec=7))
    assert 6 < (issued.session.expires_at - issued.session.created_at).total_seconds() < 8


# --- redeeming --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "granted"), [(None, 300), (10, 10), (600, 300)])
def test_a_ticket_may_be_wanted_for_a_shorter_time_and_not_for_a_longer_one(
    alice: User, wanted: int | None, granted: int
) -> None:
    session = issue(alice, token_expiry_sec=wanted).session
    assert granted - 5 < (session.expires_at - timezone.now()).total_seconds() <= granted


def test_a_ticket_opens_exactly_one_session_and_no_second(alice: User) -> None:
    issued = issue(alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    assert (session.pk, session.state, session.epoch) == (issued.session.pk, "live", 1)
    assert session.started_at is not None
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    assert row_of(session).epoch == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_with_one_ticket_open_one_session(alice: User, in_threads: InThreads) -> None:
    secret = issue(alice).ticket.secret

    def redeem(_: int) -> str:
        try:
            services.redeem_ticket(secret, config=CONFIG)
        except TicketRefused:
            return "refused"
        return "opened"

    assert Counter(in_threads(50, redeem)) == {"opened": 1, "refused": 49}
    assert VoiceSession.objects.get().epoch == 1


@pytest.mark.django_db(transaction=True)
def test_two_tickets_redeemed_at_once_on_one_conversation_leave_one_live_session(
    alice: User, in_threads: InThreads
) -> None:
    conversation = remembering.create_conversation(user=alice)
    secrets = [issue(alice, conversation_id=conversation.pk).ticket.secret for _ in range(6)]
    in_threads(6, lambda number: services.redeem_ticket(secrets[number], config=CONFIG))
    states = Counter(VoiceSession.objects.values_list("state", "end_reason"))
    assert states == {("live", ""): 1, ("ended", "replaced"): 5}


@pytest.mark.django_db(transaction=True)
def test_tickets_redeemed_at_once_do_not_pass_the_cap(alice: User, in_threads: InThreads) -> None:
    secrets = [issue(alice).ticket.secret for _ in range(6)]

    def redeem(number: int) -> str:
        try:
            services.redeem_ticket(secrets[number], config=CONFIG)
        except TooManySessions:
            return "too many"
        return "opened"

    assert Counter(in_threads(6, redeem)) == {"opened": 2, "too many": 4}


@pytest.mark.parametrize("secret", ["ek_unknown", "", "ek_" + "x" * 500, "ek_\ud800"])
def test_an_unknown_ticket_is_refused(alice: User, secret: str) -> None:
    with pytest.raises(TicketRefused):
        services.redeem_ticket(secret, config=CONFIG)


def test_a_ticket_that_ran_out_is_refused(alice: User) -> None:
    issued = issue(alice)
    put_back(issued.session, CONFIG.token_expiry_sec + 1, "expires_at")
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)


def test_an_account_switched_off_since_opens_nothing_and_spends_nothing(alice: User) -> None:
    issued = issue(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(AccountDisabled):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert services.redeem_ticket(issued.ticket.secret, config=CONFIG).state == "live"


def test_on_the_same_conversation_the_newer_session_replaces_the_older(alice: User) -> None:
    older = opened(alice)
    newer = opened(alice, conversation_id=older.conversation_id)
    assert (row_of(older).state, row_of(older).end_reason) == ("ended", "replaced")
    assert row_of(newer).state == "live"


def test_live_sessions_on_other_conversations_count_and_tickets_do_not(alice: User, bob: User) -> None:
    first = opened(alice)
    for _ in range(5):
        issue(alice)
    opened(alice)
    opened(bob)
    with pytest.raises(TooManySessions) as refused:
        issue(alice)
    assert refused.value.retry_after
    assert issue(alice, conversation_id=first.conversation_id).session.state == "issued"
    assert Conversation.objects.filter(user=alice).count() == 7, "the refused one left no conversation behind"


def test_a_place_is_free_again_once_a_session_has_ended(alice: User) -> None:
    first, _ = opened(alice), opened(alice)
    services.end_session(session=first, reason="client")
    opened(alice)


# --- the epoch --------------------------------------------------------------------------------------------------------


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
    services.record_usage(session=old, usage={"total_tokens": 100})
    services.end_session(session=old, reason="client")
    assert list(Message.objects.values_list("position", "status", "text")) == [(0, "pending", "")]
    assert (row_of(new).state, row_of(new).usage) == ("live", {})

    assert say(new, "item_1", "from the new one").text == "from the new one"


def test_a_session_that_has_ended_writes_nothing(alice: User) -> None:
    session = opened(alice)
    services.end_session(session=session, reason="client")
    assert say(session) is None
    assert not Message.objects.exists()
    session.conversation.refresh_from_db()
    assert session.conversation.message_count == 0


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
    remembering.delete_conversation(conversation=session.conversation)
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
            remembering.delete_conversation(conversation=session.conversation)
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
        services.record_usage(
            session=session,
            usage={
                "total_tokens": 7,
                "input_token_details": {"audio_tokens": 3, "cached": None},
                "note": "x",
            },
        )
    services.record_usage(session=session, usage={"total_tokens": {"odd": 1}})
    assert row_of(session).usage == {"total_tokens": 14, "input_token_details": {"audio_tokens": 6}}


# --- going on ---------------------------------------------------------------------------------------------------------


def renew(session: VoiceSession, config: Any = CONFIG) -> EndReason | None:
    return services.renew_lease(
        session=session, auth_hash=session.user.get_session_auth_hash(), config=config
    )


def test_what_was_used_up_after_the_session_was_over_counts_too(alice: User) -> None:
    session = opened(alice)
    opened(alice, conversation_id=session.conversation_id)
    services.record_usage(session=session, usage={"transcription": {"seconds": 2.5}})
    services.record_usage(session=session, usage={"transcription": {"seconds": 1}})
    assert row_of(session).usage == {"transcription": {"seconds": 3.5}}


def test_a_session_that_may_go_on_is_seen(alice: User) -> None:
    session = opened(alice)
    put_back(session, 60, "seen_at")
    assert renew(session) is None
    assert (row_of(session).seen_at - session.created_at).total_seconds() >= 0  # type: ignore[operator]


def test_deactivation_ends_an_open_session(alice: User) -> None:
    session = opened(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert renew(session) == "account_disabled"


def test_a_changed_password_ends_an_open_session(alice: User) -> None:
    session = opened(alice)
    auth_hash = session.user.get_session_auth_hash()
    alice.set_password("another-teapot")
    alice.save()
    assert services.renew_lease(session=session, auth_hash=auth_hash, config=CONFIG) == "signed_out"


def test_a_session_that_was_taken_over_or_ended_elsewhere_learns_why(alice: User) -> None:
    older = opened(alice)
    opened(alice, conversation_id=older.conversation_id)
    assert renew(older) == "replaced"
    resumed = lost(alice)
    ticket = issue(alice, resume_session_id=resumed.pk).ticket
    services.redeem_ticket(ticket.secret, config=CONFIG)
    assert renew(resumed) == "replaced"


def test_a_session_whose_conversation_is_gone_learns_it(alice: User) -> None:
    session = opened(alice)
    remembering.delete_conversation(conversation=session.conversation)
    assert renew(session) == "conversation_deleted"


def test_an_end_that_was_asked_for_is_learned_with_its_reason(alice: User) -> None:
    session = opened(alice)
    held = services.request_end(VoiceSession.objects.filter(user=alice), "ended_by_admin")
    assert held == [session.pk]
    assert row_of(session).state == "live", "its process writes the end"
    assert renew(session) == "ended_by_admin"


def test_an_end_ends_at_once_what_nobody_holds(alice: User) -> None:
    waiting, issued = lost(alice), issue(alice)
    assert services.request_end(VoiceSession.objects.filter(user=alice), "erased") == []
    assert {row_of(waiting).end_reason, row_of(issued.session).end_reason} == {"erased"}
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)


def test_signing_out_asks_for_the_end_of_what_was_opened_from_that_web_session_only(alice: User) -> None:
    here = opened(alice, web_session_key="this browser")
    elsewhere = opened(alice, web_session_key="another browser")
    ticket = issue(alice, web_session_key="this browser", conversation_id=elsewhere.conversation_id).ticket
    assert services.request_end_of_web_session("this browser") == [here.pk]
    assert renew(here) == "signed_out"
    assert renew(elsewhere) is None
    with pytest.raises(TicketRefused):
        services.redeem_ticket(ticket.secret, config=CONFIG)


# --- the end ----------------------------------------------------------------------------------------------------------


def test_every_reason_fits_its_column_and_is_written_down(alice: User) -> None:
    for reason in get_args(EndReason):
        session = opened(alice)
        services.end_session(session=session, reason=reason)
        expected = ("waiting", "") if reason in services.MAY_COME_BACK else ("ended", reason)
        assert (row_of(session).state, row_of(session).end_reason) == expected
        assert len(reason) <= 24


def test_a_place_held_for_words_that_never_came_is_failed_at_the_end(alice: User) -> None:
    session = opened(alice)
    other = opened(alice)
    say(session, "item_1", "", status="pending")
    say(other, "item_1", "", status="pending")
    services.end_session(session=session, reason="client")
    assert [m.status for m in Message.objects.filter(conversation=session.conversation)] == ["failed"]
    assert [m.status for m in Message.objects.filter(conversation=other.conversation)] == ["pending"]


def test_a_lost_client_may_come_back_with_the_same_ticket_or_a_fresh_one(alice: User) -> None:
    issued = issue(alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    services.end_session(session=session, reason="client_lost")
    again = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    assert (again.pk, again.epoch, again.started_at) == (session.pk, 2, session.started_at)
    services.end_session(session=again, reason="client_lost")
    fresh = issue(alice, resume_session_id=session.pk)
    assert fresh.session.conversation_id == session.conversation_id
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    assert services.redeem_ticket(fresh.ticket.secret, config=CONFIG).pk == session.pk


def test_a_resumed_session_says_until_when_it_can_be_resumed(alice: User) -> None:
    session = lost(alice)
    put_back(session, 10, "client_lost_at")
    resumed = issue(alice, resume_session_id=session.pk).session
    assert resumed.client_lost_at is not None
    assert (resumed.expires_at - resumed.client_lost_at).total_seconds() == services.RESUME_SECONDS


def test_after_thirty_seconds_nobody_comes_back(alice: User) -> None:
    issued = issue(alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    services.end_session(session=session, reason="client_lost")
    put_back(session, services.RESUME_SECONDS + 1, "client_lost_at")
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    with pytest.raises(SessionNotResumable):
        issue(alice, resume_session_id=session.pk)
    assert (row_of(session).state, row_of(session).end_reason) == ("ended", "client_lost")


def test_whom_a_restart_cut_off_may_come_back_and_else_the_restart_is_the_reason(alice: User) -> None:
    issued = issue(alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    services.end_session(session=session, reason="draining")
    again = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    assert again.end_requested_reason == ""
    services.end_session(session=again, reason="draining")
    put_back(session, services.RESUME_SECONDS + 1, "client_lost_at")
    services.reap()
    assert (row_of(session).state, row_of(session).end_reason) == ("ended", "draining")


def test_nobody_comes_back_to_a_session_whose_end_was_asked_for_before_its_client_was_lost(
    alice: User,
) -> None:
    issued = issue(alice)
    session = services.redeem_ticket(issued.ticket.secret, config=CONFIG)
    services.request_end(VoiceSession.objects.filter(pk=session.pk), "signed_out")
    services.end_session(session=session, reason="client_lost")
    assert (row_of(session).state, row_of(session).end_reason) == ("ended", "signed_out")
    with pytest.raises(TicketRefused):
        services.redeem_ticket(issued.ticket.secret, config=CONFIG)


def test_only_ones_own_lost_session_can_be_resumed(alice: User, bob: User) -> None:
    for session_id in (lost(bob).pk, "rtc_1_0123456789abcdef01234567", "nonsense"):
        with pytest.raises(SessionNotFound):
            issue(alice, resume_session_id=session_id)
    for session in (opened(alice), issue(alice).session):
        with pytest.raises(SessionNotResumable):
            issue(alice, resume_session_id=session.pk)


def test_the_reaper_ends_what_nobody_will_end_and_nothing_else(alice: User, bob: User) -> None:
    expired, waiting, dead = issue(alice).session, lost(alice), opened(alice)
    say(dead, "item_1", "", status="pending")
    fresh, back_soon, alive = issue(bob).session, lost(bob), opened(bob)
    put_back(expired, CONFIG.token_expiry_sec + 1, "expires_at")
    put_back(waiting, services.RESUME_SECONDS + 1, "client_lost_at")
    put_back(dead, services.LOST_SECONDS + 1, "seen_at")

    services.reap()

    reasons = [(row_of(s).state, row_of(s).end_reason) for s in (expired, waiting, dead)]
    assert reasons == [("ended", "client_lost"), ("ended", "client_lost"), ("ended", "lost")]
    assert [row_of(s).state for s in (fresh, back_soon, alive)] == ["issued", "waiting", "live"]
    assert Message.objects.get().status == "failed"
    assert say(dead, "item_2") is None, "a process that was only asleep writes nothing any more"


def test_waiting_to_be_reaped_is_not_counted_as_talking(alice: User) -> None:
    dead = opened(alice)
    put_back(dead, services.LOST_SECONDS + 3600, "seen_at", "started_at")
    services.reap()
    ended, seen = row_of(dead).ended_at, row_of(dead).seen_at
    assert ended == seen
