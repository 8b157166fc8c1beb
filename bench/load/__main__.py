"""What one worker carries, in one table, and whether that is what was asked.

    python -m bench.load [--talking 100] [--idle 500] [--seconds 10] [--megabytes 200] [scene ...]

It ends with 0 when everything held, with 1 when frames or sessions were lost short of the knee, frames came out of
order or memory grew, and with 3 when only times or processor were not reached.

Callers send a frame of 40 ms every 40 ms, binary as our own page does, and the upstream sends each back at once.
Times are milliseconds from the sending of a frame to its return, twice through the worker. Worker, upstream and callers
are a process each, so on two cores they take turns: look at the worker's processor time beside the milliseconds.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench.load import scenes
from bench.load.stand import MEGABYTE, Figures
from bench.load.verdict import ASKED, Finding, Verdict, in_words, verdict
from tests.faults.rig.services import private_postgres, private_redis

HEAD = f"{'':36}{'p50':>7} {'p95':>7} {'p99':>7} {'longest':>7}  {'lost':>6} {'disorder':>8} {'core':>6} {'memory':>8}"


def line(figures: Figures) -> str:
    told = figures.told
    return (
        f"{figures.what:34}{figures.spread}  {told.lost:>6} {told.disorder:>8} {figures.cpu:>6.0%} "
        f"{figures.memory / MEGABYTE:>5.0f} MB  {figures.note}"
    )


def added(figures: list[Figures]) -> str:
    """The last line's times less the first one's."""
    return f"{'  more than the first':34}{figures[-1].spread.over(figures[0].spread)}"


async def played(scene: str, tmp: Path, chosen: argparse.Namespace) -> list[Figures]:
    """The lines of one scene."""
    seconds, few = chosen.seconds, min(chosen.talking, chosen.few)
    match scene:
        case "crowd":
            return await scenes.crowd(tmp, chosen.talking, chosen.idle, seconds)
        case "knee":
            return await scenes.knee(tmp, range(chosen.step, chosen.most + 1, chosen.step), seconds)
        case "floods":
            return await scenes.floods(tmp, few, chosen.megabytes, seconds)
        case "slow_database":
            with private_postgres(tmp) as postgres:
                return await scenes.slow_database(tmp, postgres, few, seconds)
        case _:
            with private_redis(tmp) as redis:
                return await scenes.lost_redis(tmp, redis, few, seconds)


def chosen_of(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for on the command line; ends the program with a sentence where that cannot be done."""
    options = argparse.ArgumentParser(
        prog="python -m bench.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("scenes", nargs="*", choices=[*ASKED, []], help="default: all of them")
    options.add_argument("--talking", type=int, default=100)
    options.add_argument("--idle", type=int, default=500)
    options.add_argument("--few", type=int, default=20, help="who talks where something else is measured")
    options.add_argument("--seconds", type=float, default=10.0, help="how long each line is measured")
    options.add_argument("--megabytes", type=int, default=200, help="how much is poured out")
    options.add_argument(
        "--step", type=int, default=50, help="how many more talk each time, to find the knee"
    )
    options.add_argument("--most", type=int, default=1000, help="how many talk at most, to find the knee")
    chosen = options.parse_args(words)
    if not 0 < chosen.step <= chosen.most:
        options.error(f"--most {chosen.most} leaves no step of {chosen.step} to find the knee with")
    return chosen


async def main() -> Verdict:
    chosen = chosen_of()
    print(HEAD)
    found: dict[str, list[Finding]] = {}
    for scene in chosen.scenes or ASKED:
        with tempfile.TemporaryDirectory() as tmp:
            lines = await played(scene, Path(tmp), chosen)
        print(scene.replace("_", " "))
        for figures in lines:
            print(f"  {line(figures)}")
        if scene != "knee":
            print(f"  {added(lines)}")
        found[scene] = list(ASKED[scene](lines))
    print(*in_words(found), sep="\n")
    return verdict(finding for findings in found.values() for finding in findings)


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
