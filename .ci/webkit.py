"""The WebKitGTK that stands for Safari in some browser tests: the system's, installed where that can be done."""

import os
import shutil
from pathlib import Path

from obstacle import Obstacle, tell
from sound import ensure_sound
from system_packages import install_system_package

_DRIVER = "/usr/bin/WebKitWebDriver"
_SCREEN = "/usr/bin/Xvfb"


def find_webkit() -> str | None:
    """The driver named by WEBKIT_DRIVER, or found on the path or where Debian puts it."""
    named = os.environ.get("WEBKIT_DRIVER")
    if named:
        if not Path(named).is_file():
            raise Obstacle(f"WEBKIT_DRIVER names {named}, and there is no such file.")
        return named
    return shutil.which("WebKitWebDriver") or (_DRIVER if Path(_DRIVER).is_file() else None)


def ensure_webkit() -> None:
    """Install WebKitGTK and a screen in memory when there are none. Where they cannot be had, their tests say so."""
    if not find_webkit():
        install_system_package("webkit2gtk-driver")
    if not _has_screen():
        install_system_package("xvfb")
    if not find_webkit() or not _has_screen():
        tell(
            "There is no WebKitGTK with Xvfb, and it could not be installed from here; its tests are left out."
        )
        return
    ensure_sound()


def _has_screen() -> bool:
    return bool(shutil.which("Xvfb")) or Path(_SCREEN).is_file()
