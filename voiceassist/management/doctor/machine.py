"""The machine: room on the disk, files that only we can read, enough of them, and a clock that is right."""

import resource
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import Error
from django.db.models import Max
from django.utils import timezone

import voiceassist
from conversations.models import Conversation
from voiceassist.management.doctor.finding import Finding, ok, problem, warning

LEAST_FREE = 200 * 1024 * 1024
FEW_FREE = 1024 * 1024 * 1024
FILES_EACH = 3
"""Descriptors that a session may need: its client, its upstream, a pipe."""
FILES_BESIDE = 200


def examine_disk() -> Iterator[Finding]:
    """VAR_DIR takes files, has room, and what is secret in it is ours alone."""
    var = Path(settings.VAR_DIR)
    try:
        with tempfile.NamedTemporaryFile(dir=var, prefix="doctor-") as file:
            file.write(b"doctor")
            file.flush()
    except OSError as error:
        yield problem(
            f"No file can be written to VAR_DIR ({error.strerror}).",
            f"Give the user of this server {var} to write to.",
        )
        return
    free = shutil.disk_usage(var).free
    told = f"{free / 1024**3:.1f} GB are free where VAR_DIR is"
    if free < LEAST_FREE:
        yield problem(f"{told}: soon nothing more can be stored.", "Make room.")
    elif free < FEW_FREE:
        yield warning(f"{told}.", "Make room before it becomes less.")
    else:
        yield ok(f"{told}.")
    yield from _private(var / "secret-key")
    yield from _private(var / "first-account")


def _private(path: Path) -> Iterator[Finding]:
    if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield warning(f"Others on this machine can read {path.name}.", f"chmod 600 {path}")


def examine_files() -> Iterator[Finding]:
    """The system lets us have as many sockets open as we say we take."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.REALTIME_SOCKETS * FILES_EACH + FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        yield warning(
            f"{soft} open files are allowed; {settings.REALTIME_SOCKETS} sockets may need {wanted}.",
            f"Raise the limit (systemd: LimitNOFILE={wanted}), or lower REALTIME_SOCKETS.",
        )
    else:
        yield ok("As many files may be open as REALTIME_SOCKETS needs.")


def examine_clock() -> Iterator[Finding]:
    """Tickets, leases and tokens go by it."""
    now = timezone.now()
    installed = datetime.fromtimestamp(Path(voiceassist.__file__).stat().st_mtime, UTC)
    try:
        latest = Conversation.objects.aggregate(latest=Max("created_at"))["latest"]
    except Error:
        latest = None  # what is wrong with the database stands elsewhere
    newest = max(filter(None, [installed, latest]))
    if newest > now + timedelta(seconds=60):
        yield problem(
            f"It says {now:%Y-%m-%d %H:%M} UTC, and something here is from {newest:%Y-%m-%d %H:%M} UTC.",
            "Set the clock; let NTP keep it.",
        )
    else:
        yield ok(f"It is {now:%Y-%m-%d %H:%M:%S} UTC.")
