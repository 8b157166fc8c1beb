"""A person with a client: speaks, writes, listens, interrupts, leaves; and knows what was said and heard."""

import asyncio
import json
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from realtime.relay import Relay
from tests.realtime.audit.facts import Remark
from tests.realtime.audit.plans import Act, VisitPlan
from tests.realtime.audit.player import Player
from tests.realtime.audit.virtual_time import virtual_loop
from tests.realtime.audit.voice import Lexicon, code_of, sound

Event = dict[str, Any]
FRAME_MS = 100
WORD_MS = 120
FALLS_SILENT_MS = 700
REST = 85.0
"""Seconds after which everything has come to rest: patience with words, watchdogs and back-off all end before."""


@dataclass(slots=True)
class Person:
    """One client's end of a session (see `realtime.relay.Client`)."""

    plan: VisitPlan
    visit: int
    lexicon: Lexicon
    relay: Relay = field(init=False)
    player: Player = field(default_factory=Player)
    remarks: list[Remark] = field(default_factory=list)
    heard: list[Event] = field(default_factory=list)
    responding: str = ""
    left_at: float | None = None
    last_act_at: float = 0.0
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _reports: "set[asyncio.Task[None]]" = field(default_factory=set)

    # --- what comes (realtime.relay.Client) -------------------------------------------------------------------------

    async def send_text(self, frame: str) -> None:
        self._listen(frame)

    async def send_audio(self, pcm: bytes) -> None:
        self._listen(pcm)

    def takes(self, frame: str | bytes) -> bool:
        if self.left_at is None:
            self._listen(frame)
        return self.left_at is None

    def dismiss(self, *, may_return: bool = False) -> None:
        """It has no other socket to be dismissed for."""

    def _listen(self, frame: str | bytes) -> None:
        if self.left_at is not None:
            raise OSError("the client is gone")
        if isinstance(frame, bytes):
            self.player.sound(frame, virtual_loop().time())
            return
        event = json.loads(frame)
        self.heard.append(event | {"heard_at": virtual_loop().time()})
        match event["type"]:
            case "session.created":
                self._ready.set()
            case "response.created":
                self.responding = event["response"]["id"]
            case "response.done":
                self.responding = ""
            case "input_audio_buffer.speech_started":
                self._fall_silent(by_voice=True)
            case _:
                self.player.take(event, virtual_loop().time())

    # --- what is done -----------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Do all that is planned, and wait until everything has come to rest."""
        await self._ready.wait()
        for act in self.plan.acts:
            await asyncio.sleep(act.pause)
            await _ACTS[act.kind](self, act)
            self.last_act_at = virtual_loop().time()

    async def _speak(self, act: Act) -> None:
        if not self.plan.voice_detection:
            await self._stop(act)  # holding the button interrupts
        now = virtual_loop().time()
        words = self.lexicon.for_person(act.words)
        remark = Remark(words, is_spoken=True, visit=self.visit, begun_at=now, asked=act.asks)
        self.remarks.append(remark)
        await self._say(remark)
        if self.plan.voice_detection:
            await self._sound(sound(0, FALLS_SILENT_MS))
        else:
            await self._send("input_audio_buffer.commit")
            if act.asks:
                await self._send("response.create")

    async def _say(self, remark: Remark) -> None:
        """Frames know nothing of words: most words begin in one and end in another."""
        pcm = b"".join(sound(code_of(word), WORD_MS) for word in remark.words)
        for begin in range(0, len(pcm), 48 * FRAME_MS):
            end = min(begin + 48 * FRAME_MS, len(pcm))
            await self._frame(pcm[begin:end])
            for number, word in enumerate(remark.words, 1):
                if word not in remark.given_at and number * WORD_MS * 48 <= end:
                    remark.given_at[word] = virtual_loop().time()

    async def _sound(self, pcm: bytes) -> None:
        for begin in range(0, len(pcm), 48 * FRAME_MS):
            await self._frame(pcm[begin : begin + 48 * FRAME_MS])

    async def _frame(self, pcm: bytes) -> None:
        await asyncio.sleep(len(pcm) / 48_000)
        if self.plan.binary:
            await self._offer(pcm)
        else:
            await self._send("input_audio_buffer.append", audio=b64encode(pcm).decode())

    async def _noise(self, act: Act) -> None:
        await self._sound(sound(self.lexicon.noise(), 150) + sound(0, FALLS_SILENT_MS))
        if not self.plan.voice_detection:
            await self._send("input_audio_buffer.clear")

    async def _type(self, act: Act) -> None:
        self._fall_silent()
        words = self.lexicon.for_person(act.words)
        now = virtual_loop().time()
        remark = Remark(words, is_spoken=False, visit=self.visit, begun_at=now, asked=act.asks)
        content = [{"type": "input_text", "text": " ".join(words)}]
        item: Event = {"type": "message", "role": "user", "content": content}
        if act.names_item:
            # Clients count too: a second client of the session begins again.
            remark.item_id = item["id"] = f"typed_{len(self.remarks)}"
        self.remarks.append(remark)
        if await self._send("conversation.item.create", item=item):
            remark.given_at = dict.fromkeys(words, virtual_loop().time())
        if act.asks:
            await self._send("response.create")

    async def _stop(self, act: Act) -> None:
        if self.responding:
            await self._send("response.cancel")
        self._fall_silent()

    async def _wait(self, act: Act) -> None:
        await asyncio.sleep(4.0)

    # --- the player's reports ---------------------------------------------------------------------------------------

    def _fall_silent(self, *, by_voice: bool = False) -> None:
        """A client that tells nobody what was heard goes silent only where upstream can know of it."""
        if not (by_voice or self.plan.reports):
            return
        cuts = self.player.stop(virtual_loop().time(), by_voice=by_voice)
        if cuts and self.plan.reports:
            report = asyncio.get_running_loop().create_task(self._report(cuts), name="player reports")
            self._reports.add(report)
            report.add_done_callback(self._reports.discard)

    async def _report(self, cuts: list[tuple[str, int, str]]) -> None:
        await asyncio.sleep(self.plan.report_delay)
        await self._tell_cuts(cuts)

    async def _tell_cuts(self, cuts: list[tuple[str, int, str]]) -> None:
        for item_id, played_ms, first_word in cuts:
            cut = {"item_id": item_id, "content_index": 0, "audio_end_ms": played_ms}
            if await self._send("conversation.item.truncate", **cut) and first_word:
                self.player.playing.stops[first_word].reported_at = virtual_loop().time()

    # --- sending and leaving ----------------------------------------------------------------------------------------

    async def _send(self, kind: str, **members: Any) -> bool:
        return await self._offer(json.dumps({"type": kind} | members))

    async def _offer(self, frame: str | bytes) -> bool:
        """Hand a frame over. Whether there was still somebody to take it."""
        if self.left_at is not None:
            return False
        await self.relay.offer(frame)
        return True

    async def leave(self, *, clean: bool) -> None:
        """Go; a page that goes in order says first what was heard so far."""
        if self.left_at is None:
            cuts = self.player.stop(virtual_loop().time(), by_voice=True)
            if clean and self.plan.reports:
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self._tell_cuts(cuts)
            self.left_at = virtual_loop().time()
            self.relay.client_left(clean=clean)


_ACTS = {
    "speak": Person._speak,
    "type": Person._type,
    "noise": Person._noise,
    "stop": Person._stop,
    "wait": Person._wait,
}
