"""The Chromium that the browser tests drive: the system's, installed when there is none."""

import os
import shutil
from pathlib import Path

from obstacle import Obstacle
from system_packages import install_system_package

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_PLACES = (
    "/usr/bin/chromium",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find_chromium() -> str | None:
    """The browser named by CHROMIUM, or found on the path or where installers put it."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not Path(named).is_file():
            raise Obstacle(f"CHROMIUM names {named}, and there is no such file.")
        return named
    on_the_path = (shutil.which(name) for name in _NAMES)
    in_its_place = (place for place in _PLACES if Path(place).is_file())
    return next(filter(None, on_the_path), None) or next(in_its_place, None)


def ensure_chromium() -> None:
    """Install Chromium when there is none. CHROMIUM_UNSEEN=1 overlooks one that is there, to try the installing."""
    if not os.environ.get("CHROMIUM_UNSEEN") and find_chromium():
        return
    install_system_package("chromium")
    if not find_chromium():
        raise Obstacle(
            "The browser tests need Chromium or Google Chrome, and it could not be installed from here.\n"
            "  Debian:  sudo apt-get install chromium\n"
            "  Ubuntu:  sudo snap install chromium\n"
            "  macOS:   brew install --cask google-chrome\n"
            "Installed somewhere unusual? Name it: CHROMIUM=/path/to/chrome make test"
        )
