"""A session that outlives its upstreams, over real sockets: nothing is lost or doubled, and its client stays."""

import asyncio
import base64
import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection

from conversations.models import Message
from realtime.config import RealtimeConfig
from realtime.executors import in_database
from realtime.models import VoiceSession
from realtime.providers.registry import provider_for
from tests.support.scripted_steps import (
    AnswerHandshake,
    Close,
    Drop,
    ExpectAudio,
    Gate,
    Link,
    StallHandshake,
    Step,
)
from tests.support.scripted_turns import (
    answer_begun,
    answer_ended,
    error,
    set_up,
    speech_begun,
    spoken_turn,
    turn_closed,
    typed_turn,
    update_answered,
    wrong_key,
)
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.sessions import CONFIG, issue
from tests.support.socket_stage import GA, OWN, Socket, key

pytestmark = pytest.mark.django_db(transaction=True)

FRAME_MS = 40
RESPONSE_ASKED = [*typed_turn("unused")[:3]]
"""A typed turn that arrives, is acknowledged and asks for its answer."""
LOSSES: list[Sequence[Step]] = [
    [Drop()],
    [Close(1011, "server_error")],
    [Close(1001, "going away")],
    [Close(1000, "")],
    [error("session_expired", "Your session hit the maximum duration of 60 minutes."), Close(1001, "")],
]
LOSS_NAMES = ["cut", "1011", "1001", "1000", "expired"]


def frame(number: int) -> bytes:
    """Forty milliseconds of audio that can be told from any other."""
    return number.to_bytes(2, "little") * (24 * FRAME_MS)


def samples(link: Link) -> list[int]:
    """The audio that arrived on a connection; silence is left out."""
    sounds = (base64.b64decode(f["audio"]) for f in link.frames if f["type"] == "input_audio_buffer.append")
    return [sample for sample in memoryview(b"".join(sounds)).cast("H") if sample]


def numbers(link: Link) -> list[int]:
    """Which frames of audio arrived on a connection, though perhaps not all of each."""
    return [number for number, _ in groupby(samples(link))]


def whole(*frames: int) -> list[int]:
    """The samples of these frames."""
    return [number for number in frames for _ in range(24 * FRAME_MS)]


async def connected(
    settings: Any, user: User, upstream: ScriptedUpstream, dress: str = OWN, **wanted: Any
) -> Socket:
    """A socket of the user's that leads to `upstream` and is ready."""
    config: RealtimeConfig = replace(
        CONFIG, api_key="sk-canary", base_url=upstream.url, identifier_salt="salt", idle_minutes=600
    )
    settings.REALTIME = config
    issued = await in_database(issue)(user, config, **({"output": "text"} | wanted))
    socket = Socket(dress, key(issued.ticket.secret), provider_for=provider_for)
    return await socket.ready()


def ask(socket: Socket, text: str, item_id: str) -> None:
    socket.types(text, item_id)
    socket.say("response.create")


async def answered(socket: Socket, times: int) -> None:
    """Wait until so many answers were given, and what was said until then is stored."""
    await socket.until(lambda: len(_completed(socket)) == times)
    await socket.until(lambda: len(_saved(socket)) >= 2 * times)


def _completed(socket: Socket) -> list[Any]:
    return [event for event in socket.events("response.done") if event["response"]["status"] == "completed"]


def _saved(socket: Socket) -> set[str]:
    return {event["message_id"] for event in socket.events("voiceassist.message.saved")}


async def back(socket: Socket) -> None:
    await socket.until(lambda: socket.events("voiceassist.reconnected"))


async def end_of(socket: Socket) -> tuple[int, str, str]:
    """Wait until the socket is closed: the close code, the reason in the row, and the code that the client was told."""
    await socket.until(lambda: socket.closed)
    assert socket.closed is not None
    await socket.leave(socket.closed[0])
    row = await in_database(VoiceSession.objects.get)()
    return socket.closed[0], row.end_reason, socket.events("voiceassist.ended")[-1]["code"]


async def kept() -> list[tuple[str, str, str]]:
    def rows() -> list[tuple[str, str, str]]:
        shown = Message.objects.filter(hidden=False).order_by("position")
        return list(shown.values_list("role", "status", "text"))

    return await in_database(rows)()


