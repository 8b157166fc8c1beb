"""The database: reached, up to date, written to and read back, and set as sessions need it."""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import Error, connection
from django.utils import timezone

from realtime.models import VoiceSession
from voiceassist import tables
from voiceassist.management.doctor.finding import Finding, ok, problem, warning

_UNREACHED = (
    "Check DATABASE_URL, whether the server runs and whether its firewall lets this machine in; "
    "docs/troubleshooting.md has more."
)


def examine_database() -> Iterator[Finding]:
    """From the connection to the manners of the server."""
    try:
        connection.ensure_connection()
    except (Error, OSError) as error:
        yield problem(f"It cannot be reached ({type(error).__name__}).", _UNREACHED)
        return
    waiting = tables.waiting()
    if waiting:
        told, advice = tables.in_words(waiting).split(". ", 1)
        yield problem(f"{told}.", advice)
        return
    yield from _written_and_read()
    yield from _sqlite() if connection.vendor == "sqlite" else _postgresql()
    yield from _holders()


def _written_and_read() -> Iterator[Finding]:
    """A row of our own comes back as it was written, and goes again."""
    key = f"doctor{secrets.token_hex(12)}"
    rows = Session.objects.filter(session_key=key)
    try:
        Session.objects.create(session_key=key, session_data="doctor", expire_date=timezone.now())
        came_back = rows.get().session_data == "doctor"
    except Error as error:
        yield problem(
            f"A row cannot be written and read back ({type(error).__name__}).",
            "Check the rights of its user, and the disk it lies on.",
        )
        return
    finally:
        with suppress(Error):
            rows.delete()
    if came_back:
        yield ok(f"{connection.display_name} {_version()}: written to and read back.")
    else:
        yield problem(
            "A row does not come back as it was written.",
            "Do not read from a replica: give DATABASE_URL the primary.",
        )


def _version() -> str:
    return ".".join(str(number) for number in connection.get_database_version())


def _sqlite() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        journal = cursor.fetchone()[0]
    mode = connection.settings_dict["OPTIONS"].get("transaction_mode")
    if str(journal).lower() != "wal" or mode != "IMMEDIATE":
        yield problem(
            f"SQLite runs with journal {journal} and transactions {mode}, not with WAL and IMMEDIATE: "
            "sessions that write at once would fail.",
            "Put VAR_DIR on a disk of this machine: WAL does not work over a network.",
        )
    if settings.REDIS_URL:
        yield warning(
            "REDIS_URL is set and the database is SQLite: other machines cannot share it.",
            "For more than one machine set DATABASE_URL to PostgreSQL.",
        )


def _postgresql() -> Iterator[Finding]:
    pool = connection.settings_dict["OPTIONS"].get("pool")
    if not pool:
        yield problem(
            "Connections come from no pool, so a restart of the database loses queries.",
            "Use the settings of this project as they are.",
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('max_connections')::int, current_setting('server_encoding')")
        most, encoding = cursor.fetchone()
        cursor.execute("SELECT pg_is_in_recovery(), abs(extract(epoch FROM now() - %s))", [timezone.now()])
        is_replica, apart = cursor.fetchone()
    each = int(pool.get("max_size", 4)) if isinstance(pool, dict) else 0
    if each * 2 > most:
        yield warning(
            f"Two workers may open {each * 2} connections and the server allows {most}.",
            "Lower DATABASE_POOL_SIZE or raise max_connections.",
        )
    if encoding != "UTF8":
        yield problem(
            f"Its encoding is {encoding}: not every language can be stored.",
            "Create the database anew with ENCODING 'UTF8' and restore a dump.",
        )
    if is_replica:
        yield problem("It is a replica and takes no writes.", "Give DATABASE_URL the primary.")
    if apart > 2:
        yield problem(
            f"Its clock and ours are {apart:.0f} seconds apart: leases and tickets go by them.",
            "Let both machines set their clocks over NTP.",
        )


def _holders() -> Iterator[Finding]:
    """Sessions of several processes need a Redis between them."""
    fresh = timezone.now() - timedelta(seconds=90)
    live = VoiceSession.objects.exclude(holder="").filter(seen_at__gte=fresh)
    holders = live.values("holder").distinct().count()
    if holders > 1 and not settings.REDIS_URL:
        yield warning(
            f"{holders} processes hold sessions and REDIS_URL is not set: limits and orders do not reach the others.",
            "Set REDIS_URL for every worker, to the same server.",
        )
