"""Where a running site of the tests keeps its things: a folder, and on PostgreSQL and Redis a corner of its own."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from tests.support.prepared_site import lay_out


@dataclass(frozen=True, slots=True)
class SiteHome:
    """A folder and the variables that lead a site to its own database and cache. Outlives restarts of the site."""

    var: Path
    environment: dict[str, str]


@contextmanager
def site_home(var: Path, *, is_empty: bool = False) -> Iterator[SiteHome]:
    """A home in `var`; DATABASE_URL and REDIS_URL, when the tests were given any, decide on what it stands.

    Nobody has an account there yet. `is_empty`: nothing is there at all, as before a very first start.
    """
    with _database() as database, _cache() as cache:
        if not is_empty:
            lay_out(var, with_tables=not database)
        yield SiteHome(var, database | cache)


@contextmanager
def _database() -> Iterator[dict[str, str]]:
    address = os.environ.get("DATABASE_URL", "")
    if not address.startswith("postgres"):
        yield {}
        return
    name = f"site_{secrets.token_hex(6)}"
    quoted = sql.Identifier(name)
    with psycopg.connect(address, autocommit=True) as administrator:
        administrator.execute(sql.SQL("CREATE DATABASE {}").format(quoted))
        try:
            yield {"DATABASE_URL": urlunsplit(urlsplit(address)._replace(path=f"/{name}"))}
        finally:
            administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


@contextmanager
def _cache() -> Iterator[dict[str, str]]:
    """One of the server's sixteen databases that held nothing, and holds nothing again afterwards."""
    address = os.environ.get("REDIS_URL", "")
    if not address:
        yield {}
        return
    for number in range(15, 0, -1):
        own = urlunsplit(urlsplit(address)._replace(path=f"/{number}"))
        with redis.Redis.from_url(own) as client:
            if not client.set("site_home", "taken", nx=True):
                continue
            if client.dbsize() > 1:
                client.delete("site_home")
                continue
            try:
                yield {"REDIS_URL": own}
            finally:
                client.flushdb()
            return
    raise AssertionError(
        f"every database of {address} holds something; the site of a test needs an empty one"
    )
