"""Tries `make run` and `make test` as a newcomer meets them: a fresh copy, an empty home, a system without extras."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bare_system import bare_environment
from newcomer import Newcomer
from obstacle import ROOT, Obstacle, tell

FIRST_START = 180
SECOND_START = 5
LAST_WORDS = 40


def main() -> None:
    """Both commands, one after the other; an Obstacle says what a newcomer would have stumbled over."""
    # A blank in the folder's name, because people's folders have them.
    with tempfile.TemporaryDirectory(prefix="voice assist ") as folder:
        copy = Path(folder) / "fresh copy"
        copy_project(copy)
        environment = bare_environment(Path(folder))
        tell(f"--- make run, first start (at most {FIRST_START} s)")
        with running(copy, environment, within=FIRST_START) as newcomer:
            newcomer.signs_in()
        tell(f"--- make run, second start (at most {SECOND_START} s)")
        with running(copy, environment, within=SECOND_START):
            pass
        tell("--- make test")
        began = time.monotonic()
        outcome = subprocess.run(
            ["make", "test"], cwd=copy, env=environment | {"CHROMIUM_UNSEEN": "1"}, stdin=subprocess.DEVNULL
        )
        if outcome.returncode:
            raise Obstacle("make test failed in the fresh copy; its own words are above.")
        tell(f"--- both commands work on a bare machine; make test took {time.monotonic() - began:.0f} s")


def copy_project(copy: Path) -> None:
    """The files a clone would hold, including those not committed yet."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listing.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy / name)


@contextmanager
def running(copy: Path, environment: dict[str, str], *, within: float) -> Iterator[Newcomer]:
    """`make run` in the copy, healthy `within` seconds, and stopped in the end as a supervisor would."""
    newcomer = Newcomer()
    output = copy.parent / "make-run.txt"
    began = time.monotonic()
    with output.open("w") as words:
        make = subprocess.Popen(
            ["make", "run"],
            cwd=copy,
            env=environment | {"PORT": str(newcomer.port)},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        newcomer.waits_for_health(make, patience=max(within * 3, 60))
        took = time.monotonic() - began
        newcomer.reads(output)
        tell(f"healthy after {took:.1f} s")
        if took > within:
            raise Obstacle(f"That was to take {within} s at most.")
        yield newcomer
    except Obstacle as obstacle:
        raise Obstacle(f"{obstacle}\n--- the last words of make run:\n{last_words(output)}") from obstacle
    finally:
        stop(make)


def stop(make: "subprocess.Popen[bytes]") -> None:
    """End `make run` and all it started, and insist that nothing is left."""
    group = make.pid
    deadline = time.monotonic() + 30
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
        # make goes at once, the server ends its sessions first: the group is empty when both are gone.
        while time.monotonic() < deadline:
            make.poll()
            os.killpg(group, 0)
            time.sleep(0.05)
        os.killpg(group, signal.SIGKILL)
        raise Obstacle("make run, or something it started, did not end within 30 s of SIGTERM.")


def last_words(output: Path) -> str:
    """The end of what a command printed."""
    return "\n".join(output.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_WORDS:])


if __name__ == "__main__":
    try:
        main()
    except Obstacle as obstacle:
        sys.exit(str(obstacle))
