"""Whom VoiceAssist is measured beside, and how each is started: a process of its own, all on the same upstream."""

import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bench.load.callers import Caller
from bench.relay.callers import BinaryCaller, JsonCaller, SampleCaller, at_relay, at_voiceassist
from bench.relay.environments import Absent, python_with
from bench.relay.litellm_proxy import litellm_in_front
from bench.relay.machine import of_the_machine
from bench.relay.names import AGENTS, DAPHNE, LITELLM, NGINX, NODE, OURS, OURS_JSON, WEBSOCKETS
from bench.relay.pass_through import nginx_in_front
from tests.faults.rig.processes import Worker, home, worker
from tests.support.manage_program import free_port
from tests.support.node_program import node
from tests.support.project_files import ROOT

SERVERS = ROOT / "bench" / "relay" / "servers"
Opener = Callable[[int], Awaitable[list[Caller]]]


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that answers."""

    name: str
    place: "Place"
    open: Opener
    """Lets so many people in."""

    @property
    def pid(self) -> int:
        return self.place.pid


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who can be started, as a server of their own."""

    title: str
    start: Callable[[str, Path], "Iterator[Place]"]
    """Starts the server on an upstream's address, with a folder for what it keeps."""
    open: "Callable[[Place, int], Awaitable[list[Caller]]]"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is."""

    pid: int
    address: str
    worker: Worker | None = None
    key: str = ""
    """Its bearer token, where it wants one."""


def _at(kind: type[Caller], place: Place, callers: int) -> Awaitable[list[Caller]]:
    return at_relay(kind, place.address, place.key, callers)


def _with_tickets(kind: type[Caller], dress: str, place: Place, callers: int) -> Awaitable[list[Caller]]:
    assert place.worker is not None
    return at_voiceassist(kind, dress, place.address, place.worker.home.people, callers)


def _voiceassist(upstream_url: str, tmp: Path) -> Iterator[Place]:
    with home(tmp, upstream_url=upstream_url) as place, worker(place) as running:
        yield Place(running.pid, running.url, running)


def _daphne(upstream_url: str, tmp: Path) -> Iterator[Place]:
    with home(tmp, upstream_url=upstream_url) as place:
        port = free_port()
        served = ("-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "voiceassist.asgi:application")
        generous = {"REALTIME_SESSION_RATE": "1000000/min", "REALTIME_SESSIONS_PER_USER": "1000"}
        process = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-W", "ignore", *served],
            cwd=ROOT,
            env=of_the_machine() | {"PORT": str(port)} | generous | place.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running = Worker(port, place, process)
        try:
            running.wait_until_healthy()
            yield Place(running.pid, running.url, running)
        finally:
            running.put_away()


def _program(
    command: Callable[[], Sequence[str]], path: str, upstream_url: str, tmp: Path
) -> Iterator[Place]:
    """A server that prints its port."""
    process = subprocess.Popen(  # noqa: S603 - ours
        [*command(), upstream_url],
        cwd=ROOT,
        env=of_the_machine(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        assert port, f"{command()[-1]} did not start; what it said stands above"
        yield Place(process.pid, f"ws://127.0.0.1:{port}{path}")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _node_command() -> tuple[str, str]:
    if not (ROOT / "tests" / "js" / "node_modules" / "ws").is_dir():
        raise Absent("the packages of tests/js are not installed; `make js` installs them.")
    return str(node()), str(SERVERS / "node_relay.mjs")


def _nginx(upstream_url: str, tmp: Path) -> Iterator[Place]:
    with nginx_in_front(upstream_url, tmp) as (pid, address):
        yield Place(pid, address)


def _litellm(upstream_url: str, tmp: Path) -> Iterator[Place]:
    with litellm_in_front(upstream_url, tmp) as (pid, address, key):
        yield Place(pid, address, key=key)


CONTENDERS = {
    OURS: Contender(
        "VoiceAssist, binary frames", _voiceassist, partial(_with_tickets, Caller, "voiceassist.v1")
    ),
    OURS_JSON: Contender(
        "VoiceAssist, GA events", _voiceassist, partial(_with_tickets, JsonCaller, "realtime")
    ),
    DAPHNE: Contender(
        "VoiceAssist on Daphne, binary frames",
        _daphne,
        partial(_with_tickets, Caller, "voiceassist.v1"),
    ),
    WEBSOCKETS: Contender(
        "least relay, Python `websockets`",
        partial(_program, lambda: (sys.executable, "-m", "bench.relay.servers.websockets_relay"), ""),
        partial(_at, BinaryCaller),
    ),
    NODE: Contender(
        "least relay, Node `ws`",
        partial(_program, _node_command, ""),
        partial(_at, BinaryCaller),
    ),
    AGENTS: Contender(
        "realtime app on `openai-agents`",
        partial(_program, lambda: (str(python_with("agents")), str(SERVERS / "agents_app.py")), "/ws"),
        partial(_at, SampleCaller),
    ),
    LITELLM: Contender("LiteLLM's proxy", _litellm, partial(_at, JsonCaller)),
    NGINX: Contender("nginx passing the socket through", _nginx, partial(_at, JsonCaller)),
}


@contextmanager
def running(
    names: Sequence[str], upstream_url: str, tmp: Path, tell: Callable[[str], None]
) -> Iterator[list[Running]]:
    """These contenders, each started once and ended in the end. Who cannot be had here is left out, which is told."""
    with ExitStack() as stack:
        found = []
        for name in names:
            if place := _started(CONTENDERS[name], upstream_url, tmp, stack, tell):
                found.append(Running(name, place, partial(CONTENDERS[name].open, place)))
        yield found


def as_contender(name: str, worker: Worker) -> Running:
    """A worker that somebody else has started."""
    place = Place(worker.pid, worker.url, worker)
    return Running(name, place, partial(CONTENDERS[name].open, place))


def _started(
    each: Contender, upstream_url: str, tmp: Path, stack: ExitStack, tell: Callable[[str], None]
) -> Place | None:
    try:
        return stack.enter_context(contextmanager(each.start)(upstream_url, tmp))
    except (Absent, pytest.skip.Exception) as reason:
        tell(f"{each.title} is left out: {reason}")
        return None
