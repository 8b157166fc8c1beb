"""The ASGI edge of the socket: who is admitted, what is said to those who are not, and that nothing is left behind."""

import asyncio
import base64
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Event as ThreadEvent
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from conversations import services as remembering
from conversations.models import Message
from realtime import services
from realtime.config import RealtimeConfig
from realtime.executors import DATABASE_THREADS, in_database
from realtime.live import THIS_PROCESS
from realtime.models import VoiceSession
from realtime.providers.base import Provider
from tests.support import upstream_turns as turns
from tests.support.relay_stage import BRISK
from tests.support.sessions import (
    CONFIG,
    ask_for_the_end,
    delete_unnoticed,
    held_in,
    issue,
    opened,
    put_back,
    row_of,
)
from tests.support.socket_stage import GA, OWN, Socket, key

pytestmark = pytest.mark.django_db(transaction=True)

FRAME = bytes(range(256)) * 7 + bytes(128)
"""Forty milliseconds of audio."""


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.REALTIME = CONFIG
    settings.ALLOWED_ORIGINS = ["http://127.0.0.1:8000"]


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Any:
    yield
    assert len(THIS_PROCESS) == 0


@pytest.fixture
def issued(alice: User) -> services.Issued:
    return issue(alice)


@pytest.fixture
def ticket(issued: services.Issued) -> str:
    return issued.ticket.secret


def messages() -> list[tuple[int, str, str, str]]:
    return list(Message.objects.order_by("position").values_list("position", "role", "status", "text"))


# --- who is admitted, and in which dress ------------------------------------------------------------------------------


async def test_plain_ga_gets_base64_and_no_event_of_ours(ticket: str) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    assert socket.accepted is not None
    assert socket.accepted["subprotocol"] == "realtime"
    socket.upstream.say(*turns.answer_begins("item_2", "Good", after=""), turns.sound("item_2", FRAME))
    await socket.until(lambda: socket.events("response.output_audio.delta"))
    assert base64.b64decode(socket.events("response.output_audio.delta")[0]["delta"]) == FRAME
    socket.audio(FRAME)
    socket.say("input_audio_buffer.append", audio=base64.b64encode(FRAME).decode())
    await socket.until(lambda: len(socket.upstream.kinds()) == 2)
    assert {event["audio"] for event in socket.upstream.received[1:]} == {base64.b64encode(FRAME).decode()}
    await socket.leave()
    assert not [
        thing for thing in socket.heard if isinstance(thing, bytes) or thing["type"].startswith("voiceassist")
    ]


async def test_our_own_dress_is_chosen_first_and_gets_binary_audio_and_our_events(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, OWN, key(ticket)).ready()
    assert socket.accepted is not None
    assert socket.accepted["subprotocol"] == OWN
    await socket.until(lambda: socket.events("voiceassist.session"))
    [told] = socket.events("voiceassist.session")
    assert told["session_id"] == issued.session.pk
    assert told["conversation_id"] == str(issued.session.conversation_id)
    socket.upstream.say(*turns.answer_begins("item_2", "Good", after=""), turns.sound("item_2", FRAME))
    await socket.until(socket.sounds)
    assert socket.sounds() == [FRAME]
    assert not socket.events("response.output_audio.delta")
    await socket.leave()


async def test_a_program_with_a_bearer_ticket_and_no_subprotocol_is_admitted(ticket: str) -> None:
    socket = await Socket(bearer=ticket).ready()
    assert socket.accepted is not None
    assert socket.accepted["subprotocol"] is None
    await socket.leave()


async def test_a_plain_client_that_asks_for_our_events_gets_them_and_base64(ticket: str) -> None:
    socket = await Socket(GA, key(ticket), query="voiceassist=1").ready()
    await socket.until(lambda: socket.events("voiceassist.session"))
    socket.upstream.say(*turns.answer_begins("item_2", "Good", after=""), turns.sound("item_2", FRAME))
    await socket.until(lambda: socket.events("response.output_audio.delta"))
    await socket.leave()


