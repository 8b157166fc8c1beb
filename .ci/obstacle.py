"""What stops a set-up and only the person at the keyboard can change."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Obstacle(Exception):
    """A set-up cannot go on; the message says in plain words what happened and what to do."""


def tell(line: str) -> None:
    """Print one line at once, also when the output is a pipe."""
    print(line, flush=True)  # noqa: T201 - talking is this function's job
