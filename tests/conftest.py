"""What most tests stand on: a database that threads share, quick passwords, unhashed static files, Alice and Bob."""

import gc
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import override_settings
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from tests.support.programs import program_of
from tests.support.running_site import RunningSite, running_site
from tests.support.site_home import SiteHome, site_home

PLAIN_STATIC_FILES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Take what collecting the tests made out of the garbage collector's sight.

    It lives to the end: looking through all of it again and again, as whoever calls `gc.collect` does too, takes longer
    than many a test.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Put a SQLite test database into a file of this run's own.

    Django's in-memory one has no busy timeout, so threads would collide in it; one file for all runs would make two
    runs in the same checkout collide. Databases of a server are told apart by the suffix that the runner gives.
    """
    for each in connections.all(initialized_only=False):
        if each.vendor == "sqlite":
            each.settings_dict["TEST"]["NAME"] = tmp_path_factory.mktemp("database") / "test.sqlite3"


@pytest.fixture(scope="session", autouse=True)
def _settings_for_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with override_settings(
        # Argon2 is slow on purpose; its slowness is not what these tests are about.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        # Hashed names exist after collectstatic only.
        STORAGES=PLAIN_STATIC_FILES,
        STATIC_ROOT=tmp_path_factory.mktemp("static"),
    ):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, let go of by everybody before PostgreSQL is asked to drop it.

    The pool opens connections in threads of its own; one that is being opened while the pool is closed belongs to
    nobody, and the database could not be dropped for it.
    """
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def alice(db: None) -> User:
    """The owner of things."""
    return User.objects.create_user("alice", password="wonderland-teapot")


@pytest.fixture
def bob(db: None) -> User:
    """The stranger, who must not see them."""
    return User.objects.create_user("bob", password="builder-hammer")


@pytest.fixture
def alices(alice: User) -> APIClient:
    """A program that is signed in as Alice."""
    return program_of(alice)


@pytest.fixture
def bobs(bob: User) -> APIClient:
    """A program that is signed in as Bob."""
    return program_of(bob)


@pytest.fixture
def own_cache(settings: Any) -> None:
    """A cache of this test's own: what one test counted limits no other."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid.uuid4().hex}
    }


@pytest.fixture
def free_port() -> int:
    """A TCP port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteHome]:
    """Where the running sites of one test module keep their things."""
    with site_home(tmp_path_factory.mktemp("site")) as own:
        yield own


@pytest.fixture(scope="module")
def site(home: SiteHome) -> Iterator[RunningSite]:
    """A running site, fresh for each test module; its `username` and `password` sign in."""
    with running_site(home) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser to drive; `make test` installs one and names it in CHROMIUM."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail(
            "There is no Chromium here. `make test` installs one; or name yours: CHROMIUM=/path/to/chrome"
        )
    return Path(found)


Work = Callable[[int], Any]


@pytest.fixture
def in_threads(transactional_db: None) -> Callable[[int, Work], list[Any]]:
    """Run `work(0) … work(n - 1)` in n threads that start at the same moment; returns the results in that order.

    The tests' data is really committed, each thread has database connections of its own, and the first exception of
    a thread is raised here.
    """

    def run(threads: int, work: Work) -> list[Any]:
        start = Barrier(threads)

        def one(number: int) -> Any:
            try:
                start.wait(timeout=10)
                return work(number)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(one, range(threads)))

    return run
