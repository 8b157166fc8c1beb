"""Time that passes in the rows alone, for quick forms of tests about minutes."""

import sqlite3
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql

from tests.faults.rig.plain import PLAIN
from tests.faults.rig.preparation import Person

_MOMENTS = ("seen_at", "client_lost_at", "expires_at")
_SESSIONS = "/api/voice/realtime-session"


def make_older(database: str, session_id: str, *, seconds: float) -> None:
    """Turn back what the row of a session says of when it was last there, and until when its ticket is good."""
    change = _on_postgres if database.startswith("postgres") else _on_sqlite
    change(database, session_id, seconds)


def _on_postgres(database: str, session_id: str, seconds: float) -> None:
    changes = sql.SQL(", ").join(
        sql.SQL("{0} = {0} - make_interval(secs => %(by)s)").format(sql.Identifier(name)) for name in _MOMENTS
    )
    with psycopg.connect(database) as connection:
        connection.execute(
            sql.SQL("UPDATE realtime_voicesession SET {} WHERE id = %(id)s").format(changes),
            {"by": seconds, "id": session_id},
        )


def _on_sqlite(database: str, session_id: str, seconds: float) -> None:
    # As Django writes them: without a time zone, in UTC.
    changes = ", ".join(f"{name} = strftime('%Y-%m-%d %H:%M:%f', {name}, ?)" for name in _MOMENTS)
    with closing(sqlite3.connect(urlsplit(database).path, timeout=20)) as connection, connection:
        connection.execute(
            f"UPDATE realtime_voicesession SET {changes} WHERE id = ?",  # noqa: S608 - names of ours
            [*[f"-{seconds} seconds"] * len(_MOMENTS), session_id],
        )


def reap_now(person: Person, url: str) -> None:
    """Have a worker look for sessions that nobody will end: it does so for whoever asks to come back too late.

    Leaves one more ended session of that person. Raises AssertionError when the worker answers anything else.
    """
    bearer = {"Authorization": f"Bearer {person.token}"}
    with httpx.Client(base_url=url, headers=bearer, timeout=10, trust_env=False, verify=PLAIN) as client:
        issued = client.post(_SESSIONS, json={}).raise_for_status().json()
        client.delete(f"/api/voice/sessions/{issued['session_id']}/").raise_for_status()
        late = client.post(_SESSIONS, json={"resume_session_id": issued["session_id"]})
    assert late.status_code == 409, late.text
