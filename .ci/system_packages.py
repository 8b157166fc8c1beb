"""Packages of the operating system, installed where that can be done without asking anybody anything."""

import os
import shutil
import subprocess
from pathlib import Path

from obstacle import tell

# dpkg refuses to work unless the administrator's folders are on the path, as sudo would put them there.
_ADMIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def install_system_package(name: str) -> bool:
    """Install a Debian package; False where there is no apt-get, no right to use it, or no such package."""
    become_root = _way_to_root()
    if become_root is None or shutil.which("apt-get", path=_ADMIN_PATH) is None:
        return False
    tell(f"Installing the system package {name} ...")
    install = [*become_root, "apt-get", "install", "--yes", "--no-install-recommends", "--quiet=2", name]
    if _run(install):
        return True
    return _run([*become_root, "apt-get", "update", "--quiet=2"]) and _run(install)


def download_system_package(name: str, folder: Path) -> Path | None:
    """Fetch a Debian package into `folder` without installing it; None where there is no such thing to be had."""
    if shutil.which("apt-get", path=_ADMIN_PATH) is None:
        return None
    fetch = ["apt-get", "download", "--quiet=2", name]
    become_root = _way_to_root()
    if not _run(fetch, folder):
        # Nobody has asked for the list of packages yet.
        if become_root is None or not _run([*become_root, "apt-get", "update", "--quiet=2"]):
            return None
        if not _run(fetch, folder):
            return None
    return next(folder.glob("*.deb"), None)


def _way_to_root() -> list[str] | None:
    """The prefix that makes a command run as root without a password, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo", path=_ADMIN_PATH)
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    return None


def _run(command: list[str], folder: Path | None = None) -> bool:
    environment = os.environ | {"PATH": _ADMIN_PATH, "DEBIAN_FRONTEND": "noninteractive"}
    outcome = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True
    )
    return outcome.returncode == 0
