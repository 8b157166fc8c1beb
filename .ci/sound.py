"""PulseAudio, as a sound card for browsers that have none: what some browser tests speak into and listen to."""

import shutil
from pathlib import Path

from obstacle import tell
from system_packages import install_system_package

_PACKAGE_OF = {"pulseaudio": "pulseaudio", "pacat": "pulseaudio-utils", "pactl": "pulseaudio-utils"}
_FOLDER = Path("/usr/bin")


def ensure_sound() -> None:
    """Install the sound server and its tools when they are not here. Where they cannot be had, the tests say so."""
    for program, package in _PACKAGE_OF.items():
        if not _has(program):
            install_system_package(package)
    missing = [program for program in _PACKAGE_OF if not _has(program)]
    if missing:
        tell(
            f"{' and '.join(missing)} could not be installed from here; the tests in Firefox and WebKitGTK"
            " are left out."
        )


def _has(program: str) -> bool:
    return bool(shutil.which(program)) or (_FOLDER / program).is_file()
