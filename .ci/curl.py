"""The curl that runs the examples of docs/api.md: the system's, installed when there is none."""

import os
import shutil
from pathlib import Path

from obstacle import Obstacle
from system_packages import install_system_package

_PLACE = "/usr/bin/curl"


def find_curl() -> str | None:
    """The program named by CURL, or found on the path or where systems keep it."""
    named = os.environ.get("CURL")
    if named:
        if not Path(named).is_file():
            raise Obstacle(f"CURL names {named}, and there is no such file.")
        return named
    return shutil.which("curl") or (_PLACE if Path(_PLACE).is_file() else None)


def ensure_curl() -> None:
    """Install curl when there is none."""
    if find_curl():
        return
    install_system_package("curl")
    if not find_curl():
        raise Obstacle(
            "The examples in docs/api.md are tried with curl, and it could not be installed from here.\n"
            "  Debian, Ubuntu:  sudo apt-get install curl\n"
            "Installed somewhere unusual? Name it: CURL=/path/to/curl make test"
        )
