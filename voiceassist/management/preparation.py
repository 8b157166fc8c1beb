"""What has to be in place before the first request: tables, an account, static files. Each step looks first."""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connections

from voiceassist import tables

FIRST_ACCOUNT = "demo"


@dataclass(frozen=True, slots=True)
class SignIn:
    """The account made at the first start. `password` is empty once it was changed or its file removed."""

    username: str
    password: str
    kept_in: Path
    is_new: bool = False


def prepare(*, var: Path, static_root: Path) -> SignIn | None:
    """Bring everything into place; the account made at the first start, or None when others run this site.

    Two servers started at once on the same `var` folder take turns, so that one migrates and the other finds it done.
    """
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _taking_turns(var / "prepare.lock"):
        bring_tables_up_to_date()
        sign_in = ensure_account(var / "first-account")
        collect_static_files(static_root, remembered_in=var / "static.sources")
    connections.close_all()
    return sign_in


def bring_tables_up_to_date() -> None:
    """Apply the migrations that the database has not seen."""
    if tables.waiting():
        call_command("migrate", interactive=False, verbosity=0)


def ensure_account(kept_in: Path) -> SignIn | None:
    """Make the first account when there is none, its generated password kept in a file that only its owner can read."""
    accounts = get_user_model()._default_manager
    if not accounts.exists():
        password = secrets.token_urlsafe(12)
        _write_privately(kept_in, password)
        accounts.create_superuser(username=FIRST_ACCOUNT, password=password)
        return SignIn(FIRST_ACCOUNT, password, kept_in, is_new=True)
    account = accounts.filter(username=FIRST_ACCOUNT).first()
    if account is None:
        return None
    kept = kept_in.read_text(encoding="utf-8").strip() if kept_in.is_file() else ""
    return SignIn(FIRST_ACCOUNT, kept if kept and account.check_password(kept) else "", kept_in)


def collect_static_files(static_root: Path, *, remembered_in: Path) -> None:
    """Gather the static files under their hashed names, unless the same files were gathered already."""
    wanted = _fingerprint_of_static_sources()
    gathered = remembered_in.read_text(encoding="utf-8") if remembered_in.is_file() else ""
    if gathered == wanted and static_root.is_dir():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=static_root.is_dir())
    remembered_in.write_text(wanted, encoding="utf-8")


def _fingerprint_of_static_sources() -> str:
    """Changes with any static file's size or time, with the storage, and with any package, which may bring files."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for package in sorted(f"{each.name} {each.version}" for each in distributions()):
        digest.update(package.encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            seen = os.stat(storage.path(path))
            digest.update(f"{path} {seen.st_size} {seen.st_mtime_ns}".encode())
    return digest.hexdigest()


def _write_privately(path: Path, words: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(words + "\n")


@contextmanager
def _taking_turns(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
