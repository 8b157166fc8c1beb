"""A client of an engine session in the same process: sends events, reads frames, checks each of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from realtime.engine.dialogue.frames import Json
from realtime.engine.server import Engine, EngineSession
from tests.support.ga_events import ga_event

PATIENCE = 10
"""Seconds after which a frame that does not come fails the test."""


class EngineClient:
    def __init__(self, session: EngineSession) -> None:
        self.session = session
        self.frames: list[Json] = []

    async def send(self, kind: str, **members: Any) -> None:
        await self.session.send(json.dumps({"type": kind, **members}))

    async def next(self) -> Json:
        """The next frame."""
        frame = await asyncio.wait_for(self.session.receive(), timeout=PATIENCE)
        ga_event(frame)
        self.frames.append(json.loads(frame))
        return self.frames[-1]

    async def until(self, kind: str) -> Json:
        """The next frame of that type; those before it are kept in `frames`."""
        while (frame := await self.next())["type"] != kind:
            pass
        return frame

    async def ask(self, text: str, **response: Any) -> str:
        """A typed turn, and the words of its answer."""
        content = [{"type": "input_text", "text": text}]
        await self.send(
            "conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )
        await self.send("response.create", response=response)
        done = await self.until("response.done")
        assert done["response"]["status"] == "completed", done
        part = done["response"]["output"][0]["content"][0]
        return str(part.get("text") or part.get("transcript"))


@asynccontextmanager
async def engine_client(engine: Engine) -> AsyncIterator[EngineClient]:
    """A session of `engine`, greeted; closed at the end, and the engine with it."""
    client = EngineClient(await engine.open())
    assert (await client.next())["type"] == "session.created"
    try:
        yield client
    finally:
        await client.session.close()
        await engine.close()
