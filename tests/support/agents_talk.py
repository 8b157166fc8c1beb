"""A conversation held through the stock agents SDK on Node; every frame it receives is checked on the way."""

import asyncio
import base64
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.engine_speaker import silence
from tests.support.ga_events import ga_event
from tests.support.node_program import node
from tests.support.project_files import ROOT

Json = dict[str, Any]
PATIENCE = 20.0
"""Seconds to wait for whatever is to happen."""
LONGEST_LINE = 2**24
_SCRIPT = ROOT / "tests" / "js" / "sdk" / "agents-talk.js"


@dataclass(slots=True)
class AgentsTalk:
    """A process in which the SDK runs: what it was told to do, and what happened to it."""

    process: Process
    frames: list[Json] = field(default_factory=list)
    """Every event that the SDK received."""
    told: list[Json] = field(default_factory=list)
    """What the SDK told its user."""
    complaints: str = ""
    """What the process had to say beside that, once it has ended."""
    _done: list[Json] = field(default_factory=list)
    _happened: asyncio.Condition = field(default_factory=asyncio.Condition)
    _failure: BaseException | None = None

    async def connect(self, url: str, key: str, **config: Any) -> None:
        """Connect, and wait until both of its `session.update`s are answered."""
        await self.does("connect", url=url, key=key, config=config)
        await self.until(lambda: len(self.of("session.updated")) == 2)

    async def types(self, text: str) -> str:
        """A typed turn, and the words of its answer."""
        answered = self.answers
        await self.does("type", text=text)
        return await self.answer_after(answered)

    async def speaks(self, pcm: bytes) -> str:
        """A spoken turn at the pace of speech, and what was understood of it."""
        heard = len(self.heard)
        await self.does("speak", pcm=base64.b64encode(silence(0.2) + pcm + silence(1.0)).decode())
        await self.until(lambda: len(self.heard) > heard)
        return self.heard[heard]

    async def answer_after(self, answered: int) -> str:
        """The words of the answer that comes after so many, once it is given to its end."""
        await self.until(lambda: self.answers > answered)
        ends = [event for event in self.told if event["told"] == "agent_end"]
        return str(ends[answered]["output"])

    async def does(self, what: str, **wanted: Any) -> Json:
        """Do one thing with the SDK; what came of it."""
        assert self.process.stdin is not None
        before = len(self._done)
        self.process.stdin.write(json.dumps({"what": what, **wanted}).encode() + b"\n")
        await self.process.stdin.drain()
        await self.until(lambda: len(self._done) > before)
        done = self._done[before]
        assert done["done"] == what, done
        assert "problem" not in done, done
        return done

    async def until(self, is_so: Callable[[], object]) -> None:
        """Wait until `is_so`; an error that the SDK tells, or a frame that is none, is a failure at once."""
        async with asyncio.timeout(PATIENCE), self._happened:
            while not is_so():
                if self._failure is not None:
                    raise self._failure
                await self._happened.wait()

    def of(self, kind: str) -> list[Json]:
        """The events of that type."""
        return [frame for frame in self.frames if frame["type"] == kind]

    @property
    def heard(self) -> list[str]:
        """What was understood of each spoken turn."""
        done = self.of("conversation.item.input_audio_transcription.completed")
        return [str(event["transcript"]) for event in done]

    @property
    def answers(self) -> int:
        """How many answers have ended."""
        return sum(event["told"] == "agent_end" for event in self.told)

    def times_told(self, what: str) -> int:
        return sum(event["told"] == what for event in self.told)

    @property
    def sound(self) -> bytes:
        """All that it was given to play."""
        deltas = self.of("response.output_audio.delta")
        return b"".join(base64.b64decode(delta["delta"]) for delta in deltas)

    async def read(self) -> None:
        """Take in what happens, until the process ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._happened:
                try:
                    self._take(json.loads(line))
                except Exception as failure:
                    self._failure = self._failure or failure
                self._happened.notify_all()
        assert self.process.stderr is not None
        self.complaints = (await self.process.stderr.read()).decode()
        async with self._happened:
            self._failure = self._failure or AssertionError(f"the SDK's process ended: {self.complaints}")
            self._happened.notify_all()

    def _take(self, happened: Json) -> None:
        if "frame" in happened:
            self.frames.append(happened["frame"])
            ga_event(json.dumps(happened["frame"]))
        elif "told" in happened:
            self.told.append(happened)
            assert happened["told"] != "error", happened
        else:
            self._done.append(happened)


@asynccontextmanager
async def agents_talk() -> AsyncIterator[AgentsTalk]:
    """The SDK in a process of its own; it is ended at the end, and must not have complained."""
    process = await asyncio.create_subprocess_exec(
        node(), _SCRIPT, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=LONGEST_LINE
    )
    talking = AgentsTalk(process)
    reading = asyncio.create_task(talking.read())
    try:
        yield talking
    except BaseException:
        process.kill()  # it may wait for what will not happen
        raise
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.gather(reading, process.wait())
    assert process.returncode == 0, talking.complaints
    assert talking.complaints == ""
