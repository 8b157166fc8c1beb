"""A system without extras: a folder of links as the whole PATH, and an environment that tells of nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# What Debian's essential packages bring, plus the three things a newcomer is asked for. No compiler, no Node.js, no
# browser, no other Python. apt-get and dpkg are part of any Debian.
_TOOLS = """
    make git
    sh bash dash env true false test [ echo printf expr sleep date uname id whoami hostname nproc getconf
    ls cat cp mv rm ln mkdir rmdir mktemp touch chmod chown install readlink realpath dirname basename stat
    head tail cut tr sort uniq wc tee seq split cmp diff grep egrep fgrep sed awk mawk find xargs
    tar gzip gunzip kill ps mount df du sync tty stty which ldd
    apt-get apt-cache dpkg dpkg-deb dpkg-query dpkg-split
"""

# A newcomer has the same network, so what reaches the package indexes is passed on; nothing else of this account is.
_PASSED_ON = (
    "PIP_",
    "npm_config_",
    "NPM_CONFIG_",
    "SSL_CERT_",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "TMPDIR",
)
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


def bare_environment(folder: Path) -> dict[str, str]:
    """The environment of a newcomer, its programs linked and its home made inside `folder`."""
    programs = folder / "bin"
    home = folder / "home"
    programs.mkdir()
    home.mkdir()
    for tool in _TOOLS.split():
        found = shutil.which(tool)
        if found:
            (programs / tool).symlink_to(found)
    for name in ("python3", f"python3.{sys.version_info.minor}"):
        # A wrapper, not a link: Python looks for its library beside the program it was started as.
        (programs / name).write_text(f'#!/bin/sh\nexec "{_real_python()}" "$@"\n')
        (programs / name).chmod(0o755)
    passed_on = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_PASSED_ON) or name.lower() in _PROXIES
    }
    return passed_on | _package_settings() | {"PATH": str(programs), "HOME": str(home), "LANG": "C.UTF-8"}


def _real_python() -> str:
    """The interpreter itself, not the virtual environment or version manager we may have been started through."""
    return os.path.realpath(sys.executable)


def _package_settings() -> dict[str, str]:
    """Where pip and npm of this account find their settings and caches, so that the empty home loses neither."""
    pip_settings = Path.home() / ".config" / "pip" / "pip.conf"
    pip_cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    settings = {
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR") or f"{pip_cache}/pip",
        "NPM_CONFIG_CACHE": str(Path.home() / ".npm"),
    }
    if pip_settings.is_file() and "PIP_CONFIG_FILE" not in os.environ:
        settings["PIP_CONFIG_FILE"] = str(pip_settings)
    npm = shutil.which("npm")
    if npm:
        asked = subprocess.run([npm, "config", "get", "cafile"], capture_output=True, text=True)
        authority = asked.stdout.strip()
        if authority and authority != "null":
            settings["NPM_CONFIG_CAFILE"] = authority
    return settings