async def test_an_access_token_opens_a_session_on_the_fly_in_the_conversation_it_names(alice: User) -> None:
    conversation = await in_database(remembering.create_conversation)(user=alice)
    token = str(AccessToken.for_user(alice))
    socket = await Socket(bearer=token, query=f"model=anything&conversation_id={conversation.pk}").ready()
    await socket.leave()
    session = await in_database(VoiceSession.objects.get)()
    assert (session.conversation_id, session.state, session.end_reason) == (
        conversation.pk,
        "ended",
        "client",
    )


async def test_an_access_token_without_a_conversation_begins_one(alice: User) -> None:
    socket = await Socket(bearer=str(AccessToken.for_user(alice))).ready()
    await socket.leave()
    assert (await in_database(VoiceSession.objects.get)()).user_id == alice.pk


async def test_the_greeting_is_ours_under_our_id_without_the_servers_instructions(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    [created] = socket.events("session.created")
    assert created["session"]["id"] == issued.session.pk
    assert created["session"]["instructions"] == ""
    first = socket.upstream.received[0]
    assert first["session"]["instructions"].startswith(CONFIG.instructions)
    await socket.leave()


async def test_our_own_page_is_admitted_and_a_client_without_an_origin_too(alice: User, ticket: str) -> None:
    socket = await Socket(GA, key(ticket), origin="http://127.0.0.1:8000").ready()
    await socket.leave()


# --- who is not -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:8001",
        "https://127.0.0.1:8000",
        "http://127.0.0.1.evil.example:8000",
    ],
)
async def test_a_page_of_another_place_is_refused_and_its_ticket_stays_good(ticket: str, origin: str) -> None:
    assert await Socket(GA, key(ticket), origin=origin).refused() == (4403, "origin_refused")
    await (await Socket(GA, key(ticket)).ready()).leave()


@pytest.mark.parametrize("secret", ["ek_unknown", "not a ticket", "eyJ.eyJ.sig", "sk-canary"])
async def test_an_unknown_credential_is_refused(alice: User, secret: str) -> None:
    assert await Socket(bearer=secret).refused() == (4401, "ticket_refused")


async def test_no_credential_at_all_is_refused_in_other_words(db: None) -> None:
    assert await Socket(GA).refused() == (4401, "not_authenticated")


async def test_a_refusal_is_told_to_our_own_page_with_what_can_be_done(db: None) -> None:
    socket = Socket(OWN, key("ek_unknown"))
    await socket.refused()
    [ended] = socket.events("voiceassist.ended")
    assert ended["code"] == "ticket_refused"
    assert ended["retryable"] is True, "a new session brings a new ticket"


@pytest.mark.parametrize(
    ("socket", "reason"),
    [
        (lambda: Socket(OWN, key("ek_unknown")), "protocol_error"),
        (lambda: Socket(OWN), "signed_out"),
        (lambda: Socket(OWN, key("ek_unknown"), origin="https://elsewhere.example"), "protocol_error"),
    ],
    ids=["unknown ticket", "no credential", "a page of another site"],
)
async def test_what_a_caller_did_wrong_is_not_told_as_a_fault_of_ours(
    db: None, socket: Callable[[], Socket], reason: str
) -> None:
    caller = socket()
    await caller.refused()
    assert [event["reason"] for event in caller.events("voiceassist.ended")] == [reason]


async def test_after_a_fault_of_ours_one_is_invited_to_start_again(ticket: str) -> None:
    def broken(config: RealtimeConfig) -> Provider:
        raise ZeroDivisionError

    socket = Socket(OWN, key(ticket), provider_for=broken)
    await socket.refused()
    [ended] = socket.events("voiceassist.ended")
    assert (ended["reason"], ended["code"], ended["retryable"]) == ("internal", "internal", True)


async def test_a_spent_ticket_is_refused(ticket: str) -> None:
    await (await Socket(GA, key(ticket)).ready()).leave()
    assert await Socket(GA, key(ticket)).refused() == (4401, "ticket_refused")


