"""The pump of one session, with everybody around it in memory: slow, deaf, gone or broken."""

import asyncio
import base64
import json
import logging
from dataclasses import replace

import pytest

from realtime.client_inbox import INBOX_BYTES
from realtime.errors import EngineBusy, UpstreamRefused, UpstreamUnreachable
from realtime.ledger import LEDGER_CHARACTERS
from realtime.telemetry import Event, Span
from realtime.upstream_line import UPSTREAM_BYTES
from tests.support import upstream_turns as turns
from tests.support.relay_stage import BRISK, staged

FRAME = bytes(1920)
"""Forty milliseconds of audio."""


async def test_nothing_is_told_after_the_end() -> None:
    async with staged(announces=True) as stage:
        await stage.types("Hello there", "item_1")
        await stage.client("response.create")
        await stage.until(lambda: len(stage.upstream.kinds()) == 2)
        begun = turns.answer_begins("item_2", "Good day", after="item_1")
        stage.upstream.say(*turns.typed("item_1", "Hello there"), *begun)
        await stage.until(lambda: len(stage.audience.events("response.output_text.delta")) == 2)
        stage.relay.end("ended_by_owner")
        await stage.ended()
        assert [said[0] for said in stage.book.said()] == ["user", "assistant"]
        last = stage.audience.heard[-1]
        assert isinstance(last, dict)
        assert last["type"] == "voiceassist.ended"


async def test_a_typed_turn_and_its_answer_are_passed_on_and_kept_in_order() -> None:
    async with staged(announces=True) as stage:
        await stage.types("Hello there", "item_1")
        await stage.client("response.create")
        await stage.until(lambda: stage.upstream.kinds() == ["conversation.item.create", "response.create"])
        stage.upstream.say(
            *turns.typed("item_1", "Hello there"), *turns.answer("item_2", "Good day", after="item_1")
        )
        await stage.until(lambda: len(stage.audience.events("voiceassist.message.saved")) == 2)

        assert stage.book.said() == [("user", "final", "Hello there"), ("assistant", "final", "Good day")]
        assert [event["position"] for event in stage.audience.events("voiceassist.message.saved")] == [0, 1]
        await stage.until(lambda: stage.book.usage)
        assert stage.book.usage[0]["total_tokens"] == 7
        assert len(stage.audience.events("response.output_text.delta")) == 2


async def test_how_long_an_answer_took_to_sound_is_put_down_once_and_told_to_the_process() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.say(*turns.spoken("item_1"))
        await stage.until(lambda: stage.audience.events("conversation.item.done"))
        stage.clock.forward(1.5)
        stage.upstream.say(*turns.answer_begins("item_2", "Good day", after="item_1"))
        stage.upstream.say(turns.sound("item_2", FRAME), turns.sound("item_2", FRAME))
        await stage.until(lambda: len(stage.audience.events("response.output_audio.delta")) == 2)
        stage.relay.client_left(clean=True)
        await stage.ended()
        [waited] = stage.book.waits
        assert 1500 <= waited < 2500
        told = stage.tally.timed(Span.FIRST_AUDIO)
        assert (told.times, round(told.total * 1000)) == (1, waited)


async def test_frames_that_came_before_the_session_was_ready_are_kept_in_order() -> None:
    async with staged(greets=False) as stage:
        for number in range(20):
            await stage.relay.offer(number.to_bytes(2, "little"))
        assert stage.upstream.received == []
        stage.upstream.say(turns.created(), turns.updated())
        await stage.until(lambda: len(stage.upstream.received) == 21)
        heard = [base64.b64decode(event["audio"]) for event in stage.upstream.received[1:]]
        assert [int.from_bytes(pcm, "little") for pcm in heard] == list(range(20))


