"""The scripted upstream can be trusted: it speaks as recorded servers do and lets nothing pass unscripted."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.ga_events import ga_event
from tests.support.scripted_steps import Close, Drop, Emit, Expect, Gate, Script
from tests.support.scripted_turns import (
    answer_begun,
    greeting,
    interrupted_by,
    set_up,
    spoken_turn,
    typed_turn,
    wrong_key,
)
from tests.support.scripted_upstream import OFF_SCRIPT, ScriptedUpstream

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
UPDATE = {"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}}
ITEM = {
    "type": "conversation.item.create",
    "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
}
SILENCE = {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(4800)).decode()}


async def talk(upstream: ScriptedUpstream, *frames: dict[str, Any] | int) -> list[dict[str, Any]]:
    """Send events; a number instead waits until so many frames have come. All that came until the script's close."""
    told: list[str] = []
    async with connect(upstream.url + "?model=gpt-realtime-2.1") as socket:
        for frame in frames:
            if isinstance(frame, int):
                while len(told) < frame:
                    told.append(str(await socket.recv()))
            else:
                await socket.send(json.dumps(frame))
        async for said in socket:
            told.append(str(said))
    for said in told:
        ga_event(said)
    return [json.loads(said) for said in told]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def recorded(name: str) -> Iterator[str]:
    """The types of what a real server sent, repeated deltas once."""
    before = ""
    for line in (TRACES / name).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        kind = entry["event"]["type"]
        if entry["from"] == "server" and kind != before:
            yield kind
            before = kind


def without_repeats(all_kinds: list[str]) -> list[str]:
    return [kind for kind, before in zip(all_kinds, ["", *all_kinds], strict=False) if kind != before]


async def test_a_typed_turn_has_the_order_of_a_recorded_one() -> None:
    with ScriptedUpstream([*set_up(), *typed_turn("Hi there, you!"), Close()]) as upstream:
        told = await talk(upstream, UPDATE, ITEM, {"type": "response.create"})
    assert without_repeats(kinds(told)) == [
        *recorded("openai-typed-turn-spoken-answer.jsonl"),
        "rate_limits.updated",
    ]


async def test_a_text_answer_is_given_where_text_was_asked_for() -> None:
    with ScriptedUpstream([*set_up(), *typed_turn("Hi there."), Close()]) as upstream:
        wanted = {"type": "response.create", "response": {"output_modalities": ["text"]}}
        told = await talk(upstream, UPDATE, ITEM, wanted)
    assert "response.output_text.done" in kinds(told)
    assert not [kind for kind in kinds(told) if "audio" in kind]


@pytest.mark.parametrize("words_come", ["before", "during", "after"])
async def test_a_spoken_turn_is_made_of_ga_events_wherever_its_words_come(words_come: Any) -> None:
    with ScriptedUpstream(
        [*set_up(), *spoken_turn("hello", "Good day to you.", words_come=words_come), Close()]
    ) as upstream:
        told = kinds(await talk(upstream, UPDATE, 2, SILENCE))
    words = told.index("conversation.item.input_audio_transcription.completed")
    places = {
        "before": "input_audio_buffer.committed",
        "during": "response.done",
        "after": "rate_limits.updated",
    }
    assert (words < told.index(places[words_come])) == (words_come != "after")


async def test_an_interruption_ends_the_answer_begun_and_wants_it_cut_back() -> None:
    script = [
        *set_up(),
        Expect("response.create"),
        answer_begun("One two three four five.", words=3),
        *interrupted_by("stop please", "All right."),
    ]
    with ScriptedUpstream(script) as upstream:
        async with connect(upstream.url) as socket:
            await socket.send(json.dumps(UPDATE))
            await socket.send(json.dumps({"type": "response.create"}))
            told: list[dict[str, Any]] = []
            while "response.done" not in kinds(told):
                told.append(json.loads(await socket.recv()))
            done = told[-1]["response"]
            assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
            assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "One two three"}]
            cut = {"item_id": done["output"][0]["id"], "content_index": 0, "audio_end_ms": 400}
            await socket.send(json.dumps({"type": "conversation.item.truncate", **cut}))
            while kinds(told).count("response.done") < 2:
                told.append(json.loads(await socket.recv()))
    assert "conversation.item.truncated" in kinds(told)
    for event in told:
        ga_event(json.dumps(event))


