"""A client that was lost and comes back: it misses nothing, nothing of it is taken twice, and what it costs to wait."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from realtime.protocol.policy import Seen
from tests.support import upstream_turns as turns
from tests.support.relay_stage import BRISK, Audience, Stage, staged

PATIENT = replace(BRISK, parked=60.0)
NOTHING = Seen(None, None, 0)
SOUND = bytes(range(256)) * 15
"""Eighty milliseconds."""


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged(timing=PATIENT, binary_audio=True, announces=True) as running:
        await running.ready()
        yield running


def lose(stage: Stage) -> None:
    stage.relay.client_left(clean=False)


def last_of(audience: Audience) -> str:
    return str([thing for thing in audience.heard if isinstance(thing, dict)][-1]["event_id"])


def come_back(stage: Stage, seen: Seen) -> Audience:
    """Another socket of the same client's."""
    client = Audience(stage.changes)
    assert stage.relay.take_up(client, seen)
    return client


async def resumed(client: Audience, stage: Stage) -> Any:
    await stage.until(lambda: client.events("voiceassist.resumed"))
    [told] = client.events("voiceassist.resumed")
    assert client.heard[0] == told, "it comes first"
    return told


async def test_what_upstream_said_meanwhile_is_heard_afterwards_and_upstream_notices_nothing(
    stage: Stage,
) -> None:
    seen = last_of(stage.audience)
    before = len(stage.audience.heard)
    lose(stage)
    stage.upstream.say(*turns.answer("item_1", "Once upon a time", after=""))
    await stage.until(lambda: stage.book.said())
    assert stage.relay.is_parked
    client = come_back(stage, Seen(seen, None, 0))
    await stage.until(lambda: client.events("voiceassist.message.saved"))
    told = await resumed(client, stage)
    assert told["session_id"] == stage.relay.core.setup.session_id
    assert len(client.events("response.done")) == 1
    assert len(stage.audience.heard) == before, "the lost socket got nothing more"
    assert stage.upstream.times_closed == 0
    assert len(stage.upstream.connections) == 1
    await stage.until(lambda: stage.book.states == ["waiting", "live"])


async def test_what_was_lost_on_the_way_comes_again(stage: Stage) -> None:
    stage.upstream.say(*turns.answer("item_1", "Once upon a time", after=""))
    await stage.until(lambda: stage.audience.events("response.done"))
    events = [thing for thing in stage.audience.heard if isinstance(thing, dict)]
    lose(stage)
    client = come_back(stage, Seen(events[3]["event_id"], None, 0))
    missed = [event["event_id"] for event in events[4:]]
    await stage.until(lambda: len(client.heard) >= 1 + len(missed))
    assert [event["event_id"] for event in client.heard if isinstance(event, dict)][
        1 : 1 + len(missed)
    ] == missed


async def test_audio_goes_on_where_the_player_has_it(stage: Stage) -> None:
    stage.upstream.say(*turns.answer_begins("item_1", "Once upon", after=""))
    stage.upstream.say(turns.sound("item_1", SOUND), turns.sound("item_1", SOUND[::-1]))
    await stage.until(lambda: len([thing for thing in stage.audience.heard if isinstance(thing, bytes)]) == 2)
    lose(stage)
    client = come_back(stage, Seen(last_of(stage.audience), "item_1", 100))
    await stage.until(lambda: [thing for thing in client.heard if isinstance(thing, bytes)])
    assert [thing for thing in client.heard if isinstance(thing, bytes)] == [SOUND[::-1][20 * 48 :]]


async def test_each_of_its_frames_is_taken_once_and_it_is_told_how_many(stage: Stage) -> None:
    await stage.types("one", "item_a")
    await stage.client("voiceassist.ping", id="1")
    await stage.relay.offer(SOUND)
    lose(stage)
    await stage.relay.offer(json.dumps({"type": "response.create"}), stage.audience)
    client = come_back(stage, Seen(last_of(stage.audience), None, 0))
    assert (await resumed(client, stage))["frames"] == 2, (
        "pings are not counted, nor what a lost socket still brings"
    )
    await stage.types("two", "item_b")
    await stage.until(lambda: stage.upstream.kinds().count("conversation.item.create") == 2)
    assert stage.upstream.kinds().count("response.create") == 0
    assert stage.upstream.latest.heard() == SOUND


async def test_what_a_client_has_said_it_has_is_not_kept(stage: Stage) -> None:
    stage.upstream.say(*turns.answer("item_1", "Once upon a time", after=""))
    await stage.until(lambda: stage.audience.events("voiceassist.message.saved"))
    kept = stage.relay.depths().journal
    await stage.client("voiceassist.ping", id="1", last_event_id=last_of(stage.audience))
    assert stage.relay.depths().journal < kept
    await stage.until(lambda: stage.audience.events("voiceassist.pong"))


