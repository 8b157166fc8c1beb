"""Recordings of real services as upstream: what was said is what is recorded, and what we send is what they take."""

import json
from itertools import pairwise
from typing import Any

import pytest

from realtime.protocol.effects import AudioToClient, FrameToClient
from realtime.protocol.events import Event
from tests.support.dialect_frames import complaint
from tests.support.dialect_stage import BehindDoor
from tests.support.ga_events import ga_event
from tests.support.protocol_session import ProtocolSession
from tests.support.recordings import SAID, SERVER, TRACES, is_ours, recording, said_by_server, setup_for

FOUND = {"ga": "ga", "voice-live": "beta", "xai": "hybrid"}
GA = [name for name, server in SERVER.items() if server == "ga"]
TRANSLATED = [name for name in SAID if name not in GA]
BETWEEN_FRAMES = 0.04
"""Seconds: the recordings do not say."""
FRAME = bytes(1920)
"""Instead of recorded audio, of which only the first bytes were kept."""


def _replay(
    name: str, *, until: int | None = None, behind_door: bool = True, **given: Any
) -> ProtocolSession:
    """The server's frames as they were recorded; of the client's those that a client of ours may send."""
    setup = setup_for(name) | given
    session = BehindDoor(**setup) if behind_door else ProtocolSession(greeted=False, **setup)
    for entry in recording(name)[:until]:
        session.later(BETWEEN_FRAMES)
        if "close" in entry:
            assert isinstance(session, BehindDoor)
            session.lose(entry["close"]["code"], entry["close"]["reason"])
        elif entry["from"] == "server":
            session.upstream(entry["event"])
        elif entry["event"]["type"] == "input_audio_buffer.append":
            session.client(FRAME)
        elif is_ours(entry["event"]):
            session.client(entry["event"])
    return session


def test_all_recordings_are_tried() -> None:
    assert {path.stem for path in TRACES.glob("*.jsonl")} == set(SAID)


@pytest.mark.parametrize("name", SAID)
def test_what_was_said_in_a_recording_is_what_is_recorded(name: str) -> None:
    session = _replay(name)
    session.later(30)
    session.hang_up()
    session.finish()
    assert session.said() == SAID[name]
    assert all(turn.unheard_text == "" for turn in session.rows.values())


@pytest.mark.parametrize("name", SAID)
def test_turns_are_recorded_while_the_session_runs_not_only_at_its_end(name: str) -> None:
    assert _replay(name).said() == SAID[name]


@pytest.mark.parametrize("name", GA)
def test_a_door_makes_no_difference_to_a_server_of_the_ga_dialect(name: str) -> None:
    plain, behind_door = _replay(name, behind_door=False), _replay(name)
    assert behind_door.effects == plain.effects


@pytest.mark.parametrize("name", SAID)
def test_wherever_a_recording_is_cut_nothing_that_was_said_is_lost_or_misplaced(name: str) -> None:
    """An answer that was cut is kept as interrupted; its words are a beginning of those that were said."""
    for until in range(len(recording(name)) + 1):
        session = _replay(name, until=until)
        session.hang_up()
        session.finish()
        for (role, status, text), turn in zip(SAID[name], session.rows.values(), strict=False):
            assert turn.role == role
            words = f"{turn.text} {turn.unheard_text}".strip()
            assert text.startswith(words)
            assert turn.status == status or turn.status in ("interrupted", "failed")
        assert len(session.rows) <= len(SAID[name])


@pytest.mark.parametrize("name", SAID)
def test_nothing_that_a_cut_recording_had_told_in_full_is_missing(name: str) -> None:
    """Once upstream said that a turn's words are all there, they are kept whatever comes then."""
    for until, (before, after) in enumerate(pairwise(_told_in_full(name))):
        assert before <= after
        session = _replay(name, until=until + 1)
        session.hang_up()
        session.finish()
        final = [said for said in session.said() if said[1] == "final"]
        assert final[:after] == SAID[name][:after], until


def _told_in_full(name: str) -> list[int]:
    """How many of the recording's first turns are complete before each of its entries, and after the last."""
    complete, told = 0, [0]
    for entry in recording(name):
        turns = SAID[name]
        if complete < len(turns) and turns[complete][2] in _words(entry):
            complete += 1
        told.append(complete)
    return told


def _words(entry: Event) -> set[str]:
    """The words of a turn that an entry of the recording settles."""
    event = entry.get("event", {})
    if event.get("type") == "response.done":
        parts = [part for item in event["response"]["output"] for part in item.get("content", [])]
        return {part.get("transcript") or part.get("text") for part in parts}
    if event.get("type", "").endswith("transcription.completed") and event.get("status") != "in_progress":
        return {event["transcript"]}
    announced = event.get("type") in ("conversation.item.added", "conversation.item.created")
    if announced and event["item"].get("role") == "user":
        return {part.get("text", "") for part in event["item"]["content"]}
    return set()


@pytest.mark.parametrize("name", SAID)
def test_every_frame_that_went_up_in_a_recording_is_one_that_its_server_takes(name: str) -> None:
    session = _replay(name)
    assert isinstance(session, BehindDoor)
    assert session.goes_up("session.update")
    assert {complaint(frame, SERVER[name]) for frame in session.went_up} == {""}
    spoken = sum(
        entry.get("event", {}).get("type") == "input_audio_buffer.append" for entry in recording(name)
    )
    assert len(session.goes_up("input_audio_buffer.append")) == spoken
    # A client has no tools of its own here: what it says a tool answered does not go up.
    assert session.errors() == (["unsupported_item"] if name == "openai-tool-call" else [])