async def test_a_second_client_with_the_same_ticket_is_refused_and_the_first_goes_on(ticket: str) -> None:
    first = await Socket(GA, key(ticket)).ready()
    assert await Socket(GA, key(ticket)).refused() == (4401, "ticket_refused")
    first.say("input_audio_buffer.clear")
    await first.until(lambda: first.upstream.kinds())
    assert first.closed is None
    await first.leave()


async def test_two_clients_at_once_with_the_same_ticket_are_one_session(ticket: str) -> None:
    sockets = [Socket(GA, key(ticket)) for _ in range(4)]
    for socket in sockets:
        socket.connect()
    for socket in sockets:
        await socket.until(lambda socket=socket: socket.events("session.created") or socket.closed)  # type: ignore[misc]
    admitted = [socket for socket in sockets if socket.closed is None]
    assert len(admitted) == 1
    assert {socket.closed for socket in sockets if socket.closed} == {(4401, "ticket_refused")}
    for socket in sockets:
        await socket.leave()


async def test_an_expired_ticket_is_refused(ticket: str, issued: services.Issued) -> None:
    await in_database(put_back)(issued.session, 301, "expires_at")
    assert await Socket(GA, key(ticket)).refused() == (4401, "ticket_refused")


async def test_an_account_that_was_switched_off_is_refused(alice: User, ticket: str) -> None:
    token = str(AccessToken.for_user(alice))
    await in_database(User.objects.filter(pk=alice.pk).update)(is_active=False)
    assert await Socket(GA, key(ticket)).refused() == (4403, "account_disabled")
    assert (await Socket(bearer=token).refused())[0] == 4401


@pytest.mark.parametrize("which", ["foreign", "unknown", "malformed"])
async def test_a_conversation_that_is_not_ones_own_is_not_there(alice: User, bob: User, which: str) -> None:
    foreign = await in_database(remembering.create_conversation)(user=bob)
    wanted = {"foreign": foreign.pk, "unknown": uuid4(), "malformed": "1;drop"}[which]
    socket = Socket(bearer=str(AccessToken.for_user(alice)), query=f"conversation_id={wanted}")
    assert await socket.refused() == (4404, "conversation_not_found")


@pytest.mark.parametrize("query", ["intent=transcription", "call_id=rtc_1", "model=x&intent="])
async def test_other_kinds_of_realtime_session_are_refused(ticket: str, query: str) -> None:
    socket = Socket(GA, key(ticket), query=query)
    if query.endswith("="):
        await (await socket.ready()).leave()  # named, but nothing was asked
    else:
        assert await socket.refused() == (4400, "unsupported_parameter")


async def test_switched_off_or_without_a_key_the_reason_is_told(settings: Any, ticket: str) -> None:
    settings.REALTIME = replace(CONFIG, enabled=False)
    assert await Socket(GA, key(ticket)).refused() == (4503, "realtime_disabled")


async def test_a_provider_without_its_key_is_told_and_the_session_has_ended(
    settings: Any, ticket: str, issued: services.Issued
) -> None:
    settings.REALTIME = replace(CONFIG, api_key="")

    def real(config: RealtimeConfig) -> Provider:
        from realtime.providers.openai import OpenAIProvider

        return OpenAIProvider(config)

    assert await Socket(GA, key(ticket), provider_for=real).refused() == (4503, "realtime_not_configured")
    assert (await in_database(row_of)(issued.session)).state == "ended"


async def test_over_the_cap_a_ticket_does_not_help(alice: User, ticket: str) -> None:
    for _ in range(CONFIG.sessions_per_user):
        await in_database(opened)(alice)
    socket = Socket(OWN, key(ticket))
    assert await socket.refused() == (4429, "too_many_sessions")
    [ended] = socket.events("voiceassist.ended")
    assert (ended["reason"], ended["retryable"], ended["retry_after"]) == ("protocol_error", True, 30)


# --- frames -----------------------------------------------------------------------------------------------------------


