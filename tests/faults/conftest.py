"""What the fault tests share: quick or long, and what is started once for a module whose tests kill nothing."""

import os
import sys
from collections.abc import Generator, Iterator

import pytest

from tests.faults.rig.figures import METRICS_TOKEN
from tests.faults.rig.processes import Home, Worker, home, worker
from tests.faults.rig.services import Postgres, Redis, private_postgres, private_redis
from tests.faults.rig.upstream import TalkingUpstream

IS_LONG = os.environ.get("FAULTS", "") == "long"
"""`make faults`: the numbers of the catalogue as they are written. Without it: the same, sooner and smaller."""

_LAST_WORDS = 4_000
_remarks: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests stop, pause and measure processes, which is done through /proc here."""
    if sys.platform == "linux":
        return
    elsewhere = pytest.mark.skip(reason="Fault tests look at processes through /proc, which only Linux has.")
    for item in items:
        if item.get_closest_marker("fault") is not None:
            item.add_marker(elsewhere)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Every run tells the seed of its nemesis and what it measured, also when all is well."""
    for remark in _remarks:
        terminalreporter.write_line(remark)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test shows what the worker that it shares with others printed at last."""
    report = yield
    for value in getattr(item, "funcargs", {}).values():
        if report.failed and isinstance(value, Worker):
            report.sections.append((f"worker on port {value.port}", value.screen[-_LAST_WORDS:]))
    return report


@pytest.fixture(scope="session")
def is_long() -> bool:
    """Whether there is time for the long form."""
    return IS_LONG


@pytest.fixture(scope="session")
def remarks() -> list[str]:
    """The lines that are told at the end of the run."""
    return _remarks


@pytest.fixture(scope="session")
def talking() -> Iterator[TalkingUpstream]:
    """An upstream that answers, for all of these tests."""
    with TalkingUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def upstream(talking: TalkingUpstream) -> TalkingUpstream:
    """The same, as if nobody had ever talked to it."""
    talking.begin_anew()
    return talking


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory, talking: TalkingUpstream) -> Iterator[Home]:
    """A home on SQLite."""
    with home(tmp_path_factory.mktemp("home"), upstream_url=talking.url) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def server(own: Home) -> Iterator[Worker]:
    """One worker, for tests that leave it as it is.

    It says what it holds, and complains of what is thrown away without being closed.
    """
    with worker(own, METRICS_TOKEN=METRICS_TOKEN, PYTHONWARNINGS="always::ResourceWarning") as running:
        yield running


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL of these tests' own. Whoever stops it starts it again."""
    with private_postgres(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis of these tests' own. Whoever stops it starts it again."""
    with private_redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="session")
def big_home(
    tmp_path_factory: pytest.TempPathFactory,
    talking: TalkingUpstream,
    postgres: Postgres,
    redis_server: Redis,
) -> Iterator[Home]:
    """A home on PostgreSQL and Redis, for several workers."""
    folder = tmp_path_factory.mktemp("home")
    with home(folder, database=postgres, redis=redis_server, upstream_url=talking.url) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def big_server(big_home: Home) -> Iterator[Worker]:
    """One worker of it, which whoever shares it leaves as it is."""
    with worker(big_home) as running:
        yield running