@pytest.mark.parametrize("name", SAID)
def test_the_configuration_of_a_recording_asks_for_what_its_client_asked_for(name: str) -> None:
    """Our own configuration may say more, and names other voices; it never says the same thing in another way."""
    session = _replay(name)
    assert isinstance(session, BehindDoor)
    asked = next(e["event"] for e in recording(name) if e.get("event", {}).get("type") == "session.update")
    ours = session.goes_up("session.update")[0]["session"]
    theirs = asked["session"]
    # We have no tools of our own, and resume nothing after a drop: a new session is told what was said.
    assert set(theirs) - {"tools", "resumption"} <= set(ours)
    for field in ("input_audio_format", "output_audio_format", "input_audio_sampling_rate"):
        assert ours.get(field) == theirs.get(field)
    if "audio" in theirs:
        assert ours["audio"]["input"]["format"] == theirs["audio"]["input"]["format"]


@pytest.mark.parametrize("name", SAID)
def test_every_frame_for_a_client_fits_the_ga_dialect(name: str) -> None:
    session = _replay(name, announces=False)
    frames = [json.dumps(event) for event in session.told_client()]
    assert len(frames) > 10
    for frame in frames:
        if '"session.' not in frame[:40]:
            ga_event(frame)


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_client_is_told_ga_s_own_course_of_a_recording_in_another_dialect(name: str) -> None:
    """Every item is added once and done once, every answer begins once and is done once, in that order."""
    session = _replay(name)
    told = session.told_client()
    for begins, ends, path in (
        ("conversation.item.added", "conversation.item.done", "item"),
        ("response.output_item.added", "response.output_item.done", "item"),
        ("response.created", "response.done", "response"),
    ):
        begun = [event[path]["id"] for event in told if event["type"] == begins]
        ended = [event[path]["id"] for event in told if event["type"] == ends]
        assert begun and len(set(begun)) == len(begun)
        assert sorted(begun) == sorted(ended)
        places = {event[path]["id"]: index for index, event in enumerate(told) if event["type"] == begins}
        assert all(places[event[path]["id"]] < i for i, event in enumerate(told) if event["type"] == ends)


@pytest.mark.parametrize("name", GA)
def test_a_plain_client_gets_the_recorded_frames_untouched(name: str) -> None:
    session = _replay(name)
    untouched = [
        event for event in said_by_server(name) if not event["type"].startswith(("session.", "rate_limits."))
    ]
    assert [
        json.loads(effect.frame) for effect in session.effects if isinstance(effect, FrameToClient)
    ] == untouched


@pytest.mark.parametrize("name", SAID)
def test_the_dialect_of_a_recording_is_found_out(name: str) -> None:
    session = _replay(name)
    assert isinstance(session, BehindDoor)
    assert session.door.dialect == FOUND[SERVER[name]]


@pytest.mark.parametrize("name", SAID)
def test_the_instructions_of_a_recorded_session_are_not_shown(name: str) -> None:
    session = _replay(name)
    instructions = {
        event["session"]["instructions"]
        for event in said_by_server(name)
        if event["type"].startswith("session.")
    } - {""}
    assert instructions
    told = json.dumps(session.told_client(), ensure_ascii=False)
    assert not [text for text in instructions if text in told]


@pytest.mark.parametrize("name", SAID)
def test_usage_of_every_recorded_answer_is_counted(name: str) -> None:
    done = [event for event in said_by_server(name) if event["type"] == "response.done"]
    told = [event["response"]["usage"] or event.get("usage") or {} for event in done]
    counted = [usage for usage in _replay(name).usage if "total_tokens" in usage]
    assert [usage["total_tokens"] for usage in counted] == [usage["total_tokens"] for usage in told]
    for ours, theirs in zip(counted, told, strict=True):
        for details in ("input_token_details", "output_token_details"):
            for modality in ("text_tokens", "audio_tokens"):
                assert ours[details][modality] == theirs[details][modality]


@pytest.mark.parametrize("name", ["openai-spoken-turn", "voice-live-beta-spoken-turn", "xai-spoken-turn"])
def test_a_recorded_spoken_answer_comes_in_binary_frames_for_our_dress(name: str) -> None:
    session = _replay(name, binary_audio=True)
    assert session.sound()
    assert not session.told_client("response.output_audio.delta")
    assert len(session.told_client("response.content_part.added")) == 1


def test_a_session_goes_on_through_the_drop_of_arecording() -> None:
    session = _replay("xai-resumed-after-drop", announces=True)
    assert isinstance(session, BehindDoor)
    assert session.end is None
    assert len(session.goes_up("session.update")) == 2
    assert len(session.told_client("session.created")) == 1
    assert any(isinstance(effect, AudioToClient | FrameToClient) for effect in session.effects)
    # Neither what the old server was asked is asked again, nor what it answered.
    assert len(session.goes_up("conversation.item.create")) == 2
    assert len(session.goes_up("response.create")) == 2
