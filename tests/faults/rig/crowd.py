"""People who go on talking whatever happens, as a page makes them: lost, they come back, here or at another worker."""

import asyncio
import random
from collections.abc import Callable, Sequence
from itertools import count

import httpx
from websockets.exceptions import WebSocketException

from tests.faults.rig.caller import Caller, Json
from tests.faults.rig.history import History
from tests.faults.rig.preparation import Person
from tests.faults.rig.refusals import Refused
from tests.faults.rig.speech import speech

TROUBLE = (Refused, OSError, TimeoutError, WebSocketException, httpx.HTTPError)
"""What happens to a page and does not end it. (ConnectionError and ssl's errors are OSErrors.)"""
SAVED_WITHIN = 3.0
"""Seconds after which a caller who was not told that a turn is stored takes the connection for dead."""
WORD_BYTES = 2 * 4800
"""How much sound the upstream gives to each word of an answer."""


class Talker(Caller):
    """A caller who looks whether anything comes twice, or not whole."""

    def __init__(self, person: Person, urls: Sequence[str], *, seed: str, history: History) -> None:
        super().__init__(person, urls[0], history=history)
        self.turns = 0
        self._urls = urls
        self._chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._seen: set[str] = set()
        self._short: list[Json] = []
        """Answers that lack sound. It may have been dropped because somebody spoke over them, which is told later."""
        self._numbers = count(1)

    async def live(self, over: asyncio.Event) -> None:
        """Talk until it is over."""
        while not over.is_set():
            try:
                await self._be_there()
                await self._take_a_turn()
            except TROUBLE as trouble:
                self._history.note(self.name, "trouble", which=f"{type(trouble).__name__}: {trouble}"[:300])
                await asyncio.sleep(self._chance.uniform(0.05, 0.4))

    async def finish(self) -> None:
        """Come to rest: connected, everything typed stored, then gone. Raises when that cannot be had any more."""
        for attempt in count(1):
            try:
                await self._be_there()
                await self._see(lambda: not self.unsaved)
                await self._say_and_see()
                break
            except TROUBLE:
                self.drop()
                if attempt == 12:
                    raise
                await asyncio.sleep(0.5)
        await self.leave()

    async def _be_there(self) -> None:
        if self._socket is not None and self.closed is None and self._greeted:
            return
        self.url = self._chance.choice(self._urls)
        if not self.session_id:
            await self.call(output=self._chance.choice(["text", "audio"]))
            return
        try:
            await self.resume()
        except Refused as refusal:
            if refusal.status not in (404, 409):
                raise
            # Too late for that session: another one, on the same conversation.
            await self._let_go()
            await self.call(conversation_id=self.conversation_id, output="audio")

    async def _take_a_turn(self) -> None:
        match self._chance.randrange(12):
            case 0:
                self.drop()
            case 1:
                await self.leave()
                # Who hangs up does not type it again.
                self.unsaved.clear()
                await self.call(conversation_id=self.conversation_id, output="audio")
            case 2 | 3 | 4:
                words = f"{self.name} speaks {next(self._numbers)}"
                self._history.note(self.name, "spoke", text=words)
                await self.speak(speech(words))
                await self._see(lambda: self._has_heard(words))
            case _:
                await self._say_and_see()

    async def _say_and_see(self) -> None:
        item_id = await self.type(f"{self.name} types {next(self._numbers)}")
        await self._see(lambda: self.is_saved(item_id))
        self.turns += 1

    async def _see(self, is_so: Callable[[], bool]) -> None:
        """Wait for something as long as a page would take the connection for alive."""
        try:
            await self.until(lambda: is_so() or self.closed is not None, patience=SAVED_WITHIN)
        except TimeoutError:
            self.drop()
            raise
        if not is_so():
            raise ConnectionError(f"closed with {self.closed}")

    def _has_heard(self, words: str) -> bool:
        return any(told["text"] == words and told["status"] == "final" for told in list(self.saved.values()))

    # --- what comes ---------------------------------------------------------------------------------------------

    def _begin_anew(self) -> None:
        super()._begin_anew()
        self._seen, self._short = set(), []

    async def _heard_event(self, event: Json) -> None:
        await super()._heard_event(event)
        name = str(event.get("event_id"))
        if name in self._seen:
            self._history.note(self.name, "doubled", event=name, kind=event["type"], session=self.session_id)
        self._seen.add(name)
        match event["type"]:
            case "input_audio_buffer.speech_started":
                self._short.clear()
            case "response.created":
                for short in self._short:
                    self._history.note(self.name, "unsound", **short)
                self._short.clear()
            case "response.done" if event["response"]["status"] == "completed":
                for item in event["response"]["output"]:
                    self._measure(item)

    def _measure(self, item: Json) -> None:
        for part in item["content"]:
            if part["type"] != "output_audio" or item["id"] not in self.sound:
                continue
            due, got = len(part["transcript"].split(" ")) * WORD_BYTES, len(self.sound[item["id"]])
            if due != got:
                self._short.append({"item": item["id"], "due": due, "got": got})
