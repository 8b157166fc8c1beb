"""Every recording of a real service, played over real sockets to a whole session: what was said is what is stored.

What was said is read from the recording itself, event by event, and not from what our own code makes of it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from conversations.models import Message
from realtime.executors import in_database
from realtime.providers.registry import provider_for
from tests.support.dialect_frames import complaint
from tests.support.scripted_steps import Close, Emit, Expect, ExpectAudio, Step
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.sessions import CONFIG, issue
from tests.support.socket_stage import OWN, Socket, key

pytestmark = pytest.mark.django_db(transaction=True)

TRACES = Path(__file__).parents[1] / "fixtures" / "traces"
NAMES = sorted(path.stem for path in TRACES.glob("*.jsonl"))
DIALECTS = {"voice-live": "voice-live", "xai": "xai"}
"""The dialect a service takes, by the beginning of its recordings' names; GA else."""
FRAME = bytes(1920)
APPEND = "input_audio_buffer.append"

Event = dict[str, Any]
Row = tuple[str, str, str]


@dataclass(slots=True)
class Life:
    """One connection of a recording."""

    events: list[tuple[str, Event]] = field(default_factory=list)
    close: Event | None = None

    def by(self, sender: str) -> list[Event]:
        return [event for who, event in self.events if who == sender]

    @property
    def seeded(self) -> list[str]:
        """What the recording's client typed only to tell of an earlier conversation: an answer of it follows."""
        creates = [
            event["item"] for event in self.by("client") if event["type"] == "conversation.item.create"
        ]
        last = max((at for at, item in enumerate(creates) if item.get("role") == "assistant"), default=0)
        return [_typed(item) for item in creates[:last]]

    @property
    def turns(self) -> list[Event]:
        """What a client of ours says of all that the recording's client sent; the rest is its own set-up."""
        return [event for event in self.by("client") if _is_a_clients(event, self.seeded)]


def _is_a_clients(event: Event, seeded: list[str]) -> bool:
    if event["type"] == "conversation.item.create":
        return event["item"].get("role") == "user" and _typed(event["item"]) not in seeded
    return event["type"] in ("response.create", APPEND)


def _typed(item: Event) -> str:
    return " ".join(part.get("text", "") for part in item.get("content", []))


def recording(name: str) -> list[Life]:
    lives: list[Life] = []
    for line in map(json.loads, (TRACES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()):
        if line.get("event", {}).get("type") == "session.created":
            lives.append(Life())
        if "close" in line:
            lives[-1].close = line["close"]
        else:
            lives[-1].events.append((line["from"], line["event"]))
    return lives


# --- what was said, by the recording's own word -------------------------------------------------------------------


def said(life: Life) -> Iterator[Row]:
    """Who said what on a connection, in the order in which the service made items of it."""
    server = life.by("server")
    typed = [_typed(event["item"]) for event in life.turns if event["type"] == "conversation.item.create"]
    for event in server:
        item = event.get("item", {})
        if event["type"] == "input_audio_buffer.committed":
            yield "user", "final", _transcript(server, event["item_id"])
        elif (
            event["type"] in ("conversation.item.added", "conversation.item.created")
            and item["type"] == "message"
        ):
            if item["role"] == "user" and _typed(item) in typed:
                typed.remove(_typed(item))
                yield "user", "final", _typed(item)
        elif event["type"] == "response.output_item.added" and item["type"] == "message":
            yield "assistant", "final", _answer(server, item["id"])


def _transcript(server: list[Event], item_id: str) -> str:
    [words] = [
        event["transcript"]
        for event in server
        if event["type"] == "conversation.item.input_audio_transcription.completed"
        and event["item_id"] == item_id
        and event.get("status") != "in_progress"
    ]
    return str(words)


def _answer(server: list[Event], item_id: str) -> str:
    done = ("response.output_audio_transcript.done", "response.audio_transcript.done")
    written = ("response.output_text.done", "response.text.done")
    [words] = [
        event["transcript"] if event["type"] in done else event["text"]
        for event in server
        if event["type"] in done + written and event["item_id"] == item_id
    ]
    return str(words)


# --- the player -------------------------------------------------------------------------------------------------------


def script(life: Life) -> Iterator[Step]:
    """What the service said, in order; it waits for the client's turns where the recording has them."""
    was_audio = False
    for sender, event in life.events:
        is_audio = sender == "client" and event["type"] == APPEND
        if sender == "server":
            yield Emit(json.dumps(event))
        elif is_audio and not was_audio:
            yield ExpectAudio(1000)
        elif event["type"] == "session.update" or (not is_audio and _is_a_clients(event, life.seeded)):
            yield Expect(event["type"])
        was_audio = is_audio
    if life.close is not None:
        yield Close(life.close["code"], life.close["reason"])


async def talk(socket: Socket, life: Life, answered: int) -> int:
    """Say what the client said, and wait for each answer; how many were given by then."""
    for event in life.turns:
        if event["type"] == APPEND:
            socket.audio(FRAME)
        else:
            socket.text(json.dumps(event))
    wanted: int = answered + sum(event["type"] == "response.done" for event in life.by("server"))
    await socket.until(lambda: len(socket.events("response.done")) == wanted or socket.closed)
    assert socket.closed is None, socket.heard
    return wanted


def kept() -> list[Row]:
    return list(Message.objects.order_by("position").values_list("role", "status", "text"))


@pytest.mark.parametrize("name", NAMES)
async def test_what_was_said_in_a_recording_is_what_is_stored(settings: Any, alice: User, name: str) -> None:
    lives = recording(name)
    async with ScriptedUpstream(*map(list, map(script, lives)), strict=False) as upstream:
        settings.REALTIME = replace(
            CONFIG, provider="compatible", base_url=upstream.url, model="recorded", identifier_salt="salt"
        )
        issued = await in_database(issue)(alice, settings.REALTIME)
        socket = await Socket(OWN, key(issued.ticket.secret), provider_for=provider_for).ready()
        answered = 0
        for number, life in enumerate(lives):
            answered = await talk(socket, life, answered)
            if number + 1 < len(lives):
                await socket.until(lambda: socket.events("voiceassist.reconnected"))
        socket.clock.forward(60)  # until all of it is played
        await socket.leave()
        frames = upstream.frames
    assert await in_database(kept)() == [row for life in lives for row in said(life)]
    dialect = next((takes for service, takes in DIALECTS.items() if name.startswith(service)), "ga")
    assert [bad for frame in frames if (bad := complaint(json.dumps(frame), dialect))] == []
    assert upstream.problems == []
    assert len(upstream.links) == len(lives)


def test_the_recordings_hold_what_they_are_said_to_hold() -> None:
    """So that an empty reading of them cannot pass."""
    words = {name: [text for life in recording(name) for _, _, text in said(life)] for name in NAMES}
    assert words["xai-spoken-turn"] == [
        "Hello, my name is Marcelo.",
        "Hello Marcelo! Nice to meet you. How can I help you today?",
    ]
    assert [len(turns) for turns in words.values()] == [4 if "after-drop" in name else 2 for name in NAMES]
    assert len(NAMES) >= 9
