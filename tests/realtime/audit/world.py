"""Runs one generated session: persons, servers, relays and books in one loop, and hands over what came of it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from realtime.protocol.core import RealtimeProtocol
from realtime.protocol.effects import Turn
from realtime.relay import Relay
from realtime.timing import Ended
from tests.realtime.audit.books import BookKeeper, Books, Row
from tests.realtime.audit.person import REST, Person
from tests.realtime.audit.plans import Outage, SessionPlan, VisitPlan
from tests.realtime.audit.server import UNIX_START, Server
from tests.realtime.audit.virtual_time import in_virtual_time, virtual_loop
from tests.realtime.audit.voice import Lexicon
from tests.support.protocol_session import setup_of


@dataclass(slots=True)
class Visit:
    """One client's time in a session and what is known of it."""

    number: int
    plan: VisitPlan
    server: Server
    person: Person
    keeper: BookKeeper
    relay: Relay
    ended: Ended | None = None
    over_at: float = 0.0
    """When the relay had ended."""
    lost_at: float | None = None
    """When somebody else took the session over."""
    was_cancelled: bool = False
    left_running: list[str] = field(default_factory=list)

    @property
    def was_left(self) -> bool:
        """The client ended it: then everything that it had handed over was read."""
        return self.ended is not None and self.ended.reason in ("client", "client_lost")

    @property
    def came_to_rest(self) -> bool:
        """The client stayed until everything was long quiet, and upstream was well."""
        return (
            self.plan.ending.how == "rest"
            and not self.was_cancelled
            and self.lost_at is None
            and self.ended is not None
            and self.ended.reason == "client"
            and bool(self.server.lives)
            and not self.server.lives[-1].is_mute
        )


@dataclass(slots=True)
class Story:
    """A session that is over."""

    plan: SessionPlan
    books: Books
    visits: list[Visit] = field(default_factory=list)
    at_takeover: list[Row] = field(default_factory=list)
    """The rows as they were when the second visit took the session over."""
    steps: int = 0
    """How many turns of the loop it took."""


Keeper = Callable[[Books, int, tuple[Outage, ...]], BookKeeper]


def told(
    plan: SessionPlan, *, keeper: Keeper = BookKeeper, cancel_at: tuple[int, ...] = (), save: bool = True
) -> Story:
    """Play a session. `cancel_at`: the turns of the loop at which the first visit's relay is cancelled."""
    return in_virtual_time(_play(plan, keeper, cancel_at, save))


async def _play(plan: SessionPlan, keeper: Keeper, cancel_at: tuple[int, ...], save: bool) -> Story:
    story, lexicon = Story(plan, Books()), Lexicon()
    running = []
    for number, visit_plan in enumerate(plan.visits, 1):
        if number > 1:
            await asyncio.sleep(plan.visits[0].ending.after)
            story.visits[-1].lost_at = virtual_loop().time()
            story.at_takeover = [replace(row) for row in story.books.rows]
            story.books.take_over()
        visit = _compose(visit_plan, story, lexicon, keeper, save=save)
        story.visits.append(visit)
        running.append(asyncio.create_task(_hold(visit, cancel_at if number == 1 else ())))
    await asyncio.gather(*running)
    story.steps = virtual_loop().steps
    return story


def _compose(plan: VisitPlan, story: Story, lexicon: Lexicon, keep: Keeper, *, save: bool) -> Visit:
    loop, number = virtual_loop(), len(story.visits) + 1
    server, person = Server(plan, lexicon), Person(plan, number, lexicon)
    keeper = keep(story.books, number, story.plan.outages)
    setup = setup_of(
        epoch=number,
        save=save,
        binary_audio=plan.binary,
        announces=plan.binary,
        output=plan.output,
        turn_detection="server_vad" if plan.voice_detection else "push_to_talk",
        remember=remembered,
    )
    relay = Relay(
        core=RealtimeProtocol(setup, loop.time(), UNIX_START + loop.time()),
        client=person,
        provider=server,
        ledger=keeper,
        safety_identifier="somebody",
        clock=loop.time,
        jitter=lambda: 0.5,
    )
    person.relay = relay
    return Visit(number, plan, server, person, keeper, relay)


def remembered(turns: Sequence[Turn]) -> str:
    """The instructions of a further upstream: who it is, and what was said and heard so far."""
    return "\n".join(["Be kind.", *(f"{turn.role}: {turn.text}" for turn in turns)])


async def _hold(visit: Visit, cancel_at: tuple[int, ...]) -> None:
    """A visit from the client's coming to the last trace of it."""
    before = asyncio.all_tasks()
    session = asyncio.create_task(visit.relay.run(), name="relay")
    living = asyncio.create_task(_live(visit), name="person")
    for step in cancel_at:
        virtual_loop().at_step(step, session.cancel)
    try:
        visit.ended = await session
    except asyncio.CancelledError:
        visit.was_cancelled = True
    visit.over_at = virtual_loop().time()
    own = {asyncio.current_task(), living}
    visit.left_running = [
        str(task) for task in asyncio.all_tasks() - before - own if _is_the_relays(task) and not task.done()
    ]
    await visit.keeper.end(visit.ended.reason if visit.ended else "internal")
    if visit.person.left_at is None:
        visit.person.left_at = visit.over_at
        visit.person.player.stop(visit.over_at, is_uncertain=True)
    visit.server.shut()
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)


def _is_the_relays(task: "asyncio.Task[object]") -> bool:
    """Persons and servers have tasks of their own, and the other visit has its own."""
    return task.get_name() not in ("person", "server answers", "player reports", "relay", "visit")


async def _live(visit: Visit) -> None:
    """The person's side, and how it ends."""
    ending = visit.plan.ending
    living = asyncio.create_task(visit.person.live(), name="person")
    try:
        if ending.how in ("rest", "replaced"):
            await asyncio.wait([living])
            await _rest(visit)
        else:
            await asyncio.wait([living], timeout=ending.after)
        if ending.how == "drained":
            visit.relay.end("draining")
        else:
            await visit.person.leave(clean=ending.how != "vanishes")
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)


async def _rest(visit: Visit) -> None:
    """Wait until nothing has happened for long."""
    now = virtual_loop().time
    while True:
        lives = visit.server.lives
        # A life that is replaced in good time, again and again, is rest enough.
        unplanned = lives[: len(visit.plan.drops) + 1]
        latest = max(visit.person.last_act_at, unplanned[-1].began_at if unplanned else 0.0)
        if now() - latest > REST:
            return
        await asyncio.sleep(REST - (now() - latest) + 0.5)
