"""How the environment comes to be, also where the system's Python was shipped without what puts pip into it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from obstacle import Obstacle, tell
from system_packages import install_system_package


def make_venv(venv: Path) -> None:
    """Make a fresh virtual environment with pip at `venv`, replacing what is there."""
    tell(f"Making {venv.name} with Python {'.'.join(map(str, sys.version_info[:3]))} ...")
    ways: tuple[Callable[[Path], bool], ...] = (
        _with_ensurepip,
        _with_the_systems_pip,
        _with_virtualenv,
        _after_installing_ensurepip,
    )
    for way in ways:
        shutil.rmtree(venv, ignore_errors=True)
        if way(venv):
            return
    shutil.rmtree(venv, ignore_errors=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise Obstacle(
        f"This Python ({sys.executable}) cannot make virtual environments: it lacks ensurepip,\n"
        f"which Debian and Ubuntu keep in a package of its own. Install it and run make again:\n"
        f"  sudo apt-get install python{version}-venv"
    )


def _with_ensurepip(venv: Path) -> bool:
    return _succeeds(sys.executable, "-m", "venv", str(venv))


def _with_the_systems_pip(venv: Path) -> bool:
    return _succeeds(sys.executable, "-m", "venv", "--without-pip", str(venv)) and _succeeds(
        sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "install", "--quiet", "pip"
    )


def _with_virtualenv(venv: Path) -> bool:
    return _succeeds(sys.executable, "-m", "virtualenv", "--quiet", str(venv))


def _after_installing_ensurepip(venv: Path) -> bool:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return install_system_package(f"python{version}-venv") and _with_ensurepip(venv)


def _succeeds(*command: str) -> bool:
    try:
        # A way that is not open on this machine says so at length; only the last word counts, and that is ours.
        return (
            subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env=_plain()).returncode
            == 0
        )
    except OSError:
        return False


def _plain() -> dict[str, str]:
    """The environment without an active venv's traces, which would lead pip astray."""
    return {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONHOME"}}
