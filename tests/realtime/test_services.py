"""Voice sessions from the ticket to the end, on a real database."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import services as remembering
from conversations.errors import ConversationNotFound
from conversations.models import Conversation, Message
from realtime import allowance, reaper, services, tickets
from realtime.config import MEDICAL_PERSONA
from realtime.errors import (
    AccountDisabled,
    RealtimeDisabled,
    RealtimeNotConfigured,
    TicketRefused,
    TooManySessions,
)
from realtime.instructions import TOKENS_PER_TURN
from realtime.models import VoiceSession
from realtime.protocol.effects import Turn
from realtime.services import SessionRequest
from realtime.turns import conversation_of
from tests.support.sessions import (
    CONFIG,
    held_in,
    issue,
    opened,
    put_back,
    row_of,
    say,
)

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
    built = services.get_session_instructions(conversation_of(session), config=CONFIG)
    assert built.startswith(MEDICAL_PERSONA)
    assert built.endswith(
        "\n[user] My knee hurts\n[assistant, interrupted] Since when? I\n</conversation_so_far>"
    )


def test_what_is_recalled_is_written_out_with_what_was_said_since(alice: User) -> None:
    session = opened(alice)
    say(session, "item_1", "My knee hurts")
    memory = services.recall(conversation_of(session), config=CONFIG)
    assert memory.instructions() == services.get_session_instructions(conversation_of(session), config=CONFIG)
    since = [Turn("item_2", "assistant", "audio", "final", "Since when?")]
    say(session, "item_2", "Since when?", role="assistant")
    assert memory.instructions(since) == services.get_session_instructions(
        conversation_of(session), config=CONFIG
    )


def test_instructions_count_what_they_did_not_even_read(alice: User) -> None:
    session = opened(alice)
    conversation = held_in(session)
    Message.objects.bulk_create(
        Message(
            conversation=conversation, position=n, role="user", text=f"turn {n}", spoken_at=session.created_at
        )
        for n in range(25 + 10)
    )
    built = services.get_session_instructions(
        conversation.pk, config=replace(CONFIG, history_tokens=25 * TOKENS_PER_TURN)
    )
    assert 'omitted="10"' in built
    assert built.count("\n[user] turn ") == 25


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
    assert held_in(issue(alice).session).user == alice
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


def test_a_session_is_asked_for_with_few_queries(alice: User) -> None:
    reaper.reap()
    with CaptureQueriesContext(connection) as asked:
        issue(alice)
    assert len(asked) == 6, [query["sql"] for query in asked]


def test_who_is_long_gone_is_looked_for_now_and_then_and_not_each_time(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_ended(seconds: float) -> bool:
        expired = issue(alice).session
        put_back(expired, CONFIG.token_expiry_sec + 1, "expires_at")
        monkeypatch.setattr(reaper, "_reaped_at", reaper._reaped_at - seconds)
        issue(alice)
        return row_of(expired).state == "ended"

    reaper.reap()
    assert not has_ended(0)
    assert has_ended(reaper.REAP_SECONDS)


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


def test_whose_process_is_no_more_takes_no_place(alice: User) -> None:
    first, second = opened(alice), opened(alice)
    ticket = issue(alice, conversation_id=first.conversation_id).ticket
    reaper.reap()
    put_back(first, allowance.LOST_SECONDS + 1, "seen_at")
    assert issue(alice).session.state == "issued"
    put_back(second, allowance.LOST_SECONDS + 1, "seen_at")
    opened(alice)
    assert services.redeem_ticket(ticket.secret, config=CONFIG).state == "live"
    assert {row_of(first).end_reason, row_of(second).end_reason} == {"lost"}


def test_a_place_is_free_again_once_a_session_has_ended(alice: User) -> None:
    first, _ = opened(alice), opened(alice)
    services.end_session(session=first, reason="client")
    opened(alice)
