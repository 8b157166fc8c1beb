"""A relay whose upstream goes and comes: the client stays, nothing it says is lost, nothing is left running."""

import asyncio
import logging
from dataclasses import replace

import pytest

from realtime import upstreams
from realtime.client_inbox import INBOX_BYTES
from realtime.errors import RealtimeError, UpstreamClosed, UpstreamRefused, UpstreamUnreachable
from realtime.telemetry import Event
from realtime.upstream_line import UPSTREAM_BYTES, UpstreamLine
from tests.support import upstream_turns as turns
from tests.support.relay_stage import BRISK, Connection, Stage, staged

FRAME = bytes(1920)
"""Forty milliseconds of audio."""
REFUSED = UpstreamRefused("provider_auth", "Our words.", "provider_auth")


def frame(number: int) -> bytes:
    """A frame of audio that can be told from others."""
    return number.to_bytes(2, "little") * 960


async def lost(stage: Stage, code: int = 1006) -> None:
    """Upstream is lost, and none can be had until `stage.upstream.door` is opened."""
    await stage.ready()
    stage.upstream.door.shut()
    stage.upstream.drop(code)
    await stage.until(lambda: stage.upstream.door.waiting)


async def back(stage: Stage) -> None:
    """Another upstream is there and configured."""
    stage.upstream.door.open()
    await stage.until(lambda: len(stage.upstream.connections) == 2 and stage.upstream.latest.received)


async def test_another_upstream_follows_one_that_was_lost_and_the_client_is_not_greeted_again() -> None:
    async with staged(announces=True) as stage:
        await lost(stage)
        await stage.until(lambda: stage.audience.events("voiceassist.reconnecting"))
        await back(stage)
        await stage.until(lambda: stage.audience.events("voiceassist.reconnected"))
        await stage.types("Hello again", "item_1")
        await stage.until(lambda: stage.upstream.latest.kinds() == ["conversation.item.create"])
        assert len(stage.audience.events("session.created")) == 1
        assert not stage.audience.events("error")
        assert not stage.running.done()


async def test_what_is_said_while_there_is_no_upstream_waits_for_the_next_one_in_order() -> None:
    async with staged(turn_detection="push_to_talk") as stage:
        await lost(stage)
        for number in range(50):
            await stage.relay.offer(frame(number))
        await stage.client("input_audio_buffer.commit")
        await back(stage)
        await stage.until(lambda: "input_audio_buffer.commit" in stage.upstream.latest.kinds())
        assert stage.upstream.latest.heard().endswith(b"".join(map(frame, range(50))))
        assert stage.upstream.connections[0].kinds() == []


async def test_a_client_that_goes_on_talking_is_held_back_and_memory_stays_bounded() -> None:
    async with staged() as stage:
        await lost(stage)
        offered = 0

        async def talk() -> None:
            nonlocal offered
            while True:
                await stage.relay.offer(frame(offered))
                offered += 1

        talking = asyncio.create_task(talk())
        done, _ = await asyncio.wait([talking], timeout=0.1)
        assert not done
        assert offered == INBOX_BYTES // len(FRAME)
        await back(stage)
        await stage.until(lambda: len(stage.upstream.latest.heard()) > INBOX_BYTES)
        talking.cancel()
        await asyncio.wait([talking])


async def test_what_waited_for_the_old_upstream_does_not_reach_the_new_one_by_itself() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.gate.shut()
        await stage.client("input_audio_buffer.clear")
        await stage.client("input_audio_buffer.clear")
        await stage.until(lambda: stage.upstream.gate.waiting)
        stage.upstream.drop(1011)
        await stage.until(lambda: stage.upstream.times_closed)
        stage.upstream.gate.open()
        await back(stage)
        await stage.types("Hello", "item_1")
        await stage.until(lambda: stage.upstream.latest.kinds())
        assert stage.upstream.latest.kinds() == ["conversation.item.create"]


async def test_the_core_is_told_how_much_audio_was_not_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged() as stage:
        await stage.ready()
        told: list[int] = []
        monkeypatch.setattr(stage.relay.core, "behind", told.append)
        stage.upstream.gate.shut()
        for number in range(5):
            await stage.relay.offer(frame(number))
        await stage.until(lambda: stage.upstream.gate.waiting and len(told) == 5)
        assert told == [length * len(FRAME) for length in range(1, 6)]
        stage.upstream.drop(1006)
        await stage.until(lambda: len(stage.upstream.connections) == 2)
        assert told[5] == 5 * len(FRAME), "also the frame that was on its way"


