"""What the fault tests share: quick or long, and what is started once for a module whose tests kill nothing."""

import os
import sys
from collections.abc import Generator, Iterator
from functools import partial

import pytest

from tests.faults.rig.figures import METRICS_TOKEN, nobody_is_there
from tests.faults.rig.patience import eventually
from tests.faults.rig.processes import Home, Worker, home, worker
from tests.faults.rig.services import Postgres, Redis, private_postgres, private_redis
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.fault_stage import Stage, fault_stage

IS_LONG = os.environ.get("FAULTS", "") == "long"
"""`make faults`: the numbers of the catalogue as they are written. Without it: smaller, and sooner."""

DRAIN_SECONDS = 3
"""How long a worker that is told to stop waits for answers that are being given."""
OUTSPOKEN = {} if IS_LONG else {"DJANGO_SETTINGS_MODULE": "tests.faults.rig.outspoken_settings"}
# Put together here, so that nobody's search for leaked keys finds this file.
PROVIDER_KEY = "sk-" + "proj-" + "CanaryInTheCoalMine" * 2
_LAST_WORDS = 4_000
_GIVEN_UP_WITHIN = 45.0
"""Seconds: thirty for a client that might have come back, and what a busy machine takes."""
_LOOK = 0.2
"""Seconds from one look at what a worker says of itself to the next."""
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
    """A home on SQLite, with its pages."""
    place = tmp_path_factory.mktemp("home")
    with home(place, upstream_url=talking.url, with_pages=True, has_browser=IS_LONG) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def server(own: Home) -> Iterator[Worker]:
    """One worker, for tests that leave it as it is.

    It says what it holds, has a key to be looked for, and complains of what is thrown away without being closed.
    """
    with worker(
        own,
        port=0,
        METRICS_TOKEN=METRICS_TOKEN,
        REALTIME_API_KEY=PROVIDER_KEY,
        PYTHONWARNINGS="always::ResourceWarning",
        **OUTSPOKEN,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def redis_home(
    tmp_path_factory: pytest.TempPathFactory, talking: TalkingUpstream, redis_server: Redis
) -> Iterator[Home]:
    """A home on SQLite and Redis."""
    with home(tmp_path_factory.mktemp("home"), redis=redis_server, upstream_url=talking.url) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def redis_worker(redis_home: Home) -> Iterator[Worker]:
    """One worker of it, which whoever shares it leaves as it is."""
    with worker(redis_home) as running:
        yield running


@pytest.fixture(scope="session")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A site whose waits are short, but in the long form, and a port at which upstreams come and go."""
    place = tmp_path_factory.mktemp("hasty")
    with fault_stage(place, is_hasty=not IS_LONG, METRICS_TOKEN=METRICS_TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def stage(hasty: Stage) -> Iterator[Stage]:
    """The same, and nobody is waited for any more when the tests of the module are over."""
    yield hasty
    see_off(hasty)


@pytest.fixture(scope="module")
def stage_upstream(stage: Stage) -> Iterator[TalkingUpstream]:
    """An upstream that answers, for a module that needs no scripts. Who is still waited for does not lose it."""
    with TalkingUpstream(port=stage.upstream_port) as running:
        yield running
        see_off(stage)


def see_off(stage: Stage) -> None:
    """Wait until whoever was lost is given up."""
    nobody = partial(nobody_is_there, stage.worker)
    eventually(nobody, _GIVEN_UP_WITHIN, what="the end of all sessions", pause=_LOOK)


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """As `hasty`, for one flood: what a flood has taken, the next one would find free and seem to cost nothing."""
    with fault_stage(tmp_path_factory.mktemp("fresh"), is_hasty=not IS_LONG) as running:
        yield running
    assert "Traceback" not in running.worker.screen


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
    with worker(big_home, port=0, **OUTSPOKEN) as running:
        yield running


@pytest.fixture(scope="session")
def big_other(big_home: Home) -> Iterator[Worker]:
    """Another one, until the last test that uses it tells it to stop."""
    with worker(big_home, DRAIN_SECONDS=str(DRAIN_SECONDS)) as running:
        yield running
