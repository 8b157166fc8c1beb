"""Databases with tables and accounts, made once in a process of its own: `python -m tests.faults.rig.preparation`.

Where there is no database to fill but SQLite, the static files are gathered along with it.

The accounts come out alike every time, hashes included, so that a token made for one database is good in all.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.apart import run_apart
from tests.support.kept import kept

PEOPLE = 22
"""How many accounts there are, beside the operator's, which is the last."""
PUBLIC_URL = "http://127.0.0.1:8000"
"""What every worker takes for its address: tokens are made out to it, and all workers of a home accept them."""
SECRET_KEY = "the-secret-of-the-fault-tests-which-protects-nothing-at-all"
_ACCOUNTS, _STATIC = "people.json", "static"
_PASSWORD = "everybody-has-the-same-long-teapot"
"""One for all: to hash a password is slow on purpose."""
_SALT = "two-and-twenty-letters"
"""With fewer, who signs in would be given another hash, which ends the tokens that were made before."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account."""

    user_id: int
    username: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    """An access token that is good for a day."""


def environment_of(var: Path, database_url: str = "") -> dict[str, str]:
    """What every process of a home is told, workers and preparation alike."""
    given = {"VAR_DIR": str(var), "SECRET_KEY": SECRET_KEY, "PUBLIC_URL": PUBLIC_URL}
    return given | ({"DATABASE_URL": database_url} if database_url else {})


def prepare_database(database_url: str) -> None:
    """Create the tables and accounts in a database."""
    with TemporaryDirectory() as var:
        _run(Path(var), database_url)


def prepared_folder() -> Path:
    """A folder with a SQLite database, the list of the accounts in it and the static files."""
    return kept("database", _run)


def named_files() -> Path:
    """The static files as they are written, under the names by which pages know them: for pages without a browser.

    To gather them as a browser needs them takes many times as long.
    """
    return prepared_folder() / _STATIC


def people_of(var: Path) -> list[Person]:
    """The accounts of a home; the last one is the operator's."""
    return [Person(**each) for each in json.loads((var / _ACCOUNTS).read_text(encoding="utf-8"))]


def _run(var: Path, database_url: str = "") -> None:
    run_apart(__name__, environment_of(var, database_url))


# --- in the process of its own ------------------------------------------------------------------------------------


def _prepare() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")
    django.setup()
    from django.conf import settings
    from django.contrib.auth.hashers import Argon2PasswordHasher
    from django.core.management import call_command
    from django.test import override_settings

    from tests.faults.rig.named import Named

    call_command("migrate", interactive=False, verbosity=0)
    if not os.environ.get("DATABASE_URL"):
        storages = settings.STORAGES | {
            "staticfiles": {"BACKEND": f"{Named.__module__}.{Named.__qualname__}"}
        }
        with override_settings(STORAGES=storages):
            call_command("collectstatic", interactive=False, verbosity=0)
    hashed = Argon2PasswordHasher().encode(_PASSWORD, _SALT)
    accounts = [_account(f"caller{number}", hashed) for number in range(PEOPLE)]
    accounts.append(_account("operator", hashed, is_staff=True, is_superuser=True))
    listed = json.dumps([asdict(each) for each in accounts])
    Path(settings.VAR_DIR, _ACCOUNTS).write_text(listed, encoding="utf-8")


def _account(username: str, hashed: str, **rights: bool) -> Person:
    from django.contrib.auth.models import User
    from rest_framework_simplejwt.tokens import AccessToken

    user = User.objects.create(username=username, password=hashed, **rights)
    token = AccessToken.for_user(user)
    token.set_exp(lifetime=timedelta(days=1))
    return Person(user.pk, username, _PASSWORD, str(token))


if __name__ == "__main__":
    _prepare()
