"""A network between a browser and a site that can be cut, held and left half open: TCP, forwarded by threads."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PATIENCE = 20.0
"""Seconds that a test waits for a site that answers."""
_CHUNK = 64 * 1024


@dataclass(slots=True)
class BrokenNetwork:
    """Forwards to `to_port` on this machine whatever comes to `port`, while it is whole."""

    to_port: int
    port: int = 0
    _listener: socket.socket = field(init=False)
    _is_cut: threading.Event = field(default_factory=threading.Event)
    _down_flows: threading.Event = field(default_factory=threading.Event)
    _has_held: threading.Event = field(default_factory=threading.Event)
    _alive: threading.Event = field(default_factory=threading.Event)
    """Set while the connections that are made now are forwarded."""
    _stranded: list[threading.Event] = field(default_factory=list)
    """The same of connections that are not, until they are cut."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._down_flows.set()
        self._alive.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address of the site behind it."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection, and every one that is tried for, until it is mended."""
        self._is_cut.set()
        with self._lock:
            broken = list(self._open)
        for end in broken:
            _shut(end)
        # What was held is lost.
        self._down_flows.set()
        for stranded in self._stranded:
            stranded.set()

    def mend(self) -> None:
        """Forward again."""
        self._is_cut.clear()

    def strand(self) -> None:
        """Forward nothing more of the connections there are, and tell neither end; others can be made."""
        self._stranded.append(self._alive)
        self._alive.clear()
        self._alive = threading.Event()
        self._alive.set()

    def hold_answers(self) -> None:
        """Forward what goes up, and keep to itself what comes down."""
        self._has_held.clear()
        self._down_flows.clear()

    def wait_until_held(self) -> None:
        """Wait for the first of what is kept. Raises AssertionError when nothing comes."""
        assert self._has_held.wait(PATIENCE), "nothing came down"

    def close(self) -> None:
        """Forward nothing any more."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        far = None if self._is_cut.is_set() else _connected(self.to_port)
        if far is None:
            near.close()
            return
        with self._lock:
            self._open |= {near, far}
        alive = self._alive
        up = threading.Thread(target=self._forward, args=(near, far, alive, None), daemon=True)
        up.start()
        self._forward(far, near, alive, self._down_flows)
        up.join()
        with self._lock:
            self._open -= {near, far}
        near.close()
        far.close()

    def _forward(
        self,
        source: socket.socket,
        sink: socket.socket,
        alive: threading.Event,
        flows: threading.Event | None,
    ) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if not alive.is_set():
                    alive.wait()
                    break
                if flows is not None and not flows.is_set():
                    self._has_held.set()
                    flows.wait()
                if self._is_cut.is_set():
                    break
                sink.sendall(data)
        _shut(sink)
        _shut(source)


def _connected(port: int) -> socket.socket | None:
    with suppress(OSError):
        return socket.create_connection(("127.0.0.1", port))
    return None


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def broken_network(to_port: int) -> Iterator[BrokenNetwork]:
    """A network that is whole at first."""
    network = BrokenNetwork(to_port)
    try:
        yield network
    finally:
        network.close()
