"""One running site and one address for its upstreams: what the fault tests of the two ends stand on.

    with stage.upstream([*set_up(), *typed_turn("Hello.")]) as upstream:
        async with stage.visitor() as visitor:
            await visitor.ask("Hi", "item_1")

The site runs on while upstreams come and go at the address that it was given.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.faults.rig.preparation import Person
from tests.faults.rig.processes import Worker, home, worker
from tests.support import memory_marks
from tests.support.manage_program import free_port
from tests.support.raw_socket import CLOSE, Json, RawSocket, key, raw_socket
from tests.support.scripted_steps import Script
from tests.support.scripted_upstream import ScriptedUpstream

OWN, GA = "voiceassist.v1", "realtime"
KEY = "sk-canary-of-the-fault-tests"
SETTLING = 8.0
"""Seconds within which a session that is over has put everything down, on a machine with other work to do."""
_TLS = httpx.create_ssl_context()
"""Made once: it takes longer than most answers do, and nobody here speaks TLS."""
HASTY = {"DJANGO_SETTINGS_MODULE": "tests.support.hasty_settings"}


@dataclass(slots=True)
class Visitor:
    """Somebody at a socket of the site, over whom a test has full power."""

    socket: RawSocket
    stage: "Stage"
    session_id: str
    conversation_id: str
    ticket: str = field(repr=False)
    who: int = 0

    async def ask(self, text: str, item_id: str) -> None:
        """A typed turn, without waiting for its answer."""
        content = [{"type": "input_text", "text": text}]
        item = {"id": item_id, "type": "message", "role": "user", "content": content}
        await self.socket.say("conversation.item.create", item=item)
        await self.socket.say("response.create")

    async def answered(self, times: int = 1) -> None:
        """Read on until so many answers were completed, counted from the beginning."""
        while len(self.completed) < times:
            await self.socket.event("response.done")

    async def saved(self, turns: int) -> None:
        """Read on until so many different turns are stored for good."""
        while len(self._kept()) < turns:
            await self.socket.event("voiceassist.message.saved")

    async def ended(self) -> tuple[int, Json]:
        """Read on until the server closes: the code, and the `voiceassist.ended` before it."""
        code = await self.socket.closed()
        [told] = self.socket.events("voiceassist.ended")
        return code, told

    async def leave(self) -> None:
        """Close as a browser does, and wait until everything of the session is put down."""
        if not self.socket.writer.is_closing():
            await self.socket.send(CLOSE, (1000).to_bytes(2, "big"))
            await self.socket.closed()
        await self.state(lambda row: row["state"] == "ended")

    @property
    def completed(self) -> list[Json]:
        return [
            event
            for event in self.socket.events("response.done")
            if event["response"].get("status") == "completed"
        ]

    async def state(self, is_so: Callable[[Json], object], *, within: float = SETTLING) -> Json:
        """The session's row as the API shows it, as soon as `is_so`. Raises AssertionError after `within` seconds."""
        path = f"/api/voice/sessions/{self.session_id}/"
        row: Json = await self.stage.until(lambda: self.stage.get(path, who=self.who), is_so, within)
        return row

    async def kept(
        self, count: int, is_so: Callable[[list[Json]], object] = bool
    ) -> list[tuple[str, str, str]]:
        """Role, status and words of what is kept of the conversation, as soon as it is `count` turns, and `is_so`."""
        rows = await self.stage.until(
            self._messages, lambda rows: len(rows) >= count and is_so(rows), SETTLING
        )
        assert [row["position"] for row in rows] == list(range(len(rows))), "positions have gaps"
        return [(row["role"], row["status"], row["text"]) for row in rows]

    async def _messages(self) -> list[Json]:
        found = await self.stage.get(f"/api/conversations/{self.conversation_id}/messages/", who=self.who)
        rows: list[Json] = found["results"]
        return rows

    def _kept(self) -> set[str]:
        return {
            event["message_id"]
            for event in self.socket.events("voiceassist.message.saved")
            if event["status"] != "pending"
        }


