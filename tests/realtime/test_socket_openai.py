"""The whole way from our socket through the provider `openai` to a scripted upstream."""

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from conversations.models import Message
from realtime.executors import in_database
from realtime.models import VoiceSession
from realtime.providers.registry import provider_for
from tests.support.scripted_steps import AnswerHandshake, Emit, Expect
from tests.support.scripted_turns import error, set_up, spoken_turn, typed_turn, wrong_key
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.sessions import CONFIG, issue
from tests.support.socket_stage import GA, OWN, Socket, key

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "sk-" + "canary" * 3 + "-WXYZ"
TAIL = SECRET[-4:]
MODEL = "gpt-realtime-2.1"


def config_for(url: str) -> Any:
    return replace(CONFIG, api_key=SECRET, base_url=url, identifier_salt="salt")


async def connected(settings: Any, user: User, url: str, dress: str = OWN) -> Socket:
    """A socket of the user's that leads to `url`, being opened."""
    settings.REALTIME = config_for(url)
    issued = await in_database(issue)(user, settings.REALTIME, output="text")
    return await Socket(dress, key(issued.ticket.secret), provider_for=provider_for).open()


def kept() -> list[tuple[str, str, str]]:
    return list(Message.objects.order_by("position").values_list("role", "status", "text"))


async def end_of(socket: Socket) -> tuple[int, str, str]:
    """Wait until the socket is closed: the close code, the reason in the row, and the code of the last error."""
    await socket.until(lambda: socket.closed)
    assert socket.closed is not None
    await socket.leave(socket.closed[0])
    row = await in_database(VoiceSession.objects.get)()
    return socket.closed[0], row.end_reason, socket.events("error")[-1]["error"]["code"]


async def test_upstream_is_asked_for_the_session_as_its_types_want_it(settings: Any, alice: User) -> None:
    with ScriptedUpstream(set_up()) as upstream:
        socket = await (await connected(settings, alice, upstream.url)).ready()
        await socket.leave()
        [handshake] = upstream.handshakes
        assert (handshake.path, handshake.query) == ("/v1/realtime", {"model": MODEL})
        assert handshake.headers["Authorization"] == f"Bearer {SECRET}"
        assert "OpenAI-Beta" not in handshake.headers
        identifier = handshake.headers["OpenAI-Safety-Identifier"]
        assert len(identifier) >= 32
        assert str(alice.pk) != identifier
        assert alice.username not in identifier
        [update] = upstream.received("session.update")
        assert update["session"]["instructions"] == CONFIG.instructions
        assert update["session"]["output_modalities"] == ["text"]
        assert update["session"]["audio"]["input"]["transcription"] == {"model": "gpt-transcribe"}


async def test_typed_and_spoken_turns_are_held_and_kept_in_spoken_order(settings: Any, alice: User) -> None:
    script = [
        *set_up(),
        *typed_turn("Since when?"),
        *spoken_turn("since tuesday", "Rest it.", words_come="after"),
    ]
    with ScriptedUpstream(script) as upstream:
        socket = await (await connected(settings, alice, upstream.url)).ready()
        socket.types("My knee hurts", "item_mine")
        socket.say("response.create")
        await socket.until(lambda: socket.events("response.done"))
        socket.audio(bytes(9600))
        await socket.until(lambda: len(socket.events("response.done")) == 2)
        await socket.until(lambda: len(socket.events("voiceassist.message.saved")) >= 4)
        await socket.leave()
    roles = [(role, text) for role, _, text in await in_database(kept)()]
    assert roles == [
        ("user", "My knee hurts"),
        ("assistant", "Since when?"),
        ("user", "since tuesday"),
        ("assistant", "Rest it."),
    ]


async def test_a_wrong_key_is_told_in_our_words_and_not_a_character_of_it(
    settings: Any, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), ScriptedUpstream(wrong_key()) as upstream:
        socket = await connected(settings, alice, upstream.url)
        assert await end_of(socket) == (4502, "provider_auth", "provider_auth")
    [told] = socket.events("error")
    assert "did not accept this server's key" in told["error"]["message"]
    [ended] = socket.events("voiceassist.ended")
    assert (ended["reason"], ended["retryable"]) == ("provider_auth", False)
    row = await in_database(lambda: str(VoiceSession.objects.values().get()))()
    for place in (json.dumps(socket.heard), str(socket.closed), caplog.text, row):
        assert "Incorrect API key" not in place
        assert TAIL not in place
        assert SECRET not in place