# --- lost, and found again --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES, ids=LOSS_NAMES)
async def test_a_session_goes_on_with_another_upstream_that_knows_what_was_said(
    settings: Any, alice: User, loss: Sequence[Step]
) -> None:
    first = [*set_up(), *typed_turn("Since when?"), Gate("answered"), *loss]
    with ScriptedUpstream(first, [*set_up(), *typed_turn("Rest it.")]) as upstream:
        socket = await connected(settings, alice, upstream)
        ask(socket, "My knee hurts", "item_1")
        await answered(socket, 1)
        upstream.open_gate("answered")
        await back(socket)
        ask(socket, "Since Tuesday", "item_2")
        await answered(socket, 2)
        await socket.leave()
        updates = upstream.received("session.update")
    instructions = updates[1]["session"]["instructions"]
    assert instructions.startswith(CONFIG.instructions)
    assert "\n[user] My knee hurts\n[assistant] Since when?\n</conversation_so_far>" in instructions
    assert updates[0]["session"]["instructions"] == CONFIG.instructions
    told = [event["type"] for event in socket.heard if isinstance(event, dict)]
    assert told.count("session.created") == 1
    assert "error" not in told
    assert "session.updated" not in told
    assert told.index("voiceassist.reconnecting") < told.index("voiceassist.reconnected")
    assert await kept() == [
        ("user", "final", "My knee hurts"),
        ("assistant", "final", "Since when?"),
        ("user", "final", "Since Tuesday"),
        ("assistant", "final", "Rest it."),
    ]


async def test_a_plain_client_notices_nothing_at_all(settings: Any, alice: User) -> None:
    first = [*set_up(), *typed_turn("Since when?"), Gate("answered"), Drop()]
    with ScriptedUpstream(first, [*set_up(), *typed_turn("Rest it.")]) as upstream:
        socket = await connected(settings, alice, upstream, GA)
        ask(socket, "My knee hurts", "item_1")
        await socket.until(lambda: _completed(socket))
        heard = len(socket.heard)
        upstream.open_gate("answered")
        await upstream.until(lambda: len(upstream.received("session.update")) == 2)
        ask(socket, "Since Tuesday", "item_2")
        await socket.until(lambda: len(_completed(socket)) == 2)
        await socket.leave()
    told = [event["type"] for event in socket.heard[heard:] if isinstance(event, dict)]
    assert told[:2] == ["conversation.item.added", "conversation.item.done"]


@pytest.mark.parametrize("loss", LOSSES[:4], ids=LOSS_NAMES[:4])
async def test_an_answer_that_breaks_off_is_closed_for_the_client_and_kept_as_far_as_it_came(
    settings: Any, alice: User, loss: Sequence[Step]
) -> None:
    first = [*set_up(), *RESPONSE_ASKED, answer_begun("Once upon a time", words=3), *loss]
    with ScriptedUpstream(first, [*set_up(), *typed_turn("There was a king.")]) as upstream:
        socket = await connected(settings, alice, upstream)
        ask(socket, "Tell me a story", "item_1")
        await back(socket)
        [done] = socket.events("response.done")
        assert done["response"]["status"] == "failed"
        assert done["response"]["status_details"]["error"]["code"] == "provider_lost"
        [item] = socket.events("response.output_item.done")
        assert item["item"]["status"] == "incomplete"
        ask(socket, "Go on", "item_2")
        await answered(socket, 1)
        await socket.until(lambda: len(_saved(socket)) == 4)
        await socket.leave()
    assert await kept() == [
        ("user", "final", "Tell me a story"),
        ("assistant", "interrupted", "Once upon a"),
        ("user", "final", "Go on"),
        ("assistant", "final", "There was a king."),
    ]


async def test_a_question_of_which_nothing_was_answered_is_asked_again(settings: Any, alice: User) -> None:
    first = [*set_up(), *RESPONSE_ASKED, Drop()]
    with ScriptedUpstream(first, [*set_up(), *typed_turn("Rest it.")]) as upstream:
        socket = await connected(settings, alice, upstream)
        ask(socket, "My knee hurts", "item_1")
        await answered(socket, 1)
        await socket.leave()
        creates = upstream.received("conversation.item.create")
        instructions = upstream.received("session.update")[1]["session"]["instructions"]
    assert [create["item"]["content"][0]["text"] for create in creates] == ["My knee hurts"] * 2
    assert "My knee hurts" not in instructions, "it is said again, not told"
    assert len(socket.events("conversation.item.added")) == 2, "the question once, its answer once"
    assert await kept() == [("user", "final", "My knee hurts"), ("assistant", "final", "Rest it.")]


