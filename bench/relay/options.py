"""What can be asked for on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from bench.relay.names import AGENTS, DAPHNE, LITELLM, NGINX, NODE, OURS, OURS_JSON, WEBSOCKETS

SCENES = ("cpu", "slow_database", "deaf", "creation", "engine", "growth")
ALL = (OURS, OURS_JSON, DAPHNE, WEBSOCKETS, NODE, AGENTS, LITELLM, NGINX)
UNASKED = (LITELLM,)
"""Too large to be installed for whoever did not ask for it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for."""

    scenes: tuple[str, ...]
    contenders: tuple[str, ...]
    sessions: tuple[int, ...]
    rounds: int
    seconds: float
    is_quick: bool
    is_markdown: bool


def chosen_of(description: str, words: Sequence[str] | None = None) -> Chosen:
    """Ends the program with a sentence where what is asked for cannot be done."""
    options = argparse.ArgumentParser(
        prog="python -m bench.relay",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("scenes", nargs="*", choices=[*SCENES, []], help="default: all of them")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=8.0, help="how long each reading takes")
    options.add_argument("--sessions", type=int, nargs="+", default=[1, 30, 100])
    options.add_argument(
        "--only", nargs="+", choices=ALL, help="contenders; default: all that need no --with"
    )
    options.add_argument("--with", dest="beside", nargs="+", choices=UNASKED, default=())
    options.add_argument("--without", nargs="+", choices=ALL, default=(), help="contenders to leave out")
    options.add_argument(
        "--quick", action="store_true", help="one round of two seconds with five sessions: does it work?"
    )
    options.add_argument("--markdown", action="store_true", help="tables for docs/performance.md")
    given = options.parse_args(words)
    if given.rounds < 1 or given.seconds <= 0 or min(given.sessions) < 1:
        options.error("rounds and sessions are counted from 1, and a reading takes more than no time")
    usual = given.only or [name for name in ALL if name not in UNASKED or name in given.beside]
    contenders = tuple(name for name in ALL if name in usual and name not in given.without)
    if not contenders:
        options.error("no contender is left")
    if given.quick:
        given.rounds, given.seconds, given.sessions = 1, 2.0, [5]
    return Chosen(
        tuple(given.scenes or SCENES),
        contenders,
        tuple(given.sessions),
        given.rounds,
        given.seconds,
        given.quick,
        given.markdown,
    )