async def test_an_update_is_answered_with_the_whole_effective_session() -> None:
    update = {"type": "realtime", "audio": {"input": {"transcription": {"model": "gpt-transcribe"}}}}
    with ScriptedUpstream([*set_up(), Close()]) as upstream:
        _, updated = await talk(upstream, {"type": "session.update", "session": update})
    heard = updated["session"]["audio"]["input"]
    assert heard["transcription"] == {"model": "gpt-transcribe", "language": None, "prompt": None}
    assert heard["turn_detection"]["silence_duration_ms"] == 500
    assert updated["session"]["model"] == "gpt-realtime-2.1"


async def test_the_handshake_is_on_record() -> None:
    with ScriptedUpstream([greeting()]) as upstream:
        async with connect(upstream.url + "?model=m&x=1", subprotocols=["realtime", "another"]) as socket:  # type: ignore[list-item]
            assert socket.subprotocol == "realtime"
            await socket.recv()
    (handshake,) = upstream.handshakes
    assert (handshake.path, handshake.query) == ("/v1/realtime", {"model": "m", "x": "1"})
    assert handshake.subprotocols == ("realtime", "another")


async def test_a_wrong_key_is_let_in_and_then_shown_the_door_with_its_tail_in_the_words() -> None:
    with ScriptedUpstream(wrong_key()) as upstream:
        async with connect(
            upstream.url, additional_headers={"Authorization": "Bearer canary-wxyz"}
        ) as socket:
            told = json.loads(await socket.recv())
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
    assert told["error"]["message"].endswith("wxyz.")
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
        3000,
        "invalid_request_error.invalid_api_key",
    )


async def test_a_script_goes_on_when_its_gate_is_opened() -> None:
    with ScriptedUpstream([Gate("now"), greeting()]) as upstream:
        async with connect(upstream.url) as socket:
            assert not upstream.is_played
            upstream.open_gate("now")
            assert json.loads(await socket.recv())["type"] == "session.created"


async def complaint_of(script: Script, *frames: dict[str, Any] | str) -> str:
    """What the upstream complains of when a client sends these frames and leaves."""
    with pytest.raises(AssertionError) as complaint:
        async with ScriptedUpstream(script) as upstream:
            async with connect(upstream.url) as socket:
                for frame in frames:
                    await socket.send(frame if isinstance(frame, str) else json.dumps(frame))
            await upstream.until(lambda: upstream.problems or upstream.invalid_frames)
    return str(complaint.value)


async def test_another_frame_than_the_expected_one_is_told() -> None:
    assert "expected response.create, received" in await complaint_of([Expect("response.create")], ITEM)


async def test_a_frame_that_lacks_what_is_wanted_is_told() -> None:
    script = [Expect("conversation.item.create", lambda frame: frame["item"].get("id") == "item_1")]
    assert "not as expected" in await complaint_of(script, ITEM)


async def test_a_frame_that_nobody_expected_is_told() -> None:
    assert "nobody expected" in await complaint_of([], ITEM)


async def test_microphone_audio_is_never_unexpected() -> None:
    with ScriptedUpstream([Expect("response.create")]) as upstream:
        async with connect(upstream.url) as socket:
            for frame in (SILENCE, {"type": "response.create"}, SILENCE):
                await socket.send(json.dumps(frame))
            await socket.close()
    assert len(upstream.received("input_audio_buffer.append")) == 2


async def test_steps_that_were_not_reached_are_told() -> None:
    assert "the client left" in await complaint_of([Expect("response.create"), Emit({"type": "x"})])


async def test_a_field_that_the_realtime_api_does_not_know_is_told() -> None:
    update = {"type": "session.update", "session": {"type": "realtime", "voice": "marin"}}
    assert "session.RealtimeSessionCreateRequestParam.voice" in await complaint_of(
        [Expect("session.update")], update
    )


async def test_a_frame_that_is_no_json_is_told() -> None:
    assert "not JSON" in await complaint_of([], "{")


async def test_a_dropped_connection_has_no_closing_frame() -> None:
    with ScriptedUpstream([Drop()]) as upstream:
        async with connect(upstream.url) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
    assert closed.value.rcvd is None


async def test_every_connection_has_a_script_of_its_own() -> None:
    with ScriptedUpstream([Close(1001)], [Close(4000)]) as upstream:
        codes = []
        for _ in range(2):
            async with connect(upstream.url) as socket:
                with pytest.raises(ConnectionClosed):
                    await socket.recv()
                codes.append(socket.close_code)
    assert codes == [1001, 4000]
    assert OFF_SCRIPT not in codes


async def test_a_connection_that_was_not_made_is_told() -> None:
    with (
        pytest.raises(AssertionError, match="1 connections were scripted, 0 were made"),
        ScriptedUpstream([]),
    ):
        pass
