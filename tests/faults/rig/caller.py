"""A fake browser in our own dress: it asks for a session, talks, acknowledges, is lost and comes back.

async with Caller(own.people[0], server.url) as caller:
    await caller.call(output="text")
    item_id = await caller.type("Hello.")
    await caller.until_saved(item_id)
"""

import asyncio
import json
import socket as sockets
import ssl
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from tests.faults.rig.history import History
from tests.faults.rig.plain import PLAIN
from tests.faults.rig.preparation import Person
from tests.faults.rig.refusals import NotLetIn, Refused
from tests.faults.rig.speech import BYTES_PER_MS, frames, silence

Json = dict[str, Any]
OWN = "voiceassist.v1"
PATIENCE = 15.0
"""Seconds that a caller waits for something before it is said not to happen."""
_IN_HAND = 2 * 1024 * 1024
"""Bytes of its own frames that a caller keeps, to send them again after it was lost."""
_UNCOUNTED = ("voiceassist.ping", "voiceassist.resume")
_serial = count(1)


class Caller:
    """One person at one page. `url` is a worker's, or that of a network in front of one, and may change any time."""

    def __init__(
        self,
        person: Person,
        url: str,
        *,
        history: History | None = None,
        name: str = "",
        ping_seconds: float | None = 1.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` says whom to trust behind https; by default nobody."""
        self.person = person
        self.url = url
        self.name = name or f"{person.username}-{next(_serial)}"
        self.log: list[Json | bytes] = []
        """Everything received, in order, over all connections."""
        self.saved: dict[str, Json] = {}
        """The latest `voiceassist.message.saved` of each item."""
        self.sound: dict[str, bytearray] = {}
        """The audio received of each item, contiguous."""
        self.closed: tuple[int, str] | None = None
        """Code and reason of the latest close; None while connected. 1006: it broke."""
        self.session_id = ""
        self.conversation_id: str | None = None
        self.ticket = ""
        self.unsaved: dict[str, str] = {}
        """What was typed and not yet said to be saved, by item id."""
        self.resumes = self.fresh_starts = 0
        self.last_event_id: str | None = None
        self._history = history or History()
        self._ping_seconds = ping_seconds
        self._token = person.token
        # No connection is kept: one that was cut meanwhile would fail the next request instead of this one.
        alone = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.AsyncClient(timeout=10, trust_env=False, limits=alone, verify=tls or PLAIN)
        self._tls = tls
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._pinging: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._speaking_item = ""
        self._sent: deque[tuple[int, str | bytes]] = deque()
        self._sent_bytes = 0
        self._frames_sent = 0
        self._greeted = self._is_fresh = False

    async def __aenter__(self) -> "Caller":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()
        await self._http.aclose()

    # --- over HTTP --------------------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        """Exchange name and password for a token at the server. The one that comes with a person needs no server."""
        given = {"username": self.person.username, "password": self.person.password}
        answer = await self._http.post(f"{self.url}/api/token/", json=given)
        if not answer.is_success:
            raise Refused(answer)
        self._token = answer.json()["access"]

    async def request(self, method: str, path: str, **how: Any) -> httpx.Response:
        """A request with this person's token."""
        headers = {"Authorization": f"Bearer {self._token}"} | how.pop("headers", {})
        return await self._http.request(method, f"{self.url}{path}", headers=headers, **how)

    async def ask(self, **wanted: Any) -> Json:
        """Ask for a session; the answer is remembered. Raises Refused."""
        answer = await self.request("POST", "/api/voice/realtime-session", json=wanted)
        if not answer.is_success:
            raise Refused(answer)
        issued: Json = answer.json()
        if issued["session_id"] != self.session_id:
            self._begin_anew()
        self.session_id, self.ticket = issued["session_id"], issued["api_key"]
        self.conversation_id = issued["conversation_id"]
        self._history.note(self.name, "asked", session=self.session_id, conversation=self.conversation_id)
        return issued

    async def messages(self) -> list[Json]:
        """What the server says was said."""
        answer = await self.request("GET", f"/api/conversations/{self.conversation_id}/messages/")
        if not answer.is_success:
            raise Refused(answer)
        found: list[Json] = answer.json()["results"]
        return found

    # --- the socket -------------------------------------------------------------------------------------------

    async def call(self, **wanted: Any) -> "Caller":
        """Ask for a session, connect, and wait for the greeting. Raises Refused, NotLetIn, OSError."""
        await self.ask(**wanted)
        await self.connect()
        await self.until(lambda: self._greeted or self.closed is not None)
        if not self._greeted:
            raise self._not_let_in()
        return self

    async def connect(self, *, first: Json | None = None) -> None:
        """Open the socket with the ticket in hand; `first` is sent before anything else."""
        parts = urlsplit(self.url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        self._greeted = False
        self._socket = await connect(
            f"{scheme}://{parts.netloc}/v1/realtime?model=any",
            subprotocols=[Subprotocol(OWN), Subprotocol(f"openai-insecure-api-key.{self.ticket}")],
            proxy=None,
            ssl=self._tls if scheme == "wss" else None,
            compression=None,
            max_size=None,
            open_timeout=PATIENCE,
            ping_interval=None,
            close_timeout=2,
        )
        self.closed = None
        if first is not None:
            await self._socket.send(json.dumps(first))
        self._reading = asyncio.create_task(self._read(self._socket))
        if self._ping_seconds:
            self._pinging = asyncio.create_task(self._ping(self._socket, self._ping_seconds))

    async def resume(self, url: str = "", *, same_ticket: bool = False) -> bool:
        """Come back into the session, perhaps at another worker. Whether it was taken up where it was left.

        False: it began afresh with its history; what was typed and not saved has been typed again. Raises Refused,
        NotLetIn, OSError or WebSocketException when it could not be had.
        """
        self.url = url or self.url
        await self._let_go()
        if not same_ticket:
            await self.ask(resume_session_id=self.session_id)
        await self.connect(first=self._resume_event())
        await self.until(lambda: self._greeted or self.closed is not None)
        if not self._greeted:
            raise self._not_let_in()
        return not self._is_fresh

    def _resume_event(self) -> Json:
        item_id = next(reversed(self.sound), None)
        played = len(self.sound[item_id]) // BYTES_PER_MS if item_id else 0
        return {
            "type": "voiceassist.resume",
            "event_id": f"event_{uuid4().hex}",
            "last_event_id": self.last_event_id,
            "item_id": item_id,
            "played_ms": played,
        }

    async def type(self, text: str, *, answer: bool = True) -> str:
        """Type a turn, and ask for its answer; the item's id."""
        item_id = f"item_{uuid4().hex[:20]}"
        self.unsaved[item_id] = text
        self._history.note(self.name, "typed", item=item_id, text=text)
        await self._type(item_id, text, answer=answer)
        return item_id

    async def speak(self, pcm: bytes, *, pace: float = 0.0) -> None:
        """Say something (`rig.speech`), and fall silent; a frame of 40 ms takes `pace` seconds."""
        for frame in frames(pcm + silence()):
            await self.send(frame)
            if pace:
                await asyncio.sleep(pace)

    async def send(self, event: Json | bytes | str) -> None:
        """Send one frame. When there is no connection it is kept, to be sent when there is one again."""
        frame = json.dumps(event) if isinstance(event, dict) else event
        if not (isinstance(event, dict) and event.get("type") in _UNCOUNTED):
            self._keep(frame)
        if self._socket is not None and self.closed is None and self._greeted:
            with suppress(ConnectionClosed):
                await self._socket.send(frame)

    async def leave(self) -> None:
        """Close the socket as who means to go."""
        if self._socket is not None:
            with suppress(WebSocketException, OSError, TimeoutError):
                await asyncio.wait_for(self._socket.close(), 3)
        await self._let_go()

    def drop(self) -> None:
        """Be lost: the connection is reset."""
        self._greeted = False
        if self._socket is not None:
            end = self._socket.transport.get_extra_info("socket")
            if end is not None:
                with suppress(OSError):
                    end.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
            self._socket.transport.abort()

    # --- waiting and looking ----------------------------------------------------------------------------------

    async def until(self, is_so: Callable[[], object], *, patience: float = PATIENCE) -> None:
        """Wait until `is_so`; it is asked whenever something was received. Raises TimeoutError with the story."""
        try:
            async with asyncio.timeout(patience), self._changed:
                await self._changed.wait_for(lambda: bool(is_so()))
        except TimeoutError:
            raise TimeoutError(
                f"{self.name}: did not happen; closed {self.closed}; {self.story[-12:]}"
            ) from None

    async def until_saved(self, item_id: str, *, patience: float = PATIENCE) -> Json:
        """Wait until a turn is said to be stored with its words."""
        await self.until(lambda: self.is_saved(item_id), patience=patience)
        return self.saved[item_id]

    async def until_stored(self, turns: int, *, patience: float = PATIENCE) -> None:
        """Wait until so many turns, of both sides, are said to be stored with their words."""
        await self.until(lambda: sum(map(self.is_saved, self.saved)) >= turns, patience=patience)

    async def until_closed(self, *, patience: float = PATIENCE) -> tuple[int, str]:
        """Wait for the end of the connection; its code and reason."""
        await self.until(lambda: self.closed is not None, patience=patience)
        assert self.closed is not None
        return self.closed

    async def until_heard(self, kind: str, *, patience: float = PATIENCE) -> None:
        """Wait for an event of a type."""
        await self.until(lambda: self.events(kind), patience=patience)

    def is_saved(self, item_id: str) -> bool:
        return item_id in self.saved and self.saved[item_id]["status"] != "pending"

    async def until_answered(self, *, answers: int = 1, patience: float = PATIENCE) -> None:
        """Wait until so many answers were given to their end, over the whole of the log."""
        await self.until(lambda: len(self.events("response.done")) >= answers, patience=patience)

    def events(self, kind: str) -> list[Json]:
        """The events of one type received so far."""
        return [each for each in self.log if isinstance(each, dict) and each.get("type") == kind]

    @property
    def story(self) -> list[str]:
        """The types of everything received; `audio` for binary frames."""
        return ["audio" if isinstance(each, bytes) else str(each.get("type")) for each in self.log]

    # --- inside -----------------------------------------------------------------------------------------------

    def _not_let_in(self) -> NotLetIn:
        return NotLetIn(f"{self.name} was not let in: {self.closed}, {self.log[-2:]!r:.1000}")

    def _begin_anew(self) -> None:
        """Another session: what was sent in the one before is not counted in this one."""
        self._sent.clear()
        self._sent_bytes = self._frames_sent = 0
        self.last_event_id = None
        self.sound, self._speaking_item = {}, ""

    async def _type(self, item_id: str, text: str, *, answer: bool = True) -> None:
        content = [{"type": "input_text", "text": text}]
        item = {"id": item_id, "type": "message", "role": "user", "content": content}
        await self.send(
            {"type": "conversation.item.create", "event_id": f"event_{uuid4().hex}", "item": item}
        )
        if answer:
            await self.send({"type": "response.create", "event_id": f"event_{uuid4().hex}"})

    def _keep(self, frame: str | bytes) -> None:
        self._sent.append((self._frames_sent, frame))
        self._frames_sent += 1
        self._sent_bytes += len(frame)
        while self._sent_bytes > _IN_HAND:
            self._sent_bytes -= len(self._sent.popleft()[1])

    async def _let_go(self) -> None:
        """Be rid of a connection, whatever state it is in."""
        if self._socket is not None and self.closed is None:
            self.drop()
        for task in (self._reading, self._pinging):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, ConnectionClosed):
                    await task
        self._socket = self._reading = self._pinging = None

    async def _ping(self, socket: ClientConnection, seconds: float) -> None:
        with suppress(ConnectionClosed):
            for number in count():
                await asyncio.sleep(seconds)
                ping = {"type": "voiceassist.ping", "event_id": f"event_{uuid4().hex}", "id": f"ping{number}"}
                if self.last_event_id:
                    ping["last_event_id"] = self.last_event_id
                await socket.send(json.dumps(ping))

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                frame = await socket.recv()
                await self._heard(frame if isinstance(frame, bytes) else json.loads(frame))
        except ConnectionClosed as end:
            self.closed = (end.rcvd.code, end.rcvd.reason) if end.rcvd else (1006, "")
            self._history.note(self.name, "closed", code=self.closed[0], reason=self.closed[1])
        async with self._changed:
            self._changed.notify_all()

    async def _heard(self, frame: Json | bytes) -> None:
        self.log.append(frame)
        if isinstance(frame, bytes):
            self.sound.setdefault(self._speaking_item, bytearray()).extend(frame)
        else:
            await self._heard_event(frame)
            if frame.get("event_id"):
                self.last_event_id = frame["event_id"]
        async with self._changed:
            self._changed.notify_all()

    async def _heard_event(self, event: Json) -> None:
        match event["type"]:
            case "response.content_part.added" if event["part"].get("type") == "audio":
                self._speaking_item = event["item_id"]
            case "voiceassist.session":
                await self._began_afresh()
            case "voiceassist.resumed":
                await self._took_up(event)
            case "voiceassist.message.saved":
                self._note_saved(event)

    async def _began_afresh(self) -> None:
        """The session is new, or new to this server: type again what may have been lost."""
        self._is_fresh, self._greeted = True, True
        self.fresh_starts += 1
        self._begin_anew()
        self._history.note(self.name, "began", session=self.session_id, conversation=self.conversation_id)
        for item_id, text in list(self.unsaved.items()):
            await self._type(item_id, text)

    async def _took_up(self, event: Json) -> None:
        """The server has so many of our frames; the rest comes again."""
        self._is_fresh, self._greeted = False, True
        self.resumes += 1
        self._history.note(self.name, "resumed", session=self.session_id, frames=event["frames"])
        assert self._socket is not None
        first = self._sent[0][0] if self._sent else self._frames_sent
        assert first <= event["frames"] <= self._frames_sent, (
            f"{self.name}: {event}, {first}…{self._frames_sent}"
        )
        for number, frame in list(self._sent):
            if number >= event["frames"]:
                with suppress(ConnectionClosed):
                    await self._socket.send(frame)

    def _note_saved(self, event: Json) -> None:
        self.saved[event["item_id"]] = event
        if event["status"] != "pending":
            self.unsaved.pop(event["item_id"], None)
        told = {name: event[name] for name in ("item_id", "message_id", "position", "role", "status", "text")}
        self._history.note(self.name, "saved", conversation=self.conversation_id, **told)
