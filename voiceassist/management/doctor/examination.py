"""All parts at once, each in a thread that nobody waits for longer than its time."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from django.db import connections

from voiceassist.management.doctor.finding import Finding, Part, problem

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 12.0
"""For all parts together; what has not answered by then is told as hanging."""


def examined(
    parts: Sequence[Part],
    *,
    patience: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[str, Finding]]:
    """What was found of each part, in the order of `parts`. Never raises, and never takes longer than `patience`."""
    # Threads of a pool would be waited for when the program ends; a hanging one must not be.
    begun = [(part, found := list[Finding](), _started(part, found)) for part in parts]
    deadline = clock() + patience
    for part, found, thread in begun:
        thread.join(max(0.0, deadline - clock()))
        if thread.is_alive():
            found = [problem(f"No answer within {patience:g} seconds.", part.silence)]
        for finding in found:
            yield part.name, finding


def _started(part: Part, found: list[Finding]) -> threading.Thread:
    thread = threading.Thread(target=_examine, args=(part, found), name=f"doctor: {part.name}", daemon=True)
    thread.start()
    return thread


def _examine(part: Part, found: list[Finding]) -> None:
    try:
        # Handed over as a whole: a part that hangs in the middle is told as hanging and nothing else.
        found += list(part.examine())
    except Exception as error:
        log.debug("the part %s could not be examined", part.name, exc_info=True)
        # The kind and not the text: texts of drivers hold addresses with passwords.
        told = f"It could not be examined: {type(error).__name__}."
        found.append(problem(told, f"{part.silence} `--verbosity 2` shows the whole error, secrets hidden."))
    finally:
        connections.close_all()