async def test_frames_sent_before_the_session_is_ready_are_kept_in_order(ticket: str) -> None:
    socket = Socket(GA, key(ticket))
    socket.connect()
    for number in range(50):
        socket.audio(number.to_bytes(2, "little"))
    await socket.until(lambda: len(socket.upstream.received) == 51)
    heard = [base64.b64decode(event["audio"]) for event in socket.upstream.received[1:]]
    assert heard == [number.to_bytes(2, "little") for number in range(50)]
    await socket.leave()


async def test_audio_flows_while_every_thread_of_the_process_is_stuck(ticket: str) -> None:
    socket = await Socket(OWN, key(ticket)).ready()
    stuck = ThreadEvent()
    try:
        sticking = [asyncio.create_task(in_database(stuck.wait)()) for _ in range(DATABASE_THREADS)]
        # The thread that Channels would hop to for every frame.
        sticking.append(asyncio.create_task(sync_to_async(stuck.wait, thread_sensitive=True)()))
        sticking += [asyncio.create_task(asyncio.to_thread(stuck.wait)) for _ in range(64)]
        await asyncio.sleep(0)
        for _ in range(500):
            socket.audio(FRAME)
        await socket.until(lambda: len(socket.upstream.kinds()) == 500)
        socket.upstream.say(
            *turns.answer_begins("item_2", "Good", after=""), *[turns.sound("item_2", FRAME)] * 500
        )
        await socket.until(lambda: len(socket.sounds()) == 500)
    finally:
        stuck.set()
        await asyncio.gather(*sticking)
    await socket.leave()


