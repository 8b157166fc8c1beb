"""Makes a checkout ready: `prepare.py site` to run it, with further parts (tests, node, a browser …) to check it."""

import fcntl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chromium import ensure_chromium
from curl import ensure_curl
from environment import ensure_packages
from firefox import ensure_firefox
from nginx import ensure_nginx
from node import ensure_node_packages
from obstacle import ROOT, Obstacle, tell
from webkit import ensure_webkit

_PROGRAMS: dict[str, Callable[[], None]] = {
    "node": ensure_node_packages,
    "chromium": ensure_chromium,
    "curl": ensure_curl,
    "firefox": ensure_firefox,
    "webkit": ensure_webkit,
    "nginx": ensure_nginx,
}


def main(parts: set[str]) -> None:
    """Bring the named parts of the checkout into place."""
    with _one_at_a_time():
        ensure_packages(for_tests=bool(parts - {"site"}))
        for part, ensure in _PROGRAMS.items():
            if part in parts:
                ensure()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two makes at once would unpack into the same folders: the second waits for the first."""
    var = ROOT / "var"
    var.mkdir(mode=0o700, exist_ok=True)  # the conversations will be in there
    with (var / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("Another make is setting this checkout up; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        main(set(sys.argv[1:]))
    except Obstacle as obstacle:
        sys.exit(str(obstacle))
    except KeyboardInterrupt:
        sys.exit("Stopped. The set-up goes on where it was when make is run again.")
