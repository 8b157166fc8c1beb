"""The servers of this project in processes of their own: the whole site on uvicorn and on Daphne, the engine alone."""

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.manage_program import Program, free_port, program
from tests.support.site_home import SiteHome

_READY = "Ctrl-C stops it."
_ENGINE_READY = "Ctrl-C ends it."
_ACCOUNT = re.compile(r"Sign in as (\S+) with the password (\S+)")


@dataclass(frozen=True, slots=True)
class RunningSite:
    """A site that listens, as `make run` starts it."""

    port: int
    home: SiteHome
    program: Program
    username: str = ""
    password: str = field(default="", repr=False)
    """Of the first account; both are empty after the first start, which alone tells them."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def screen(self) -> str:
        """Everything printed so far, logs included."""
        return self.program.screen

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        return self.program.stop(number)


@contextmanager
def running_site(
    home: SiteHome, environment: Mapping[str, str] | None = None, *, port: int = 0
) -> Iterator[RunningSite]:
    """A site that lives in `home`; `environment` adds variables. It is stopped in the end."""
    port = port or free_port()
    own = {"PORT": str(port)} | dict(environment or {})
    with program("serve", "--prepare", environment=_living_in(home) | own) as running:
        running.wait_until(lambda: _READY in running.screen)
        account = _ACCOUNT.search(running.screen)
        yield RunningSite(port, home, running, *(account.groups() if account else ()))


@contextmanager
def daphne_site(home: SiteHome) -> Iterator[str]:
    """`manage.py runserver` (Daphne) in a home that is prepared already; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    own = {"PUBLIC_URL": url, "PORT": str(port)}
    command = ("runserver", "--noreload", f"127.0.0.1:{port}")
    with program(*command, environment=_living_in(home) | own) as running:
        running.wait_until(lambda: _answers(f"{url}/health"))
        yield url


@contextmanager
def engine_server(var: Path) -> Iterator[str]:
    """`manage.py voiceassist_engine`; its base URL (http), as the SDK wants it."""
    port = free_port()
    command = ("voiceassist_engine", "--port", str(port))
    with program(*command, environment={"VAR_DIR": str(var)}) as running:
        running.wait_until(lambda: _ENGINE_READY in running.screen)
        yield f"http://127.0.0.1:{port}/v1"


def _living_in(home: SiteHome) -> dict[str, str]:
    """The variables that make a program of the project live in `home`."""
    return {"VAR_DIR": str(home.var)} | home.environment


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False
