"""Peers that pour out or read nothing: threads with blocking sockets, which leave the callers' own loop alone."""

import socket
import threading
from contextlib import suppress

from tests.support.raw_socket import BINARY, TEXT, frame, key, upgrade

LARGEST = 64 * 1024
MEGABYTE = 1024 * 1024
PATH = "/v1/realtime?model=any"
SMALL = 16 * 1024
PATIENCE = 60.0


class Flood(threading.Thread):
    """Sends as many megabytes of audio as it is let, and reads nothing."""

    def __init__(self, port: int, ticket: str, megabytes: int) -> None:
        super().__init__(daemon=True)
        self.poured = 0
        """Bytes that went out."""
        self._line = connected(port, ticket)
        self._frames = megabytes * MEGABYTE // LARGEST

    def run(self) -> None:
        drop = frame(BINARY, bytes(LARGEST))
        with suppress(OSError), self._line:
            for _ in range(self._frames):
                self._line.sendall(drop)
                self.poured += len(drop)


class Deaf(threading.Thread):
    """Asks for an answer of so many megabytes, reads nothing of it, and waits to be let go."""

    def __init__(self, line: socket.socket, megabytes: int) -> None:
        super().__init__(daemon=True)
        self._line = line
        self._asked = f"flood {megabytes}"
        self._over = threading.Event()

    def run(self) -> None:
        item = (
            f'{{"type":"message","role":"user","content":[{{"type":"input_text","text":"{self._asked}"}}]}}'
        )
        with suppress(OSError), self._line:
            self._line.sendall(frame(TEXT, f'{{"type":"conversation.item.create","item":{item}}}'.encode()))
            self._line.sendall(frame(TEXT, b'{"type":"response.create"}'))
            self._over.wait(PATIENCE)

    def go(self) -> None:
        """Be done with it."""
        self._over.set()


def connected(port: int, ticket: str) -> socket.socket:
    """A connection to a worker, greeted."""
    return upgraded(port, "voiceassist.v1", key(ticket), greeting=b"voiceassist.session")


def upgraded(port: int, *subprotocols: str, path: str = PATH, greeting: bytes) -> socket.socket:
    """An upgraded connection with a small buffer for what comes in, once `greeting` was in it."""
    line = socket.socket()
    line.settimeout(PATIENCE)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    line.connect(("127.0.0.1", port))
    line.sendall(upgrade(port, *subprotocols, path=path))
    heard = b""
    while greeting not in heard:
        piece = line.recv(4096)
        assert piece, f"the server on port {port} let nobody in"
        heard += piece
    return line
