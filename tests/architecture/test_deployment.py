"""Django's own checks: a production environment gives no reason to complain, no model change lacks a migration."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.support.project_files import ROOT


def manage(*arguments: str, var: Path) -> subprocess.CompletedProcess[str]:
    """A management command with the environment of a production server."""
    production = {
        "VAR_DIR": str(var),
        "PUBLIC_URL": "https://voice.example.org",
        "TRUSTED_PROXIES": "127.0.0.1",
        "SECRET_KEY": "not-so-secret-" * 5 + "0123456789",
    }
    machine = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=machine | production,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_deployment_check_is_silent_in_production(tmp_path: Path) -> None:
    manage("collectstatic", "--no-input", var=tmp_path).check_returncode()
    outcome = manage("check", "--deploy", "--fail-level", "WARNING", var=tmp_path)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "no issues" in outcome.stdout


def test_the_api_schema_is_complete(tmp_path: Path) -> None:
    outcome = manage(
        "spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"), var=tmp_path
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)
