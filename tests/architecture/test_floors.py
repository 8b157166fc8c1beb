"""The walls between the Python rooms, as pyproject.toml draws them."""

import subprocess
import sys
from pathlib import Path

from tests.support.project_files import ROOT


def test_nobody_imports_past_a_wall() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    outcome = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_server_process_holds_neither_the_gpl_voice_nor_the_recogniser() -> None:
    """Both belong to the speech workers: the one for its licence, the other because it stops every other thread."""
    question = """
import sys, django
django.setup()
import voiceassist.asgi
from django.conf import settings
from realtime.providers.registry import describe
describe(settings.REALTIME)
print(*{"espeakng_loader", "pocketsphinx"} & set(sys.modules))
"""
    outcome = subprocess.run(
        [sys.executable, "-c", question],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "voiceassist.settings", "REALTIME_PROVIDER": "embedded"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip() == ""
