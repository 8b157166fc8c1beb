"""The nginx behind which two workers are tried: the system's, or one unpacked into var/nginx.

Installing the package would start a web server on port 80 of the developer's machine; unpacking it starts nothing, and
needs no rights.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from obstacle import ROOT, Obstacle, tell
from system_packages import download_system_package

_PLACES = (
    "/usr/sbin/nginx",
    "/usr/local/sbin/nginx",
    "/usr/local/bin/nginx",
    "/opt/homebrew/bin/nginx",
)
_UNPACKED = ROOT / "var" / "nginx"
# Debian's is in the first; older ones and Ubuntu's are in those the first one asks for.
_PACKAGES = ("nginx", "nginx-core", "nginx-light")


def find_nginx() -> str | None:
    """The program named by NGINX, or found on the path, where systems keep it, or where we unpacked it."""
    named = os.environ.get("NGINX")
    if named:
        if not Path(named).is_file():
            raise Obstacle(f"NGINX names {named}, and there is no such file.")
        return named
    places = (*_PLACES, str(_UNPACKED / "usr" / "sbin" / "nginx"))
    return shutil.which("nginx") or next((place for place in places if _starts(place)), None)


def ensure_nginx() -> None:
    """Unpack nginx when there is none. Where it cannot be had, the tests behind it are left out and say so."""
    if find_nginx():
        return
    tell("Fetching nginx, which two workers are tried behind ...")
    for package in _PACKAGES:
        if _unpack(package) and find_nginx():
            return
    tell("There is no nginx, and it could not be fetched from here; the tests of two workers are left out.")


def _unpack(package: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        archive = download_system_package(package, Path(folder))
        if archive is None:
            return False
        unpack = ["dpkg-deb", "--extract", str(archive), str(_UNPACKED)]
        return subprocess.run(unpack, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def _starts(place: str) -> bool:
    """Whether there is a program that finds its libraries."""
    if not Path(place).is_file():
        return False
    try:
        asked = subprocess.run([place, "-v"], capture_output=True, stdin=subprocess.DEVNULL)
    except OSError:
        return False
    return asked.returncode == 0