async def test_what_a_client_says_with_its_last_breath_still_counts() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.gate.shut()
        for number in range(3):  # one on its way, two that leave no room: the next is read by nobody
            await stage.types("x" * (UPSTREAM_BYTES * 3 // 5), f"item_{number}")
        await stage.types("One more thing", "item_4")
        stage.relay.client_left(clean=True)
        await stage.until(lambda: stage.upstream.gate.waiting)
        stage.upstream.gate.open()
        await stage.until(lambda: len(stage.upstream.kinds()) == 4)
        ended = await stage.ended()
        assert (ended.reason, ended.client_is_gone) == ("client", True)
        assert stage.book.said()[3] == ("user", "final", "One more thing")


# --- the bounds -------------------------------------------------------------------------------------------------------


async def test_while_upstream_does_not_read_a_client_is_held_back_and_memory_stays_bounded() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.gate.shut()
        offered = 0

        async def talk() -> None:
            nonlocal offered
            # 15 s of audio in each, so that the pace is not what holds it back: text is not audio.
            while True:
                await stage.types("x" * 200_000, f"item_{offered}")
                offered += 1

        talking = asyncio.create_task(talk())
        done, _ = await asyncio.wait([talking], timeout=0.3)
        assert not done
        most = UPSTREAM_BYTES + INBOX_BYTES
        assert most / 200_000 - 2 <= offered <= most / 200_000 + 3
        stage.upstream.gate.open()
        reached = offered
        await stage.until(lambda: len(stage.upstream.kinds()) > reached)
        talking.cancel()
        await asyncio.wait([talking])


async def test_while_the_ledger_is_stuck_a_client_is_held_back_and_upstream_is_still_heard() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.book.gate.shut()
        words = "x" * (LEDGER_CHARACTERS // 4)
        for number in range(6):
            stage.upstream.say(*turns.answer(f"item_{number}", words, after="", response_id=f"resp_{number}"))
        await stage.until(lambda: len(stage.audience.events("response.done")) == 6)
        await stage.client("input_audio_buffer.clear")
        await stage.client("input_audio_buffer.commit")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await stage.until(stage.upstream.kinds)
        stage.book.gate.open()
        await stage.until(lambda: len(stage.upstream.kinds()) == 2)
        assert len(stage.book.turns) == 6


async def test_that_nothing_is_stored_is_told_once_and_so_is_that_everything_is_stored_again() -> None:
    async with staged(announces=True) as stage:
        await stage.ready()
        stage.book.gate.shut()
        for number in range(3):
            stage.upstream.say(
                *turns.answer(f"item_{number}", "Well.", after="", response_id=f"resp_{number}")
            )
        await stage.until(lambda: stage.audience.events("voiceassist.storage"))
        assert [told["behind"] for told in stage.audience.events("voiceassist.storage")] == [True]
        stage.book.gate.open()
        await stage.until(lambda: len(stage.audience.events("voiceassist.storage")) == 2)
        assert stage.audience.events("voiceassist.storage")[-1]["behind"] is False
        assert len(stage.book.turns) == 3, "it is not said before all are there"
        stage.upstream.say(*turns.answer("item_3", "Well.", after="", response_id="resp_3"))
        await stage.until(lambda: len(stage.book.turns) == 4)
        assert len(stage.audience.events("voiceassist.storage")) == 2, (
            "what is stored at once is not spoken of"
        )


async def test_off_the_record_nobody_is_told_of_what_is_not_stored_anyway() -> None:
    async with staged(announces=True, save=False) as stage:
        await stage.ready()
        stage.book.gate.shut()
        stage.upstream.say(*turns.answer("item_1", "Well.", after="", response_id="resp_1"))
        await stage.until(lambda: stage.audience.events("response.done"))
        await asyncio.sleep(3 * BRISK.behind)
        assert stage.audience.events("voiceassist.storage") == []
        stage.book.gate.open()


async def test_a_client_that_takes_nothing_is_closed_with_4408() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.audience.gate.shut()
        stage.upstream.say(
            *turns.typed("item_1", "Hello"), *turns.answer("item_2", "Good day", after="item_1")
        )
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("slow_client", 4408)


async def test_a_backlog_past_its_bound_is_closed_with_4408_and_not_kept() -> None:
    patient = replace(BRISK, stall=60.0)
    async with staged(timing=patient) as stage:
        await stage.ready()
        stage.audience.gate.shut()
        megabyte = turns.sound("item_2", bytes(720_000))
        stage.upstream.say(*[megabyte] * 20)
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("slow_client", 4408)


async def test_a_released_relay_keeps_nothing_that_is_still_offered_to_it() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.relay.end("ended_by_owner")
        await stage.ended()
        for _ in range(100):
            async with asyncio.timeout(0.1):
                await stage.relay.offer(FRAME * 30)
        assert len(stage.relay._inbox) == 0


async def test_audio_that_waits_is_purged_when_the_person_begins_to_speak() -> None:
    async with staged(binary_audio=True) as stage:
        await stage.ready()
        stage.upstream.say(*turns.answer_begins("item_2", "A long answer", after=""))
        await stage.until(lambda: stage.audience.events("response.output_text.delta"))
        stage.audience.gate.shut()
        stage.upstream.say(*[turns.sound("item_2", FRAME)] * 50)
        stage.upstream.say(*turns.spoken("item_3", after="item_2"))
        stage.upstream.say(turns.sound("item_2", FRAME))
        await stage.until(lambda: stage.upstream.is_read)
        stage.audience.gate.open()
        await stage.until(lambda: stage.audience.events("input_audio_buffer.committed"))
        heard_of_it = [thing for thing in stage.audience.heard if isinstance(thing, bytes)]
        assert len(heard_of_it) <= 1, "only what was being delivered already"
        order = [thing["type"] for thing in stage.audience.heard if isinstance(thing, dict)]
        assert order.index("input_audio_buffer.speech_started") < order.index("input_audio_buffer.committed")


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_a_turn_being_saved_survives_the_hang_up() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.book.gate.shut()
        await stage.types("Remember this", "item_1")
        await stage.until(lambda: stage.upstream.kinds())
        stage.upstream.say(*turns.typed("item_1", "Remember this"))
        stage.upstream.say(*turns.answer("item_2", "I will", after="item_1"))
        await stage.until(lambda: stage.book.gate.waiting and stage.upstream.is_read)
        stage.relay.client_left(clean=True)
        await stage.until(lambda: not stage.upstream.is_open)
        assert not stage.running.done(), "the session is not over before it is saved"
        stage.book.gate.open()
        await stage.ended()
        assert stage.book.said() == [("user", "final", "Remember this"), ("assistant", "final", "I will")]


async def test_words_that_come_after_a_hang_up_are_still_written_down() -> None:
    async with staged(timing=replace(BRISK, trailing=5.0)) as stage:
        await stage.ready()
        stage.upstream.say(*turns.spoken("item_1"))
        await stage.until(lambda: stage.audience.events("input_audio_buffer.committed"))
        stage.relay.client_left(clean=True)
        stage.upstream.say(turns.heard("item_1", "go forward ten meters"))
        before = asyncio.get_running_loop().time()
        ended = await stage.ended()
        assert ended.reason == "client"
        assert stage.book.said() == [("user", "final", "go forward ten meters")]
        assert asyncio.get_running_loop().time() - before < 2.0, (
            "it waits for the words, not for the whole time"
        )


async def test_words_that_come_after_an_end_from_outside_are_still_written_down() -> None:
    async with staged(timing=replace(BRISK, trailing=5.0)) as stage:
        await stage.ready()
        stage.upstream.say(*turns.spoken("item_1"))
        await stage.until(lambda: stage.audience.events("input_audio_buffer.committed"))
        stage.relay.end("draining")
        stage.upstream.say(turns.heard("item_1", "go forward ten meters"))
        assert (await stage.ended()).reason == "draining"
        assert stage.book.said() == [("user", "final", "go forward ten meters")]


async def test_a_hang_up_in_mid_speech_commits_what_was_said() -> None:
    async with staged(timing=replace(BRISK, trailing=5.0)) as stage:
        await stage.ready()
        stage.upstream.say(
            turns.event("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_1")
        )
        await stage.until(lambda: stage.audience.events("input_audio_buffer.speech_started"))
        stage.relay.client_left(clean=False)
        await stage.until(lambda: "input_audio_buffer.commit" in stage.upstream.kinds())
        stage.upstream.say(*turns.spoken("item_1")[2:], turns.heard("item_1", "wait for"))
        ended = await stage.ended()
        assert ended.reason == "client_lost"
        assert stage.book.said() == [("user", "final", "wait for")]


async def test_words_that_never_come_are_waited_for_only_so_long_and_marked_as_failed() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.say(*turns.spoken("item_1"))
        await stage.until(lambda: stage.audience.events("input_audio_buffer.committed"))
        stage.relay.client_left(clean=True)
        await stage.ended()
        assert stage.book.said() == [("user", "failed", "")]


async def test_an_upstream_that_leaves_while_its_words_are_awaited_is_not_waited_for() -> None:
    async with staged(timing=replace(BRISK, trailing=60.0)) as stage:
        await stage.ready()
        stage.upstream.say(*turns.spoken("item_1"))
        await stage.until(lambda: stage.audience.events("input_audio_buffer.committed"))
        stage.relay.client_left(clean=True)
        stage.upstream.drop(1011)
        await stage.ended()
        assert stage.book.said() == [("user", "failed", "")]


async def test_a_partial_answer_is_kept_as_interrupted_when_upstream_drops_for_good() -> None:
    async with staged(announces=True) as stage:
        await stage.ready()
        stage.upstream.refusal = UpstreamRefused("provider_auth", "Our words.", "provider_auth")
        stage.upstream.say(*turns.answer_begins("item_2", "Once upon a time", after=""))
        stage.upstream.drop(1006)
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("provider_auth", 4502)
        assert stage.book.said() == [("assistant", "interrupted", "Once upon a time")]
        [farewell] = stage.audience.events("voiceassist.ended")
        assert (farewell["code"], farewell["detail"]) == ("provider_auth", "Our words.")


@pytest.mark.parametrize(
    ("closed_with", "reason", "noted"),
    [
        (3000, "invalid_request_error.invalid_api_key", ["provider_auth"]),
        (3000, "invalid_request_error.insufficient_quota", ["provider_quota"]),
    ],
)
async def test_whoever_runs_the_server_finds_in_the_log_once_why_its_provider_ended_a_session(
    closed_with: int, reason: str, noted: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.drop(closed_with, reason)
        await stage.ended()
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage().rpartition(" ")[2] for record in warnings] == noted


async def test_why_upstream_closed_is_told_though_the_writer_is_first_to_notice() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.mouth.shut()
        stage.upstream.say(turns.event("rate_limits.updated", rate_limits=[]))
        await stage.until(lambda: stage.upstream.mouth.waiting)
        stage.upstream.say(turns.error("insufficient_quota", "You exceeded your current quota."))
        stage.upstream.drop(3000, "invalid_request_error.insufficient_quota")
        await stage.client("input_audio_buffer.clear")
        await stage.until(lambda: stage.upstream.sends_failed)
        stage.upstream.mouth.open()
        ended = await stage.ended()
        assert ended.reason == "provider_quota"


@pytest.mark.parametrize(
    ("refusal", "reason", "close_code"),
    [
        (UpstreamUnreachable(), "provider_failed", 4502),
        (UpstreamRefused("provider_auth", "Our words.", "provider_auth"), "provider_auth", 4502),
        (EngineBusy(), "engine_busy", 4503),
    ],
)
async def test_an_upstream_that_cannot_be_had_ends_the_session_in_our_words(
    refusal: Exception, reason: str, close_code: int
) -> None:
    async with staged(begins=False) as stage:
        stage.upstream.refusal = refusal
        stage.running = asyncio.create_task(stage.relay.run())
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == (reason, close_code)
        [told] = stage.audience.events("error")
        assert told["error"]["message"] == str(refusal)


async def test_a_ledger_that_fails_ends_the_session_as_any_failure_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with staged() as stage:
        await stage.ready()
        stage.book.failure = LookupError("the disk is full")
        with caplog.at_level(logging.ERROR):
            stage.upstream.say(*turns.answer("item_2", "Good day", after=""))
            ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("internal", 4500)
        [told] = stage.audience.events("error")
        assert told["error"]["code"] == "internal"
        assert "disk" not in json.dumps(stage.audience.heard)
        assert "the disk is full" in caplog.text


async def test_a_session_that_somebody_else_has_taken_over_ends_at_its_next_word() -> None:
    async with staged(timing=replace(BRISK, lease=60.0)) as stage:
        await stage.ready()
        stage.book.is_taken_over, stage.book.verdict = True, "replaced"
        stage.upstream.say(*turns.answer("item_2", "Good day", after=""))
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("replaced", 4409)


async def test_an_open_session_asks_again_and_again_whether_it_may_go_on() -> None:
    async with staged() as stage:
        await stage.until(lambda: stage.book.renewals == 3)
        assert not stage.running.done()
        stage.book.verdict = "account_disabled"
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("account_disabled", 4403)


async def test_when_the_minutes_run_out_it_asks_then_and_not_a_lease_later() -> None:
    async with staged(timing=replace(BRISK, lease=60.0, limit=0.02), left=0.05) as stage:
        await stage.until(lambda: stage.book.renewals)
        stage.book.verdict = "daily_limit"
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("daily_limit", 4429)


async def test_it_does_not_ask_without_a_pause_when_next_to_nothing_is_left() -> None:
    async with staged(timing=replace(BRISK, lease=60.0, limit=60.0), left=0.0) as stage:
        await stage.ready()
        stage.upstream.say(*turns.answer("item_2", "Good day", after=""))
        await stage.until(lambda: stage.book.turns)
        assert stage.book.renewals == 0


async def test_a_client_that_took_its_leave_is_not_counted_as_lost_because_a_send_failed_first() -> None:
    async with staged(timing=replace(BRISK, farewell=60.0)) as stage:
        await stage.ready()
        stage.audience.is_gone = True
        stage.upstream.say(*turns.answer("item_2", "Good day", after=""))
        await stage.until(lambda: stage.book.turns)
        stage.relay.client_left(clean=True)
        assert (await stage.ended()).reason == "client"


async def test_a_client_that_vanished_without_a_word_is_lost_though_nobody_says_so() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.audience.is_gone = True
        stage.upstream.say(*turns.answer("item_2", "Good day", after=""))
        ended = await stage.ended()
        assert (ended.reason, ended.client_is_gone) == ("client_lost", True)


async def test_a_shutdown_in_mid_sentence_saves_what_was_said() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.book.gate.shut()
        stage.upstream.say(*turns.answer_begins("item_2", "Once upon a time", after=""))
        await stage.until(lambda: stage.audience.events("response.output_text.delta"))
        stage.running.cancel()
        await stage.until(lambda: stage.book.gate.waiting)
        stage.book.gate.open()
        with pytest.raises(asyncio.CancelledError):
            await stage.ended()
        assert stage.book.said()[0][:2] == ("assistant", "interrupted")
        assert stage.upstream.times_closed == 1


async def test_a_client_that_left_before_anything_began_costs_no_upstream() -> None:
    async with staged(begins=False) as stage:
        stage.relay.client_left(clean=True)
        stage.running = asyncio.create_task(stage.relay.run())
        await stage.ended()
        assert stage.upstream.received == []
        assert not stage.upstream.is_open


async def test_one_that_is_ended_before_it_began_connects_nowhere() -> None:
    async with staged(begins=False, announces=True) as stage:
        stage.relay.end("replaced")
        stage.upstream.door.shut()
        stage.running = asyncio.create_task(stage.relay.run())
        assert (await stage.ended()).reason == "replaced"
        assert stage.audience.events("voiceassist.ended")
        assert stage.upstream.door.arrivals == 0


async def test_what_we_add_to_the_way_of_an_answer_is_measured() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.say(*turns.answer("item_1", "Since when?", after=""))
        await stage.until(lambda: stage.audience.events("response.done"))
        await stage.until(lambda: stage.tally.timed(Span.RELAY).times)
        assert stage.tally.timed(Span.RELAY).longest < 5


async def test_what_upstream_stutters_is_counted_and_nobody_else_s_concern(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with staged() as stage:
        await stage.ready()
        for frame in ("no JSON", '{"type": "response.done", "response": null}'):
            stage.upstream.latest.frames.put_nowait(frame)
        stage.upstream.say(*turns.answer("item_1", "Since when?", after=""))
        await stage.until(lambda: stage.audience.events("response.done"))
    assert stage.tally.counted(Event.UPSTREAM_MALFORMED_FRAME) == 2
    assert stage.tally.counted(Event.UPSTREAM_ERROR) == 0
    assert not [record for record in caplog.records if record.levelname != "INFO"]


async def test_what_a_slow_client_never_gets_is_counted() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.audience.gate.shut()
        stage.upstream.say(*turns.answer("item_1", "Since when?", after=""))
        assert (await stage.ended()).reason == "slow_client"
    assert stage.tally.counted(Event.FRAME_DROPPED, "slow_client") > 0


async def test_the_last_words_to_a_client_are_delivered_before_the_end() -> None:
    async with staged(announces=True) as stage:
        await stage.ready()
        stage.audience.gate.shut()
        stage.relay.end("draining")
        await stage.until(lambda: stage.audience.gate.waiting)
        stage.audience.gate.open()
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("draining", 1001)
        assert stage.audience.events("voiceassist.ended")[0]["reason"] == "draining"


async def test_off_the_record_nothing_said_reaches_the_ledger_and_usage_does() -> None:
    async with staged(save=False) as stage:
        await stage.ready()
        stage.upstream.say(*turns.answer("item_2", "Good day", after=""))
        await stage.until(lambda: stage.book.usage)
        stage.relay.client_left(clean=True)
        await stage.ended()
        assert stage.book.turns == {}
