"""The virtual environment, .venv unless VENV names another: made, filled as requirements.lock says, and remembered."""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from obstacle import ROOT, Obstacle, tell
from venv_maker import make_venv

VENV = ROOT / (os.environ.get("VENV") or ".venv")
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
MEMORY = VENV / "voiceassist.json"


def ensure_packages(*, for_tests: bool) -> None:
    """Bring the environment to what pyproject.toml and requirements.lock ask for, if it is not there already."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    memory = _recall()
    if memory is None:
        make_venv(VENV)
        memory = {"place": str(ROOT)}
    extras = project["optional-dependencies"]
    _once(memory, "site", project["dependencies"], _install_site)
    _once(memory, "speech", extras["speech"], _install_speech)
    if for_tests:
        _once(memory, "tests", extras["test"], _install_tests)


def _recall() -> dict[str, Any] | None:
    """What this environment holds, or None when it has to be made: missing, broken, or moved with its folder.

    Console scripts and the editable install carry the folder's path, so a moved .venv only looks whole.
    """
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode:
        return None
    try:
        memory: dict[str, Any] = json.loads(MEMORY.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"place": str(ROOT)}  # made by hand: keep it and fill it
    return memory if memory.get("place") == str(ROOT) else None


def _once(memory: dict[str, Any], part: str, requirements: list[str], install: Any) -> None:
    wanted = hashlib.sha256(LOCK.read_bytes() + json.dumps(requirements).encode()).hexdigest()
    if memory.get(part) == wanted:
        return
    install(requirements)
    memory[part] = wanted
    MEMORY.write_text(json.dumps(memory, indent=1), encoding="utf-8")


def _install_site(requirements: list[str]) -> None:
    tell(
        f"Installing {len(requirements)} packages and what they need into {VENV.name} (a minute or two, once) ..."
    )
    if not _pip("--editable", str(ROOT)):
        raise Obstacle(
            "The packages could not be installed; the lines above say why. Most often the network is down or a\n"
            "proxy has to be named (HTTPS_PROXY=...). Run make again when that is settled."
        )


def _install_speech(requirements: list[str]) -> None:
    """Ears and voice of the embedded engine. Typed turns are answered without them, so a failure is told, not fatal."""
    tell("Installing the embedded engine's ears and voice ...")
    if _pip("--only-binary", ":all:", *requirements, quietly=True):
        return
    missing = [each for each in requirements if not _pip("--only-binary", ":all:", each, quietly=True)]
    if missing:
        version = ".".join(map(str, sys.version_info[:2]))
        tell(
            f"Not available ready-made for this Python {version}: {', '.join(missing)}.\n"
            "VoiceAssist starts all the same: typed turns are answered, and the page says what voice is missing.\n"
            "Python 3.11 and 3.13 have all of it; with one installed: make clean run PYTHON=python3.13"
        )


def _install_tests(requirements: list[str]) -> None:
    tell("Installing what the tests need ...")
    if not _pip(*requirements):
        raise Obstacle("The test packages could not be installed; the lines above say why.")


def _pip(*arguments: str, quietly: bool = False) -> bool:
    """Whether `pip install` of these succeeded, held to the versions of requirements.lock."""
    command = [str(PYTHON), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    outcome = subprocess.run(
        [*command, "--constraint", str(LOCK), *arguments],
        cwd=ROOT,
        # Installing into a venv as root is as safe as into any other folder; the advice would only frighten.
        env=os.environ | {"PIP_ROOT_USER_ACTION": "ignore"},
        stdin=subprocess.DEVNULL,
        capture_output=quietly,
    )
    return outcome.returncode == 0


def venv_bin(name: str) -> Path:
    """A program of the environment."""
    return VENV / "bin" / name