async def test_what_is_being_said_when_upstream_goes_is_said_again_to_the_next_one(
    settings: Any, alice: User
) -> None:
    first = [*set_up(), *speech_begun(audio_ms=1000), Drop()]
    with ScriptedUpstream(
        first, [*set_up(), *spoken_turn("since tuesday", "Rest it.", audio_ms=2000)]
    ) as upstream:
        socket = await connected(settings, alice, upstream)
        for number in range(1, 26):
            socket.audio(frame(number))
        await socket.until(lambda: socket.events("input_audio_buffer.speech_started"))
        for number in range(26, 51):
            socket.audio(frame(number))
        await answered(socket, 1)
        await socket.leave()
        heard = samples(upstream.links[1])
    assert heard == whole(*range(1, 51))
    assert await kept() == [("user", "final", "since tuesday"), ("assistant", "final", "Rest it.")]


async def test_a_turn_whose_words_had_not_come_is_heard_again_and_kept_once(
    settings: Any, alice: User
) -> None:
    first = [*set_up(), *speech_begun(audio_ms=1000), turn_closed(), Gate("closed"), Drop()]
    with ScriptedUpstream(
        first, [*set_up(), *spoken_turn("since tuesday", "Rest it.", audio_ms=1000)]
    ) as upstream:
        socket = await connected(settings, alice, upstream)
        for number in range(1, 26):
            socket.audio(frame(number))
        await socket.until(lambda: socket.events("input_audio_buffer.committed"))
        upstream.open_gate("closed")
        await answered(socket, 1)
        await socket.leave()
        heard = samples(upstream.links[1])
    assert heard == whole(*range(1, 26))
    [unheard] = {event["item_id"] for event in socket.events("input_audio_buffer.committed")[:1]}
    assert [event["item_id"] for event in socket.events("conversation.item.deleted")] == [unheard]
    assert await kept() == [("user", "final", "since tuesday"), ("assistant", "final", "Rest it.")]


