"""Firefox without a window on the screen, on a sound card of the tests' own, steered by WebDriver BiDi.

Playwright knows only its own patched Firefox, and geckodriver is not in every distribution; BiDi is built into Firefox,
and `websockets` is here anyway.
"""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from websockets.sync.client import connect

from tests.support.bidi import BidiConnection, BidiWindow
from tests.support.sound_server import SoundServer

_LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_PREFERENCES = {
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    # The answer of a person who is asked for the microphone: 1 allows it, 2 refuses.
    "permissions.default.microphone": 1,
    # It would look for the Internet at every start.
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    # There is one process for all pages, and it is there at once.
    "dom.ipc.processPrelaunch.enabled": False,
}


@contextmanager
def firefox_window(
    program: Path, folder: Path, sound: SoundServer, *, allowed: bool = True
) -> Iterator[BidiWindow]:
    """A Firefox that keeps its things in `folder`; `allowed` is the answer to its question for the microphone."""
    wishes = _PREFERENCES | {"permissions.default.microphone": 1 if allowed else 2}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wishes.items()]
    (folder / "user.js").write_text("\n".join(lines), encoding="utf-8")
    process = subprocess.Popen(
        [program, "--headless", "--no-remote", "--profile", folder, "--remote-debugging-port", "0"],
        env=sound.environment | {"HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        address = _address(process.stderr)
        threading.Thread(target=_read_away, args=(process.stderr,), daemon=True).start()
        with connect(f"{address}/session", max_size=None, proxy=None) as socket:
            yield BidiWindow(BidiConnection(socket))
    finally:
        process.kill()  # its profile goes with the test; there is nothing to be kept
        process.wait(timeout=20)


def _address(words: IO[str]) -> str:
    printed = []
    for line in words:
        if found := _LISTENS.search(line):
            return found[1]
        printed.append(line)
    raise AssertionError(f"Firefox did not start:\n{''.join(printed)}")


def _read_away(words: IO[str]) -> None:
    """Read what it prints, lest its pipe fill up, until it has ended."""
    with words:
        for _line in words:
            pass