async def test_ten_malformed_frames_close_with_4400_and_nine_do_not(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    bad: list[Callable[[], None]] = [
        lambda: socket.text("{"),
        lambda: socket.text("[]"),
        lambda: socket.text('{"type": 1}'),
        lambda: socket.audio(b"odd"),
        lambda: socket.say("input_audio_buffer.append", audio="***"),
        lambda: socket.text(""),
        lambda: socket.text("null"),
        lambda: socket.text("NaN"),
        lambda: socket.audio(b"x"),
    ]
    for send in bad:
        send()
    await socket.until(lambda: len(socket.events("error")) == 9)
    socket.say("input_audio_buffer.clear")
    await socket.until(lambda: socket.upstream.kinds())
    socket.text("once more")
    await socket.until(lambda: socket.closed)
    assert socket.closed is not None
    assert socket.closed[0] == 4400
    await socket.leave(4400)
    assert (await in_database(row_of)(issued.session)).end_reason == "protocol_error"


async def test_a_frame_over_the_limit_closes_with_1009(ticket: str) -> None:
    socket = await Socket(OWN, key(ticket)).ready()
    socket.audio(bytes(64 * 1024 + 2))
    await socket.until(lambda: socket.closed)
    assert socket.closed is not None
    assert socket.closed[0] == 1009
    await socket.leave(1009)


# --- nothing is left behind -------------------------------------------------------------------------------------------


async def test_a_conversation_is_kept_and_remembered_by_the_next_session(alice: User, ticket: str) -> None:
    socket = await Socket(OWN, key(ticket)).ready()
    socket.types("My knee hurts", "item_1")
    await socket.until(lambda: socket.upstream.kinds())
    socket.upstream.say(
        *turns.typed("item_1", "My knee hurts"), *turns.answer("item_2", "Since when?", after="item_1")
    )
    await socket.until(lambda: len(socket.events("voiceassist.message.saved")) == 2)
    await socket.leave()
    assert await in_database(messages)() == [
        (0, "user", "final", "My knee hurts"),
        (1, "assistant", "final", "Since when?"),
    ]
    session = await in_database(VoiceSession.objects.get)()
    assert (session.state, session.end_reason) == ("ended", "client")
    assert session.usage["total_tokens"] == 7

    again = await in_database(issue)(alice, conversation_id=session.conversation_id)
    next_socket = await Socket(OWN, key(again.ticket.secret)).ready()
    told = next_socket.upstream.received[0]["session"]["instructions"]
    assert told.endswith("[user] My knee hurts\n[assistant] Since when?\n</conversation_so_far>")
    await next_socket.leave()


async def test_a_client_that_vanishes_in_a_send_without_a_disconnect_is_cleaned_up_after(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    socket.is_gone = True
    socket.upstream.say(*turns.answer_begins("item_2", "Once upon a time", after=""))
    await socket.until(lambda: socket.upstream.times_closed)
    await THIS_PROCESS.settle(issued.session.pk)
    assert (await in_database(row_of)(issued.session)).state == "waiting"
    assert not socket.upstream.is_open
    assert [entry[1:] for entry in await in_database(messages)()] == [
        ("assistant", "interrupted", "Once upon a time")
    ]
    socket.is_gone = False
    await socket.leave(1006)


async def test_a_server_in_a_hurry_cancels_the_consumer_and_everything_is_saved(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    socket.upstream.say(*turns.answer_begins("item_2", "Once upon a time", after=""))
    await socket.until(lambda: len(socket.events("response.output_text.delta")) == 4)
    assert socket.serving is not None
    socket.serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await socket.over()
    assert (await in_database(row_of)(issued.session)).state == "waiting"
    assert [entry[3] for entry in await in_database(messages)()] == ["Once upon a time"]
    assert socket.upstream.times_closed == 1


async def test_words_that_come_after_the_client_has_left_are_in_the_conversation(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(OWN, key(ticket), timing=replace(BRISK, trailing=5.0)).ready()
    socket.upstream.say(*turns.spoken("item_1"))
    await socket.until(lambda: socket.events("input_audio_buffer.committed"))
    leaving = asyncio.create_task(socket.leave())
    await asyncio.sleep(0)
    socket.upstream.say(turns.heard("item_1", "go forward ten meters"))
    await leaving
    assert await in_database(messages)() == [(0, "user", "final", "go forward ten meters")]
    assert (await in_database(row_of)(issued.session)).end_reason == "client"


async def test_a_client_that_leaves_while_it_is_being_admitted_leaves_no_live_session(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket)).open()
    await socket.leave(1000)
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.end_reason) == ("ended", "client")
    assert socket.upstream.received == []


async def test_a_fault_of_ours_is_told_logged_and_ends_the_session(
    ticket: str, issued: services.Issued, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(config: RealtimeConfig) -> Provider:
        raise ZeroDivisionError("a bug with sk-canary in it")

    socket = Socket(GA, key(ticket), provider_for=broken)
    with caplog.at_level(logging.ERROR):
        assert await socket.refused() == (4500, "internal")
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.end_reason) == ("ended", "internal")
    assert "ZeroDivisionError" in caplog.text
    assert "sk-canary" not in json.dumps(socket.heard)


async def test_a_newer_session_on_the_conversation_replaces_the_older_whose_words_are_saved_first(
    alice: User, ticket: str, issued: services.Issued
) -> None:
    older = await Socket(OWN, key(ticket)).ready()
    older.upstream.say(*turns.answer_begins("item_2", "Once upon a time", after=""))
    await older.until(lambda: len(older.events("response.output_text.delta")) == 4)
    again = await in_database(issue)(alice, conversation_id=issued.session.conversation_id)
    newer = await Socket(OWN, key(again.ticket.secret)).ready()
    await older.until(lambda: older.closed)
    assert older.closed is not None
    assert older.closed[0] == 4409
    [ended] = older.events("voiceassist.ended")
    assert ended["reason"] == "replaced"
    assert "Once upon a time" in newer.upstream.received[0]["session"]["instructions"]
    await older.leave(4409)
    await newer.leave()
    assert (await in_database(row_of)(issued.session)).end_reason == "replaced"


async def test_after_an_unclean_loss_the_same_ticket_goes_on_in_the_same_session(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    socket.types("My knee hurts", "item_1")
    await socket.until(lambda: socket.upstream.kinds())
    socket.upstream.say(*turns.typed("item_1", "My knee hurts"))
    await socket.leave(1006)
    back = await Socket(GA, key(ticket)).ready()
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.epoch) == ("live", 2)
    assert "[user] My knee hurts" in back.upstream.received[0]["session"]["instructions"]
    await back.leave()


async def test_turns_without_an_id_of_their_own_do_not_collide_with_those_before_the_loss(
    ticket: str, issued: services.Issued
) -> None:
    for words in ("before", "after"):
        socket = await Socket(GA, key(ticket)).ready()
        content = [{"type": "input_text", "text": words}]
        socket.say("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        await socket.until(lambda socket=socket: socket.upstream.kinds())  # type: ignore[misc]
        socket.upstream.say(*turns.typed(socket.upstream.received[-1]["item"]["id"], words))
        await socket.until(lambda socket=socket: socket.events("conversation.item.done"))  # type: ignore[misc]
        await socket.leave(1006)
    assert [entry[3] for entry in await in_database(messages)()] == ["before", "after"]


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"code": 1000, "reason": ""}, "ended"),
        ({"code": 1005, "reason": ""}, "ended"),
        ({"code": None}, "ended"),
        ({"code": 1005}, "waiting"),
        ({"code": 1006}, "waiting"),
        ({"code": 1001, "reason": ""}, "waiting"),
        ({"code": 1012}, "waiting"),
    ],
    ids=[
        "closed",
        "closed without a code",
        "the same on Daphne",
        "broken",
        "broken on Daphne",
        "page left",
        "restart",
    ],
)
async def test_a_client_that_said_goodbye_is_gone_and_any_other_may_come_back(
    ticket: str, issued: services.Issued, told: dict[str, Any], state: str
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    await socket.leave(**told)
    assert (await in_database(row_of)(issued.session)).state == state


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1006, ("waiting", "", "client_lost")),
        (1012, ("waiting", "", "draining")),
        (1009, ("ended", "protocol_error", "")),
    ],
    ids=["lost", "restart", "frame too large for the web server"],
)
async def test_who_closed_a_socket_without_a_goodbye_stands_in_the_row(
    ticket: str, issued: services.Issued, code: int, expected: tuple[str, str, str]
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    await socket.leave(code)
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.end_reason, row.end_requested_reason) == expected


