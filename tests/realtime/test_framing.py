"""A connection that somebody else opened is carried on: either side's, on either loop, in the clear and encrypted."""

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from realtime.errors import UpstreamClosed
from realtime.framing import READ_BUFFER, acknowledge, carry
from realtime.providers.connection import Patience
from realtime.providers.websocket import open_websocket
from realtime.telemetry import Tally
from tests.realtime.providers.test_connection import (
    Server,
    close,
    frame,
    heard,
    on_both_loops,
    until,
)
from tests.support.raw_socket import CLOSE, TEXT

LARGEST = 300_000


class Ear(WSListener):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.transport: WSTransport
        self.is_over = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            self.heard.append(frame.get_payload_as_utf8_text())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        acknowledge(transport)
        self.is_over = True


def wire() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection; picows sets options that only TCP has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    return ours, theirs


async def carried(end: socket.socket, *, is_client: bool, early: bytes = b"", **more: Any) -> Ear:
    end.setblocking(False)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=end)
    ear = Ear()
    frames = carry(transport, ear, is_client=is_client, largest=LARGEST, early=early, **more)
    assert frames is ear.transport
    return ear


@on_both_loops
async def test_what_one_side_says_the_other_one_hears_and_nothing_of_a_handshake_is_on_the_wire() -> None:
    ours, theirs = wire()
    client, server = await carried(ours, is_client=True), await carried(theirs, is_client=False)
    words = ["", "one", "x" * 126, "y" * (READ_BUFFER + 1), "z" * 70_000, "\u00e4" * 100_000]
    for word in words:
        client.transport.send(WSMsgType.TEXT, word)
        server.transport.send(WSMsgType.TEXT, word)
    await until(lambda: len(client.heard) == len(server.heard) == len(words))
    assert client.heard == server.heard == words
    client.transport.disconnect()
    await until(lambda: client.is_over and server.is_over)


@on_both_loops
@pytest.mark.parametrize("size", [0, 1, READ_BUFFER - 5, READ_BUFFER, READ_BUFFER + 1, 3 * READ_BUFFER])
async def test_what_came_early_is_heard_before_what_comes_wherever_it_is_cut(size: int) -> None:
    data = b"".join(frame(TEXT, b"%05d" % number + b"x" * 95) for number in range(200))
    ours, theirs = wire()
    ear = await carried(ours, is_client=True, early=data[:size])
    theirs.sendall(data[size:])
    await until(lambda: len(ear.heard) == 200)
    assert [word[:5] for word in ear.heard] == [f"{number:05d}" for number in range(200)]
    theirs.close()
    await until(lambda: ear.is_over)


@on_both_loops
async def test_a_frame_as_large_as_may_be_is_heard_and_a_larger_one_is_refused() -> None:
    ours, theirs = wire()
    ear = await carried(ours, is_client=True)
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(theirs, frame(TEXT, b"x" * LARGEST) + frame(TEXT, b"x", length=LARGEST + 1))
    await until(lambda: ear.is_over)
    assert [len(word) for word in ear.heard] == [LARGEST]
    answer = await loop.sock_recv(theirs, 100)
    assert answer[0] == 0x80 | CLOSE
    mask, code = answer[2:6], answer[6:8]
    assert int.from_bytes(code, "big") ^ int.from_bytes(mask[:2], "big") == 1009
    theirs.close()


@on_both_loops
async def test_a_peer_that_gives_no_sign_of_life_is_left() -> None:
    ours, theirs = wire()
    ear = await carried(ours, is_client=True, ping_interval=0.02, ping_timeout=0.02)
    await until(lambda: ear.is_over)
    handshake = ear.transport.close_handshake
    assert handshake is not None
    assert handshake.sent is not None
    assert handshake.sent.code is WSCloseCode.GOING_AWAY
    theirs.close()


# --- encrypted ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for this machine, signed by itself, in one file."""
    home = tmp_path_factory.mktemp("certificate")
    key, signed, both = home / "key.pem", home / "certificate.pem", home / "both.pem"
    subprocess.run(  # noqa: S603  # nothing in it comes from outside
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} -out {signed}"
        " -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1".split(),
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + signed.read_bytes())
    return both


async def encrypted(certificate: Path, act: Any) -> tuple[asyncio.Server, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await act(Server(reader, writer))
            await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    return listener, f"wss://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"


@on_both_loops
@pytest.mark.parametrize("size", [40, 20_000, 1_000_000])
async def test_encrypted_frames_are_heard_and_sent_like_others(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    got: list[bytes] = []

    async def act(server: Server) -> None:
        said = b"".join(frame(TEXT, b"%03d" % number) for number in range(50))
        server.writer.write(await server.answer() + said)
        for _ in range(3):
            got.append((await server.frame())[1])
        server.writer.write(frame(TEXT, b"y" * size) + close(1000))
        await server.writer.drain()

    listener, url = await encrypted(certificate, act)
    connection = await open_websocket(url, headers={}, patience=Patience(closing=1), telemetry=Tally())
    await connection.send("x" * size)
    if not connection.takes("at once"):
        assert size > 30_000
        await connection.send("at once")
    await connection.send("z" * size)
    words: list[str] = []
    assert (await heard(connection, words)).closed_with == 1000
    assert words == [f"{number:03d}" for number in range(50)] + ["y" * size]
    assert got == [b"x" * size, b"at once", b"z" * size]
    listener.close()


@on_both_loops
async def test_an_encrypted_connection_is_closed_while_nothing_of_it_is_read(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def act(server: Server) -> None:
        server.writer.write(await server.answer() + frame(TEXT, b"x" * 1000) * 2000)
        while (await server.frame())[0] != CLOSE:
            pass
        server.writer.write(close(1000))
        await server.writer.drain()

    listener, url = await encrypted(certificate, act)
    connection = await open_websocket(url, headers={}, patience=Patience(closing=5), telemetry=Tally())
    await until(lambda: connection._is_paused)
    async with asyncio.timeout(4):
        await connection.close()
    with pytest.raises(UpstreamClosed) as raised:
        await connection.deliver(lambda word: None)
    assert raised.value.closed_with == 1000
    listener.close()
