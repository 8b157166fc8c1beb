"""A PostgreSQL of our own that hangs: nobody waits for it longer than was said."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg_pool import ConnectionPool, PoolTimeout

from tests.faults.rig.services import Postgres, private_postgres
from voiceassist.postgres import CHECK_SECONDS, Connection, bound_statements


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with private_postgres(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@contextmanager
def hanging(server: Postgres) -> Iterator[None]:
    server.pause()
    try:
        yield
    finally:
        server.go_on()


@pytest.fixture
def statement_bound() -> Iterator[None]:
    bound_statements(0.5)
    yield
    bound_statements(None)


def test_a_statement_that_is_not_answered_is_given_up_and_so_is_its_connection(
    server: Postgres, statement_bound: None
) -> None:
    with Connection.connect(server.url, autocommit=True) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        with hanging(server):
            began = time.monotonic()
            with pytest.raises(psycopg.OperationalError, match="did not answer in time"):
                connection.execute("SELECT 1")
            assert 0.4 < time.monotonic() - began < 5
        assert connection.closed, "the answer to this statement must not be taken for that to another"


def test_a_statement_that_takes_long_is_not_cut_short_in_a_command(server: Postgres) -> None:
    with Connection.connect(server.url, autocommit=True) as connection:
        assert connection.execute("SELECT 'done' FROM pg_sleep(1.5)").fetchone() == ("done",)


def test_the_pools_check_is_bounded_also_in_a_command(server: Postgres) -> None:
    with Connection.connect(server.url, autocommit=True) as connection, hanging(server):
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            ConnectionPool.check_connection(connection)
        assert CHECK_SECONDS / 2 < time.monotonic() - began < CHECK_SECONDS + 3


def test_the_site_hears_within_three_and_a_half_seconds_that_its_database_hangs_and_goes_on_when_it_does(
    server: Postgres,
) -> None:
    pool = ConnectionPool(
        server.url,
        connection_class=Connection,
        kwargs={"autocommit": True, "connect_timeout": 3},
        check=ConnectionPool.check_connection,
        min_size=1,
        max_size=10,
        timeout=2.5,
        open=True,
    )
    try:
        with pool.connection() as connection:
            connection.execute("SELECT 1")
        with hanging(server):
            began = time.monotonic()
            with pytest.raises(PoolTimeout), pool.connection():
                pytest.fail("it gave a connection that does not work")
            # A busy machine may be late; the site is not.
            assert time.monotonic() - began < 2.5 + CHECK_SECONDS + 1
        with pool.connection(timeout=10) as connection:
            assert connection.execute("SELECT 2").fetchone() == (2,)
    finally:
        pool.close(timeout=5)