async def test_signing_out_ends_a_socket_opened_from_that_browser_at_once(alice: User) -> None:
    def sign_in() -> tuple[Client, str]:
        browser = Client()
        browser.force_login(alice)
        answer = browser.post("/api/voice/realtime-session", {}, content_type="application/json")
        return browser, answer.json()["api_key"]

    browser, secret = await in_database(sign_in)()
    socket = await Socket(GA, key(secret), timing=replace(BRISK, lease=60.0)).ready()
    await in_database(browser.post)("/logout")
    await socket.until(lambda: socket.closed)
    assert socket.closed == (4403, "signed_out")
    await socket.leave(4403)


async def test_whoever_comes_straight_back_waits_until_the_old_socket_has_put_everything_down(
    ticket: str,
) -> None:
    lost = await Socket(GA, key(ticket)).ready()
    lost.upstream.say(*turns.spoken("item_1"))
    await lost.until(lambda: lost.events("input_audio_buffer.committed"))
    leaving = asyncio.create_task(lost.leave(1006))
    await asyncio.sleep(0)
    back = await Socket(GA, key(ticket)).ready()
    await leaving
    await back.leave()


async def test_a_session_ended_from_outside_is_told_and_closed(ticket: str, issued: services.Issued) -> None:
    socket = await Socket(OWN, key(ticket)).ready()
    THIS_PROCESS.end([issued.session.pk], "ended_by_owner")
    await socket.until(lambda: socket.closed)
    assert socket.closed == (1000, "ended_by_owner")
    await socket.leave()


async def test_a_session_ended_from_outside_while_it_is_being_composed_is_told_too(
    ticket: str, issued: services.Issued
) -> None:
    socket = Socket(OWN, key(ticket), provider_for=lambda config: end_and_return())

    def end_and_return() -> Provider:
        THIS_PROCESS.end([issued.session.pk], "signed_out")
        return socket.upstream

    await socket.open()
    await socket.until(lambda: socket.closed)
    assert socket.closed == (4403, "signed_out")
    assert not socket.upstream.is_open
    await socket.leave(4403)


