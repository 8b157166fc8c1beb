"""The whole site in a process of its own, as `make run` starts it, with a home and a port of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.project_files import ROOT
from tests.support.site_home import SiteHome

PATIENCE = 60
"""Seconds until it has to listen. It takes two on a quiet machine."""
_READY = "Ctrl-C stops it."
_ACCOUNT = re.compile(r"Sign in as (\S+) with the password (\S+)")


@dataclass(slots=True)
class RunningSite:
    """A site that listens. `printed` grows with everything it writes to the screen, logs included."""

    port: int
    home: SiteHome
    process: "subprocess.Popen[str]"
    printed: list[str] = field(default_factory=list)
    username: str = ""
    password: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def screen(self) -> str:
        """Everything printed so far."""
        return "".join(self.printed)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def running_site(home: SiteHome, environment: Mapping[str, str] | None = None) -> Iterator[RunningSite]:
    """A site that lives in `home`; `environment` adds variables. It is stopped in the end."""
    port = _free_port()
    machine = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    own = {"VAR_DIR": str(home.var), "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--prepare"],
        cwd=ROOT,
        env=machine | own | home.environment | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    site = RunningSite(port, home, process)
    ready = threading.Event()
    reader = threading.Thread(target=_read, args=(site, ready), daemon=True)
    reader.start()
    try:
        if not ready.wait(PATIENCE) or _READY not in site.screen:
            raise AssertionError(f"the site did not start:\n{site.screen}")
        account = _ACCOUNT.search(site.screen)
        if account:
            site.username, site.password = account.groups()
        yield site
    finally:
        if process.poll() is None:
            site.stop()
        reader.join(timeout=10)
        if process.stdout:
            process.stdout.close()


def _read(site: RunningSite, ready: threading.Event) -> None:
    """Read what the site prints, lest its pipe fill up; `ready` is set once it listens, and when it ends."""
    assert site.process.stdout is not None
    for line in site.process.stdout:
        site.printed.append(line)
        if _READY in line:
            ready.set()
    ready.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
