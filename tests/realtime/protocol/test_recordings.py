"""Recordings of real services as upstream: what was said is what is recorded, and what we send is what they take."""

import json
from pathlib import Path

import pytest

from realtime.protocol.effects import AudioToUpstream, FrameToClient
from realtime.protocol.events import Event
from tests.support.client_frames import complaint
from tests.support.protocol_session import ProtocolSession, Said

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
SAID: dict[str, list[Said]] = {
    "openai-spoken-turn": [
        ("user", "final", "Hello, my name is Marcelo."),
        ("assistant", "final", "Hello, Marcelo! Great to meet you. How can I help you today?"),
    ],
    "azure-spoken-turn": [
        ("user", "final", "Hello, my name is Marcelo."),
        ("assistant", "final", "Hi Marcelo, it's great to meet you! What can I help you with today?"),
    ],
    "openai-typed-turn-spoken-answer": [
        ("user", "final", "Say a short greeting."),
        ("assistant", "final", "Hi there!"),
    ],
    # The two items that were seeded before the question are not turns of this session: nobody of ours said them in it.
    "openai-history-seeded": [
        ("user", "final", "What is my name and favorite color?"),
        ("assistant", "final", "Your name is Alice, and your favorite color is teal!"),
    ],
    "openai-tool-call": [
        ("user", "final", "What is the weather in London?"),
        ("assistant", "final", "It is foggy and 12 degrees in London."),
    ],
}
NOT_OF_THIS_SESSION = {"My name is Alice and my favorite color is teal."}
BETWEEN_FRAMES = 0.04
"""Seconds: the recordings do not say."""
FRAME = bytes(1920)
"""Instead of recorded audio, of which only the first bytes were kept."""


def _recording(name: str) -> list[tuple[str, Event]]:
    lines = (TRACES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(entry["from"], entry["event"]) for entry in map(json.loads, lines)]


def _replay(name: str, *, until: int | None = None, **setup: object) -> ProtocolSession:
    """Upstream's frames as they were recorded; of the client's those that a client of ours may send."""
    session = ProtocolSession(greeted=False, **setup)
    for sender, event in _recording(name)[:until]:
        session.later(BETWEEN_FRAMES)
        if sender == "server":
            session.upstream(event)
        elif event["type"] == "input_audio_buffer.append":
            session.client(FRAME)
        elif _is_ours(event):
            session.client(event)
    return session


def _is_ours(event: Event) -> bool:
    """Whether a client said it in this session, rather than its own relay in setting up."""
    if event["type"] == "session.update" or event.get("item", {}).get("role") == "assistant":
        return False
    return not any(
        part.get("text") in NOT_OF_THIS_SESSION for part in event.get("item", {}).get("content", [])
    )


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


@pytest.mark.parametrize("name", SAID)
def test_wherever_a_recording_is_cut_nothing_that_was_said_is_lost_or_misplaced(name: str) -> None:
    """An answer that was cut is kept as interrupted; its words are a beginning of those that were said."""
    for until in range(len(_recording(name)) + 1):
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
def test_every_frame_that_went_up_in_a_recording_is_one_that_upstream_takes(name: str) -> None:
    session = _replay(name)
    assert session.sent("session.update")
    assert [complaint(json.dumps(event)) for event in session.sent()] == [""] * len(session.sent())
    spoken = sum(event["type"] == "input_audio_buffer.append" for _, event in _recording(name))
    assert sum(isinstance(effect, AudioToUpstream) for effect in session.effects) == spoken
    # A client has no tools of its own here: what it says a tool answered does not go up.
    assert session.errors() == (["unsupported_item"] if name == "openai-tool-call" else [])


@pytest.mark.parametrize("name", SAID)
def test_a_plain_client_gets_the_recorded_frames_untouched(name: str) -> None:
    session = _replay(name)
    recorded = [event for sender, event in _recording(name) if sender == "server"]
    untouched = [event for event in recorded if not event["type"].startswith(("session.", "rate_limits."))]
    assert [
        json.loads(effect.frame) for effect in session.effects if isinstance(effect, FrameToClient)
    ] == untouched


@pytest.mark.parametrize("name", SAID)
def test_the_instructions_of_a_recorded_session_are_not_shown(name: str) -> None:
    session = _replay(name)
    instructions = {
        event["session"]["instructions"]
        for _, event in _recording(name)
        if event["type"].startswith("session.")
    } - {""}
    assert instructions
    told = json.dumps(session.told_client(), ensure_ascii=False)
    assert not [text for text in instructions if text in told]


def test_usage_of_every_recorded_answer_is_counted() -> None:
    for name in SAID:
        done = [event for _, event in _recording(name) if event["type"] == "response.done"]
        assert _replay(name).usage == [
            event["response"]["usage"] for event in done if event["response"]["usage"]
        ]


def test_a_recorded_spoken_answer_comes_in_binary_frames_for_our_dress() -> None:
    session = _replay("openai-spoken-turn", binary_audio=True)
    assert session.sound()
    assert not session.told_client("response.output_audio.delta")
    assert len(session.told_client("response.content_part.added")) == 1