async def test_a_deleted_conversation_ends_its_live_session_at_once_and_its_row_stays(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket), timing=replace(BRISK, lease=60.0)).ready()
    await in_database(lambda: remembering.delete_conversation(conversation=held_in(issued.session)))()
    await socket.until(lambda: socket.closed)
    assert socket.closed == (4404, "conversation_deleted")
    await socket.leave(4404)
    row = await in_database(row_of)(issued.session)
    assert (row.state, row.end_reason, row.conversation_id) == ("ended", "conversation_deleted", None)
    assert row.ended_at is not None


async def test_a_deletion_that_is_taken_back_ends_nothing(ticket: str, issued: services.Issued) -> None:
    def delete_and_think_again() -> None:
        with transaction.atomic():
            remembering.delete_conversation(conversation=held_in(issued.session))
            transaction.set_rollback(True)

    socket = await Socket(GA, key(ticket), timing=replace(BRISK, lease=60.0)).ready()
    await in_database(delete_and_think_again)()
    socket.types("Still there?", "item_1")
    await socket.until(lambda: socket.upstream.kinds())
    assert socket.closed is None
    await socket.leave()
    assert (await in_database(row_of)(issued.session)).end_reason == "client"


async def test_a_deletion_by_another_process_is_learned_at_the_next_renewal(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    await in_database(lambda: delete_unnoticed(held_in(issued.session)))()
    await socket.until(lambda: socket.closed)
    assert socket.closed == (4404, "conversation_deleted")
    await socket.leave(4404)
    assert (await in_database(row_of)(issued.session)).end_reason == "conversation_deleted"


async def test_a_ticket_for_a_conversation_that_was_deleted_since_is_told_so(
    ticket: str, issued: services.Issued
) -> None:
    await in_database(lambda: remembering.delete_conversation(conversation=held_in(issued.session)))()
    assert await Socket(GA, key(ticket)).refused() == (4404, "conversation_not_found")


async def test_whoever_speaks_into_a_conversation_deleted_by_another_process_is_told_at_the_next_word(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket), timing=replace(BRISK, lease=60.0)).ready()
    # Past the signals, as another process does it.
    await in_database(lambda: delete_unnoticed(held_in(issued.session)))()
    socket.upstream.say(*turns.answer("item_2", "Good day", after=""))
    await socket.until(lambda: socket.closed)
    assert socket.closed == (4404, "conversation_deleted")
    await socket.leave(4404)
    assert await in_database(messages)() == []


async def test_deactivation_and_a_new_password_end_an_open_socket_at_its_next_renewal(
    alice: User, bob: User, ticket: str
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    theirs = await in_database(issue)(bob)
    other = await Socket(GA, key(theirs.ticket.secret)).ready()
    await in_database(User.objects.filter(pk=alice.pk).update)(is_active=False)
    await in_database(User.objects.filter(pk=bob.pk).update)(password="a new one")
    await socket.until(lambda: socket.closed)
    await other.until(lambda: other.closed)
    assert (socket.closed, other.closed) == ((4403, "account_disabled"), (4403, "signed_out"))
    await socket.leave(4403)
    await other.leave(4403)


async def test_an_end_asked_for_here_ends_the_socket_at_once(ticket: str, issued: services.Issued) -> None:
    socket = await Socket(OWN, key(ticket), timing=replace(BRISK, lease=60.0)).ready()
    mine = VoiceSession.objects.filter(pk=issued.session.pk)
    assert await in_database(services.end_now)(sessions=mine, reason="erased") == 1
    await socket.until(lambda: socket.closed)
    assert socket.closed == (4404, "erased")
    await socket.leave(4404)
    assert await in_database(services.end_now)(sessions=mine, reason="erased") == 0


async def test_an_end_asked_for_by_another_process_is_learned_at_the_next_renewal(
    ticket: str, issued: services.Issued
) -> None:
    socket = await Socket(GA, key(ticket)).ready()
    await in_database(ask_for_the_end)(issued.session, "ended_by_admin")
    await socket.until(lambda: socket.closed)
    assert socket.closed == (1000, "ended_by_admin")
    await socket.leave()