async def test_the_network_may_break_again_while_it_comes_back(stage: Stage) -> None:
    stage.upstream.say(*turns.answer("item_1", "Once upon a time", after=""))
    await stage.until(lambda: stage.audience.events("voiceassist.message.saved"))
    lose(stage)
    dead = come_back(stage, NOTHING)
    dead.is_gone = True
    await stage.until(lambda: stage.relay.is_parked)
    client = come_back(stage, NOTHING)
    await stage.until(lambda: client.events("voiceassist.message.saved"))
    await resumed(client, stage)
    assert len(client.events("session.created")) == len(client.events("response.done")) == 1


async def test_a_socket_whose_place_is_taken_takes_nobody_with_it(stage: Stage) -> None:
    lose(stage)
    client = come_back(stage, NOTHING)
    stage.relay.client_left(clean=False, client=stage.audience)
    stage.relay.client_left(clean=True, client=stage.audience)
    assert stage.relay.is_with(client)
    assert not stage.relay.is_settling


async def test_who_is_there_cannot_be_taken_up_and_who_asks_for_another_socket_loses_this_one(
    stage: Stage,
) -> None:
    assert not stage.relay.take_up(Audience(stage.changes), NOTHING)
    stage.relay.lose_client()
    assert stage.audience.is_dismissed
    assert stage.relay.is_parked
    come_back(stage, NOTHING)
    assert not stage.relay.take_up(Audience(stage.changes), NOTHING), "of two sockets the first has it"


async def test_who_does_not_come_back_in_time_left_when_it_was_lost() -> None:
    async with staged(timing=PATIENT, binary_audio=True, announces=True) as stage:
        await stage.ready()
        stage.upstream.say(*turns.answer_begins("item_1", "Once upon a time there was a king", after=""))
        lose(stage)
        await stage.until(lambda: stage.relay.is_parked)
        stage.upstream.say(turns.sound("item_1", SOUND * 100))
        stage.upstream.say(*turns.answer_ends("item_1", "Once upon a time there was a king"))
        await stage.until(lambda: stage.book.said())
        stage.clock.forward(61)
        ended = await stage.ended()
        assert (ended.reason, ended.client_is_gone) == ("client_lost", True)
        [turn] = stage.book.turns.values()
        assert (turn.status, turn.text) == ("interrupted", ""), "nobody heard a word of it"
        assert stage.upstream.times_closed == 1


async def test_waiting_for_a_client_is_not_being_idle() -> None:
    async with staged(timing=PATIENT, binary_audio=True, announces=True, idle_seconds=20.0) as stage:
        await stage.ready()
        lose(stage)
        stage.clock.forward(50)
        client = come_back(stage, NOTHING)
        await resumed(client, stage)
        stage.clock.forward(15)
        await stage.client("voiceassist.ping", id="1")
        await stage.until(lambda: client.events("voiceassist.pong"))
        assert not stage.running.done()
        stage.clock.forward(15)
        assert (await stage.ended()).reason == "idle"


async def test_upstreams_come_and_go_while_nobody_is_there(stage: Stage) -> None:
    seen = last_of(stage.audience)
    await stage.types("Hello", "item_a")
    lose(stage)
    stage.upstream.drop()
    await stage.until(lambda: len(stage.upstream.connections) == 2)
    client = come_back(stage, Seen(seen, None, 0))
    await stage.until(lambda: client.events("voiceassist.reconnected"))
    assert [e["type"] for e in client.heard if isinstance(e, dict)][:2] == [
        "voiceassist.resumed",
        "voiceassist.reconnecting",
    ]


async def test_a_session_that_ends_while_it_is_parked_waits_for_nobody(stage: Stage) -> None:
    lose(stage)
    stage.relay.end("ended_by_owner")
    ended = await stage.ended()
    assert (ended.reason, ended.client_is_gone) == ("ended_by_owner", True)
    assert not stage.relay.take_up(Audience(stage.changes), NOTHING)


async def test_too_much_for_a_client_that_is_away_ends_the_session(stage: Stage) -> None:
    lose(stage)
    stage.upstream.say(*turns.answer_begins("item_1", "Once", after=""))
    for _ in range(18):
        stage.upstream.say(turns.sound("item_1", bytes(1_000_000)))
    assert (await stage.ended()).reason == "slow_client"


