"""What living workers still hold after everybody has gone; only what the dead held is for the reaper."""

from collections.abc import Collection, Iterator

from tests.faults.rig.checker import Stored, stored
from tests.faults.rig.figures import Figures
from tests.faults.rig.nemesis import Site
from tests.faults.rig.patience import soon

PUT_DOWN_WITHIN = 45.0
"""Seconds: thirty for a client that might have come back, two for trailing words, and what a busy machine takes."""


async def broken_if_they_stay(target: Site) -> list[str]:
    """What was not put down in time by those who could, as broken promises."""
    try:
        await soon(lambda: not remains(target), PUT_DOWN_WITHIN, what="putting everything down")
    except AssertionError:
        return remains(target)
    return []


def remains(target: Site) -> list[str]:
    """Everything that living workers hold just now: rows, sessions, and connections to the upstream."""
    workers = [place.worker for place in target.places if place.worker is not None]
    found = [*held_by(stored(target.own.database), {worker.pid for worker in workers})]
    for worker in workers:
        counted = Figures(worker).sum("voiceassist_sessions")
        found += [f"the worker on port {worker.port} counts {counted:.0f} sessions"] if counted else []
    talks = len(target.upstream.open_talks)
    return found + ([f"{talks} connections to the upstream are open"] if talks else [])


def held_by(found: Stored, pids: Collection[int]) -> Iterator[str]:
    """The rows of sessions that one of these processes has in hand. A holder is "<host>-<pid>-<random>"."""
    for session_id, row in found.sessions.items():
        holder = str(row.get("holder") or "")
        if holder and int(holder.split("-")[-2]) in pids:
            yield f"session {session_id} is {row['state']}, and {holder} lives"
        elif not holder and row["state"] == "live":
            yield f"session {session_id} is live, and nobody has it"
