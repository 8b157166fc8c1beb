"""Writes requirements.lock and tests/js/package-lock.json anew. Neither names where a package comes from."""

import subprocess
import sys

from environment import LOCK, PYTHON, venv_bin
from node import TESTS_JS, environment_with_node, node, npm
from obstacle import ROOT


def lock_python() -> None:
    """One file for every Python version and system we support, so that all install the same versions."""
    subprocess.run([str(PYTHON), "-m", "pip", "install", "--quiet", "uv"], check=True)
    resolve = ["pip", "compile", "pyproject.toml", "--all-extras", "--universal", "--upgrade"]
    # uv leaves out where packages come from unless it is asked to name it.
    plain = ["--python-version", "3.11", "--no-annotate"]
    written = ["--quiet", "--custom-compile-command", "make lock", "--output-file", str(LOCK)]
    subprocess.run([str(venv_bin("uv")), *resolve, *plain, *written], cwd=ROOT, check=True)


def lock_javascript() -> None:
    """npm would note where each package came from; the registry is the reader's own choice."""
    update = ["update", "--package-lock-only", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund"]
    subprocess.run([str(node()), str(npm()), *update], cwd=TESTS_JS, env=environment_with_node(), check=True)


if __name__ == "__main__":
    try:
        lock_python()
        lock_javascript()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