async def test_what_was_handed_over_is_not_counted_as_waiting() -> None:
    async with staged() as stage:
        await stage.ready()
        kept = stage.relay.core._talk.kept
        for number in range(3):
            await stage.relay.offer(frame(number))
            await stage.until(lambda number=number: len(stage.upstream.kinds()) == number + 1)  # type: ignore[misc]
            assert kept._behind == 0
        stage.upstream.gate.shut()
        await stage.relay.offer(frame(3))
        await stage.relay.offer(frame(4))
        assert kept._behind == 2 * len(FRAME)
        stage.upstream.gate.open()
        await stage.until(lambda: len(stage.upstream.kinds()) == 5)
        await stage.relay.offer(frame(5))
        assert kept._behind == 0


async def test_a_client_that_the_old_upstream_held_back_goes_on_with_the_next_one() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.gate.shut()
        for number in range(3):  # one on its way, two that leave no room
            await stage.types("x" * (UPSTREAM_BYTES * 3 // 5), f"item_{number}")
        await stage.client("input_audio_buffer.clear")
        await stage.until(lambda: stage.upstream.gate.waiting)
        stage.upstream.drop(1011)
        await stage.until(lambda: stage.upstream.times_closed)
        stage.upstream.gate.open()
        await back(stage)
        await stage.until(lambda: "input_audio_buffer.clear" in stage.upstream.latest.kinds())


@pytest.mark.parametrize("failure", [UpstreamClosed(1011), UpstreamUnreachable()])
async def test_what_becomes_of_an_upstream_that_was_left_already_is_of_no_interest(
    failure: Exception,
) -> None:
    async with staged(announces=True) as stage:
        await stage.ready()
        stage.upstream.refusal = failure
        await stage.relay._upstreams.hold_line(UpstreamLine())
        await stage.types("Hello", "item_1")
        await stage.until(lambda: stage.upstream.kinds() == ["conversation.item.create"])
        assert stage.upstream.refused == 1
        assert not stage.audience.events("voiceassist.reconnecting")


async def test_a_connection_that_does_not_let_itself_be_closed_does_not_delay_the_next_one() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.exit.shut()
        stage.upstream.drop(1006)
        before = asyncio.get_running_loop().time()
        await back(stage)
        assert asyncio.get_running_loop().time() - before < 1.0
        stage.relay.client_left(clean=True)
        await stage.until(lambda: stage.upstream.times_closed == 2)
        assert not stage.running.done(), "and yet nothing is left running at the end"
        stage.upstream.exit.open()
        await stage.ended()


async def test_a_connection_that_never_lets_itself_be_closed_is_left_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime.upstream_line.LETTING_GO_SECONDS", 0.05)
    async with staged() as stage:
        await stage.ready()
        stage.upstream.exit.shut()
        stage.relay.client_left(clean=True)
        assert (await stage.ended()).reason == "client"


async def test_a_connection_that_cannot_be_closed_costs_nobody_anything(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(connection: Connection) -> None:
        raise LookupError("nothing to close")

    monkeypatch.setattr(Connection, "close", broken)
    async with staged() as stage:
        await stage.ready()
        stage.upstream.drop(1006)
        await back(stage)
        stage.relay.client_left(clean=True)
        assert (await stage.ended()).reason == "client"
    assert "an upstream could not be closed" in caplog.text


async def test_an_old_upstream_is_not_heard_any_more() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.say(turns.error("session_expired", "Your session hit the maximum duration."))
        stage.upstream.say(turns.event("rate_limits.updated", rate_limits=[]))
        old = stage.upstream.latest
        await stage.until(lambda: len(stage.upstream.connections) == 2)
        old.say(*turns.answer("item_9", "from the past", after=""))
        await stage.types("Hello", "item_1")
        await stage.until(lambda: stage.upstream.latest.kinds())
        assert not stage.audience.events("response.created")


async def test_the_pauses_are_those_that_the_core_asks_for_and_a_little_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    def noted(pause: float = 0.0) -> UpstreamLine:
        pauses.append(pause)
        return UpstreamLine(0.0)

    async with staged() as stage:
        await stage.ready()
        monkeypatch.setattr(upstreams, "UpstreamLine", noted)
        stage.relay.timing = replace(BRISK, haste=1.0)
        stage.relay.jitter = lambda: 1.0
        stage.upstream.refusal = UpstreamUnreachable()
        stage.upstream.drop(1006)
        await stage.ended()
    assert pauses == [0.0, 0.625, 1.25, 2.5, 5.0, 10.0]


async def test_an_upstream_that_never_comes_back_ends_the_session_after_its_tries() -> None:
    async with staged(announces=True) as stage:
        await stage.ready()
        stage.upstream.refusal = UpstreamUnreachable()
        stage.upstream.drop(1006)
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("provider_failed", 4502)
        assert stage.upstream.refused == 6
        assert stage.audience.events("voiceassist.ended")[0]["retryable"] is True


@pytest.mark.parametrize(("refusal", "reason"), [(REFUSED, "provider_auth")])
async def test_a_no_that_is_final_is_not_asked_again(refusal: RealtimeError, reason: str) -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.refusal = refusal
        stage.upstream.drop(1006)
        assert (await stage.ended()).reason == reason
        assert stage.upstream.refused == 1


async def test_a_handshake_that_hangs_is_given_up_for_another_try() -> None:
    async with staged() as stage:
        await lost(stage)
        stage.clock.forward(20)
        await stage.until(lambda: stage.upstream.door.arrivals == 3)
        assert stage.upstream.door.waiting == 1
        await back(stage)
        await stage.types("Hello", "item_1")
        await stage.until(lambda: stage.upstream.latest.kinds())


# --- the end, meanwhile -----------------------------------------------------------------------------------------------


async def test_a_client_that_leaves_meanwhile_is_not_kept_waiting_and_its_words_are_kept() -> None:
    async with staged(timing=replace(BRISK, trailing=60.0)) as stage:
        await lost(stage)
        await stage.types("Remember this", "item_1")
        stage.relay.client_left(clean=True)
        ended = await stage.ended()
        assert (ended.reason, ended.client_is_gone) == ("client", True)
        assert stage.book.said() == [("user", "final", "Remember this")]
        assert len(stage.upstream.connections) == 1


async def test_a_shutdown_meanwhile_saves_what_was_said() -> None:
    async with staged() as stage:
        await stage.ready()
        stage.upstream.say(*turns.answer_begins("item_2", "Once upon a time", after=""))
        await stage.until(lambda: stage.audience.events("response.output_text.delta"))
        await lost(stage)
        stage.running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stage.ended()
        assert stage.book.said() == [("assistant", "interrupted", "Once upon a time")]


async def test_an_end_that_somebody_asks_for_meanwhile_is_not_put_off() -> None:
    async with staged(announces=True) as stage:
        await lost(stage)
        stage.relay.end("ended_by_owner")
        ended = await stage.ended()
        assert (ended.reason, ended.close_code) == ("ended_by_owner", 1000)
        assert stage.audience.events("voiceassist.ended")[0]["reason"] == "ended_by_owner"


async def test_an_open_session_still_asks_whether_it_may_go_on() -> None:
    async with staged() as stage:
        await lost(stage)
        stage.book.verdict = "account_disabled"
        assert (await stage.ended()).reason == "account_disabled"


async def test_a_turn_is_stored_meanwhile() -> None:
    async with staged(announces=True) as stage:
        await stage.ready()
        stage.book.gate.shut()
        stage.upstream.say(*turns.answer("item_2", "Good day", after=""))
        await stage.until(lambda: stage.book.gate.waiting)
        await lost(stage)
        stage.book.gate.open()
        await stage.until(lambda: stage.audience.events("voiceassist.message.saved"))
        assert stage.book.said() == [("assistant", "final", "Good day")]


@pytest.mark.parametrize("after", range(1, 40, 3))
async def test_wherever_it_is_cancelled_nothing_is_left_running_and_what_was_heard_is_stored(
    after: int,
) -> None:
    """Cancelled after so many turns of the loop, from the loss of upstream on."""
    async with staged() as stage:
        await stage.ready()
        stage.upstream.say(*turns.answer_begins("item_2", "Once upon a time", after=""))
        await stage.until(lambda: stage.audience.events("response.output_text.delta"))
        stage.upstream.drop(1011)
        for _ in range(after):
            await asyncio.sleep(0)
        stage.running.cancel()
        await asyncio.sleep(0)
        stage.running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stage.ended()
        assert stage.book.said() == [("assistant", "interrupted", "Once upon a time")]
        assert not stage.upstream.is_open


# --- who runs the server ----------------------------------------------------------------------------------------------


async def test_whoever_runs_the_server_finds_each_change_in_the_log_and_in_the_figures(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with staged() as stage:
        with caplog.at_level(logging.INFO):
            await lost(stage)
            await back(stage)
    assert stage.tally.counted(Event.UPSTREAM_LOST) == 1
    assert stage.tally.labels(Event.UPSTREAM_ERROR) == {"provider_lost": 1}
    [record] = [record for record in caplog.records if record.name == "realtime.relay"]
    assert (
        record.getMessage()
        == f"session {stage.relay.core.setup.session_id} lets go of its upstream: provider_lost"
    )
