"""Frames that the application takes at once: never past one that waits, never twice, none to a socket that is over."""

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.direct import DIRECT, Frame
from tests.support.raw_socket import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame
from tests.voiceassist.test_websocket_protocol import Peer
from voiceassist.management.websocket_protocol import QuietWebSocket


class Application:
    """Receives messages, and takes some of them at once: whenever a test lets it."""

    def __init__(self, peer: Peer) -> None:
        self.heard: list[Frame] = []
        self.at_once = 0
        self.is_willing = True
        self.is_admitting = asyncio.Event()
        self.is_admitting.set()
        self._peer = peer

    def hears(self, message: Frame) -> bool:
        if self.is_willing:
            self.at_once += 1
            self.heard.append(message)
        return self.is_willing

    async def run(self) -> None:
        while (message := await self._peer.socket.receive())["type"] == "websocket.receive":
            # A message that was received is dealt with before the next one, however long that takes.
            await self.is_admitting.wait()
            self.heard.append(message.get("text") or message.get("bytes") or b"")


def socket_of(peer: Peer) -> QuietWebSocket:
    assert isinstance(peer.socket, QuietWebSocket)
    return peer.socket


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def listening() -> tuple[Peer, Application, "asyncio.Task[None]"]:
    peer = Peer(QuietWebSocket)
    await peer.let_in()
    application = Application(peer)
    running = asyncio.create_task(application.run())
    await turns()
    socket_of(peer).hears = application.hears
    return peer, application, running


async def over(peer: Peer, running: "asyncio.Task[None]") -> None:
    await peer.leave()
    await running


MOMENTS = st.lists(
    st.sampled_from(["plain", "plain", "plain", "pieces", "ping", "turn", "turn", "refused", "refused"])
    | st.sampled_from(["stop", "go", "burst"]),
    max_size=40,
)


async def in_order(moments: list[str], cuts: list[int]) -> None:
    peer, application, running = await listening()
    sent: list[Frame] = []

    def text(data: bytes) -> bytes:
        sent.append(data.decode())
        return data

    for number, moment in enumerate(moments):
        data = b""
        match moment:
            case "plain" | "refused":
                application.is_willing = moment == "plain"
                sent.append(b"%d" % number)
                data = frame(BINARY, b"%d" % number)
            case "pieces":
                whole = text(b"in pieces %d" % number)
                data = frame(TEXT, whole[:4], fin=False) + frame(PING) + frame(CONTINUATION, whole[4:])
            case "burst":
                data = b"".join(frame(TEXT, text(b"%d of %d" % (each, number))) for each in range(5))
            case "ping":
                data = frame(PING, b"there?")
            case "turn":
                await turns(1)
            case "stop":
                application.is_admitting.clear()
            case "go":
                application.is_admitting.set()
        places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
        for start, stop in pairwise(places):
            peer.hear(data[start:stop])
        assert application.heard == sent[: len(application.heard)]
    application.is_admitting.set()
    await turns(3 * len(sent) + 5)
    assert application.heard == sent
    await over(peer, running)


@settings(max_examples=200, deadline=None)
@given(MOMENTS, st.lists(st.integers(1, 30), max_size=4))
def test_every_message_arrives_in_its_turn_and_once(moments: list[str], cuts: list[int]) -> None:
    asyncio.run(in_order(moments, cuts))


async def test_a_message_is_taken_at_once_while_the_application_waits_for_one() -> None:
    peer, application, running = await listening()
    peer.hear(frame(BINARY, b"one") + frame(TEXT, b"two"))
    assert application.heard == [b"one", "two"], "before anybody else had a turn"
    assert application.at_once == 2
    await over(peer, running)


async def test_while_the_application_deals_with_a_message_it_is_not_asked() -> None:
    peer, application, running = await listening()
    application.is_willing = False
    application.is_admitting.clear()
    peer.hear(frame(BINARY, b"one"))
    await turns()
    application.is_willing = True
    peer.hear(frame(BINARY, b"two"))
    assert (application.heard, application.at_once) == ([], 0)
    application.is_admitting.set()
    await turns()
    assert application.heard == [b"one", b"two"]
    peer.hear(frame(BINARY, b"three"))
    assert (application.heard[-1], application.at_once) == (b"three", 1)
    await over(peer, running)


async def test_a_message_behind_one_that_woke_the_application_is_not_taken_before_it() -> None:
    peer, application, running = await listening()
    application.is_willing = False
    peer.hear(frame(BINARY, b"one"))
    application.is_willing = True
    peer.hear(frame(BINARY, b"two"))
    assert application.heard == []
    await turns()
    assert application.heard == [b"one", b"two"]
    await over(peer, running)


async def test_bad_text_and_messages_behind_a_close_are_not_handed_over() -> None:
    for data in (frame(TEXT, b"\xff"), frame(CLOSE, (1000).to_bytes(2, "big"))):
        peer, application, running = await listening()
        peer.hear(data + frame(BINARY, b"late"))
        await turns()
        assert application.heard == []
        await over(peer, running)


async def test_messages_that_come_after_our_close_are_not_handed_over() -> None:
    peer, application, running = await listening()
    await peer.socket.send({"type": "websocket.close", "code": 1000, "reason": ""})
    peer.hear(frame(BINARY, b"late"))
    await turns()
    assert application.heard == []
    await over(peer, running)


async def test_the_application_finds_the_way_in_its_scope() -> None:
    peer = Peer(QuietWebSocket)
    await peer.let_in()
    scope: Any = peer.socket.scope
    assert scope["extensions"][DIRECT] is peer.socket
    await peer.leave()


# --- the other way ----------------------------------------------------------------------------------------------------


async def test_what_goes_at_once_is_what_would_have_been_sent() -> None:
    for content in (b"", b"x", b"x" * 126, b"x" * 70_000, "\u00e4" * 40_000):
        written = []
        for at_once in (True, False):
            peer, _, running = await listening()
            if at_once:
                assert socket_of(peer).takes(content)
            else:
                kind = "bytes" if isinstance(content, bytes) else "text"
                message: Any = {"type": "websocket.send", kind: content}
                await peer.socket.send(message)
            written.append(peer.wire.written)
            await over(peer, running)
        assert written[0] == written[1] != b""


async def test_nothing_goes_at_once_before_it_was_let_in_after_the_end_or_while_it_takes_nothing() -> None:
    early = Peer(QuietWebSocket)
    assert not socket_of(early).takes(b"early")
    assert early.wire.written == b""
    await early.leave()

    peer, _, running = await listening()
    peer.socket.pause_writing()
    assert not socket_of(peer).takes(b"full")
    assert peer.wire.written == b""
    peer.socket.resume_writing()
    assert socket_of(peer).takes(b"roomy")
    peer.wire.written = b""
    await peer.socket.send({"type": "websocket.close", "code": 1000, "reason": ""})
    before = peer.wire.written
    assert not socket_of(peer).takes(b"late")
    assert peer.wire.written == before
    await over(peer, running)
    assert not socket_of(peer).takes(b"lost")
    assert peer.wire.written == before


async def test_nothing_goes_at_once_behind_the_close_of_the_client() -> None:
    peer, _, running = await listening()
    peer.hear(frame(CLOSE, (1000).to_bytes(2, "big")))
    before = peer.wire.written
    assert not socket_of(peer).takes(b"late")
    assert peer.wire.written == before
    await over(peer, running)
