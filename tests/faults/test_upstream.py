"""Faults 1 to 8: upstreams that drop, refuse, hang, fall silent, babble, jumble, expire and complain."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.faults.conftest import IS_LONG
from tests.faults.rig.figures import Figures
from tests.faults.rig.forms import cases
from tests.support.fault_stage import KEY, SETTLING, Stage, Visitor
from tests.support.raw_socket import BINARY
from tests.support.scripted_answer import MS_PER_WORD, new_answer
from tests.support.scripted_session import Json
from tests.support.scripted_steps import (
    AnswerHandshake,
    Close,
    Emission,
    Emit,
    Expect,
    Gate,
    Link,
    Reset,
    Script,
    StallHandshake,
    Step,
)
from tests.support.scripted_turns import answer_begun, answer_ended, error, set_up, spoken_turn, typed_turn
from tests.support.scripted_upstream import ScriptedUpstream

PAUSES = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0] if IS_LONG else [0.0, 0.05, 0.1, 0.2]
"""Before each try for another upstream; there are no more of them."""
OPENING, ANSWER = (10.0, 15.0) if IS_LONG else (2.0, 0.8)
TOLD_WITHIN = 1.0
RESPONSE_ASKED: Script = [*typed_turn("unused")[:3]]
"""A typed turn that arrives, is acknowledged and asks for its answer."""
STORY = [
    ("user", "final", "Tell me a story"),
    ("assistant", "interrupted", "Once upon a"),
    ("user", "final", "Go on"),
    ("assistant", "final", "There was a king."),
]


@pytest.fixture(autouse=True)
def _nothing_of_ours_broke(stage: Stage) -> Iterator[None]:
    """Whatever an upstream does, no exception reaches the server, and no key its log."""
    before = len(stage.worker.screen)
    yield
    printed = stage.worker.screen[before:]
    assert "Traceback" not in printed
    assert KEY not in printed


def now() -> float:
    return asyncio.get_running_loop().time()


async def told(visitor: Visitor, kind: str, *, since: float, within: float) -> Json:
    """The next event of a kind, which must come soon enough after `since`."""
    event = await visitor.socket.event(kind)
    assert now() - since < within
    return event


def tries(upstream: ScriptedUpstream) -> list[float]:
    """When each connection was asked for, counted from the first."""
    return [handshake.at - upstream.handshakes[0].at for handshake in upstream.handshakes]


# --- 1: drops in the middle of an answer ------------------------------------------------------------------------------


@pytest.mark.fault(1)
@pytest.mark.parametrize("refusals", [0, pytest.param(len(PAUSES) - 1, marks=pytest.mark.thorough)])
async def test_an_upstream_that_drops_is_replaced_and_what_it_said_is_kept_once(
    stage: Stage, refusals: int
) -> None:
    first = [*set_up(), *RESPONSE_ASKED, answer_begun("Once upon a time", words=3), Gate("heard"), Reset()]
    refused = [[AnswerHandshake(503)]] * refusals
    with stage.upstream(first, *refused, [*set_up(), *typed_turn("There was a king.")]) as upstream:
        async with stage.visitor() as visitor:
            await visitor.ask("Tell me a story", "item_1")
            await visitor.socket.until(lambda event: event.get("delta") == " a")
            upstream.open_gate("heard")
            news = await visitor.socket.event("voiceassist.reconnecting")
            assert now() - upstream.links[0].notes["reset_at"] < TOLD_WITHIN
            assert (news["reason"], news["attempt"]) == ("lost", 1)
            await visitor.socket.event("voiceassist.reconnected")
            await visitor.ask("Go on", "item_2")
            await visitor.answered()
            await visitor.saved(4)
            await visitor.leave()
        assert await visitor.kept(4) == STORY
    waits = [
        later - earlier for earlier, later in zip(tries(upstream)[1:], tries(upstream)[2:], strict=False)
    ]
    assert len(waits) == refusals
    assert all(wait >= pause for wait, pause in zip(waits, PAUSES[1:], strict=False)), waits
    attempts = [event["attempt"] for event in visitor.socket.events("voiceassist.reconnecting")]
    assert attempts == list(range(1, refusals + 2))


@pytest.mark.thorough
@pytest.mark.fault(1)
async def test_an_upstream_that_cannot_be_had_again_is_given_up_after_all_tries(stage: Stage) -> None:
    first = [*set_up(), *RESPONSE_ASKED, answer_begun("Once upon a time", words=3), Reset()]
    with stage.upstream(first, *[[AnswerHandshake(503)]] * len(PAUSES)) as upstream:
        async with stage.visitor() as visitor:
            await visitor.ask("Tell me a story", "item_1")
            code, ended = await visitor.ended()
        assert (code, ended["reason"], ended["retryable"]) == (4502, "provider_failed", True)
        assert len(upstream.handshakes) == 1 + len(PAUSES)
        assert await visitor.kept(2) == STORY[:2]
        await visitor.state(lambda row: row["state"] == "ended" and row["end_reason"] == "provider_failed")


# --- 2: refuses -------------------------------------------------------------------------------------------------------


REFUSALS: dict[str, tuple[AnswerHandshake | None, str, bool, int | None]] = {
    "nobody there": (None, "provider_failed", True, None),
    "401": (
        AnswerHandshake(401, body=b'{"error": {"code": "invalid_api_key"}}'),
        "provider_auth",
        False,
        None,
    ),
    "429": (AnswerHandshake(429, {"Retry-After": "7"}), "provider_failed", True, 7),
    "500": (AnswerHandshake(500), "provider_failed", True, None),
    "503": (AnswerHandshake(503), "provider_failed", True, None),
}


@pytest.mark.fault(2)
@pytest.mark.parametrize(
    ("refusal", "reason", "is_retryable", "retry_after"),
    cases(REFUSALS, quick=["nobody there", "401", "429"]),
)
async def test_an_upstream_that_refuses_is_told_with_what_can_be_done(
    stage: Stage, refusal: AnswerHandshake | None, reason: str, is_retryable: bool, retry_after: int | None
) -> None:
    async def refused() -> Visitor:
        async with stage.visitor(ready=False) as visitor:
            code, ended = await visitor.ended()
        assert code == 4502
        assert (ended["reason"], ended["retryable"]) == (reason, is_retryable)
        assert ended.get("retry_after") == retry_after
        await visitor.state(lambda row: row["state"] == "ended" and row["end_reason"] == reason)
        return visitor

    if refusal is None:
        visitor = await refused()
    else:
        with stage.upstream([refusal]) as upstream:
            visitor = await refused()
        assert len(upstream.handshakes) == 1, (
            "a session that never began is not tried again behind its client's back"
        )
    assert KEY not in json.dumps([event for event in visitor.socket.heard if isinstance(event, dict)])


@pytest.mark.thorough
@pytest.mark.fault(2)
async def test_a_wrong_key_is_not_tried_again_in_the_middle_of_a_session(stage: Stage) -> None:
    first = [*set_up(), *RESPONSE_ASKED, answer_begun("Once upon a time", words=3), Reset()]
    with stage.upstream(first, [AnswerHandshake(401)]) as upstream:
        async with stage.visitor() as visitor:
            await visitor.ask("Tell me a story", "item_1")
            code, ended = await visitor.ended()
        await visitor.state(lambda row: row["state"] == "ended")
        await asyncio.sleep(PAUSES[2])
        assert len(upstream.handshakes) == 2
    assert (code, ended["reason"], ended["retryable"]) == (4502, "provider_auth", False)


@pytest.mark.thorough
@pytest.mark.fault(2)
async def test_a_busy_upstreams_retry_after_is_waited_for(stage: Stage) -> None:
    wait = 2
    first = [*set_up(), Gate("there"), Reset()]
    busy = [AnswerHandshake(429, {"Retry-After": str(wait)})]
    with stage.upstream(first, busy, [*set_up(), *typed_turn("Hello.")]) as upstream:
        async with stage.visitor() as visitor:
            upstream.open_gate("there")
            await visitor.socket.event("voiceassist.reconnected")
            await visitor.ask("Hi", "item_1")
            await visitor.answered()
            await visitor.leave()
    before, after = tries(upstream)[1:]
    assert after - before >= min(wait, PAUSES[-1])


# --- 3: hangs in the handshake ----------------------------------------------------------------------------------------


@pytest.mark.fault(3)
async def test_an_upstream_that_hangs_in_the_handshake_is_told_in_time_and_nothing_is_left(
    stage: Stage,
) -> None:
    with stage.upstream([StallHandshake()], strict=False):
        before = stage.worker.open_files()
        began = now()
        async with stage.visitor(ready=False) as visitor:
            code, ended = await visitor.ended()
        assert now() - began < OPENING + 2
        assert (code, ended["reason"], ended["retryable"]) == (4504, "provider_silent", True)
        await visitor.state(lambda row: row["state"] == "ended")
        await stage.until(stage.open_files, lambda count: count <= before, within=5)


# --- 4: falls silent --------------------------------------------------------------------------------------------------


@pytest.mark.fault(4)
async def test_an_upstream_that_does_not_answer_is_replaced_and_asked_again(stage: Stage) -> None:
    with stage.upstream([*set_up(), *RESPONSE_ASKED], [*set_up(), *typed_turn("There was a king.")]):
        async with stage.visitor() as visitor:
            await visitor.ask("Tell me a story", "item_1")
            news = await told(visitor, "voiceassist.reconnecting", since=now(), within=ANSWER + 2)
            assert news["reason"] == "silent"
            await visitor.answered()
            await visitor.saved(2)
            await visitor.leave()
        assert await visitor.kept(2) == [STORY[0], STORY[3]]


@pytest.mark.thorough
@pytest.mark.fault(4)
async def test_upstreams_that_never_answer_end_the_session(stage: Stage) -> None:
    with stage.upstream(*[[*set_up(), *RESPONSE_ASKED]] * (1 + len(PAUSES))) as upstream:
        async with stage.visitor() as visitor:
            await visitor.ask("Tell me a story", "item_1")
            code, ended = await visitor.ended()
        await visitor.state(lambda row: row["state"] == "ended" and row["end_reason"] == "provider_silent")
        assert await visitor.kept(1) == STORY[:1]
        assert len(upstream.handshakes) == 1 + len(PAUSES)
    assert (code, ended["reason"], ended["retryable"]) == (4504, "provider_silent", True)


# --- 5: babbles -------------------------------------------------------------------------------------------------------

MALFORMED, BINARY_FRAMES = (
    "voiceassist_upstream_malformed_frames_total",
    "voiceassist_upstream_binary_frames_total",
)
UNUSUAL = {"an error that is a text", "a thousand levels", "a binary frame"}
"""Of the nonsense below: events all the same, and a frame that is counted by itself."""
NONSENSE: dict[str, Emission] = {
    "no JSON": "{nonsense",
    "nothing": "",
    "a list": "[1, 2]",
    "a number": "7",
    "null": "null",
    "no type": '{"event_id": "event_1"}',
    "a type that is a number": '{"type": 7}',
    "an unknown type": '{"type": "response.telepathy.delta", "delta": {"a": [1]}}',
    "members of wrong types": '{"type": "response.output_text.delta", "response_id": 5, "item_id": [], "delta": {}}',
    "an item that is a list": '{"type": "conversation.item.added", "previous_item_id": 3, "item": []}',
    "an error that is a text": '{"type": "error", "error": "oops"}',
    "a response that is null": '{"type": "response.done", "response": null}',
    "numbers without bounds": '{"type": "input_audio_buffer.speech_started", "audio_start_ms": 1e400, "item_id": "x"}',
    "not a number": '{"type": "input_audio_buffer.speech_started", "audio_start_ms": NaN, "item_id": "x"}',
    "a thousand levels": '{"type": "error", "error": ' + "[" * 1000 + "]" * 1000 + "}",
    "a lone surrogate": '{"type": "response.output_text.delta", "item_id": "x", "delta": "\\ud800"}',
    "a binary frame": b"\x00\x01\x02\x03",
}


async def counted(stage: Stage) -> tuple[float, float]:
    """How many malformed frames, and how many binary ones, the site has told of since it began."""
    figures = await asyncio.to_thread(Figures, stage.worker)
    return figures.sum(MALFORMED), figures.sum(BINARY_FRAMES)


@pytest.mark.fault(5)
async def test_a_session_survives_every_kind_of_nonsense(stage: Stage) -> None:
    before = len(stage.worker.screen.splitlines())
    babble, begun = Emit(*(list(NONSENSE.values()) * 10)), await counted(stage)
    with stage.upstream([*set_up(), babble, *typed_turn("There was a king."), babble]) as upstream:
        async with stage.visitor() as visitor:
            await visitor.ask("Tell me a story", "item_1")
            await visitor.answered()
            await visitor.saved(2)
            await upstream.until(lambda: upstream.is_played)
            expected = (begun[0] + 20 * (len(NONSENSE) - len(UNUSUAL)), begun[1] + 20)
            await stage.until(lambda: counted(stage), lambda found: found == expected, SETTLING)
            await visitor.leave()
        assert await visitor.kept(2) == [STORY[0], STORY[3]]
        assert len(upstream.handshakes) == 1, "none of it is worth another upstream"
        assert len(visitor.socket.events("response.done")) == 1, "no answer is made up of it"
        assert len(visitor.socket.events("conversation.item.added")) == 2, "nor any item"
    assert len(stage.worker.screen.splitlines()) - before < 10, "a log that babbles along"


def torn_sound(link: Link) -> Iterator[Json]:
    """Sound of the answer that is being given, in letters that are no base64."""
    place = {"response_id": link.notes["unfinished"].response_id, "item_id": link.notes["unfinished"].item_id}
    for sound in ("&&&&", "A", ""):
        yield {
            "type": "response.output_audio.delta",
            "output_index": 0,
            "content_index": 0,
            "delta": sound,
            **place,
        }


@pytest.mark.thorough
@pytest.mark.fault(5)
async def test_sound_that_cannot_be_read_is_left_out_of_an_answer_that_goes_on(stage: Stage) -> None:
    story = "There was a king."
    answered = [answer_begun(story, words=2), Emit(torn_sound), answer_ended(story, words=2)]
    malformed, _ = await counted(stage)
    with stage.upstream([*set_up(), *RESPONSE_ASKED, *answered]) as upstream:
        async with stage.visitor(output="audio") as visitor:
            await visitor.ask("Tell me a story", "item_1")
            await visitor.answered()
            sound = b"".join(each for each in visitor.socket.heard if isinstance(each, bytes))
            await visitor.saved(2)
            await visitor.leave()
        assert len(upstream.handshakes) == 1
    assert len(sound) == 4 * MS_PER_WORD * 48
    assert (await counted(stage))[0] == malformed + 2, "what is empty can be read"


class Torn:
    """A text frame that is no UTF-8."""

    async def play(self, link: Link) -> None:
        link.socket.transport.write(b"\x81\x04\xff\xfe\xfd\xfc")


@pytest.mark.thorough
@pytest.mark.fault(5)
@pytest.mark.parametrize("step", [Torn(), Emit("x" * (20 << 20))], ids=["no UTF-8", "20 MiB"])
async def test_frames_that_no_client_may_take_cost_one_upstream_and_not_the_session(
    stage: Stage, step: Step
) -> None:
    first = [*set_up(), Gate("there"), step]
    with stage.upstream(first, [*set_up(), *typed_turn("There was a king.")], strict=False) as upstream:
        async with stage.visitor() as visitor:
            upstream.open_gate("there")
            await visitor.socket.event("voiceassist.reconnected")
            await visitor.ask("Tell me a story", "item_1")
            await visitor.answered()
            await visitor.saved(2)
            await visitor.leave()
        assert await visitor.kept(2) == [STORY[0], STORY[3]]
        assert len(upstream.handshakes) == 2


# --- 6: jumbles -------------------------------------------------------------------------------------------------------


def jumbled(link: Link) -> Iterator[Json]:
    """An answer whose first words come before it does, and whose end comes twice."""
    answer = new_answer(link)
    beginning = list(answer.begin())
    words = list(answer.say(["There", "was", "a", "king."]))
    end = list(answer.end())
    yield beginning[0]
    yield words[0]
    yield from beginning[1:]
    yield from words[1:]
    yield from end
    yield from end


def late(link: Link) -> Iterator[Json]:
    """An answer that is cancelled, and words of it that come all the same."""
    answer = new_answer(link)
    yield from answer.begin()
    yield from answer.say(["Once", "upon"])
    yield from answer.end(reason="turn_detected")
    yield from answer.say(["a", "time"])


@pytest.mark.fault(6)
async def test_events_out_of_order_make_one_right_transcript(stage: Stage) -> None:
    script = [
        *set_up(),
        *RESPONSE_ASKED,
        Emit(jumbled),
        *spoken_turn("and then", "He was asleep.", words_come="after"),
        *RESPONSE_ASKED,
        Emit(late),
        *typed_turn("The end."),
    ]
    with stage.upstream(script):
        async with stage.visitor() as visitor:
            await visitor.ask("Tell me a story", "item_1")
            await visitor.answered()
            for _ in range(3):
                await visitor.socket.send(BINARY, bytes(48 * 40))
            await visitor.answered(2)
            await visitor.socket.event("conversation.item.input_audio_transcription.completed")
            await visitor.ask("Go on", "item_2")
            await visitor.socket.until(
                lambda event: event["type"] == "response.done" and event["response"]["status"] == "cancelled"
            )
            await visitor.ask("Finish it", "item_3")
            await visitor.answered(3)
            await visitor.saved(8)
            await visitor.leave()
        assert await visitor.kept(8) == [
            ("user", "final", "Tell me a story"),
            ("assistant", "final", "There was a king."),
            ("user", "final", "and then"),
            ("assistant", "final", "He was asleep."),
            ("user", "final", "Go on"),
            ("assistant", "interrupted", "Once upon"),
            ("user", "final", "Finish it"),
            ("assistant", "final", "The end."),
        ]


# --- 7: its time is up ------------------------------------------------------------------------------------------------


@pytest.mark.fault(7)
async def test_a_session_whose_time_is_up_goes_on_in_a_new_one_that_knows_what_was_said(stage: Stage) -> None:
    expired = error("session_expired", "Your session hit the maximum duration of 60 minutes.")
    first = [*set_up(), *typed_turn("Once upon a time."), Gate("answered"), expired, Close(1001, "")]
    with stage.upstream(first, [*set_up(), *typed_turn("There was a king.")]) as upstream:
        async with stage.visitor() as visitor:
            await visitor.ask("Tell me a story", "item_1")
            await visitor.answered()
            upstream.open_gate("answered")
            news = await visitor.socket.event("voiceassist.reconnecting")
            assert news["reason"] == "recycled"
            back = await visitor.socket.event("voiceassist.reconnected")
            assert back["seconds"] < 1
            await visitor.ask("Go on", "item_2")
            await visitor.answered(2)
            await visitor.saved(4)
            await visitor.leave()
        instructions = upstream.received("session.update")[1]["session"]["instructions"]
        assert "[user] Tell me a story\n[assistant] Once upon a time." in instructions
        assert await visitor.kept(4) == [
            STORY[0],
            ("assistant", "final", "Once upon a time."),
            STORY[2],
            STORY[3],
        ]
    assert visitor.socket.kinds.count("session.created") == 1
    assert "error" not in visitor.socket.kinds


@pytest.mark.thorough
@pytest.mark.fault(7)
async def test_an_answer_that_runs_when_the_time_is_nearly_up_is_let_finish(stage: Stage) -> None:
    """Sixty minutes that last two seconds: of the last quarter a quiet moment is to be used."""
    asked = [*RESPONSE_ASKED, answer_begun("Once upon a time", words=2), Gate("late")]
    first = [*set_up(), *asked, answer_ended("Once upon a time", words=2)]
    with stage.upstream(first, [*set_up(), *typed_turn("A king.")], lifetime=2, strict=False) as upstream:
        async with stage.visitor() as visitor:
            await visitor.ask("Tell me a story", "item_1")
            await visitor.socket.until(lambda event: event.get("delta") == " upon")
            # It would have been replaced by now, if it said nothing.
            await asyncio.sleep(upstream.handshakes[0].at + 1.8 - now())
            assert "voiceassist.reconnecting" not in visitor.socket.kinds
            assert len(upstream.handshakes) == 1
            upstream.open_gate("late")
            await visitor.answered()
            news = await visitor.socket.event("voiceassist.reconnecting")
            assert news["reason"] == "recycled"
            await visitor.socket.event("voiceassist.reconnected")
            await visitor.ask("Go on", "item_2")
            await visitor.answered(2)
            await visitor.leave()
        assert [text for _, _, text in await visitor.kept(4)] == [
            "Tell me a story",
            "Once upon a time",
            "Go on",
            "A king.",
        ]


# --- 8: complains of trifles ------------------------------------------------------------------------------------------


@pytest.mark.fault(8)
async def test_errors_that_harm_nobody_end_nothing(stage: Stage) -> None:
    cancelled = [
        Expect("response.cancel"),
        error("response_cancel_not_active", "Cancellation failed: no active response found"),
    ]
    truncated = [
        Expect("conversation.item.truncate"),
        error("invalid_value", "Audio content of 200ms is already shorter than 9000ms"),
    ]
    unasked = error("something_new", "sk-canary-of-the-fault-tests is what you sent.", kind="server_error")
    spoken = [*spoken_turn("hello", "There was a king."), *cancelled, *truncated]
    with stage.upstream([*set_up(), *spoken, unasked, *typed_turn("The end.")]):
        async with stage.visitor(output="audio") as visitor:
            for _ in range(3):
                await visitor.socket.send(BINARY, bytes(48 * 40))
            await visitor.answered()
            item_id = visitor.completed[0]["response"]["output"][0]["id"]
            await visitor.socket.say("response.cancel", event_id="mine_1")
            cut = {"item_id": item_id, "content_index": 0, "audio_end_ms": 600}
            await visitor.socket.say("conversation.item.truncate", event_id="mine_2", **cut)
            await visitor.ask("Finish it", "item_2")
            await visitor.answered(2)
            await visitor.saved(4)
            await visitor.leave()
        told = [event["error"]["code"] for event in visitor.socket.events("error")]
        assert "response_cancel_not_active" in told
        assert KEY not in json.dumps(visitor.socket.events("error"))
        assert [role for role, _, _ in await visitor.kept(4)] == ["user", "assistant", "user", "assistant"]
    assert "voiceassist.reconnecting" not in visitor.socket.kinds
