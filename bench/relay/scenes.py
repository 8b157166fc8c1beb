"""What is played, each scene on servers of its own."""

import asyncio
import sys
from pathlib import Path

from bench.load.callers import talk
from bench.load.stand import stand, upstream
from bench.load.verdict import Finding
from bench.relay.contenders import CONTENDERS, as_contender, running
from bench.relay.deaf import HEAD as DEAF_HEAD
from bench.relay.deaf import Poured, poured
from bench.relay.deaf import findings as deaf_findings
from bench.relay.deaf import row as deaf_row
from bench.relay.growth import HEAD as GROWTH_HEAD
from bench.relay.growth import grown
from bench.relay.growth import rows as growth_rows
from bench.relay.names import NGINX, NODE, OURS, WEBSOCKETS
from bench.relay.options import Chosen
from bench.relay.ratios import findings, judged_at, slowed
from bench.relay.readings import Reading
from bench.relay.report import Report
from bench.relay.rounds import WARM_UP_SECONDS, callers_at, interleaved, reading_of
from bench.relay.slow_calls import CALL_SECONDS, slow_calls
from bench.relay.tables import HEAD, TIMES_HEAD, rows, times_row
from tests.faults.rig.services import private_postgres
from tests.support.project_files import ROOT

TITLES = {name: each.title for name, each in CONTENDERS.items()}


async def cpu(tmp: Path, chosen: Chosen, report: Report) -> list[Finding]:
    """All contenders, with each number of sessions."""
    found: list[Finding] = []
    for sessions in chosen.sessions:
        folder = tmp / str(sessions)
        folder.mkdir()
        with upstream() as url, running(chosen.contenders, url, folder, report.say) as contenders:
            rounds = await interleaved(contenders, sessions, chosen.rounds, chosen.seconds)
        many = "s" if chosen.rounds > 1 else ""
        report.title(f"{sessions} talk, {chosen.rounds} round{many} of {chosen.seconds:g} s")
        report.table(HEAD, rows(rounds, TITLES))
        found += findings(rounds, are_ratios_asked=sessions == judged_at(chosen.sessions))
    return found


async def slow_database(tmp: Path, chosen: Chosen, report: Report) -> list[Finding]:
    """Ours on PostgreSQL, with and without other people's slow requests, in turn."""
    sessions = judged_at(chosen.sessions)
    without: list[Reading] = []
    beside: list[Reading] = []
    calls = 0
    with private_postgres(tmp) as postgres, stand(tmp, database=postgres) as place:
        ours = as_contender(OURS, place.worker)
        async with callers_at(ours, sessions) as callers:
            await talk(callers, WARM_UP_SECONDS)
            for _ in range(chosen.rounds):
                without.append(await reading_of(ours, callers, chosen.seconds))
                async with slow_calls(place.worker) as took:
                    beside.append(await reading_of(ours, callers, chosen.seconds))
                calls += len(took)
    report.title(
        f"{sessions} talk while others' requests wait {CALL_SECONDS} s for the database, once a second"
    )
    report.table(TIMES_HEAD, [times_row("without", without), times_row(f"beside {calls} of them", beside)])
    return [
        Finding("the slow requests are answered", f"{calls} were", calls > 0),
        *slowed(without, beside),
    ]


async def deaf(tmp: Path, chosen: Chosen, report: Report) -> list[Finding]:
    """Ours and whoever speaks alike, with somebody who leaves an answer lying."""
    found: dict[str, Poured] = {}
    sessions = judged_at(chosen.sessions)
    megabytes = 20 if chosen.is_quick else 200
    names = [name for name in chosen.contenders if name in (OURS, WEBSOCKETS, NODE, NGINX)]
    with upstream() as url, running(names, url, tmp, report.say) as contenders:
        for each in contenders:
            found[each.name] = await poured(each, sessions, megabytes, chosen.seconds)
    report.title(f"{sessions} talk while somebody reads nothing of {megabytes} MB")
    report.table(DEAF_HEAD, [deaf_row(TITLES[name], one) for name, one in found.items()])
    return deaf_findings(found[OURS]) if OURS in found else []


async def creation(tmp: Path, chosen: Chosen, report: Report) -> list[Finding]:
    """Sessions a second, of bench/session_creation.py."""
    connections, seconds = (["4"], "1") if chosen.is_quick else (["1", "4", "16"], "4")
    report.title("sessions issued by one process")
    await _told(report, "-m", "bench.session_creation", "--seconds", seconds, "--connections", *connections)
    return []


async def engine(tmp: Path, chosen: Chosen, report: Report) -> list[Finding]:
    """The embedded engine's latency, of bench/engine_latency.py."""
    few = ("--sessions", "1", "--turns", "2") if chosen.is_quick else ("--sessions", "4", "--turns", "6")
    report.title("the embedded engine, from the end of speech to the first sound")
    await _told(report, "bench/engine_latency.py", *few)
    return []


async def growth(tmp: Path, chosen: Chosen, report: Report) -> list[Finding]:
    """Longer and longer conversations."""
    with stand(tmp) as place:
        found = await grown(place.worker, 2 if chosen.is_quick else 4 * chosen.rounds)
    report.title("a conversation is taken up again, and one more turn is typed and answered in it")
    report.table(GROWTH_HEAD, growth_rows(found))
    return []


async def _told(report: Report, *program: str) -> None:
    """Pass on what another benchmark prints. Raises AssertionError when it fails."""
    running_program = await asyncio.create_subprocess_exec(
        sys.executable, *program, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert running_program.stdout is not None
    async for line in running_program.stdout:
        report.line(line.decode().rstrip())
    assert await running_program.wait() == 0, f"{' '.join(program)} failed; what it said stands above"