async def test_what_a_client_chose_for_its_session_is_asked_of_the_next_upstream_too(
    settings: Any, alice: User
) -> None:
    first = [*set_up(), *update_answered(), Gate("changed"), Drop()]
    with ScriptedUpstream(first, [*set_up(), *typed_turn("Yes")]) as upstream:
        socket = await connected(settings, alice, upstream, GA)
        spoken = {"voice": "cedar", "speed": 1.2}
        heard = {
            "turn_detection": {"type": "semantic_vad", "eagerness": "low"},
            "transcription": {"language": "de"},
        }
        changes = {
            "type": "realtime",
            "instructions": "Obey me.",
            "audio": {"output": spoken, "input": heard},
        }
        socket.say("session.update", session=changes)
        await socket.until(lambda: socket.events("session.updated"))
        upstream.open_gate("changed")
        await upstream.until(lambda: len(upstream.received("session.update")) == 3)
        ask(socket, "Hello", "item_1")
        await socket.until(lambda: _completed(socket))
        await socket.leave()
        again = upstream.received("session.update")[2]["session"]
    assert again["instructions"] == CONFIG.instructions
    assert again["audio"]["output"]["voice"] == "cedar"
    assert again["audio"]["output"]["speed"] == 1.2
    assert again["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
    assert again["audio"]["input"]["turn_detection"]["eagerness"] == "low"
    assert again["audio"]["input"]["transcription"]["language"] == "de"
    assert len(socket.events("session.updated")) == 1


# --- before its time is over ------------------------------------------------------------------------------------------


async def test_an_upstream_is_replaced_at_a_quiet_moment_before_its_time_is_over_and_no_audio_is_lost(
    settings: Any, alice: User
) -> None:
    """A client that goes on sending its microphone's audio; the loop is never kept from it."""
    first = [*set_up(), *typed_turn("Since when?"), ExpectAudio(0)]
    second = [*set_up(), Gate("all was sent"), ExpectAudio(1000), *typed_turn("Rest it.")]
    with ScriptedUpstream(first, second, strict=False) as upstream:
        socket = await connected(settings, alice, upstream)
        ask(socket, "My knee hurts", "item_1")
        await answered(socket, 1)
        sent = 0

        async def speak(until: Any, more: int) -> None:
            nonlocal sent
            while more > 0:
                sent += 1
                socket.audio(frame(sent))
                await asyncio.sleep(0.004)
                more -= bool(until())

        await speak(lambda: True, 50)
        assert len(upstream.links) == 1
        socket.clock.forward(3600 - 290)
        await speak(lambda: socket.events("voiceassist.reconnected"), 50)
        upstream.open_gate("all was sent")
        await upstream.until(lambda: numbers(upstream.links[1])[-1:] == [sent])
        before, after = (numbers(link) for link in upstream.links)
        ask(socket, "Since Tuesday", "item_2")
        await answered(socket, 2)
        await socket.leave()
    assert before == list(range(1, len(before) + 1))
    assert after == list(range(after[0], sent + 1)), "in order, and none is missing"
    assert after[0] <= len(before) + 1, "and none is missing in between"
    [told] = socket.events("voiceassist.reconnecting")
    assert told["reason"] == "recycled"
    [told] = socket.events("voiceassist.reconnected")
    assert told["seconds"] <= 1.0
    assert "[assistant] Since when?" in upstream.received("session.update")[1]["session"]["instructions"]


async def test_an_upstream_is_replaced_only_when_the_answer_that_it_gives_is_over(
    settings: Any, alice: User
) -> None:
    story = "Once upon a time there was a king"
    first = [
        *set_up(),
        *RESPONSE_ASKED,
        answer_begun(story, words=3),
        Gate("go on"),
        answer_ended(story, words=3),
    ]
    with ScriptedUpstream(first, set_up(), lifetime=40) as upstream:
        socket = await connected(settings, alice, upstream)
        ask(socket, "Tell me a story", "item_1")
        await socket.until(lambda: len(socket.events("response.output_text.delta")) == 3)
        socket.clock.forward(35)
        await asyncio.sleep(0.1)  # several ticks
        assert not socket.events("voiceassist.reconnecting")
        upstream.open_gate("go on")
        await back(socket)
        await socket.leave()
    told = [event["type"] for event in socket.heard if isinstance(event, dict)]
    assert told.index("response.done") < told.index("voiceassist.reconnecting")
    assert await kept() == [("user", "final", "Tell me a story"), ("assistant", "final", story)]


# --- silent -----------------------------------------------------------------------------------------------------------


async def test_an_upstream_that_does_not_answer_is_left_for_another_that_does(
    settings: Any, alice: User
) -> None:
    first = [*set_up(), *RESPONSE_ASKED, Gate("never")]
    with ScriptedUpstream(first, [*set_up(), *typed_turn("Rest it.")], strict=False) as upstream:
        socket = await connected(settings, alice, upstream)
        ask(socket, "My knee hurts", "item_1")
        await upstream.until(lambda: upstream.received("response.create"))
        await socket.until(lambda: socket.events("conversation.item.done"))
        socket.clock.forward(14)
        await asyncio.sleep(0.05)
        assert len(upstream.links) == 1
        socket.clock.forward(2)
        await answered(socket, 1)
        await socket.leave()
    assert [event["reason"] for event in socket.events("voiceassist.reconnecting")] == ["silent"]
    assert await kept() == [("user", "final", "My knee hurts"), ("assistant", "final", "Rest it.")]


async def asked(socket: Socket, upstream: ScriptedUpstream, *, times: int) -> None:
    """Wait until a question was put to so many upstreams."""
    await upstream.until(lambda: len(upstream.received("response.create")) == times)
    await socket.until(lambda: len(socket.events("voiceassist.reconnected")) == times - 1)


async def test_upstreams_that_never_answer_end_the_session_as_silent(settings: Any, alice: User) -> None:
    with ScriptedUpstream(
        [*set_up(), *RESPONSE_ASKED, Gate("never")], repeats=True, strict=False
    ) as upstream:
        socket = await connected(settings, alice, upstream)
        ask(socket, "My knee hurts", "item_1")
        for made in range(1, 8):
            await asked(socket, upstream, times=made)
            socket.clock.forward(16)
        assert await end_of(socket) == (4504, "provider_silent", "provider_silent")
    assert await kept() == [("user", "final", "My knee hurts")]


# --- not to be had again ----------------------------------------------------------------------------------------------


async def test_an_upstream_that_says_no_for_good_ends_the_session_and_says_why(
    settings: Any, alice: User
) -> None:
    with ScriptedUpstream(
        [*set_up(), *typed_turn("Since when?"), Gate("answered"), Drop()], wrong_key()
    ) as upstream:
        socket = await connected(settings, alice, upstream)
        ask(socket, "My knee hurts", "item_1")
        await answered(socket, 1)
        upstream.open_gate("answered")
        assert await end_of(socket) == (4502, "provider_auth", "provider_auth")
    assert len(await kept()) == 2


async def test_an_upstream_that_never_comes_back_ends_the_session_after_its_tries(
    settings: Any, alice: User
) -> None:
    gone = [[AnswerHandshake(503)] for _ in range(6)]
    with ScriptedUpstream(
        [*set_up(), *typed_turn("Since when?"), Gate("answered"), Drop()], *gone
    ) as upstream:
        socket = await connected(settings, alice, upstream)
        ask(socket, "My knee hurts", "item_1")
        await answered(socket, 1)
        upstream.open_gate("answered")
        close_code, reason, _ = await end_of(socket)
        assert (close_code, reason) == (4502, "provider_failed")
    assert [told["attempt"] for told in socket.events("voiceassist.reconnecting")] == [1, 2, 3, 4, 5, 6]
    assert len(await kept()) == 2


async def test_what_is_typed_before_a_client_leaves_is_kept_though_there_is_no_upstream(
    settings: Any, alice: User
) -> None:
    with ScriptedUpstream([*set_up(), Gate("ready"), Drop()], [StallHandshake()], strict=False) as upstream:
        socket = await connected(settings, alice, upstream)
        upstream.open_gate("ready")
        await upstream.until(lambda: len(upstream.handshakes) == 2)
        ask(socket, "One more thing", "item_1")
        await socket.leave()
    assert await kept() == [("user", "final", "One more thing")]
    assert (await in_database(VoiceSession.objects.get)()).end_reason == "client"


# --- off the record ---------------------------------------------------------------------------------------------------

CANARIES = ("canaryknee", "canarytuesday", "canaryrest", "canarystory")


def everywhere() -> str:
    """All that the database holds."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
            rows.append(str(cursor.fetchall()))
    return "\n".join(rows)


async def test_off_the_record_no_word_is_stored_or_logged_or_cached_and_usage_counts(
    settings: Any, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    first = [
        *set_up(),
        *typed_turn("canaryrest it"),
        *RESPONSE_ASKED,
        answer_begun("canarystory goes on", words=1),
        Drop(),
    ]
    second = [*set_up(), *spoken_turn("since canarytuesday", "canaryrest it", audio_ms=1000)]
    with caplog.at_level(logging.DEBUG), ScriptedUpstream(first, second) as upstream:
        socket = await connected(settings, alice, upstream, save=False)
        ask(socket, "My canaryknee hurts", "item_1")
        await socket.until(lambda: _completed(socket))
        ask(socket, "Tell me a canarystory", "item_2")
        await back(socket)
        for number in range(1, 26):
            socket.audio(frame(number))
        await socket.until(lambda: len(_completed(socket)) == 2)
        remembered = upstream.received("session.update")[1]["session"]["instructions"]
        await socket.leave()
    assert "My canaryknee hurts" in remembered, "within the session it is remembered"
    stored = await in_database(everywhere)()
    held = str(getattr(cache, "_cache", ""))
    # The upstream of the test, which runs in this process, logs what it receives.
    logged = [record for record in caplog.records if not record.name.startswith("websockets.server")]
    for place in (stored, "\n".join(record.getMessage() for record in logged), held):
        assert not [word for word in CANARIES if word in place]
    row = await in_database(VoiceSession.objects.get)()
    assert row.pk in stored, "it was looked for in the right place"
    assert row.usage["total_tokens"] == sum(
        event["response"]["usage"]["total_tokens"] for event in _completed(socket)
    )
    assert not socket.events("voiceassist.message.saved")
