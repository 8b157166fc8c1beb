"""Recordings of real services behind a running relay: the server says its part when the client has said its own."""

import asyncio
import json
from typing import Any

import pytest

from realtime.errors import UpstreamClosed
from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.dialects import Door
from realtime.providers.base import Description
from realtime.providers.translated import TranslatedConnection
from realtime.relay import Relay
from tests.support.dialect_frames import complaint
from tests.support.heard import OneByOne
from tests.support.recordings import SAID, SERVER, is_ours, recording, setup_for
from tests.support.relay_stage import BRISK, PATIENCE, Audience, Book, Changes, Clock, setup_of

FRAME = bytes(1920)
"""Instead of recorded audio, of which only the first bytes were kept."""


class Recital:
    """A recording as it is being played: who has the word, and what the client of it sent instead of its own."""

    description = Description("recorded", "Recorded", "recorded-1", True, (), "", transcription_model="")

    def __init__(self, name: str, changes: Changes) -> None:
        self.entries = recording(name)
        self.at = 0
        self.received: list[str] = []
        self.changes = changes

    @property
    def is_over(self) -> bool:
        return self.at == len(self.entries)

    @property
    def is_client_s_turn(self) -> bool:
        return not self.is_over and self.entries[self.at]["from"] == "client"

    @property
    def is_server_s_turn(self) -> bool:
        return not self.is_over and self.entries[self.at]["from"] == "server"

    def check(self) -> None: ...

    async def connect(self, *, safety_identifier: str) -> TranslatedConnection:
        return TranslatedConnection(Recorded(self), Door("auto"))

    def next(self) -> dict[str, Any]:
        """The entry whose turn it is; the word passes on."""
        self.at += 1
        self.changes.note()
        entry: dict[str, Any] = self.entries[self.at - 1]
        return entry

    async def until_it_got(self, kind: str, times: int) -> None:
        """Wait until the server got so many events of that type."""
        await self.changes.until(lambda: self.got(kind) >= times)

    def got(self, kind: str) -> int:
        """How many events of that type the server got."""
        return sum(json.loads(frame)["type"] == kind for frame in self.received)


class Recorded(OneByOne):
    """A connection of a recital."""

    def __init__(self, recital: Recital) -> None:
        self._recital = recital
        self._is_closed = False

    async def send(self, frame: str) -> None:
        self._recital.received.append(frame)
        self._recital.changes.note()

    async def receive(self) -> str:
        recital = self._recital
        await recital.changes.until(lambda: recital.is_server_s_turn or self._is_closed)
        if self._is_closed:
            raise UpstreamClosed(1000)
        entry = recital.next()
        if "close" in entry:
            raise UpstreamClosed(entry["close"]["code"], entry["close"]["reason"])
        return json.dumps(entry["event"])

    async def close(self) -> None:
        self._is_closed = True
        self._recital.changes.note()


async def _play_the_client(recital: Recital, relay: Relay) -> None:
    """Say what a client of ours may say of the recording, each when its turn has come and the one before got there."""
    configured = 0
    while not recital.is_over:
        await recital.changes.until(lambda: recital.is_client_s_turn or recital.is_over)
        if recital.is_over:
            return
        event = recital.entries[recital.at]["event"]
        if event["type"] == "session.update":
            configured += 1
            await recital.until_it_got("session.update", configured)
        elif event["type"] == "input_audio_buffer.append":
            await relay.offer(FRAME)
        elif is_ours(event) and event.get("item", {}).get("type") != "function_call_output":
            before = recital.got(event["type"])
            await relay.offer(json.dumps(event))
            await recital.until_it_got(event["type"], before + 1)
        recital.next()


@pytest.mark.parametrize("name", SAID)
async def test_what_was_said_in_a_recording_comes_through_the_relay(name: str) -> None:
    changes = Changes()
    recital, audience, book, clock = Recital(name, changes), Audience(changes), Book(changes), Clock()
    relay = Relay(
        core=RealtimeProtocol(setup_of(binary_audio=True, announces=True, **setup_for(name)), clock()),
        client=audience,
        provider=recital,
        ledger=book,
        safety_identifier="somebody",
        clock=clock,
        timing=BRISK,
    )
    running = asyncio.create_task(relay.run())
    async with asyncio.timeout(PATIENCE):
        await _play_the_client(recital, relay)
    await changes.until(lambda: len(book.turns) == len(SAID[name]))
    relay.client_left(clean=True)
    async with asyncio.timeout(PATIENCE):
        await running
    assert book.said() == SAID[name]
    assert {complaint(frame, SERVER[name]) for frame in recital.received} == {""}
    assert audience.events("error") == []
