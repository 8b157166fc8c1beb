"""A PostgreSQL and a Redis of a test's own, to be stopped, killed and started again. Never the machine's."""

import atexit
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from glob import glob
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
import redis
from psycopg import sql

from tests.faults.rig.kin import family, send
from tests.faults.rig.preparation import prepare_database
from tests.support.kept import kept
from tests.support.manage_program import free_port

PATIENCE = 30.0
"""Seconds until a service that was started has to answer."""
TEMPLATE = "voiceassist_template"
"""The database that every other one is copied from: migrated, with accounts."""
_POSTGRES_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/usr/libexec/postgresql*",
)
_serial = count(1)


class Service:
    """A server of another project, as a child process that this test may do anything to."""

    def __init__(self, command: Sequence[str], *, port: int, url: str, user: str | None = None) -> None:
        self.url = url
        self.port = port
        self._command = list(command)
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "it was never started"
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers. Raises AssertionError when it does not."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # In a session of its own: a Ctrl-C at the tests is for the tests.
            start_new_session=True,
            **_as_user(self._user),
        )
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert self._process.poll() is None, f"{self._command[0]} ended with {self._process.returncode}"
            assert time.monotonic() < deadline, f"{self._command[0]} does not answer on port {self.port}"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it as an administrator in a hurry would: connections are cut, what was promised is kept."""
        self._end(signal.SIGINT)

    def kill9(self) -> None:
        """End it and all its children without a word to them."""
        for pid in family(self.pid):
            send(pid, signal.SIGKILL)
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Take its breath (SIGSTOP), and that of every child: connections stay and nothing is answered."""
        for pid in family(self.pid):
            send(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Give it back (SIGCONT)."""
        for pid in family(self.pid):
            send(pid, signal.SIGCONT)

    def answers(self) -> bool:
        """Whether it can be used just now."""
        raise NotImplementedError

    def put_away(self) -> None:
        """End it for good, in whatever state it is."""
        if self._process is not None and self._process.poll() is None:
            self.go_on()
            self.kill9()

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        self._process.wait(timeout=PATIENCE)


class Postgres(Service):
    """A cluster with one template database; `url` names a database that was copied from it."""

    def __init__(self, binaries: Path, data: Path, port: int, user: str | None) -> None:
        self._at = f"postgresql://postgres@127.0.0.1:{port}"
        # Crashes of the machine are not what is tested, and every test would wait for the disk.
        quick = ("fsync=off", "full_page_writes=off", "max_connections=200", "autovacuum=off")
        options = [f"-c{each}" for each in ("listen_addresses=127.0.0.1", "unix_socket_directories=", *quick)]
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options]
        super().__init__(command, port=port, url=f"{self._at}/{TEMPLATE}", user=user)

    def answers(self) -> bool:
        try:
            psycopg.connect(f"{self._at}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def new_database(self, template: str = TEMPLATE) -> str:
        """The address of a database that is a copy of `template`."""
        name = f"site_{next(_serial)}"
        self.create(name, template)
        return f"{self._at}/{name}"

    @staticmethod
    def deadlocks(url: str) -> int:
        """How often, in the database at that address, transactions waited for each other in a circle."""
        with psycopg.connect(url) as connection:
            asked = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            row = connection.execute(asked).fetchone()
        assert row is not None
        return int(row[0])

    def create(self, name: str, template: str = "template0") -> None:
        """Create a database, as a copy of another one."""
        with psycopg.connect(f"{self._at}/postgres", autocommit=True) as administrator:
            copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            administrator.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))


class Redis(Service):
    """A Redis that keeps nothing on disk: what it knew is gone when it is started again."""

    def __init__(self, binary: str, folder: Path, port: int) -> None:
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        super().__init__(command, port=port, url=f"redis://127.0.0.1:{port}/0")

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


_S = TypeVar("_S", bound=Service)


@contextmanager
def private_postgres(tmp: Path) -> Iterator[Postgres]:
    """A PostgreSQL that runs, with its template migrated. Skips the test in words where there is none to start."""
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed here: its programs initdb and postgres were looked for.")
    folder = _new_folder("postgres")
    try:
        _run("cp", "-a", str(_cluster(binaries)), str(folder / "data"), user=_servants_name())
        with _running(Postgres(binaries, folder / "data", free_port(), _servants_name())) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def private_redis(tmp: Path) -> Iterator[Redis]:
    """A Redis that runs, and is empty. Skips the test in words where there is none to start."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    if binary is None:
        pytest.skip("Redis is not installed here: redis-server or valkey-server was looked for.")
    with _running(Redis(binary, tmp, free_port())) as server:
        yield server


def _cluster(binaries: Path) -> Path:
    """A cluster at rest: making one takes seconds, copying one does not."""
    return kept("cluster", partial(_make_cluster, binaries)) / "data"


def _make_cluster(binaries: Path, folder: Path) -> None:
    user = _servants_name()
    _give_to_servant(folder)
    data = folder / "data"
    making = ("-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale")
    _run(str(binaries / "initdb"), "-D", str(data), *making, user=user)
    server = Postgres(binaries, data, free_port(), user)
    with _running(server):
        server.create(TEMPLATE)
        prepare_database(server.url)
        server.stop()


@contextmanager
def _running(service: _S) -> Iterator[_S]:
    try:
        service.start()
        yield service
    finally:
        service.put_away()


def _postgres_binaries() -> Path | None:
    """The folder of the newest PostgreSQL on this machine; distributions keep it out of the PATH."""
    found = [Path(named).resolve().parent for named in [shutil.which("initdb")] if named]
    found += [Path(name) for place in _POSTGRES_PLACES for name in glob(place)]
    whole = [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return max(whole, key=_version, default=None)


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def _servants_name() -> str | None:
    """Whose name PostgreSQL runs under: it refuses to be an administrator's. None: our own."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as_user(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _run(*command: str, user: str | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **_as_user(user))
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def _new_folder(name: str) -> Path:
    """A folder that the servant may enter; those of pytest are closed to everybody else. It goes when we go."""
    folder = Path(tempfile.mkdtemp(prefix=f"voiceassist-{name}-"))
    _give_to_servant(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _give_to_servant(folder: Path) -> None:
    servant = _servants_name()
    if servant is not None:
        entry = pwd.getpwnam(servant)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