async def test_a_line_that_takes_nothing_is_a_network_that_is_dead_and_its_session_waits() -> None:
    brief = replace(PATIENT, stall=0.1)
    async with staged(timing=brief, binary_audio=True, announces=True) as stage:
        await stage.ready()
        seen = Seen(last_of(stage.audience), None, 0)
        stage.audience.gate.shut()
        stage.upstream.say(*turns.typed("item_1", "My knee hurts"))
        await stage.until(lambda: stage.relay.is_parked)
        assert stage.audience.is_dismissed
        client = come_back(stage, seen)
        assert (await resumed(client, stage))["frames"] == 0
        await stage.until(lambda: client.events("conversation.item.added"))
        stage.relay.client_left(clean=True)
        assert (await stage.ended()).reason == "client"


async def test_another_process_that_wants_it_has_it_at_once(stage: Stage) -> None:
    lose(stage)
    stage.relay.let_go()
    assert (await stage.ended()).reason == "client_lost"


async def test_a_clean_goodbye_is_waited_for_by_nobody(stage: Stage) -> None:
    stage.relay.client_left(clean=True)
    assert (await stage.ended()).reason == "client"
    assert stage.book.states == []


async def test_a_client_that_knows_nothing_of_coming_back_is_not_waited_for() -> None:
    async with staged(timing=PATIENT) as stage:
        await stage.ready()
        lose(stage)
        assert (await stage.ended()).reason == "client_lost"
        assert stage.book.states == []


# --- the end of the process -------------------------------------------------------------------------------------------


async def test_a_quiet_session_is_told_and_ends_at_once(stage: Stage) -> None:
    stage.relay.drain(25)
    ended = await stage.ended()
    assert (ended.reason, ended.close_code) == ("draining", 1001)
    [told] = stage.audience.events("voiceassist.draining")
    assert told["seconds"] == 25
    [over] = stage.audience.events("voiceassist.ended")
    assert (over["reason"], over["retryable"]) == ("draining", True)


async def test_whoever_is_sent_away_is_told_how_much_of_what_it_sent_was_read(stage: Stage) -> None:
    await stage.types("Hello", "item_1")
    await stage.client("voiceassist.ping", id="1")
    await stage.until(lambda: "conversation.item.create" in stage.upstream.kinds())
    lose(stage)
    client = come_back(stage, NOTHING)
    await stage.until(lambda: client.events("voiceassist.resumed"))
    await stage.relay.offer(SOUND, client)
    await stage.until(lambda: "input_audio_buffer.append" in stage.upstream.kinds())
    stage.relay.end("draining")
    await stage.ended()
    [over] = client.events("voiceassist.ended")
    assert over["frames"] == 2


async def test_what_waits_for_an_upstream_that_never_comes_was_not_read() -> None:
    async with staged(timing=PATIENT, greets=False, binary_audio=True, announces=True) as stage:
        await stage.types("Hello", "item_1")
        stage.relay.end("provider_silent")
        await stage.ended()
        [over] = stage.audience.events("voiceassist.ended")
        assert over["frames"] == 0


async def test_an_end_that_is_final_asks_for_nothing_more(stage: Stage) -> None:
    stage.relay.end("ended_by_admin")
    await stage.ended()
    assert "frames" not in stage.audience.events("voiceassist.ended")[0]


async def test_an_answer_that_is_being_given_is_finished_first_and_counts_as_heard(stage: Stage) -> None:
    stage.upstream.say(*turns.answer_begins("item_1", "Once upon a time", after=""))
    stage.upstream.say(turns.sound("item_1", SOUND * 100))
    await stage.until(lambda: any(isinstance(thing, bytes) for thing in stage.audience.heard))
    stage.relay.drain(25)
    await stage.until(lambda: stage.audience.events("voiceassist.draining"))
    await stage.client("voiceassist.ping", id="1")
    await stage.until(lambda: stage.audience.events("voiceassist.pong"))
    assert not stage.running.done()
    stage.upstream.say(*turns.answer_ends("item_1", "Once upon a time"))
    assert (await stage.ended()).reason == "draining"
    assert stage.book.said() == [("assistant", "final", "Once upon a time")]
    assert stage.audience.events("response.done")


async def test_one_that_waits_for_its_client_is_let_go_at_once_when_the_process_has_to_stop(
    stage: Stage,
) -> None:
    lose(stage)
    stage.relay.drain(25)
    assert (await stage.ended()).reason == "client_lost"


async def test_a_client_that_is_lost_while_the_process_stops_is_not_waited_for(stage: Stage) -> None:
    stage.upstream.say(*turns.answer_begins("item_1", "Once", after=""))
    await stage.until(lambda: stage.audience.events("response.output_item.added"))
    stage.relay.drain(25)
    lose(stage)
    assert (await stage.ended()).reason == "client_lost"
