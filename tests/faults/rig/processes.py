"""Workers, each a `manage.py serve` of its own, and the home that several of them share."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.faults.rig import kin
from tests.faults.rig.plain import PLAIN
from tests.faults.rig.preparation import Person, environment_of, named_files, people_of, prepared_folder
from tests.faults.rig.services import Postgres, Redis
from tests.support.manage_program import Program, free_port
from tests.support.prepared_site import static_files
from tests.support.project_files import ROOT

_LAST_WORDS = 4_000
"""Characters of what a worker printed that a failing test shows."""
_OF_THE_MACHINE = ("PATH", "HOME", "LANG", "TMPDIR")
_GENEROUS = {"REALTIME_SESSION_RATE": "1000000/min", "REALTIME_SESSIONS_PER_USER": "1000"}
"""Limits are tested where limits are meant."""


@dataclass(frozen=True, slots=True)
class Home:
    """What workers share: a folder, a database, perhaps a Redis, accounts, and the upstream they talk to."""

    var: Path
    database_url: str
    """Empty: the SQLite file in `var`."""
    environment: dict[str, str]
    people: list[Person]
    """Accounts that talk."""
    operator: Person
    """The account that may do everything in the admin."""

    @property
    def database(self) -> str:
        """The address of the database, whichever it is: what `rig.checker.stored` reads."""
        return self.database_url or f"sqlite:///{self.var / 'voiceassist.sqlite3'}"


@dataclass(slots=True)
class Worker:
    """A server in a process of its own."""

    port: int
    home: Home
    process: "subprocess.Popen[str]"
    _program: Program | None = field(init=False)
    """Reads along what it prints, unless that goes elsewhere."""

    def __post_init__(self) -> None:
        self._program = Program(self.process) if self.process.stdout is not None else None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime?model=any"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def screen(self) -> str:
        """Everything it printed so far, logs included."""
        return self._program.screen if self._program else ""

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def kill9(self) -> None:
        """End it without a word to it."""
        self.process.kill()
        self.process.wait(timeout=30)

    def pause(self) -> None:
        """SIGSTOP: its sockets stay open and nothing answers."""
        kin.send(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        kin.send(self.pid, signal.SIGCONT)

    def terminate(self) -> None:
        """SIGTERM, and no waiting."""
        kin.send(self.pid, signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """The exit status. Raises subprocess.TimeoutExpired when it still runs after `seconds`."""
        return self.process.wait(timeout=seconds)

    def rss_bytes(self) -> int:
        return kin.rss_bytes(self.pid)

    def open_files(self) -> int:
        return kin.open_files(self.pid)

    def cpu_seconds(self) -> float:
        """How long it has computed so far."""
        return kin.cpu_seconds(self.pid)

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /health/ready; (0, {}) when nobody answers."""
        try:
            answer = httpx.get(f"{self.url}/health/ready", timeout=10, trust_env=False, verify=PLAIN)
        except httpx.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def wait_until_healthy(self) -> None:
        """Wait until it answers. Raises AssertionError with its words when it ends before that."""
        assert self._program is not None, "it is not known why it ends"
        self._program.wait_until(lambda: _is_healthy(self.url))

    def put_away(self) -> None:
        """End it at once, in whatever state it is, and read what it said last."""
        if self.is_running:
            self.go_on()
            self.kill9()
        if self._program is not None:
            self._program.ended()


def start_worker(home: Home, *, port: int = 0, screen: Path | None = None, **environment: str) -> Worker:
    """Start one and do not wait for it; whoever does so puts it away. It prints to `screen` where one is given."""
    port = port or free_port()
    machine = {name: os.environ[name] for name in _OF_THE_MACHINE if name in os.environ}
    own = {"PYTHONUNBUFFERED": "1", "PORT": str(port)} | _GENEROUS | home.environment | environment
    with screen.open("w") if screen else nullcontext(subprocess.PIPE) as printed:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=machine | own,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            text=True,
        )
    return Worker(port, home, process)


@contextmanager
def worker(home: Home, *, port: int = 0, **environment: str) -> Iterator[Worker]:
    """A worker that answers; variables of the environment may be added or changed. It is ended without ceremony."""
    running = start_worker(home, port=port, screen=None, **environment)
    try:
        running.wait_until_healthy()
        yield running
    except BaseException as error:
        error.add_note(f"the worker on port {running.port} printed at last:\n{running.screen[-_LAST_WORDS:]}")
        raise
    finally:
        running.put_away()


@contextmanager
def home(
    tmp: Path,
    *,
    database: Postgres | None = None,
    redis: Redis | None = None,
    upstream_url: str = "",
    with_pages: bool = False,
    has_browser: bool = True,
) -> Iterator[Home]:
    """A home below `tmp`, migrated and with accounts. Without an upstream's address, connecting to it is refused.

    Pages need the static files, which take a while to gather, so they are there only `with_pages`; where no page is
    loaded as by a browser (`has_browser`), under their names alone.
    """
    var = tmp / f"home-{time.monotonic_ns()}"
    shutil.copytree(prepared_folder(), var, ignore=shutil.ignore_patterns("static"))
    if with_pages:
        (var / "static").symlink_to(static_files() if has_browser else named_files())
    else:
        (var / "static").mkdir()
    database_url = database.new_database() if database else ""
    environment = environment_of(var, database_url) | {
        "REALTIME_PROVIDER": "compatible",
        "REALTIME_BASE_URL": upstream_url or "ws://127.0.0.1:9/v1/realtime",
        "REALTIME_DIALECT": "ga",
        "REALTIME_MODEL": "talking-1",
        "REALTIME_API_KEY": "sk-of-the-fault-tests",
    }
    if redis is not None:
        environment["REDIS_URL"] = redis.url
    *people, operator = people_of(var)
    yield Home(var, database_url, environment, people, operator)


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2, trust_env=False, verify=PLAIN).is_success
    except httpx.TransportError:
        return False