@dataclass(slots=True)
class Stage:
    """A site in a process of its own, and the port at which it looks for its upstream."""

    worker: Worker
    upstream_port: int

    @property
    def port(self) -> int:
        return self.worker.port

    @property
    def url(self) -> str:
        return self.worker.url

    @property
    def people(self) -> list[Person]:
        return self.worker.home.people

    def upstream(self, *scripts: Script, **how: Any) -> ScriptedUpstream:
        """An upstream where the site looks for it."""
        return ScriptedUpstream(*scripts, port=self.upstream_port, **how)

    # --- over HTTP ----------------------------------------------------------------------------------------------

    async def get(self, path: str, *, who: int = 0) -> Any:
        return (await self.asked("GET", path, who=who)).raise_for_status().json()

    async def asked(self, method: str, path: str, *, who: int = 0, **body: Any) -> httpx.Response:
        """The answer to a request of an account's."""
        headers = {"Authorization": f"Bearer {self.people[who].token}"}
        async with httpx.AsyncClient(headers=headers, timeout=30, verify=_TLS) as client:
            return await client.request(method, self.url + path, json=body or None)

    async def issued(self, *, who: int = 0, **wanted: Any) -> Json:
        """A session, as its page asks for one."""
        wanted = {"output": "text"} | wanted
        answer = await self.asked("POST", "/api/voice/realtime-session", who=who, **wanted)
        told: Json = answer.raise_for_status().json()
        return told

    async def until(self, look: Callable[[], Any], is_so: Callable[[Any], object], within: float) -> Any:
        """What `look` finds, as soon as `is_so`. Raises AssertionError with the last of it after `within` seconds."""
        deadline = time.monotonic() + within
        while not is_so(found := await look()):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.05)
        return found

    # --- over the socket ----------------------------------------------------------------------------------------

    @asynccontextmanager
    async def visitor(
        self,
        dress: str = OWN,
        *,
        ready: bool = True,
        receive_buffer: int | None = None,
        who: int = 0,
        **wanted: Any,
    ) -> AsyncIterator[Visitor]:
        """Somebody who has just connected and, if `ready`, was greeted. Who is still there in the end leaves."""
        issued = await self.issued(who=who, **wanted)
        async with self.with_ticket(issued, dress, receive_buffer=receive_buffer, who=who) as visitor:
            if ready:
                await visitor.socket.event("voiceassist.session" if dress == OWN else "session.created")
            yield visitor

    @asynccontextmanager
    async def with_ticket(
        self, issued: Json, dress: str = OWN, *, receive_buffer: int | None = None, who: int = 0
    ) -> AsyncIterator[Visitor]:
        """Somebody who connects with what they were issued."""
        ticket = issued["api_key"]
        async with raw_socket(self.port, dress, key(ticket), receive_buffer=receive_buffer) as socket:
            yield Visitor(socket, self, issued["session_id"], issued["conversation_id"], ticket, who)

    # --- what it costs ------------------------------------------------------------------------------------------

    async def open_files(self) -> int:
        """How many file descriptors the site's process holds; for `until`."""
        return self.worker.open_files()

    def highest_memory(self) -> int:
        """The most memory that the site's process held since `forget_memory`, in bytes."""
        return memory_marks.highest_memory(self.worker.pid)

    def forget_memory(self) -> int:
        """Measure the highest mark anew; how much it is now, in bytes."""
        return memory_marks.forget_memory(self.worker.pid)


@contextmanager
def fault_stage(tmp: Path, *, is_hasty: bool, upstream_port: int = 0, **environment: str) -> Iterator[Stage]:
    """A site whose upstream is a port of this machine; unless one is named, nobody listens there until a test does.

    `is_hasty`: its waits are short, see `hasty_settings`.
    """
    upstream_port = upstream_port or free_port()
    own = {"REALTIME_API_KEY": KEY} | (HASTY if is_hasty else {}) | environment
    with (
        home(tmp, upstream_url=f"ws://127.0.0.1:{upstream_port}/v1/realtime") as place,
        worker(place, port=0, **own) as running,
    ):
        yield Stage(running, upstream_port)
