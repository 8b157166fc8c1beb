"""What a relay costs for each call, ours beside what people would use instead.

    python -m bench.relay [scene ...] [--rounds 5] [--seconds 8] [--sessions 1 30 100] [--only name ...]
                          [--with litellm] [--without name ...] [--quick] [--markdown]
    python -m bench.relay cpu --only ours websockets node --sessions 30 --rounds 3 --seconds 3

Everybody sends a frame of 40 ms every 40 ms, the upstream sends each back at once, and each that is counted came back
whole and in its turn. Each contender is a server of its own; all stand before one upstream, hear the same callers, and
take turns within every round, so what else the machine does meets all of them. What is told is the median of the
rounds, with the least and the most in brackets; ratios are taken within each round. Times are milliseconds from the
sending of a frame to its return; callers, upstream and server are a process each, and on two cores they take turns, so
look at the processor time first. It is that of the server and its children, for a second of one session that was
carried: frames that do not come back make nobody look cheap. Memory is by how much the server grew for each session:
silent is before anybody spoke, talking includes what a server keeps of the sound for a while (ours: what was said until
it is understood and what was played until it is acknowledged, both bounded).

What the contenders do is not the same. The least relays check, count and store nothing; ours admits, bounds, renews and
writes down, though in this talk no turn ends, so what is stored meanwhile are leases. Dresses differ as well: ours,
daphne and the least relays speak binary frames with their callers, ours-json and nginx base64 in JSON, agents lists of
int16. The agents SDK and LiteLLM need other versions than ours, so each gets an environment of its own below var/ the
first time; LiteLLM's is large, and made only for `--with litellm`.

The other scenes are ours: slow_database (others' requests wait 0.3 s for the database), deaf (somebody reads nothing;
beside whoever is asked for it in the same words), creation and engine (bench/session_creation.py and
bench/engine_latency.py), and growth (long conversations).

It ends with 0 when everything held, with 1 when ours lost frames or sessions, or grew too much for somebody deaf, and
with 3 when only a ratio was not reached. Ratios are asked for with 30 sessions, or with the most that were chosen.
"""

import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from bench.load.verdict import Finding, Verdict, in_words, verdict
from bench.relay import scenes
from bench.relay.options import Chosen, chosen_of
from bench.relay.report import Report

PLAYED: dict[str, Callable[[Path, Chosen, Report], Awaitable[list[Finding]]]] = {
    "cpu": scenes.cpu,
    "slow_database": scenes.slow_database,
    "deaf": scenes.deaf,
    "creation": scenes.creation,
    "engine": scenes.engine,
    "growth": scenes.growth,
}


async def main() -> Verdict:
    assert __doc__ is not None
    chosen = chosen_of(__doc__)
    report = Report(chosen.is_markdown)
    found: dict[str, list[Finding]] = {}
    for scene in chosen.scenes:
        with tempfile.TemporaryDirectory() as tmp:
            found[scene] = await PLAYED[scene](Path(tmp), chosen, report)
    print("", *in_words(found), sep="\n")
    return verdict(finding for findings in found.values() for finding in findings)


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