async def test_nobody_answers_at_the_upstreams_address(settings: Any, alice: User, free_port: int) -> None:
    socket = await connected(settings, alice, f"ws://127.0.0.1:{free_port}/v1/realtime")
    assert await end_of(socket) == (4502, "provider_failed", "provider_unreachable")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "provider_auth"), (403, "provider_auth"), (404, "provider_failed"), (429, "provider_failed")],
)
async def test_a_handshake_that_is_refused_is_told_apart(
    settings: Any, alice: User, status: int, reason: str
) -> None:
    body = json.dumps({"error": {"message": f"No. Your key is {SECRET}."}}).encode()
    with ScriptedUpstream([AnswerHandshake(status, body=body)]) as upstream:
        socket = await connected(settings, alice, upstream.url)
        close_code, end_reason, _ = await end_of(socket)
    assert (close_code, end_reason) == (4502, reason)
    assert TAIL not in json.dumps(socket.heard)


async def test_an_error_that_costs_nothing_is_told_in_our_words_and_the_session_goes_on(
    settings: Any, alice: User
) -> None:
    script = [
        *set_up(),
        Expect("response.cancel"),
        error("response_cancel_not_active", f"Cancellation failed for {SECRET}"),
        *typed_turn("Good day"),
    ]
    with ScriptedUpstream(script) as upstream:
        socket = await (await connected(settings, alice, upstream.url)).ready()
        socket.say("response.cancel", event_id="mine")
        await socket.until(lambda: socket.events("error"))
        [told] = socket.events("error")
        assert (told["error"]["code"], told["error"]["event_id"]) == ("response_cancel_not_active", "mine")
        assert "Cancellation failed" not in told["error"]["message"]
        socket.types("Hello", "item_mine")
        socket.say("response.create")
        await socket.until(lambda: socket.events("response.done"))
        await socket.leave()


async def test_an_answer_that_fails_for_want_of_credit_ends_the_session_and_says_why(
    settings: Any, alice: User
) -> None:
    failed = {
        "type": "response.done",
        "response": {
            "object": "realtime.response",
            "id": "resp_failed",
            "status": "failed",
            "output": [],
            "status_details": {
                "type": "failed",
                "error": {
                    "type": "insufficient_quota",
                    "code": "insufficient_quota",
                    "message": f"Pay for {SECRET}",
                },
            },
        },
    }
    with ScriptedUpstream([*set_up(), *typed_turn("unused")[:3], Emit(failed)]) as upstream:
        socket = await (await connected(settings, alice, upstream.url)).ready()
        socket.types("Hello", "item_mine")
        socket.say("response.create")
        assert await end_of(socket) == (4502, "provider_quota", "provider_quota")
    assert "Pay for" not in json.dumps(socket.heard)
    assert await in_database(kept)() == [("user", "final", "Hello")]


async def test_a_plain_client_hears_of_the_same_end_through_an_error_and_the_close(
    settings: Any, alice: User
) -> None:
    with ScriptedUpstream(wrong_key()) as upstream:
        socket = await connected(settings, alice, upstream.url, GA)
        assert (await end_of(socket))[0] == 4502
    assert [thing["type"] for thing in socket.heard if isinstance(thing, dict)] == ["error"]


async def test_two_people_at_once_have_an_upstream_each(settings: Any, alice: User, bob: User) -> None:
    with ScriptedUpstream([*set_up(), *typed_turn("Yes")], repeats=True) as upstream:
        sockets = [await (await connected(settings, user, upstream.url)).ready() for user in (alice, bob)]
        for number, socket in enumerate(sockets):
            socket.types(f"I am number {number}", "item_mine")
            socket.say("response.create")
        for socket in sockets:
            await socket.until(lambda socket=socket: len(socket.events("voiceassist.message.saved")) == 2)  # type: ignore[misc]
        await asyncio.gather(*(socket.leave() for socket in sockets))
        identifiers = {handshake.headers["OpenAI-Safety-Identifier"] for handshake in upstream.handshakes}
        assert len(identifiers) == 2
