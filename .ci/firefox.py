"""The Firefox that some browser tests drive, and its sound: the system's, installed where that can be done."""

import os
import shutil
from pathlib import Path

from obstacle import Obstacle, tell
from sound import ensure_sound
from system_packages import install_system_package

_NAMES = ("firefox-esr", "firefox")
_PLACES = (
    "/usr/bin/firefox-esr",
    "/usr/bin/firefox",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
)


def find_firefox() -> str | None:
    """The browser named by FIREFOX, or found on the path or where installers put it."""
    named = os.environ.get("FIREFOX")
    if named:
        if not Path(named).is_file():
            raise Obstacle(f"FIREFOX names {named}, and there is no such file.")
        return named
    on_the_path = (shutil.which(name) for name in _NAMES)
    in_its_place = (place for place in _PLACES if Path(place).is_file())
    return next(filter(None, on_the_path), None) or next(in_its_place, None)


def ensure_firefox() -> None:
    """Install Firefox when there is none. Where it cannot be had, its tests are left out and say so."""
    if not find_firefox():
        install_system_package("firefox-esr")
    if not find_firefox():
        tell("There is no Firefox, and it could not be installed from here; its tests are left out.")
        return
    ensure_sound()
